"""Votes to labels through the real service: reliability, brigades, and who taught what."""

import asyncio
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

import bot.teaching
from bot.correcting import settle
from bot.domain import Action, Answer, Correction, Label, Part, State
from bot.errors import NotFound
from bot.names import fold
from bot.service import Service
from bot.settings import Settings
from bot.store import Store
from bot.teaching_store import Hold
from models.types import Candidate, Guess, Named
from tests.pixel_faces import PixelNetworks, face, post_shots, teach

POSTER, MOD, BOB, EVE = "web:poster", "web:mod", "web:bob", "web:eve"
NEW = [f"web:new{n}" for n in range(6)]
MAI: tuple[Guess, ...] = (
    Named("idol", "known", (Candidate("Mai", 0.9), Candidate("Yuna", 0.1)), "measured", "pixels-0"),
)
"""What the bot says of somebody whom it takes for Mai."""


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """The defaults; a test may give others for [teaching] by indirect parametrization."""
    teaching = getattr(request, "param", {})
    return Settings.model_validate({"store": {"data_dir": tmp_path}, "teaching": teaching})


@pytest.fixture
def networks() -> PixelNetworks:
    return PixelNetworks()


@pytest.fixture
async def faces(service: Service, store: Store) -> list[int]:
    """Fourteen pictures by somebody who agreed, of people whom the bot does not know."""
    await service.allow("web", POSTER)
    return await post_shots(store, "Asuka", range(14), author=POSTER)


@pytest.fixture
async def known(store: Store) -> None:
    """People whom the bot knows."""
    for name in ("Mai", "Yuna"):
        await teach(store, face(name, -1), name, key=name, author="web:somebody")


async def say(
    service: Service,
    face: int,
    voter: str,
    name: str | None = "Asuka",
    *,
    action: Action = Action.NAME,
    withdraw: bool = False,
) -> Part:
    return await service.correct(
        Correction(face, "idol", voter, action, trusted=voter == MOD, name=name, withdraw=withdraw)
    )


async def label_of(store: Store, face: int) -> Label | None:
    record = await store.teaching.record("web", "idol", [face])
    return record.faces[0].label if record.faces else None


async def names(store: Store, faces: Sequence[int]) -> list[str | None]:
    """Whom the faces show, by their labels."""
    found = [await label_of(store, shot) for shot in faces]
    return [each.names[0] if each and each.answer is Answer.IS else None for each in found]


async def brigade(service: Service, faces: Sequence[int], voters: Sequence[str] = NEW[:5]) -> Hold:
    """Newcomers say that these show Asuka."""
    for shot, voter in zip(faces, voters, strict=True):
        await say(service, shot, voter)
    (hold,) = await service.teaching.holds("web")
    return hold


def pass_by(settings: Settings, **time: float) -> None:
    """As if all votes had been cast so much earlier."""
    with sqlite3.connect(settings.store.data_dir / "hantei.sqlite3") as database:
        rows = database.execute("SELECT id, created FROM votes").fetchall()
        for vote, created in rows:
            moved = datetime.fromisoformat(created) - timedelta(**time)
            database.execute(
                "UPDATE votes SET created = ? WHERE id = ?", (moved.isoformat(" "), vote)
            )


# consensus

SAID = [
    (Action.RIGHT, None),
    (Action.NAME, "Asuka"),
    (Action.NAME, "mai"),
    (Action.NOT, "Mai"),
    (Action.NONE_OF_THESE, None),
    (Action.NOT_A_FACE, None),
]
VOTERS = [POSTER, MOD, BOB, EVE]


@st.composite
def interleavings(draw: st.DrawFn) -> tuple[list[tuple[str, int]], dict[str, list[int]]]:
    """Everybody's votes, by their places in SAID, and in what order people come."""
    cast = {v: draw(st.lists(st.integers(0, len(SAID) - 1), max_size=2)) for v in VOTERS}
    turns = draw(st.permutations([voter for voter, said in cast.items() for _ in said]))
    left = {voter: iter(said) for voter, said in cast.items()}
    return [(voter, next(left[voter])) for voter in turns], cast


