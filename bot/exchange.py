"""`python -m bot.exchange`: what the bot has learned, out of it and into it, as files.

A folder per name, a table of labels, a snapshot to train from, boxes and names for Label Studio and
CVAT. docs/exchange.md describes what comes out.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from bot import annotation_tools, reproducing
from bot.errors import HanteiError, SettingsError
from bot.exporting import export_folder, export_labels
from bot.import_labels import LabelImport
from bot.imported import TAKEN, Done, summary, write_report
from bot.importing import FolderImport
from bot.intake import Intake
from bot.judge_files import at_work
from bot.judging import Judge, load_embedder
from bot.learning import Advance
from bot.service import Service
from bot.settings import Settings, load
from bot.store import Store
from models.heads import NAMING_HEADS

USAGE_ERROR = 2
_MOST_TOLD = 20
"""Of what was not taken, in the terminal; the report has all."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit status: 0 done, also when something was not taken; 2 unusable arguments or
        settings.
    """
    given = _parser().parse_args(arguments)
    try:
        said = asyncio.run(given.run(load(given.config), given))
    except (HanteiError, OSError) as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        print("interrupted; what is done is kept, and is not done again", file=sys.stderr)
        return 130
    Console().print(said, markup=False, highlight=False, soft_wrap=True)
    return 0


@asynccontextmanager
async def _service(
    settings: Settings, source: Path, console: Console
) -> AsyncIterator[tuple[Service, Store, Intake, Judge]]:
    """What an import works with. The bot may be running; nothing is started here.

    Raises:
        SettingsError: there is nothing to import.
    """
    if not source.exists():  # said before the models are loaded
        raise SettingsError(f"{source}: there is no such file or folder.")
    async with (
        at_work(settings, console) as (intake, judge),
        Store(settings.store.data_dir) as store,
    ):
        yield Service(settings, store, intake, judge), store, intake, judge


async def _import_folder(settings: Settings, given: argparse.Namespace) -> str:
    if not given.agreed:
        raise SettingsError(
            "import folder: say with --agreed that everybody in these pictures, and whoever made "
            "them, agrees that the bot learns from them, or that you have the right to it."
        )
    console = Console(stderr=True)
    async with _service(settings, given.folder, console) as parts:
        importing = FolderImport(*parts, given.scope, given.head)
        done = await importing.folder(given.folder, settings.judging.workers, console)
    return _report(done, given, console)


async def _import_labels(settings: Settings, given: argparse.Namespace) -> str:
    console = Console(stderr=True)
    async with _service(settings, given.file, console) as parts:
        done = await LabelImport(*parts, given.scope, given.head).table(given.file, console)
    return _report(done, given, console)


async def _import_annotations(settings: Settings, given: argparse.Namespace) -> str:
    console = Console(stderr=True)
    if given.boxes is None:
        if given.images or given.label:
            raise SettingsError("--images and --label go with --boxes SET.")
        async with _service(settings, given.file, console) as parts:
            labels = LabelImport(*parts, given.scope, given.head)
            done = await annotation_tools.import_names(labels, given.what, given.file, console)
        return _report(done, given, console)
    intake = Intake(settings.intake)
    try:
        done = await annotation_tools.import_boxes(
            settings,
            intake,
            given.what,
            given.file,
            given.boxes,
            given.images,
            given.label,
            console,
        )
    finally:
        await intake.close()
    _list_missed(done, given, console)
    return f"{given.boxes}: {summary(done)}."


def _report(done: Sequence[Done], given: argparse.Namespace, console: Console) -> str:
    _list_missed(done, given, console)
    return f"{given.scope}: {summary(done)}. A running bot notices within a minute."


def _list_missed(done: Sequence[Done], given: argparse.Namespace, console: Console) -> None:
    missed = [each for each in done if each.outcome not in TAKEN]
    if given.report is not None:
        write_report(given.report, done)
    for each in missed[:_MOST_TOLD]:
        why = f"{each.outcome}; {each.detail}" if each.detail else each.outcome
        console.print(f"{each.what}: {why}", markup=False, highlight=False, soft_wrap=True)
    if len(missed) > _MOST_TOLD and given.report is None:
        console.print(f"… and {len(missed) - _MOST_TOLD} more; --report FILE has them all.")


async def _export_labels(settings: Settings, given: argparse.Namespace) -> str:
    heads = [given.head] if given.head else list(NAMING_HEADS)
    async with _kept(settings) as store:
        return await export_labels(store, given.scope, heads, given.file)


async def _export_folder(settings: Settings, given: argparse.Namespace) -> str:
    with _bar() as advance:
        async with _kept(settings) as store:
            return await export_folder(
                store, given.scope, given.head, given.folder, partial(advance, "exporting")
            )


async def _export_annotations(settings: Settings, given: argparse.Namespace) -> str:
    if given.boxes is not None:
        return annotation_tools.export_boxes(settings, given.what, given.boxes, given.folder)
    if given.head is None:
        raise SettingsError(f"export {given.what}: name a set with --boxes, or a --head.")
    with _bar() as advance:
        async with _kept(settings) as store:
            return await annotation_tools.export_names(
                store,
                given.what,
                given.scope,
                given.head,
                given.folder,
                partial(advance, "exporting"),
            )


async def _export_snapshot(settings: Settings, given: argparse.Namespace) -> str:
    embedder = load_embedder(settings, given.head)
    try:
        with _bar() as advance:
            async with _kept(settings) as store:
                manifest = await reproducing.export(
                    settings, store, embedder, given.scope, given.head, given.folder, advance
                )
    finally:
        embedder.close()
    learned = f"sha256 {manifest.weights}" if manifest.weights else "nothing"
    return (
        f"{given.folder} is a snapshot of {given.scope}, {given.head}. Training on it gave "
        f"{learned}: {manifest.outcome}. "
        "It is not forgotten with a person: delete it when it is no longer needed."
    )


@contextmanager
def _bar() -> Iterator[Advance]:
    """Shows what is being done, how much of it is and how much there is."""
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, of: bar.update(task, description=what, completed=done, total=of)


@asynccontextmanager
async def _kept(settings: Settings) -> AsyncIterator[Store]:
    """What the bot keeps, if it has kept anything.

    Raises:
        SettingsError: it has not.
    """
    folder = settings.store.data_dir
    if not folder.is_dir():
        raise SettingsError(f"store.data_dir = {folder}: the bot has kept nothing there yet.")
    async with Store(folder) as store:
        yield store


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot.exchange", description=__doc__)
    ways = parser.add_subparsers(dest="way", required=True)
    into, out = (
        ways.add_parser(way, help=told).add_subparsers(dest="what", required=True)
        for way, told in (("import", "into the bot"), ("export", "out of it"))
    )
    command = _add(into, "folder", _import_folder, "folder", "pictures in a folder per name")
    command.add_argument(
        "--agreed",
        action="store_true",
        help="everybody in them agrees, or you have the right to do this",
    )
    _add(into, "labels", _import_labels, "file", "names for pictures that are there, as votes")
    _add(out, "labels", _export_labels, "file", "all labels, as a table")
    _add(out, "folder", _export_folder, "folder", "faces in a folder per name", needs_head=True)
    told = "all that one training starts from"
    _add(out, "snapshot", _export_snapshot, "folder", told, needs_head=True)
    for tool in annotation_tools.LOADERS:
        told = "boxes of a set, or faces with names, for that tool"
        command = _add(out, tool, _export_annotations, "folder", told)
        command.add_argument("--boxes", metavar="SET", help="what was proposed and confirmed")
        told = "boxes of a set, or names, back from that tool"
        command = _add(into, tool, _import_annotations, "file", told)
        command.add_argument("--boxes", metavar="SET", help="confirm boxes there")
        command.add_argument(
            "--images", type=Path, metavar="DIR", help="pictures that the set may lack"
        )
        command.add_argument(
            "--label", action="append", default=[], help="which labels are faces, if not all"
        )
    for command in into.choices.values():
        command.add_argument(
            "--report", type=Path, metavar="FILE", help="write a CSV of what was not taken"
        )
    return parser


def _add(
    to: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[Settings, argparse.Namespace], Awaitable[str]],
    target: str,
    told: str,
    *,
    needs_head: bool = False,
) -> argparse.ArgumentParser:
    """A command that works on a file or a folder."""
    command = to.add_parser(name, help=told, description=f"{told[0].upper()}{told[1:]}.")
    command.add_argument(target, type=Path, metavar={"file": "FILE", "folder": "DIR"}[target])
    command.add_argument(
        "--head",
        choices=list(NAMING_HEADS),
        required=needs_head,
        help="under which" if needs_head else "under which (default: all, or by the kind of face)",
    )
    command.add_argument(
        "--scope", default="web", help="whose, for example discord:123 (default: web)"
    )
    command.add_argument(
        "--config", type=Path, metavar="FILE", help="settings (default: config.toml, if there)"
    )
    command.set_defaults(run=run)
    return command


if __name__ == "__main__":
    os.nice(10)  # the bot that answers goes first
    raise SystemExit(main())
