"""What X costs: a price for everything that is billed, and a limit for each month.

Money is reserved before a request goes out, and given back when X did not do it, so that the limit
holds whatever happens in between; what may have been done counts as paid. Months are those of UTC.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from prometheus_client import Gauge

from bot.errors import BudgetSpent, Unavailable
from bot.settings import X
from bot.uncancelled import to_the_end
from bot.x_store import XStore

log = logging.getLogger(__name__)

SPENT = Gauge("hantei_x_spent_dollars", "Dollars spent on X this month", ["kind"])
LIMIT = Gauge("hantei_x_budget_dollars", "Dollars that may be spent on X in a month")

SLOW_FROM = 0.8
"""From this share of the budget on, new mentions are looked for less often."""

_SLOWEST = 16.0
"""How many times less often at the end."""

_READS = frozenset({"own_read", "post_read", "user_read"})
"""X bills what it delivers: what did not arrive is paid for when it is read again."""


class Reserved:
    """What a request that is out may cost."""

    def __init__(self, number: int) -> None:
        self.used = number

    def use(self, number: int) -> None:
        """X did only so many of them."""
        self.used = min(self.used, number)


class Budget:
    """Counts what is spent, in the database: other processes spend as well."""

    def __init__(self, store: XStore, settings: X) -> None:
        self._store = store
        self._settings = settings
        self._reserving = asyncio.Lock()
        self._told: str | None = None
        LIMIT.set(settings.monthly_budget)

    async def spent(self) -> float:
        """Dollars, this month."""
        found = await self._store.spent(month())
        for each in found:
            SPENT.labels(each.kind).set(each.dollars)
        return sum(each.dollars for each in found)

    async def pace(self) -> float:
        """How many times longer to wait between two looks for mentions, 1 to 16."""
        limit = self._settings.monthly_budget
        share = await self.spent() / limit if limit else 1.0
        beyond = max(0.0, min(1.0, (share - SLOW_FROM) / (1 - SLOW_FROM)))
        if beyond:
            self._tell("slow", f"{share:.0%} of x.monthly_budget are spent: the bot slows down.")
        return 1 + (_SLOWEST - 1) * beyond

    async def affordable(self, kind: str, most: int) -> int:
        """How many of a kind there is money for, at most so many."""
        price = self._price(kind)
        if not price:
            return most
        left = self._settings.monthly_budget - await self.spent()
        return max(0, min(most, int(left / price + 1e-9)))

    @asynccontextmanager
    async def paying(self, kind: str, number: int = 1) -> AsyncIterator[Reserved]:
        """Pay for what is done inside.

        Raises:
            BudgetSpent: there is not enough left.
        """
        async with self._reserving:
            if await self.affordable(kind, number) < number:
                self._tell(
                    "spent",
                    f"x.monthly_budget ({self._settings.monthly_budget:g} dollars) is spent, so "
                    "the bot does nothing on X until the month ends (UTC).",
                )
                raise BudgetSpent("x.monthly_budget is spent")
            await self._add(kind, number)
        reserved = Reserved(number)
        try:
            yield reserved
        except BaseException as error:
            if kind in _READS or not _may_have_acted(error):
                reserved.use(0)
            raise
        finally:
            await to_the_end(self._add(kind, reserved.used - number))

    async def _add(self, kind: str, number: int) -> None:
        if number:
            dollars = number * self._price(kind)
            await self._store.spend(month(), kind, number, dollars)
            SPENT.labels(kind).inc(dollars)

    def _price(self, kind: str) -> float:
        price: float = getattr(self._settings.prices, kind)
        return price

    def _tell(self, what: str, words: str) -> None:
        """The operator, once a month."""
        if self._told != (now := f"{month()} {what}"):
            self._told = now
            log.error("%s", words)


def _may_have_acted(error: BaseException) -> bool:
    """Whether X may have done what it was asked; who is told to stop does not wait to hear it."""
    if isinstance(error, Unavailable):
        return error.may_have_acted
    return isinstance(error, asyncio.CancelledError)


def month() -> str:
    """The present one, YYYY-MM."""
    return datetime.now(UTC).strftime("%Y-%m")
