"""2,000 posts that tag the bot on X, while everything breaks: is each answered once?

X is the server of the tests, on this machine; pictures are judged by numbers instead of networks,
so that the waits are those of platform, database and X alone.
"""

import argparse
import asyncio
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.report import Cell, Table, publish
from bot.settings import Settings
from tests.platforms.x_bot import settings_of
from tests.platforms.x_crowd import (
    Soaked,
    soak,
    wrongly_answered,
    wrongly_billed,
    wrongly_counted,
)
from tests.x import XServer


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentions", type=int, default=2000)
    parser.add_argument("--users", type=int, default=300)
    parser.add_argument("--deaths", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the tables there as well")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        publish(asyncio.run(_measured(given, Path(folder))), given.json)


async def _measured(given: argparse.Namespace, folder: Path) -> list[Table]:
    async with XServer(seed=given.seed) as x:
        bot = x.add_user("hantei")
        plain = Settings.model_validate({"store": {"data_dir": folder / "data"}})
        settings = settings_of(x, bot, plain, train=True, poll_seconds=0.1, monthly_budget=1e6)
        soaked = await soak(
            settings,
            x,
            bot,
            mentions=given.mentions,
            users=given.users,
            deaths=given.deaths,
            seed=given.seed,
        )
        return [_outcome(soaked, x), _kinds(soaked), _requests(x)]


def _outcome(soaked: Soaked, x: XServer) -> Table:
    p50, p95 = np.quantile(soaked.waits, [0.5, 0.95]).tolist()
    crowd = soaked.crowd
    rows: list[tuple[Cell, ...]] = [
        ("mentions", len(crowd.asked) + len(crowd.others)),
        ("of them ask for an answer", len(crowd.asked)),
        ("of those deleted before it came", sum(each in x.deleted for each in crowd.asked)),
        ("replies", len(soaked.replied)),
        ("mentions with a wrong number of replies", len(wrongly_answered(soaked, x))),
        ("corrections", len(crowd.corrections)),
        ("corrections that did not count once", len(wrongly_counted(soaked, x))),
        ("kinds of spending that X's bill does not explain", len(wrongly_billed(soaked, x))),
        ("left open", soaked.still_open),
        ("times the bot was killed or stopped", soaked.deaths),
        ("requests", len(x.requests)),
        ("seconds", soaked.seconds),
        ("seconds from mention to reply, p50", p50),
        ("seconds from mention to reply, p95", p95),
    ]
    return Table("X, with faults", ("what", "number"), rows)


def _kinds(soaked: Soaked) -> Table:
    return Table("How the bot was tagged", ("way", "posts"), soaked.crowd.kinds.most_common())


def _requests(x: XServer) -> Table:
    count = Counter((each.endpoint, each.status) for each in x.requests)
    rows = [
        (endpoint, "no answer" if status is None else status, number)
        for (endpoint, status), number in sorted(count.items(), key=str)
    ]
    return Table("Requests by what was answered", ("endpoint", "status", "requests"), rows)


if __name__ == "__main__":
    main()