@given(interleavings())
@examples(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_the_label_in_the_store_is_that_of_a_recount_in_any_order(
    service: Service,
    store: Store,
    known: None,
    cast: tuple[list[tuple[str, int]], dict[str, list[int]]],
) -> None:
    came, by_voter = cast
    await service.allow("web", POSTER)
    number = len(await store.posts_by("web", POSTER))
    shots = range(number, number + 2)
    one, other = await post_shots(store, "Mai", shots, author=POSTER, guesses=MAI)
    for voter, said in came:
        await say(service, one, voter, SAID[said][1], action=SAID[said][0])
    for voter, everything in by_voter.items():
        for said in everything:
            await say(service, other, voter, SAID[said][1], action=SAID[said][0])

    found, in_turn = await label_of(store, one), await label_of(store, other)
    recounted = settle(
        await service.verdict(one),
        "idol",
        await store.votes(one),
        await service.teaching.electorate("web", "idol"),
        allowed=True,
    ).label
    assert meaning(found) == meaning(in_turn) == meaning(recounted)


def meaning(label: Label | None) -> object:
    if label is None or label.answer is Answer.IS_NOT:  # nobody that is known loses a name here
        return label and label.answer
    return label.answer, [fold(name) for name in label.names]


# reliability


async def test_who_errs_often_loses_weight_and_what_they_settled_is_settled_again(
    service: Service, store: Store, faces: list[int]
) -> None:
    first, last, *others = faces
    await say(service, first, BOB)
    assert (await say(service, first, EVE)).state is State.LEARNED
    for shot in others:
        await say(service, shot, MOD, "Asuka")
        await say(service, shot, EVE, "Yuna")
    assert await names(store, [first]) == ["Asuka"]

    await service.teaching.recount("web", "idol")
    assert await names(store, [first, *others]) == [None, *["Asuka"] * len(others)]
    await say(service, last, BOB)
    part = await say(service, last, EVE)
    assert part.state is State.WAITING
    assert part.status is not None
    assert (await say(service, last, NEW[0])).state is State.LEARNED

    await service.forget_user("web", EVE)
    assert EVE not in (await service.teaching.electorate("web", "idol")).reliability


async def test_it_is_measured_anew_once_enough_votes_came(
    service: Service, faces: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = asyncio.Event()
    recount = service.teaching.recount

    async def noted(scope: str, head: str) -> None:
        await recount(scope, head)
        measured.set()

    monkeypatch.setattr(bot.teaching, "_PAUSE", 0.0)
    monkeypatch.setattr(service.teaching, "recount", noted)
    for shot in faces[:9]:
        await say(service, shot, MOD)
    assert not measured.is_set()
    await say(service, faces[9], MOD)
    async with asyncio.timeout(20):
        await measured.wait()


async def test_a_start_measures_what_was_cast_before(
    service: Service, store: Store, settings: Settings, faces: list[int]
) -> None:
    first, *others = faces
    for shot in others:
        await say(service, shot, MOD, "Asuka")
        await say(service, shot, EVE, "Yuna")
    await service.stop()
    await service.start()
    assert (await service.teaching.electorate("web", "idol")).reliability[EVE] < 0.5
    await say(service, first, EVE)
    assert (await say(service, first, BOB)).state is State.WAITING


# brigades


async def test_a_brigade_is_held_until_a_moderator_lets_it(
    service: Service, store: Store, faces: list[int]
) -> None:
    for voter in NEW[:4]:
        part = await say(service, faces[0], voter)
    assert part.state is State.LEARNED
    part = await say(service, faces[1], NEW[4])
    assert part.state is State.HELD
    assert part.status == "Many new votes came at once, so a moderator will look at them first."
    assert await names(store, faces[:2]) == [None, None]
    (hold,) = await service.teaching.holds("web")
    assert (hold.name, hold.against, hold.voters, hold.faces) == (
        "Asuka",
        False,
        5,
        tuple(faces[:2]),
    )
    assert await service.people("web") == []

    assert (await say(service, faces[2], NEW[5])).state is State.HELD  # joins
    (hold,) = await service.teaching.holds("web")
    assert hold.voters == 6
    with pytest.raises(NotFound):
        await service.teaching.decide("discord:1", hold.id, release=True)
    await service.teaching.decide("web", hold.id, release=True)
    assert await names(store, faces[:3]) == ["Asuka", None, None]
    assert (await service.part(faces[1])).state is State.WAITING
    assert await service.teaching.holds("web") == []
    with pytest.raises(NotFound):
        await service.teaching.decide("web", hold.id, release=False)


async def test_whom_a_moderator_let_through_is_no_newcomer_any_more(
    service: Service, store: Store, faces: list[int]
) -> None:
    hold = await brigade(service, faces[:1] * 5)
    await service.teaching.decide("web", hold.id, release=True)
    for voter in NEW[:5]:
        assert (await say(service, faces[1], voter, "Mai")).state is not State.HELD
    assert await service.teaching.holds("web") == []
    assert await names(store, faces[:2]) == ["Asuka", "Mai"]


async def test_what_is_rejected_never_counts_nor_when_it_is_cast_again(
    service: Service, store: Store, settings: Settings, faces: list[int]
) -> None:
    hold = await brigade(service, faces[:1] * 5)
    await service.teaching.decide("web", hold.id, release=False)
    assert await names(store, faces[:1]) == [None]
    pass_by(settings, hours=1)
    await say(service, faces[0], NEW[0], withdraw=True)
    assert (await say(service, faces[0], NEW[0])).state is State.HELD
    (again,) = await service.teaching.holds("web")
    assert again.id != hold.id
    assert again.voters == 1
    await service.teaching.recount("web", "idol")
    assert await names(store, faces[:1]) == [None]


async def test_minutes_apart_is_no_brigade(
    service: Service, store: Store, settings: Settings, faces: list[int]
) -> None:
    for voter in NEW:
        await say(service, faces[0], voter)
        pass_by(settings, minutes=3)
    assert await service.teaching.holds("web") == []
    assert await names(store, faces[:1]) == ["Asuka"]


@pytest.mark.parametrize("word", [POSTER, MOD])
async def test_fans_who_say_what_the_poster_or_a_moderator_said_are_no_brigade(
    service: Service, store: Store, faces: list[int], word: str
) -> None:
    for shot in faces[:2]:
        await say(service, shot, word)
    for voter in NEW:
        for shot in faces[:2]:
            assert (await say(service, shot, voter)).state is State.LEARNED
    assert await service.teaching.holds("web") == []


async def test_fans_who_confirm_what_the_bot_said_are_no_brigade(
    service: Service, store: Store, known: None
) -> None:
    (shot,) = await post_shots(store, "Mai", range(1), guesses=MAI)
    for voter in NEW:
        await say(service, shot, voter, None, action=Action.RIGHT)
    assert await service.teaching.holds("web") == []


@pytest.mark.parametrize("settings", [{"new_voter_votes": 2}], indirect=True)
async def test_who_has_taught_long_is_no_newcomer(
    service: Service, store: Store, faces: list[int]
) -> None:
    (target,) = await post_shots(store, "Yuna", range(1), author=POSTER)
    for voter in NEW:
        for shot in faces[:2]:
            await say(service, shot, MOD)
            await say(service, shot, voter)
    await service.teaching.recount("web", "idol")
    for voter in NEW:
        await say(service, target, voter, "Yuna")
    assert await service.teaching.holds("web") == []


async def test_a_brigade_may_be_against_somebody(
    service: Service, store: Store, known: None
) -> None:
    faces = await post_shots(store, "Mai", range(3), guesses=MAI)
    for voter in NEW[:3]:
        await say(service, faces[0], voter, None, action=Action.NONE_OF_THESE)
    await say(service, faces[1], NEW[3], "mai", action=Action.NOT)
    part = await say(service, faces[2], NEW[4], None, action=Action.NOT_A_FACE)
    assert part.state is State.HELD
    (hold,) = await service.teaching.holds("web")
    assert (hold.name, hold.against, hold.faces) == ("Mai", True, tuple(faces))


async def test_who_agrees_with_a_poster_who_denies_a_name_is_no_brigade(
    service: Service, store: Store, known: None
) -> None:
    (shot,) = await post_shots(store, "Mai", range(1), guesses=MAI, author=POSTER)
    await say(service, shot, POSTER, "Asuka")
    for voter in NEW:
        await say(service, shot, voter, None, action=Action.NONE_OF_THESE)
    assert await service.teaching.holds("web") == []


# forgetting


async def test_forgetting_somebody_forgets_the_hold_and_their_name(
    service: Service, store: Store, settings: Settings, faces: list[int]
) -> None:
    await say(service, faces[5], POSTER, "Asuka Unlike")
    for voter in NEW[:5]:
        await say(service, faces[0], voter, "Asuka Unlike")
    assert b"asukaunlike" in raw(settings)
    await service.remove("web", "Asuka Unlike")
    assert await service.teaching.holds("web") == []
    assert b"asukaunlike" not in raw(settings)


async def test_forgetting_the_voters_forgets_the_hold_and_what_they_taught(
    service: Service, store: Store, settings: Settings, faces: list[int]
) -> None:
    await brigade(service, faces[:5])
    for voter in NEW[:5]:
        await service.forget_user("web", voter)
    assert await service.teaching.holds("web") == []
    assert (await service.teaching.report("web")).teachers == ()
    assert b"asuka" not in raw(settings)
    assert b"web:new" not in raw(settings)


def raw(settings: Settings) -> bytes:
    """The database, as it is on disk."""
    folder = settings.store.data_dir
    return b"".join(file.read_bytes() for file in folder.glob("hantei.sqlite3*"))


# who taught what


async def test_the_report_says_who_taught_what_how_right_the_bot_was_and_who_needs_pictures(
    service: Service, store: Store, known: None
) -> None:
    await service.allow("web", POSTER)
    right, wrong, unlike = await post_shots(store, "Mai", range(3), author=POSTER, guesses=MAI)
    unknown, disputed = await post_shots(store, "Yuna", range(2), author=POSTER)
    for shot, name in ((right, "Mai"), (wrong, "Yuna"), (unknown, "Yuna")):
        await say(service, shot, MOD, name)
        await say(service, shot, BOB, "Mai")
    await say(service, unlike, MOD, None, action=Action.NONE_OF_THESE)
    await say(service, disputed, NEW[0], "Yuna")
    await say(service, disputed, NEW[1], "Mai")
    await service.teaching.recount("web", "idol")

    report = await service.teaching.report("web")
    assert (report.votes, report.labels) == (9, 4)
    bob, mod = report.teacher(BOB), report.teacher(MOD)
    assert (bob.votes, bob.labels, bob.right, bob.counted, bob.share) == (3, 1, 1, 3, 33)
    assert (mod.votes, mod.labels, mod.moderates) == (4, 4, True)
    assert report.teacher("web:nobody").share is None
    (week,) = report.weeks
    assert (week.right, week.wrong, week.unknown) == (1, 2, 1)
    assert week.start.weekday() == 0
    first, second = report.needy
    assert (first.disputed, second.disputed) == (1, 0)
    assert {(each.name, each.examples) for each in report.needy} == {("Mai", 2), ("Yuna", 3)}
    ((verdict, standing),) = await service.teaching.disputed("web")
    assert (verdict.id, standing.state) == (disputed, State.DISPUTED)
