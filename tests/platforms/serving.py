"""A web platform that really listens, for the tests of its HTTP and of its page."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from bot.platforms.web import WebPlatform
from bot.service import Service
from bot.settings import Settings


@asynccontextmanager
async def serving(settings: Settings, service: Service) -> AsyncIterator[WebPlatform]:
    platform = WebPlatform(settings)
    running = asyncio.create_task(platform.run(service))
    listening = asyncio.create_task(platform.listening.wait())
    try:
        await asyncio.wait({running, listening}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running  # raises why it does not listen
        yield platform
    finally:
        for task in (listening, running):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
