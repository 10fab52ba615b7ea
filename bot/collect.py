"""`python -m bot.collect`: pictures that nobody handed to the bot.

`boxes`: the detectors that answer people propose boxes; a person corrects them on the page /boxes;
then they are detection labels to train on. `posts`: with how they were received
(`bot.receiving`). `reactions`: how posts on Discord were received
(`bot.platforms.discord_reactions`). `folder`, `feed`, `discord`, `x`: with where they are from
(`bot.collecting`). `forget`: no longer those of an author (`bot.collect_forget`).
"""

import argparse
import asyncio
import hashlib
import os
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from bot import replying
from bot.annotating import boxes_dir, training_command
from bot.collecting import Outcome, Terms, read_file
from bot.domain import Attachment
from bot.errors import HanteiError, PictureRefused, SettingsError
from bot.intake import Intake
from bot.judge_files import at_work, side_by_side
from bot.judging import Judge
from bot.settings import Settings, load
from bot.store import Store
from datasets import box_sets
from datasets.box_sets import BoxSet, BoxSetError, Seen
from datasets.folders import FolderError, pictures
from models.types import Context, Picture

USAGE_ERROR = 2
SCOPE = "cli"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit status: 0 done, also when pictures were refused; 2 unusable arguments or settings.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.command == "boxes" and (given.folder is None) == (given.remove is None):
        parser.error("name either a FOLDER to add or a set to --remove.")
    try:
        said = given.collect(load(given.config), given)
    except (HanteiError, OSError) as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        print("Stopped. The same command goes on where it was.", file=sys.stderr)
        return 130
    Console().print(said, markup=False, highlight=False, soft_wrap=True)
    return 0


def _boxes(settings: Settings, given: argparse.Namespace) -> str:
    if given.remove is not None:
        return _remove(settings, given.remove)
    return asyncio.run(propose(settings, given.folder, given.name))


def _posts(settings: Settings, given: argparse.Namespace) -> str:
    from bot.receiving import receive

    return asyncio.run(receive(settings, given.folder, given.counts, given.scope))


def _folder(settings: Settings, given: argparse.Namespace) -> str:
    from bot.collect_folder import collect

    return asyncio.run(
        collect(settings, _terms(given), given.scope, given.folder, given.licence, given.author)
    )


def _feed(settings: Settings, given: argparse.Namespace) -> str:
    from bot.collect_feed import Asked, collect, is_url

    contact = given.contact or settings.web.public_url
    if contact is None and is_url(given.feed):
        raise SettingsError(
            "feed: say with --contact how the server's operator reaches you (an address of mail or "
            "of a page), or set web.public_url."
        )
    asked = Asked(given.feed, given.media_host, contact or "a saved feed")
    return asyncio.run(collect(settings, _terms(given), given.scope, asked))


def _discord(settings: Settings, given: argparse.Namespace) -> str:
    from bot.collect_discord import collect

    return asyncio.run(collect(settings, _terms(given), given.channels, given.since))


def _x(settings: Settings, given: argparse.Namespace) -> str:
    from bot.collect_x import collect
    from bot.platforms.x_history import Asked

    asked = Asked.of(given.kind, given.words)
    return asyncio.run(collect(settings, _terms(given), asked))


def _forget(settings: Settings, given: argparse.Namespace) -> str:
    from bot.collect_forget import forget

    return asyncio.run(forget(settings, given.author, given.scope))


def _terms(given: argparse.Namespace) -> Terms:
    return Terms(given.most, getattr(given, "agreed", False), given.selfies)


def _reactions(settings: Settings, _: argparse.Namespace) -> str:
    return asyncio.run(_count_reactions(settings))


async def _count_reactions(settings: Settings) -> str:
    from bot.platforms.discord_reactions import SETTLED, Outcome, collect

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("asking Discord", total=None)
        async with Store(settings.store.data_dir) as store:
            outcomes = await collect(
                settings, store, lambda done, of: bar.update(task, completed=done, total=of)
            )
    told = ", ".join(f"{outcomes[each]} {each}" for each in Outcome if outcomes[each])
    return (
        f"discord: {told or f'nothing that was posted {SETTLED.days} days ago is uncounted'}. "
        "A running bot learns from it within the hour."
    )


