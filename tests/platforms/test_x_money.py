"""X: what is counted as spent when a request fails, or nobody waits for its answer."""

import asyncio

import pytest

from bot.errors import Unavailable
from bot.platforms.x_budget import Budget, month
from bot.settings import X
from bot.store import Store


@pytest.mark.parametrize(
    ("kind", "error", "paid"),
    [
        ("reply", Unavailable("no answer", may_have_acted=True), 1),
        ("reply", Unavailable("not reached", may_have_acted=False), 0),
        ("reply", asyncio.CancelledError(), 1),
        ("reply", ValueError(), 0),
        ("own_read", Unavailable("no answer", may_have_acted=True), 0),
        ("own_read", asyncio.CancelledError(), 0),
    ],
)
async def test_what_may_have_been_done_is_paid_and_what_was_not_read_is_not(
    store: Store, kind: str, error: BaseException, paid: int
) -> None:
    budget = Budget(store.x, X())
    with pytest.raises(type(error)):
        async with budget.paying(kind):
            raise error
    assert [each.number for each in await store.x.spent(month())] == [paid]


async def test_an_outage_does_not_use_up_the_budget(store: Store) -> None:
    """Looking for mentions reserves a page of a hundred each time."""
    budget = Budget(store.x, X(monthly_budget=1.0))
    for _ in range(30):
        with pytest.raises(Unavailable):
            async with budget.paying("own_read", 100):
                raise Unavailable("X answered 503", may_have_acted=True)
    assert await budget.spent() == pytest.approx(0)
    assert await budget.pace() == 1
