"""`python -m bot.collect x`: pictures that a search or an account on X shows."""

from bot.collect_command import at_work
from bot.collecting import Terms
from bot.intake import HttpFetcher
from bot.platforms.x_api import XApi
from bot.platforms.x_auth import auth_of
from bot.platforms.x_budget import Budget
from bot.platforms.x_history import Asked, XSource
from bot.settings import Settings


async def collect(settings: Settings, terms: Terms, asked: Asked) -> str:
    """Add the pictures that X has found since the last time; see `XSource`.

    Returns:
        What was done.

    Raises:
        SettingsError: there are no keys, or X does not take them.
        XError: X refuses, is not reached, or the budget is spent.
        WeightsError: weights are missing or damaged.
    """
    auth = auth_of(settings)
    fetcher = HttpFetcher(settings.intake, origins=[settings.x.api_url])
    try:
        async with at_work(settings, terms) as collector:
            store, console = collector.store.x, collector.console
            async with XApi(settings.x, auth, Budget(store, settings.x)) as api:
                source = XSource(settings, store, api, fetcher, asked, console, most=terms.most)
                return await collector.run(source, settings.x.scope)
    finally:
        await fetcher.close()
        await auth.close()