async def propose(settings: Settings, folder: Path, name: str | None = None) -> str:
    """Add the pictures of a folder to a set, with the boxes that the detectors find.

    Args:
        name: of the set; by default that of the folder.

    Returns:
        What was done and how to go on.

    Raises:
        SettingsError: the folder holds no pictures or cannot give the set a name, or a picture
            cannot be kept.
        WeightsError: the embedder's weights are missing or damaged.
        OSError: the set's folder cannot be made.
    """
    try:
        files = list(pictures(folder))
        name = box_sets.set_name(name or folder.resolve().name)
    except (FolderError, BoxSetError) as error:
        raise SettingsError(str(error)) from error
    into = BoxSet.create(boxes_dir(settings) / name)
    console = Console(stderr=True)
    async with at_work(settings, console) as (intake, judge):
        outcomes = await add(settings, judge, intake, into, files, console)
    return _summary(settings, into, outcomes)


async def add(
    settings: Settings,
    judge: Judge,
    intake: Intake,
    into: BoxSet,
    files: Sequence[Path],
    console: Console,
) -> Counter[Outcome]:
    """Add pictures that the set does not have, and say of each that cannot be added why not."""
    seen = Seen(await asyncio.to_thread(into.names))
    most_bytes = settings.intake.max_bytes

    async def add_one(file: Path) -> Outcome:
        try:
            data = await asyncio.to_thread(read_file, file, most_bytes)
            return await _add(judge, intake, into, seen, data)
        except PictureRefused as refused:
            why = replying.refusal("en", refused)
        except OSError as error:
            why = error.strerror or str(error)
        console.print(f"{escape(str(file))}: {escape(why)}")
        return Outcome.REFUSED

    workers = settings.judging.workers
    return Counter(await side_by_side(add_one, files, workers, "finding faces", console))


async def _add(judge: Judge, intake: Intake, into: BoxSet, seen: Seen, data: bytes) -> Outcome:
    if seen.file(hashlib.sha256(data).hexdigest()):
        return Outcome.THERE
    picture = await intake.picture(Attachment("", data))
    if seen.near(picture.phash):
        return Outcome.COPY
    # Noted before anything else is awaited, or a copy could slip in beside it.
    name = box_sets.picture_name(picture.sha256, picture.phash)
    seen.add(name)
    proposed = await _proposed(judge, picture)
    try:
        await asyncio.to_thread(into.add, name, picture.pixels, proposed)
    except (OSError, BoxSetError) as error:
        raise SettingsError(f"{into.folder}: {error}") from error
    return Outcome.ADDED


async def _proposed(judge: Judge, picture: Picture) -> list[tuple[box_sets.Box, float]]:
    """Boxes, in pixels of the judged picture, and how sure the detector is of each."""
    judgement = await judge.judge(picture, Context(SCOPE), heads=())
    return [(each.face.box, each.face.score) for each in judgement.faces]


def _summary(settings: Settings, into: BoxSet, outcomes: Counter[Outcome]) -> str:
    from bot.platforms.web import WebPlatform  # brings the service and its database: only here

    told = ", ".join(f"{outcomes[each]} {each}" for each in Outcome if outcomes[each])
    waiting, confirmed = into.counts()
    where = f"{WebPlatform(settings).url}/boxes" if settings.web.port else "/boxes on the web page"
    return (
        f"{into.name}: {told}. {waiting} wait for a person, {confirmed} are confirmed.\n"
        f"Correct them at {where} while the bot runs; then train on what is confirmed:\n"
        f"    {training_command(into.folder)}"
    )


def _remove(settings: Settings, name: str) -> str:
    root = boxes_dir(settings)
    try:
        chosen = box_sets.find(root, name)
    except BoxSetError as error:
        known = ", ".join(each.name for each in box_sets.sets(root)) or "none"
        raise SettingsError(f"--remove {name}: no such set; there are: {known}.") from error
    waiting, confirmed = chosen.counts()
    chosen.remove()
    return f"{name} is removed: {waiting} pictures that waited, {confirmed} that were confirmed."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot.collect", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser(
        "boxes",
        help="propose boxes around faces, to be corrected on the page /boxes",
        description="Propose boxes around the faces in a folder of pictures, to be corrected on "
        "the page /boxes. By adding pictures you state that you have the right to use them so.",
    )
    command.add_argument(
        "folder", nargs="?", type=Path, metavar="FOLDER", help="pictures, any nesting"
    )
    command.add_argument("--name", metavar="SET", help="the set (default: the folder's name)")
    command.add_argument("--remove", metavar="SET", help="delete a set and what was drawn in it")
    command.set_defaults(collect=_boxes)
    _add_posts(commands)
    _add_reactions(commands)
    _add_folder(commands)
    _add_feed(commands)
    _add_discord(commands)
    _add_x(commands)
    _add_forget(commands)
    for each in commands.choices.values():
        each.add_argument(
            "--config", type=Path, metavar="FILE", help="settings (default: config.toml, if there)"
        )
    return parser


