"""What the benchmark teaches is what the bot would have learned from the same votes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from benchmarks.course import Point, Way, teach
from benchmarks.learning import reached
from benchmarks.taught_bot import Posted, TaughtBot
from bot.domain import Action, Correction
from bot.intake import Intake
from bot.judging import Judge
from bot.service import Service
from bot.settings import Settings
from bot.store import Store
from datasets.simulated_community import Habits
from models import strangers
from models.crops import face_hash
from models.types import Crop, Kind
from tests import pixel_faces
from tests.pixel_faces import UNKNOWN, PixelEmbedder, PixelNetworks, post_face

PEOPLE = 9


def crop_of(number: int, shot: int = 0) -> Crop:
    return pixel_faces.face(f"person {number % PEOPLE}", shot or number, unlike=0.5)


def posted(crops: list[Crop]) -> Posted:
    return Posted(
        PixelEmbedder.fingerprint,
        Kind.PHOTO,
        PixelEmbedder().embed(crops),
        tuple(face_hash(crop) for crop in crops),
        tuple(f"person {number % PEOPLE}" for number in range(len(crops))),
    )


@pytest.fixture(autouse=True)
def shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = pixel_faces.strangers(unlike=0.5, glare=0)
    known = strangers.Shipped(vectors, vectors[0], limit=1)
    monkeypatch.setattr(strangers, "shipped", lambda *_: known)


SHOWN = [crop_of(number) for number in range(4 * PEOPLE)]
HELD_OUT = posted([crop_of(number, shot=99) for number in range(PEOPLE)])


def taught(way: Way, **habits: float) -> tuple[list[float], TaughtBot]:
    points, bot = teach(posted(SHOWN), HELD_OUT, Habits(voters=8, **habits), way, seed=1)
    return [point.right for point in points], bot


def test_a_community_teaches_from_nothing_and_liars_do_no_harm() -> None:
    course, bot = taught(Way(consensus=True, active=True), known=1.0, hostile=0.25)
    assert course[0] == 0
    assert course[-1] > 0.8
    assert bot.cast > 2 * len(bot.labels) > 60  # two people for each
    names = {label.names[0] for label in bot.labels.values()}
    assert names == {f"person {n}" for n in range(PEOPLE)}
    assert min(each.weight for each in bot.reliability.values()) == 0

    _, credulous = taught(Way(consensus=False, active=True), known=1.0, hostile=0.25)
    wrong = [
        label
        for label in credulous.labels.values()
        if label.names[0] != f"person {(label.verdict_id - 1) % PEOPLE}"
    ]
    assert len(wrong) > 3


def test_what_is_asked_first_makes_a_difference() -> None:
    active, at_random = (taught(Way(consensus=False, active=a), errs=(0, 0))[1] for a in (1, 0))
    first = [
        [face % PEOPLE for face, _ in sorted(bot.votes.items(), key=lambda cast: cast[1][0].id)]
        for bot in (active, at_random)
    ]
    assert len(set(first[0][:PEOPLE])) > len(set(first[1][:PEOPLE]))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
async def service(settings: Settings, store: Store, intake: Intake) -> AsyncIterator[Service]:
    async with (
        Judge(settings, PixelNetworks()) as judge,
        Service(settings, store, intake, judge) as started,
    ):
        yield started


async def test_the_bot_itself_comes_to_the_same_labels(service: Service, store: Store) -> None:
    _, bot = taught(Way(consensus=True, active=True), errs=(0, 0))
    await service.allow("web", "web:poster")
    ids = [
        await post_face(store, crop, key=str(n), author="web:poster", guesses=UNKNOWN)
        for n, crop in enumerate(SHOWN)
    ]
    votes = sorted((v for cast in bot.votes.values() for v in cast), key=lambda vote: vote.id)
    for vote in votes[:14]:
        action = Action.NOT if vote.action is Action.NOT else Action.NAME
        verdict = ids[vote.verdict_id - 1]
        await service.correct(Correction(verdict, "idol", vote.voter, action, name=vote.name))
    again = TaughtBot(posted(SHOWN), bot.rules, measuring=False)
    for vote in votes[:14]:
        again.count(vote)
    live = await store.live_labels("web", "idol")
    assert {ids.index(each.verdict_id): each.names for each in live} == {
        face: label.names for face, label in again.labels.items()
    }
    assert len(live) > 4


def test_the_votes_until_most_is_known() -> None:
    points = [Point(votes, right, 0, 0, 0, 0, 0) for votes, right in ((0, 0), (60, 0.8), (120, 1))]
    assert reached(points, 0.8) == 60
    assert reached(points, 0.9) == 120
    assert reached(points[:2], 0.9) is None
