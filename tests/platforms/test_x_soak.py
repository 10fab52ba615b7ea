"""X: a crowd, an X on which everything breaks, and bots that die. `benchmarks.x_soak` has 2,000."""

import gc
from collections import Counter

import pytest

from bot.settings import Settings
from tests.platforms import x_crowd
from tests.platforms.x_bot import settings_of
from tests.x import XServer


@pytest.mark.timeout(300)
@pytest.mark.filterwarnings(
    # A bot that dies amid a query leaves its connection to the database behind.
    "ignore:.*was deleted before being closed:ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)
async def test_everybody_who_asks_is_answered_once(settings: Settings) -> None:
    async with XServer(vocabulary="post", seed=3) as x:
        bot = x.add_user("hantei")
        settings = settings_of(x, bot, settings, train=True, poll_seconds=0.1, monthly_budget=1e6)
        soaked = await x_crowd.soak(settings, x, bot, mentions=120, users=40, deaths=10, seed=3)
        assert x_crowd.wrongly_answered(soaked, x) == []
        assert x_crowd.wrongly_counted(soaked, x) == []
        assert x_crowd.wrongly_billed(soaked, x) == []
        assert soaked.still_open == 0
        # It was no picnic:
        assert soaked.deaths == 10
        assert len(soaked.crowd.kinds) > 10
        statuses = Counter(each.status for each in x.requests)
        assert statuses[None] + statuses[500] + statuses[503] > 20
        assert len(soaked.crowd.corrections) > 5
        assert len(soaked.replied) > 60
    gc.collect()  # or the warnings would come in another test
