"""The only wiring: settings → store, intake, judge, service → platforms.

Each platform is supervised alone: one that fails is started again after a pause, and never takes
another one down.
"""

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.progress import Progress

from bot.errors import SettingsError
from bot.intake import Intake
from bot.judging import Judge
from bot.platforms import Platform
from bot.platforms.discord import DiscordPlatform
from bot.platforms.web import WebPlatform
from bot.platforms.x import XPlatform
from bot.service import Service
from bot.settings import Settings
from bot.store import Store
from models.shared_files import locked

log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 300.0
"""Seconds before a failed platform is started again; the pause doubles each time."""

_MOMENT = 2.0
"""Seconds after which the operator is told that another bot is in the way."""

_HEALTHY = 300.0
"""Seconds after which a platform that fails counts as failing for the first time."""


def platforms(settings: Settings) -> list[Platform]:
    """Those that the settings turn on."""
    found: list[Platform] = []
    if settings.discord.token is not None and settings.discord.token.get_secret_value():
        found.append(DiscordPlatform(settings))
    if settings.x.configured:
        found.append(XPlatform(settings))
    if settings.web.enabled:
        found.append(WebPlatform(settings))
    return found


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Service]:
    """A service with everything it needs, closed again in the right order."""
    console = Console(stderr=True)
    console.print("loading models …", style="dim")
    intake = Intake.of(settings)
    try:
        async with (
            Store(settings.store.data_dir) as store,
            _alone(settings.store.data_dir),
            Judge(settings) as judge,
        ):
            service = Service(settings, store, intake, judge)
            with Progress(console=console, transient=True) as bar:
                task = bar.add_task("embedding stored faces", total=None, visible=False)
                await service.start(
                    lambda done, total: bar.update(task, completed=done, total=total, visible=True)
                )
            try:
                yield service
            finally:
                await service.stop()
    finally:
        await intake.close()


@asynccontextmanager
async def _alone(data_dir: Path) -> AsyncIterator[None]:
    """While no other bot runs with these data: each would take what the other does for undone."""
    told = f"another bot runs with {data_dir}; this one waits until that ends"
    waiting = asyncio.get_running_loop().call_later(_MOMENT, log.warning, told)
    try:
        async with locked(data_dir / "bot.lock"):
            waiting.cancel()
            yield
    finally:
        waiting.cancel()


async def run(settings: Settings) -> None:
    """Run every platform until SIGINT or SIGTERM.

    Raises:
        SettingsError: no platform is turned on, or none of them can run.
    """
    chosen = platforms(settings)
    if not chosen:
        raise SettingsError(
            "no platform is turned on: set web.enabled = true, or give a discord.token or keys "
            "for X."
        )
    asked_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, asked_to_stop.set)
    async with opened(settings) as service:
        await _serve(service, chosen, asked_to_stop)


async def _serve(
    service: Service, chosen: Sequence[Platform], asked_to_stop: asyncio.Event
) -> None:
    running = [asyncio.create_task(_supervise(each, service)) for each in chosen]
    stop = asyncio.create_task(asked_to_stop.wait())
    everything = asyncio.gather(*running, return_exceptions=True)
    waited: list[asyncio.Future[Any]] = [everything, stop]
    await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    if everything.done():
        stop.cancel()
        failures = [each for each in everything.result() if isinstance(each, BaseException)]
        raise failures[0] if failures else SettingsError("every platform ended by itself.")
    log.info("stopping")
    everything.cancel()
    with suppress(asyncio.CancelledError):
        await everything


async def _supervise(platform: Platform, service: Service) -> None:
    pause = _FIRST_PAUSE
    while True:
        started = time.monotonic()
        try:
            await platform.run(service)
        except SettingsError as error:
            log.error("%s cannot run: %s", platform.name, error)  # noqa: TRY400 - no trace needed
            raise
        except (OSError, aiohttp.ClientError) as error:  # the network; a trace tells nothing
            log.warning("%s is not reached (%s)", platform.name, error)
        except Exception:
            log.exception("%s failed", platform.name)
        else:
            log.warning("%s ended", platform.name)
        if time.monotonic() - started > _HEALTHY:
            pause = _FIRST_PAUSE
        log.warning("starting %s again in %.0f s", platform.name, pause)
        await asyncio.sleep(pause)
        pause = min(_LONGEST_PAUSE, 2 * pause)
