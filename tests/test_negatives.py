"""Not this person: of the picture always, of the face wherever it is if its poster agrees.

The faces are made of numbers (`tests.pixel_faces`); database, votes and gallery are real.
"""

from datetime import timedelta

import pytest

from bot.domain import Action, Correction
from bot.intake import Intake
from bot.judging import Judge
from bot.service import Service
from bot.settings import Settings
from bot.store import Store
from models.strangers import Strangers
from models.types import Candidate, Context, Crop, Guess, Named, WhyNot
from tests import pixel_faces
from tests.pixel_faces import (
    PixelEmbedder,
    PixelNetworks,
    double,
    face,
    picture_of,
    post_face,
    teach,
)

BOB, MOD = "web:bob", "web:mod"
MAI: tuple[Guess, ...] = (Named("idol", "known", (Candidate("Mai", 0.9),), "gallery", "pixels-0"),)


@pytest.fixture
def networks() -> PixelNetworks:
    return PixelNetworks()


@pytest.fixture(autouse=True)
def strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What thresholds are measured against: nothing ships for faces of numbers."""
    cohort = Strangers(pixel_faces.strangers(unlike=0.7, glare=0.0), "synthetic")
    monkeypatch.setattr("bot.galleries.choose", lambda *_: cohort)


@pytest.fixture
async def taken_for_mai(service: Service, store: Store, judge: Judge) -> int:
    """Bob posts Mai's double, and a moderator says that this is not Mai. The verdict's id."""
    for person in ("Mai", *"ABCDEF"):
        for shot in range(3):
            await teach(store, face(person, shot, unlike=0.7), person, key=f"{person}{shot}")
    await service._galleries.rebuild("web", "idol")
    assert (await named(judge, double("Mai", 1))) == "Mai"
    verdict_id = await post_face(store, double("Mai", 1), key="double", author=BOB, guesses=MAI)
    await service.correct(not_mai(verdict_id))
    return verdict_id


def not_mai(verdict_id: int) -> Correction:
    return Correction(verdict_id, "idol", MOD, Action.NONE_OF_THESE, trusted=True)


async def guess(judge: Judge, crop: Crop) -> Named:
    (judged,) = (await judge.judge(picture_of(crop), Context("web"))).faces
    (found,) = judged.guesses
    assert isinstance(found, Named)
    return found


async def named(judge: Judge, crop: Crop) -> str | None:
    found = await guess(judge, crop)
    return found.candidates[0].name if found.answer == "known" else None


async def embedded(store: Store, verdict_id: int) -> bool:
    verdict = await store.verdict(verdict_id)
    assert verdict is not None
    assert verdict.crop is not None
    return bool(await store.embeddings([verdict.crop], "pixels-0"))


async def test_without_consent_only_the_picture_itself_is_spared(
    taken_for_mai: int, judge: Judge, store: Store
) -> None:
    found = await guess(judge, double("Mai", 1))
    assert (found.answer, found.why_not) == ("unknown", WhyNot.REJECTED)
    assert await named(judge, double("Mai", 2)) == "Mai"
    assert not await embedded(store, taken_for_mai)


async def test_with_consent_other_pictures_of_the_face_are_spared_too(
    taken_for_mai: int, service: Service, judge: Judge, store: Store
) -> None:
    await service.allow("web", BOB)
    assert await embedded(store, taken_for_mai)
    found = await guess(judge, double("Mai", 2))
    assert (found.answer, found.why_not) == ("unknown", WhyNot.REJECTED)
    assert await named(judge, face("Mai", 9, unlike=0.7)) == "Mai"


async def test_somebody_elses_consent_does_not_count(
    taken_for_mai: int, service: Service, judge: Judge, store: Store
) -> None:
    await service.allow("web", MOD)
    await service.allow("discord:1", BOB)
    assert await named(judge, double("Mai", 2)) == "Mai"
    assert not await embedded(store, taken_for_mai)


async def test_consent_taken_back_takes_the_embedding_and_its_veto(
    taken_for_mai: int, service: Service, judge: Judge, store: Store
) -> None:
    await service.allow("web", BOB)
    await service.allow("web", BOB, allowed=False)
    assert not await embedded(store, taken_for_mai)
    assert await named(judge, double("Mai", 2)) == "Mai"
    assert await named(judge, double("Mai", 1)) is None  # the picture itself needs no consent


async def test_who_is_forgotten_vetoes_nothing_any_more(
    taken_for_mai: int, service: Service, judge: Judge, store: Store
) -> None:
    await service.allow("web", BOB)
    verdict = await store.verdict(taken_for_mai)
    assert verdict is not None
    await service.forget_user("web", BOB)
    assert await named(judge, double("Mai", 2)) == "Mai"
    assert await store.embeddings([verdict.crop or ""], "pixels-0") == {}


async def test_a_vote_taken_back_takes_the_veto_back(
    taken_for_mai: int, service: Service, judge: Judge, store: Store
) -> None:
    await service.allow("web", BOB)
    undone = Correction(
        taken_for_mai, "idol", MOD, Action.NONE_OF_THESE, trusted=True, withdraw=True
    )
    await service.correct(undone)
    assert await named(judge, double("Mai", 2)) == "Mai"
    assert await embedded(store, taken_for_mai)  # for people may be asked about it again


async def test_the_veto_survives_a_restart_and_its_crop_does_not_expire(
    taken_for_mai: int,
    service: Service,
    settings: Settings,
    store: Store,
    intake: Intake,
    networks: PixelNetworks,
) -> None:
    await service.allow("web", BOB)
    assert await store.expire(timedelta(0)) == 0
    other = PixelNetworks()
    other.embedders["idol"].fingerprint = "pixels-1"  # has to start from the crops
    async with Judge(settings, other) as judge, Service(settings, store, intake, judge):  # type: ignore[arg-type]
        assert await named(judge, double("Mai", 2)) is None
        assert await named(judge, face("Mai", 9, unlike=0.7)) == "Mai"


async def test_without_consent_the_crop_expires_and_the_picture_is_spared_still(
    taken_for_mai: int, judge: Judge, store: Store
) -> None:
    assert await store.expire(timedelta(0)) == 1
    assert await named(judge, double("Mai", 1)) is None


async def test_an_embedding_that_comes_too_late_is_not_kept(
    taken_for_mai: int, store: Store
) -> None:
    """Consent was taken back while the crop was being embedded."""
    verdict = await store.verdict(taken_for_mai)
    assert verdict is not None
    (vector,) = PixelEmbedder().embed([double("Mai", 1)])
    await store.add_embedding(verdict.crop or "", "pixels-0", vector)
    assert not await embedded(store, taken_for_mai)
