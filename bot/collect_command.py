"""What a command of `python -m bot.collect` works with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from rich.console import Console

from bot import judge_files
from bot.collecting import Collector, Terms
from bot.correcting import clean_name
from bot.errors import NotFound, SettingsError
from bot.settings import Settings
from bot.store import Store


@asynccontextmanager
async def at_work(settings: Settings, terms: Terms) -> AsyncIterator[Collector]:
    """A collector beside which nobody else asks.

    Raises:
        SettingsError: the name of whom pictures show is unusable.
        WeightsError: weights are missing or damaged.
    """
    if terms.selfies is not None:
        try:
            terms = replace(terms, selfies=clean_name(terms.selfies))
        except NotFound as error:
            raise SettingsError(f"--selfies {terms.selfies}: {error}.") from error
    console = Console(stderr=True)
    async with (
        judge_files.at_work(settings, console) as (intake, judge),
        Store(settings.store.data_dir) as store,
    ):
        yield Collector(settings, store, intake, judge, terms, console)
