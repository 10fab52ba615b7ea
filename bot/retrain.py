"""`python -m bot.retrain`: learn from what people agreed on, in a process of its own.

`bot.learning` does the work; this is the command line and what it prints. With `--data` it trains
one of the project's own networks instead (`bot.recipes`), with `--snapshot` on what was exported
(`bot.reproducing`).
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TaskID
from rich.table import Table

from bot import retrain_report
from bot.errors import HanteiError, NotFound, SettingsError
from bot.face_files import make_folder
from bot.judging import load_embedder, versions_dir
from bot.learning import answering, retrain
from bot.recipes import RECIPES, trained_dir, trainer
from bot.reproducing import reproduce
from bot.settings import Settings, load
from bot.snapshots import verified
from bot.store import Store
from models import registry
from models.heads import NAMING_HEADS
from models.registry import Registry, VersionError
from models.training import Comparison
from models.types import Embedder, Scope

NOT_REPRODUCED = 1
USAGE_ERROR = 2

_NICE = 10
"""The bot that answers goes first."""

_PREVIOUS = 0
"""`--rollback` without a number."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit status: 0 done, also when nothing could be promoted; 1 a snapshot was not
        reproduced; 2 unusable arguments or settings.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    if (given.data is not None) != (given.head in RECIPES):
        parser.error(f"--data DIR and --head {' or '.join(sorted(RECIPES))} go together.")
    if given.snapshot is not None and (given.scope or given.head):
        parser.error("--snapshot says itself which scope and head it is of.")
    try:
        settings = load(given.config)
        if given.data is not None:
            return _train_network(given, settings)
        if given.snapshot is not None:
            return _reproduce(given, settings)
        return asyncio.run(_run(given, settings))
    except (HanteiError, VersionError) as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        return 130


async def _run(given: argparse.Namespace, settings: Settings) -> int:
    folder = settings.store.data_dir
    if not folder.is_dir():
        raise SettingsError(f"store.data_dir = {folder}: the bot has kept nothing there yet.")
    if given.report is not None:
        retrain_report.make_folder(given.report)
    heads = [given.head] if given.head else list(NAMING_HEADS)
    console = Console()
    async with Store(folder) as store:
        taught = set(await store.scopes())
        versioned = {each for h in heads for each in registry.scopes(versions_dir(settings), h)}
        scopes = sorted(taught | versioned if given.list or given.rollback is not None else taught)
        if given.scope is not None:
            scopes = _only(given.scope, scopes)
        targets = [
            (scope, head)
            for scope in scopes
            for head in heads
            if given.head or await _is_used(store, settings, scope, head)
        ]
        embedders = {head: load_embedder(settings, head) for head in heads}
        try:
            if given.list:
                for scope, head in targets:
                    _print_versions(console, settings, embedders[head], scope, head)
            elif given.rollback is not None:
                await _roll_back(console, settings, embedders, targets, given.rollback or None)
            else:
                await _retrain_all(console, settings, store, embedders, targets, given)
        finally:
            for embedder in embedders.values():
                embedder.close()
    return 0


async def _is_used(store: Store, settings: Settings, scope: Scope, head: str) -> bool:
    """Whether a scope ever taught a head anything."""
    versions = Registry(versions_dir(settings), scope, head)
    known = versions.numbers() or versions.removed() or await store.live_labels(scope, head)
    return bool(known)


def _train_network(given: argparse.Namespace, settings: Settings) -> int:
    if not given.data.is_dir():
        raise SettingsError(f"--data {given.data}: there is no such folder.")
    out = given.out or trained_dir(given.head, settings.store.data_dir)
    out.mkdir(parents=True, exist_ok=True)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(given.head, total=None, of=given.head)
        said = trainer(given.head)(given.data, out, partial(_advance, bar, task))
    Console().print(f"{given.head}: {said}", markup=False, highlight=False, soft_wrap=True)
    return 0


def _reproduce(given: argparse.Namespace, settings: Settings) -> int:
    """Train on a snapshot; what is learned goes to `--out`, and never answers."""
    manifest = verified(given.snapshot)
    basis, console = manifest.basis, Console()
    if given.out is not None:
        make_folder(given.out)
    embedder = load_embedder(settings, basis.head)
    words = f"{escape(basis.scope)}, {basis.head}"
    try:
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(words, total=None, of=words)
            found = reproduce(given.snapshot, manifest, embedder, partial(_advance, bar, task))
    finally:
        embedder.close()
    trained = found.lesson.trained
    if trained is not None:
        _print_comparison(console, trained.comparison)
        if given.out is not None:
            registry.write(given.out, trained.version)
    _print_sentence(console, basis.scope, basis.head, found.sentence)
    return 0 if found.holds else NOT_REPRODUCED


def _only(scope: Scope, known: Sequence[Scope]) -> list[Scope]:
    """The scope that was asked for.

    Raises:
        NotFound: there is no such scope.
    """
    if scope in known:
        return [scope]
    told = f"known scopes: {', '.join(known)}" if known else "nothing has been learned yet"
    raise NotFound(f"--scope {scope}: there is no such scope; {told}.")


