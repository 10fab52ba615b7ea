"""`python -m bot.sweep`: judge what was collected, and lay out the best for a person to act on.

It likes, follows and messages nobody, and speaks to no network: it reads the store and writes a
folder with a page and a table.
"""

import argparse
import asyncio
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot import contact_sheet
from bot.contact_sheet import Sheet, why_refused
from bot.errors import HanteiError, SettingsError
from bot.face_files import make_folder
from bot.judge_files import at_work
from bot.judging import Judge
from bot.old_sheets import drop_stale, sheets_dir
from bot.rating_report import learnable
from bot.replying import LOCALES
from bot.settings import Settings, load
from bot.store import Store
from bot.sweeping import Sweep, sweep
from bot.taught_scores import TaughtScores
from models.heads import SCORING_HEADS
from models.types import Refused, Scope, UserId

USAGE_ERROR = 2
NOTHING = "Nothing was collected yet; python -m bot.collect does that."

Sources = dict[tuple[Scope, str], int]
"""How many pictures were collected, by scope and source."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit status: 0 done, also when pictures were refused; 2 unusable arguments or settings.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.source is not None and given.head is None:
        parser.error(f"--head says by what to judge: {', '.join(SCORING_HEADS)}.")
    try:
        asyncio.run(_run(load(given.config), given))
    except (HanteiError, OSError) as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        return 130
    return 0


async def _run(settings: Settings, given: argparse.Namespace) -> None:
    if not settings.store.data_dir.is_dir():
        raise SettingsError(
            f"store.data_dir = {settings.store.data_dir}: nothing has been kept there yet."
        )
    async with Store(settings.store.data_dir) as store:
        sources = await _sources(store, given.scope)
        if given.source is None:
            Console().print(_table(sources) if sources else NOTHING)
            return
        scope, source = chosen(given.source, sources)
        viewer = await _viewer(store, scope, given.viewer) if given.head == "taste" else None
        wish = Sweep(scope, source, given.head, viewer)
        await drop_stale(store, settings.store.data_dir)
        folder = given.out or _folder(settings, wish)
        await asyncio.to_thread(make_folder, folder)
        sheet = await _sheet(settings, store, wish, given.top, given.locale or settings.locale)
        await contact_sheet.write(sheet, folder, store)
    told = f"{summary(sheet)}\n{folder / 'sheet.html'}\n{folder / 'sheet.csv'}"
    Console().print(told, markup=False, highlight=False, soft_wrap=True)


async def _sheet(settings: Settings, store: Store, wish: Sweep, top: int, locale: str) -> Sheet:
    console = Console(stderr=True)
    async with at_work(settings, console) as (_, judge):
        with console.status("learning …"):
            await _learn(store, judge, wish)
        swept = await sweep(settings, store, judge, wish, console)
    return Sheet(wish, swept, top, locale, _now(), settings.store.keep_days)


async def _learn(store: Store, judge: Judge, wish: Sweep) -> None:
    """What the scope teaches the head, if it is one that learns."""
    taught = TaughtScores(store, judge)
    if wish.head == "taste":
        await taught.rebuild_tastes(wish.scope)
    elif wish.head == "photogenic":
        await taught.rebuild_photogenic(wish.scope)


# what was collected


async def _sources(store: Store, scope: Scope | None) -> Sources:
    scopes = [scope] if scope is not None else await store.collected.scopes()
    return {
        (each, source): number
        for each in scopes
        for source, number in await store.collected.sources(each)
    }


def chosen(wanted: str, sources: Sources) -> tuple[Scope, str]:
    """The scope and source that are meant by a source's name, or by how it begins.

    Raises:
        SettingsError: there is none, or several could be meant.
    """
    exact = [each for each in sources if each[1] == wanted]
    if not sources:
        raise SettingsError(NOTHING)
    found = exact or [each for each in sources if each[1].startswith(wanted)]
    if len(found) == 1:
        return found[0]
    several = {each: sources[each] for each in found}
    wrong = "could be several; write more of it, or name a --scope" if found else "no such source"
    raise SettingsError(f"{wanted}: {wrong}. There are: {_listed(several or sources)}.")


def _listed(sources: Sources) -> str:
    told = (f"{source} in {scope} ({number})" for (scope, source), number in sources.items())
    return ", ".join(told)


def _table(sources: Sources) -> Table:
    table = Table("source", "scope", "pictures", box=box.SIMPLE)
    table.columns[0].overflow = table.columns[1].overflow = "fold"
    table.columns[2].justify = "right"
    for (scope, source), number in sources.items():
        table.add_row(Text(source), Text(scope), str(number))
    return table


# by whose taste


async def _viewer(store: Store, scope: Scope, given: UserId | None) -> UserId:
    """Whose taste it is: who is named, or the only one who rated anything here."""
    ratings = await store.ratings.of(scope)
    rated, counted = Counter(each.user for each in ratings), learnable(ratings)
    if given is None and len(rated) == 1:
        return next(iter(rated))
    if given is not None and given in rated:
        return given
    if not rated:
        raise SettingsError(f"--head taste: nobody has rated anything in {scope} yet.")
    told = ", ".join(
        f"{user} ({number}, of which {counted[user]} can be learned from)"
        for user, number in rated.most_common()
    )
    wrong = "say by whose taste" if given is None else f"{given} has rated nothing in {scope}"
    raise SettingsError(f"--for: {wrong}. Pictures were rated by: {told}.")


# what is written


def _folder(settings: Settings, wish: Sweep) -> Path:
    """DATE-SOURCE-HEAD, of letters that are allowed in names of files everywhere."""
    source = re.sub(r"[^\w-]+", "-", wish.source)[:_MOST_LETTERS].strip("-")
    name = f"{_now().date().isoformat()}-{source}-{wish.head}"
    return sheets_dir(settings.store.data_dir) / name


_MOST_LETTERS = 60
"""Of a source: a name may have 255 bytes, and a letter may take four."""


def _now() -> datetime:
    """UTC without a zone, as the store keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)


def summary(sheet: Sheet) -> str:
    """What came of it, a line for each reason to refuse."""
    refused = Counter(
        each.guess.reason for each in sheet.swept if isinstance(each.guess, Refused)
    ).most_common()
    number = len(sheet.swept) - sum(count for _, count in refused)
    lines = [f"{sheet.wish.source}: {number} ranked, the best {len(sheet.best)} on the sheet."]
    lines += [
        f"{count} refused: {why_refused('en', sheet.wish, reason)}" for reason, count in refused
    ]
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot.sweep",
        description="Judge what was collected, and write a sheet of the best for a person to act "
        "on. Without a SOURCE: what was collected. It likes, follows and messages nobody.",
    )
    parser.add_argument(
        "source",
        nargs="?",
        metavar="SOURCE",
        help="what was collected, or how its name begins: x:search:#idol, folder:NAME, …",
    )
    parser.add_argument("--head", choices=SCORING_HEADS, help="by what to judge")
    parser.add_argument(
        "--top", type=_positive, default=20, metavar="N", help="pictures to show (default: 20)"
    )
    parser.add_argument("--scope", help="whose pictures (default: wherever SOURCE was collected)")
    parser.add_argument(
        "--for",
        dest="viewer",
        metavar="USER",
        help="by whose taste (default: of whoever rated, if it is one)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="a new folder (default: sweeps/DATE-SOURCE-HEAD beside the store)",
    )
    parser.add_argument("--locale", choices=LOCALES, help="default: that of the settings")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="settings (default: config.toml, if there)"
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


if __name__ == "__main__":
    os.nice(10)  # the bot that answers goes first
    raise SystemExit(main())
