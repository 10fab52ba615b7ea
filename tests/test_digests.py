"""Digests apart from any platform: when they are due, what they are made of, and patience."""

import asyncio
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot import digest_store, digests
from bot.digest_store import Subscription
from bot.judging import Judge
from bot.scheduling import Schedule
from bot.service import Service
from bot.settings import Settings
from bot.store import Store
from models.types import Face, Picture, Route
from tests.cogs.tasting import picture
from tests.conftest import post_of
from tests.pixel_faces import PixelNetworks, face, post_face

BOB = "web:bob"
NOON = Schedule(12 * 60, "UTC")


class Scenery(PixelNetworks):
    """There is nobody in any picture."""

    def find(self, picture: Picture) -> tuple[Route, list[Face]]:
        return "nobody", []


@pytest.fixture
def networks(request: pytest.FixtureRequest) -> PixelNetworks:
    made: PixelNetworks = getattr(request, "param", PixelNetworks)()
    return made


@pytest.fixture
def settings(tmp_path: object) -> Settings:
    given = {"data_dir": f"{tmp_path}/data"}
    return Settings.model_validate({"store": given, "judging": {"workers": 1, "queue": 1}})


def later() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)


async def subscribed(service: Service, place: str = "") -> Subscription:
    return await service.digests.subscribe("web", place, NOON, "en", user=BOB)


async def test_it_is_due_once_however_long_nobody_looked(service: Service, store: Store) -> None:
    await subscribed(service)
    assert await service.digests.due(datetime.now(UTC).replace(tzinfo=None)) == []
    week = later() + timedelta(days=7)
    (due,) = await service.digests.due(week)
    assert await service.digests.claim(due, week)
    assert not await service.digests.claim(due, week)  # by another process, say
    assert await service.digests.due(week + timedelta(hours=1)) == []
    assert len(await service.digests.due(week + timedelta(days=1))) == 1


async def test_what_is_changed_while_it_is_due_is_not_sent_by_the_old_wish(
    service: Service,
) -> None:
    await subscribed(service)
    (due,) = await service.digests.due(later())
    await subscribed(service, "web:elsewhere")
    assert not await service.digests.claim(due, later())


@pytest.mark.parametrize("networks", [Scenery], indirect=True)
async def test_a_picture_without_a_face_counts_as_a_whole(service: Service) -> None:
    subscription = await subscribed(service)
    await service.look(replace(post_of(picture(1, 153)), asked=False))
    await service.look(replace(post_of(picture(1, 153)), asked=False))  # delivered twice
    (ranked,) = await service.digests.ranked(subscription, [""], later())
    assert ranked.score == pytest.approx(1 + 4 * 0.6, abs=0.05)
    assert (await service.verdict(ranked.posted.verdict_id)).whole
    assert await service.recent("web") == []  # nothing of it is shown as an answer


async def test_only_so_many_are_scored_the_newest(
    service: Service, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digest_store, "MOST_CANDIDATES", 3)
    subscription = await subscribed(service)
    ids = [await post_face(store, face(f"{n}", n), key=str(n)) for n in range(5)]
    ranked = await service.digests.ranked(subscription, [""], later())
    assert sorted(each.posted.verdict_id for each in ranked) == ids[2:]


async def test_it_waits_while_the_judge_is_busy(
    service: Service, store: Store, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited = asyncio.Event()
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        waited.set()
        await sleep(0)

    subscription = await subscribed(service)
    await post_face(store, face("Mai", 1), key="1")
    gate = threading.Event()
    taken = [asyncio.create_task(judge._run(gate.wait, 60)) for _ in range(judge._most)]
    await sleep(0)
    monkeypatch.setattr(digests.asyncio, "sleep", noted)
    ranking = asyncio.create_task(service.digests.ranked(subscription, [""], later()))
    await waited.wait()
    gate.set()
    assert len(await ranking) == 1
    await asyncio.gather(*taken)
