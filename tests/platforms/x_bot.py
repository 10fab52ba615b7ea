"""The bot on a server that speaks X's API, for tests of the platform."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from PIL import Image

from bot.intake import Intake
from bot.judging import Judge
from bot.platforms.x import XPlatform
from bot.platforms.x_pauses import Pauses
from bot.service import Service
from bot.settings import Settings
from bot.store import Store
from models.types import Crop
from tests.x import Post, User, XServer

QUICK = Pauses(first=0.02, longest=0.2)
ANSWERS_WITHIN = 60.0
"""Seconds; a limit for what never comes, nothing is waited for so long otherwise."""


def settings_of(x: XServer, bot: User, settings: Settings, **more: Any) -> Settings:
    """The settings of a bot on this server, that looks for mentions all the time."""
    keys = x.keys(bot)
    given = {
        "consumer_key": keys.consumer_key,
        "consumer_secret": keys.consumer_secret,
        "access_token": keys.access_token,
        "access_token_secret": keys.access_token_secret,
        "api_url": x.url,
        "poll_seconds": 0.02,
        **more,
    }
    found: Settings = Settings.model_validate({**settings.model_dump(), "locale": "en", "x": given})
    return found


@asynccontextmanager
async def opened(settings: Settings, networks: Any) -> AsyncIterator[Service]:
    """A service as a process has it: opened, and closed again."""
    intake = Intake.of(settings)
    try:
        async with (
            Store(settings.store.data_dir) as store,
            Judge(settings, networks) as judge,
            Service(settings, store, intake, judge) as service,
        ):
            yield service
    finally:
        await intake.close()


@asynccontextmanager
async def running(
    settings: Settings, service: Service, seconds: float = 5.0
) -> AsyncIterator[asyncio.Task[None]]:
    """The platform, until the end of the block."""
    task = asyncio.create_task(XPlatform(settings, QUICK, seconds).run(service))
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until_true(done: Callable[[], bool]) -> None:
    """Until something is so."""
    async with asyncio.timeout(ANSWERS_WITHIN):
        while not done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def until(service: Service, done: Callable[[], bool]) -> None:
    """Until something is so, and nothing is left to deal with."""
    async with asyncio.timeout(ANSWERS_WITHIN):
        while not (done() and await service.x.open() == 0):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def dealt_with(service: Service, mention: str) -> None:
    """Until a mention was received and dealt with."""
    async with asyncio.timeout(ANSWERS_WITHIN):
        received = False
        while not received or await service.x.open():
            await asyncio.sleep(0.01)
            received = (await service.x.cursor() or 0) >= int(mention)


def only(posts: list[Post]) -> Post:
    (post,) = posts
    return post


def png(crop: Crop) -> bytes:
    """A face of `tests.pixel_faces` as a file."""
    file = io.BytesIO()
    Image.fromarray(crop.pixels).save(file, "PNG")
    return file.getvalue()