def _add_reactions(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "reactions",
        help="count the reactions on Discord to what posters who agree have posted",
        description="Count, for the photogenic head to learn from, who reacted to the pictures of "
        "posters who agree, out of who could see them. It takes the Server Members Intent.",
    )
    command.set_defaults(collect=_reactions)


def _add_posts(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "posts",
        help="pictures with reactions and audience, for the photogenic head to learn from",
        description="Keep pictures with how they were received, and learn from them what is "
        "photogenic. By adding pictures you state that their authors agreed. Repeat it to count "
        "anew: nothing is added twice.",
    )
    command.add_argument("folder", type=Path, metavar="FOLDER", help="where the pictures are")
    command.add_argument(
        "--counts",
        type=Path,
        required=True,
        metavar="TSV",
        help="separated by tabs, with the header: file author reactions audience",
    )
    _add_scope(command)
    command.set_defaults(collect=_posts)


def _add_folder(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "folder",
        help="pictures of a folder",
        description="Keep the pictures of a folder. What nobody agreed to expires. Repeat it to go "
        "on: nothing is added twice.",
    )
    command.add_argument("folder", type=Path, metavar="FOLDER", help="pictures, any nesting")
    command.add_argument("--licence", metavar="TEXT", help="by whose right they are used")
    command.add_argument(
        "--author", metavar="NAME", help="of all (default: the sub-folder, or else the folder)"
    )
    command.add_argument(
        "--agreed", action="store_true", help="the authors agreed that they may be learned from"
    )
    _add_scope(command)
    _add_terms(command)
    command.set_defaults(collect=_folder)


def _add_feed(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "feed",
        help="pictures of an RSS, Atom or JSON feed",
        description="Keep the pictures in the items of a feed, until they expire. Repeat it to go "
        "on: what has not changed is not fetched again.",
    )
    command.add_argument("feed", metavar="URL", help="of the feed, or a file that holds one")
    command.add_argument(
        "--media-host",
        action="append",
        default=[],
        metavar="HOST",
        help="another host from which its pictures may be fetched; may be repeated",
    )
    command.add_argument(
        "--contact", metavar="TEXT", help="how to reach you (default: web.public_url)"
    )
    _add_scope(command)
    _add_terms(command)
    command.set_defaults(collect=_feed)


def _add_discord(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "discord",
        help="pictures that people posted in channels on Discord",
        description="Keep the pictures of channels that the bot can read, until they expire unless "
        "who posted them agrees (/privacy allow). It takes the Message Content Intent. Repeat it "
        "to go on with what is new.",
    )
    command.add_argument(
        "channels", nargs="+", type=_number, metavar="CHANNEL", help="the channel's number"
    )
    command.add_argument(
        "--since", type=_date, metavar="DATE", help="begin with this day (YYYY-MM-DD)"
    )
    _add_terms(command)
    command.set_defaults(collect=_discord)


def _add_x(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "x",
        help="pictures that a search or an account on X shows",
        description="Keep pictures that people posted on X, until they expire. Each post that is "
        "read costs money, 100 at a time (x.prices, x.monthly_budget). Repeat it to go on.",
    )
    command.add_argument("kind", choices=("search", "hashtag", "account"))
    command.add_argument(
        "words", metavar="WORDS", help="of a search in X's language, a hashtag or a name"
    )
    _add_terms(command, most=100)
    command.set_defaults(collect=_x)


def _add_forget(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "forget",
        help="forget all pictures of an author",
        description="Forget all pictures of an author in a scope, and what was learned from them.",
    )
    command.add_argument(
        "author", metavar="AUTHOR", help="as they were collected, or an account (x:1, discord:1)"
    )
    _add_scope(command)
    command.set_defaults(collect=_forget)


def _add_scope(command: argparse.ArgumentParser) -> None:
    command.add_argument("--scope", default="web", help="whose they are (default: web)")


def _add_terms(command: argparse.ArgumentParser, most: int | None = None) -> None:
    command.add_argument(
        "--most",
        type=_number,
        default=most,
        metavar="N",
        help=f"add no more this time (default: {most or 'all'})",
    )
    command.add_argument(
        "--selfies",
        metavar="NAME",
        help="most pictures with one face show NAME: a hint for people who label, never a label",
    )


def _date(text: str) -> datetime:
    """Its beginning in UTC."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date like 2026-11-03") from error


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1")
    return int(text)


if __name__ == "__main__":
    os.nice(10)  # the bot that answers goes first
    raise SystemExit(main())
