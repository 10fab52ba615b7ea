"""Why: whom a face is like, what kept it from being named, and nothing that must not be shown.

The faces are made of numbers (`tests.pixel_faces`); database, votes and gallery are real.
"""

import io
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from PIL import Image

from bot import explaining, replying
from bot.domain import Action, Correction, Explanation, Neighbour, Standing, State
from bot.errors import NotFound
from bot.judging import Judge
from bot.service import Service
from bot.store import Store
from models.calibration import LEAST_PEOPLE
from models.gallery import NO_STRANGERS
from models.strangers import Strangers
from models.types import Candidate, Context, Crop, Named, WhyNot
from tests.pixel_faces import (
    PixelEmbedder,
    PixelNetworks,
    double,
    face,
    picture_of,
    post_face,
    teach,
)

ANN, MOD = "web:ann", "web:mod"
OPEN = Standing(State.OPEN)


@pytest.fixture
def networks() -> PixelNetworks:
    return PixelNetworks()


@pytest.fixture(scope="module")
def strangers() -> Strangers:
    crops = [face(f"stranger {number}", 0) for number in range(300)]
    return Strangers(PixelEmbedder().embed(crops), "synthetic")


@pytest.fixture(autouse=True)
def _shipped(strangers: Strangers, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if strangers shipped for this embedder."""
    monkeypatch.setattr("bot.galleries.choose", lambda *_: strangers)


async def enrol(service: Service, store: Store, *people: str, scope: str = "web") -> None:
    for person in people:
        for shot in range(3):
            crop = face(person, shot, unlike=0.7)
            await teach(store, crop, person, key=f"{scope}/{person}{shot}", scope=scope)
    await service._galleries.rebuild(scope, "idol")


@pytest.fixture
async def enrolled(service: Service, store: Store) -> None:
    await enrol(service, store, "Mai", *"ABCDE")


async def post(store: Store, judge: Judge, crop: Crop, key: str = "probe") -> int:
    """Post a face and answer what the judge says of it. The verdict's id."""
    (judged,) = (await judge.judge(picture_of(crop), Context("web"))).faces
    return await post_face(store, crop, key=key, guesses=judged.guesses)


def names(explained: Explanation) -> list[str]:
    return [each.name for each in explained.neighbours]


async def correct(service: Service, verdict_id: int, action: Action, name: str = "") -> None:
    await service.correct(
        Correction(verdict_id, "idol", ANN, action, trusted=True, name=name or None)
    )


async def test_a_name_is_explained_by_its_nearest_examples(
    service: Service, store: Store, judge: Judge, enrolled: None
) -> None:
    verdict_id = await post(store, judge, face("Mai", 9, unlike=0.7))
    explained = await service.why(verdict_id)
    because, measured, picture = explained.words.splitlines()
    assert because.startswith("I say Mai: this face is more like")
    assert "almost certain" in because
    assert "of 100 answers" in because
    assert "made-up faces" in measured
    assert "nearest" in picture
    assert names(explained)[:2] == ["Mai", "Mai"]
    assert names(explained)[2] != "Mai"  # one sees who else was near
    alike = [each.alike for each in explained.neighbours]
    assert alike == sorted(alike, reverse=True)
    assert f"Mai ({alike[0]} %)" in explained.description
    assert explained.image is not None
    with Image.open(io.BytesIO(explained.image)) as image:
        assert (image.format, image.width > image.height) == ("JPEG", True)
        assert not image.getexif()


async def test_what_is_explained_leaves_no_embedding(
    service: Service, store: Store, judge: Judge, enrolled: None
) -> None:
    verdict_id = await post(store, judge, face("a stranger", 1))
    await service.why(verdict_id)
    verdict = await service.verdict(verdict_id)
    assert verdict.crop is not None
    assert await store.embeddings([verdict.crop], judge.fingerprint("idol")) == {}


async def test_a_stranger_is_told_what_was_missing(
    service: Service, store: Store, judge: Judge, enrolled: None
) -> None:
    explained = await service.why(await post(store, judge, face("a stranger", 1)))
    assert explained.words.startswith(f"{names(explained)[0]} comes nearest, but")


async def test_with_nobody_enrolled_there_is_nobody_to_show(
    service: Service, store: Store, judge: Judge
) -> None:
    explained = await service.why(await post(store, judge, face("Mai", 1)))
    assert explained.words.startswith("I don't know anybody here yet.")
    assert explained.neighbours == ()
    assert explained.image is not None


async def test_too_few_people_are_the_reason_if_they_are(
    service: Service, store: Store, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.galleries.choose", lambda *_: NO_STRANGERS)
    await enrol(service, store, "Mai", "A")
    explained = await service.why(await post(store, judge, face("Mai", 9, unlike=0.7)))
    assert explained.words.startswith("Too few people are enrolled here")
    assert f"With {LEAST_PEOPLE} or more" in explained.words
    assert names(explained)[0] == "Mai"


async def test_what_people_denied_is_the_reason_after_that(
    service: Service, store: Store, judge: Judge, enrolled: None
) -> None:
    verdict_id = await post(store, judge, double("Mai", 1))
    await correct(service, verdict_id, Action.NONE_OF_THESE)
    said, denied, *_ = (await service.why(verdict_id)).words.splitlines()
    assert said == "I answered “Mai”. By what I know now, I would say “I don't know”."
    assert "I was told that this picture, or this face, is not them" in denied


async def test_what_people_told_is_the_reason(
    service: Service, store: Store, judge: Judge, enrolled: None
) -> None:
    verdict_id = await post(store, judge, face("Yuna", 1))
    await correct(service, verdict_id, Action.NAME, "Yuna")
    explained = await service.why(verdict_id)
    assert explained.words.splitlines()[0] == "This is Yuna: I was told so."
    assert "Yuna" not in names(explained)  # it would be its own neighbour
    copy = await service.why(await post(store, judge, face("Yuna", 1), key="copy"))
    assert copy.words.startswith("This is Yuna, for I was told so of the same picture")
    assert copy.neighbours[0] == replace(copy.neighbours[0], name="Yuna", alike=100)
    await correct(service, verdict_id, Action.NOT_A_FACE)
    told = (await service.why(verdict_id)).words.splitlines()[0]
    assert told == "I was told that this is not a face."


async def test_who_was_enrolled_since_changes_the_answer(
    service: Service, store: Store, judge: Judge, enrolled: None
) -> None:
    verdict_id = await post(store, judge, face("Yuna", 9, unlike=0.7))
    await enrol(service, store, "Yuna")
    words = (await service.why(verdict_id)).words
    assert words.startswith("I answered “I don't know”. By what I know now, I would say “Yuna”.\nI")


async def test_an_expired_picture_is_explained_by_what_was_said(
    service: Service, store: Store, judge: Judge, enrolled: None
) -> None:
    verdict_id = await post(store, judge, face("a stranger", 1))
    await store.expire(timedelta(0))
    explained = await service.why(verdict_id)
    assert explained.words.startswith("The picture behind this answer has expired")
    assert "comes nearest" in explained.words
    assert (explained.image, explained.neighbours) == (None, ())


async def test_examples_of_other_places_are_never_shown(
    service: Service, store: Store, judge: Judge, enrolled: None
) -> None:
    await enrol(service, store, "Yuna", scope="discord:1")
    explained = await service.why(await post(store, judge, face("Yuna", 9, unlike=0.7)))
    assert "Yuna" not in names(explained)
    label, *_ = await store.live_labels("discord:1", "idol")
    assert label.crop is not None
    assert await service.example("discord:1", label.crop) is not None
    assert await service.example("web", label.crop) is None


async def test_only_examples_are_shown_as_examples(
    service: Service, store: Store, judge: Judge, enrolled: None
) -> None:
    verdict = await service.verdict(await post(store, judge, face("a stranger", 1)))
    assert await service.example("web", verdict.crop or "") is None


async def test_a_forgotten_example_is_not_shown(
    service: Service, store: Store, judge: Judge, enrolled: None
) -> None:
    verdict_id = await post(store, judge, face("Mai", 9, unlike=0.7))
    await service.remove("web", "Mai")
    assert "Mai" not in names(await service.why(verdict_id))


async def test_a_neighbour_posted_as_a_spoiler_makes_a_spoiler(
    service: Service, store: Store, judge: Judge, enrolled: None
) -> None:
    probe = face("Yuna", 9, unlike=0.7)
    crop = face("Yuna", 0, unlike=0.7)
    hidden = await post_face(store, crop, key="hidden", spoiler=True)
    await correct(service, hidden, Action.NAME, "Yuna")
    assert (await service.why(await post(store, judge, probe))).spoiler
    for shot in range(3):  # what another place hides is no secret here
        crop = face("Mai", shot, unlike=0.7)
        await post_face(store, crop, key=f"there{shot}", scope="discord:1", spoiler=True)
    assert not (await service.why(await post(store, judge, face("Mai", 8), key="m"))).spoiler


async def test_a_deleted_answer_has_no_reason(service: Service) -> None:
    with pytest.raises(NotFound):
        await service.why(1)


async def test_the_latest_answer_is_ones_own_if_there_is_one(
    service: Service, store: Store
) -> None:
    mine = await post_face(store, face("Mai", 1), key="1")
    other = await post_face(store, face("Mai", 2), key="2", author=MOD)
    elsewhere = await post_face(store, face("Mai", 3), key="3")
    for ref, key, verdict_id in (
        ("d:1:1", "1", mine),
        ("d:1:2", "2", other),
        ("d:12:3", "3", elsewhere),
    ):
        await service.sent(key, ref, verdict_id)
    assert await service.latest("d:1", ANN) == mine
    assert await service.latest("d:1", "web:bob") == other
    assert await service.latest("d:2", ANN) is None


# words


def guess(answer: str, why_not: WhyNot | None = None, measured: str = "synthetic") -> Named:
    assert answer in ("known", "unknown")
    known: bool = answer == "known"
    return Named(
        "idol", "known" if known else "unknown", (Candidate("Mai", 0.8),), measured, "f", why_not
    )


@pytest.mark.parametrize("locale", replying.LOCALES)
@pytest.mark.parametrize("why_not", WhyNot)
def test_every_reason_has_its_words(locale: str, why_not: WhyNot) -> None:
    unknown = guess("unknown", why_not)
    words = explaining.words(locale, unknown, unknown, OPEN, (), copied=False)
    others = [
        explaining.words(locale, each, each, OPEN, (), copied=False)
        for each in (guess("unknown", other) for other in WhyNot if other is not why_not)
    ]
    assert words
    assert words not in others
    assert explaining.expired(locale, unknown).endswith(words.splitlines()[0])


@pytest.mark.parametrize("locale", replying.LOCALES)
def test_what_was_measured_against_is_said(locale: str) -> None:
    said = [
        explaining.words(locale, each, each, OPEN, (), copied=False).splitlines()
        for each in (
            guess("known", None, source) for source in ("unknowns", "synthetic", "gallery")
        )
    ]
    assert len({lines[-1] for lines in said}) == 3
    for why_not in (WhyNot.UNCALIBRATED, WhyNot.TOO_SMALL):  # where nothing was compared with it
        other = guess("unknown", why_not)
        assert len(explaining.words(locale, other, other, OPEN, (), copied=False).splitlines()) == 1


# the picture


def drawn(*neighbours: Neighbour, locale: str = "ja", named: str | None = None) -> np.ndarray:
    crop = face("Mai", 1)
    image = replying.beside(locale, crop, [(each, crop) for each in neighbours], named)
    return np.asarray(Image.open(io.BytesIO(image)).convert("RGB"))


def test_names_are_drawn_and_long_ones_stay_inside() -> None:
    short, other, long = (
        drawn(Neighbour(name, 80, "")) for name in ("齋藤飛鳥", "西野七瀬", "あ" * 80)
    )
    assert short.shape == other.shape == long.shape
    assert np.abs(short.astype(int) - other).max() > 100
    edge = long[:, -12:]
    assert np.abs(edge.astype(int) - edge[0, 0]).max() < 10


def test_three_neighbours_fit_below_each_other() -> None:
    three = [Neighbour("Mai", alike, "") for alike in (90, 50, 10)]
    assert drawn(*three).shape[0] > drawn(three[0]).shape[0] > drawn().shape[0] - 1
    assert drawn().shape[1] < drawn(three[0]).shape[1]


def test_only_who_was_named_is_drawn_in_the_colour_of_names() -> None:
    mai = Neighbour("Mai", 90, "")
    assert np.abs(drawn(mai, named="Mai").astype(int) - drawn(mai, named="Yuna")).max() > 50