async def _retrain_all(
    console: Console,
    settings: Settings,
    store: Store,
    embedders: Mapping[str, Embedder],
    targets: Sequence[tuple[Scope, str]],
    given: argparse.Namespace,
) -> None:
    if not targets:
        console.print("No labels yet, so there is nothing to learn from.")
    for scope, head in targets:
        with Progress(console=Console(stderr=True), transient=True) as bar:
            words = f"{escape(scope)}, {head}"
            task = bar.add_task(words, total=None, of=words)
            advance, embedder = partial(_advance, bar, task), embedders[head]
            report = await retrain(
                settings, store, embedder, scope, head, dry_run=given.dry_run, advance=advance
            )
        _print_sentence(console, scope, head, report.sentence)
        if report.trained is not None:
            _print_comparison(console, report.trained.comparison)
        if given.report is not None:
            file = await retrain_report.write(report, given.report, store)
            _print_sentence(console, scope, head, f"the report is {file}")


def _print_comparison(console: Console, comparison: Comparison) -> None:
    table = Table("on held-out faces", *_FIGURES, box=box.SIMPLE)
    table.add_row("before", *_figures(asdict(comparison.old)))
    table.add_row("new", *_figures(asdict(comparison.new)))
    console.print(table)


def _advance(bar: Progress, task: TaskID, what: str, done: int, total: int) -> None:
    scope_and_head = bar.tasks[task].fields["of"]
    bar.update(task, description=f"{scope_and_head}: {what}", completed=done, total=total)


async def _roll_back(
    console: Console,
    settings: Settings,
    embedders: Mapping[str, Embedder],
    targets: Sequence[tuple[Scope, str]],
    number: int | None,
) -> None:
    """Roll back the one target that has versions.

    Raises:
        NotFound: there are several to choose from, or none.
        VersionError: the version cannot be used.
    """
    of_target = {target: Registry(versions_dir(settings), *target) for target in targets}
    choices = [t for t, versions in of_target.items() if versions.numbers() or versions.removed()]
    if not choices:
        raise NotFound("--rollback: no version was ever promoted.")
    if len(choices) > 1:
        told = ", ".join(f"--scope {scope} --head {head}" for scope, head in choices)
        raise NotFound(f"--rollback: say which, {told}.")
    (target,) = choices
    versions = of_target[target]
    async with versions.locked():
        versions.rollback(number)
    words = answering(versions, embedders[target[1]]).words
    _print_sentence(console, *target, f"rolled back. Answering now: {words}.")


def _print_versions(
    console: Console, settings: Settings, embedder: Embedder, scope: Scope, head: str
) -> None:
    versions = Registry(versions_dir(settings), scope, head)
    table = Table("version", "made (UTC)", *_FIGURES, "embedder", box=box.SIMPLE, padding=0)
    remarks = [f"version {number} was removed: {why}" for number, why in versions.removed().items()]
    for number in versions.numbers():
        try:
            version = versions.load(number)
        except VersionError as error:
            remarks.append(str(error))
            continue
        made, family = version.made[:16].replace("T", " "), version.fingerprint.partition("-")[0]
        table.add_row(str(number), made, *_figures(version.scores["new"]), family)
    _print_sentence(console, scope, head, f"answering: {answering(versions, embedder).words}.")
    if table.row_count:
        console.print(table)
    for remark in remarks:
        _print_sentence(console, scope, head, f"{remark}.")


def _print_sentence(console: Console, scope: Scope, head: str, sentence: str) -> None:
    console.print(f"{scope}, {head}: {sentence}", markup=False, highlight=False, soft_wrap=True)


_FIGURES = ("right", "wrong", "unknown", "strangers named")


def _figures(tally: Mapping[str, int]) -> list[str]:
    strangers = f"{tally['strangers_named']} of {tally['strangers']}"
    return [*(str(tally[key]) for key in _FIGURES[:3]), strangers]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot.retrain",
        description="Learn from what people agreed on. The bot may go on running.",
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="settings (default: config.toml, if there)"
    )
    parser.add_argument("--scope", help="for example web or discord:123 (default: all)")
    parser.add_argument(
        "--head",
        choices=sorted({*NAMING_HEADS, *RECIPES}),
        help="default: all that learn from labels",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help=f"train a network ({', '.join(sorted(RECIPES))}) from pictures; may be interrupted",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="with --data: where to (default: the data folder); with --snapshot: a new folder",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        help="write there, for each scope and head, a page on what was measured",
    )
    action = parser.add_mutually_exclusive_group()
    action.add_argument(
        "--dry-run", action="store_true", help="say what would be done, and change nothing"
    )
    action.add_argument(
        "--snapshot",
        type=Path,
        metavar="DIR",
        help="train on an exported snapshot alone, and say whether it comes out as recorded",
    )
    action.add_argument(
        "--rollback",
        type=_version_number,
        nargs="?",
        const=_PREVIOUS,
        metavar="N",
        help="let version N answer again (default: the one before)",
    )
    action.add_argument("--list", action="store_true", help="show the versions")
    return parser


def _version_number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not the number of a version")
    return int(text)


if __name__ == "__main__":
    os.nice(_NICE)
    raise SystemExit(main())
