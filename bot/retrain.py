"""`python -m bot.retrain`: thresholds from what people agreed on, in a process of its own.

Labels become samples, samples are split by their source, thresholds are fitted to the larger part
and compared on the other with those that answer now. They are promoted only if they do no worse;
the running bot picks them up by itself. Corrections wait for none of this: galleries are built
from live labels, whichever version answers.
"""

import argparse
import asyncio
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TaskID
from rich.table import Table

from bot.domain import Answer
from bot.errors import HanteiError, NotFound, SettingsError, WeightsError
from bot.judging import embedder_choice, versions_dir
from bot.settings import Settings, load
from bot.store import LiveLabel, Store
from datasets import split
from datasets.samples import Sample
from models import embedders, registry, training
from models.calibration import Calibration, measured
from models.gallery import Example, Gallery
from models.heads import HEADS
from models.registry import Registry, State, Version, VersionError
from models.training import Comparison, FitError, Trial
from models.types import Embedder, Scope

USAGE_ERROR = 2

_NICE = 10
"""The bot that answers goes first."""

_PREVIOUS = 0
"""`--rollback` without a number."""

Advance = Callable[[int, int], None]
"""Called with how many faces are embedded and how many there are to embed."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What one training starts from.

    Attributes:
        state: of the versions, read together with the labels.
        last_label: the highest id there was in the label log; no label after it is seen.
        labels: what stood.
        consenting: who agreed beforehand that what they post may be learned from.
    """

    state: State
    last_label: int
    labels: list[LiveLabel]
    consenting: frozenset[str]

    @property
    def usable(self) -> list[LiveLabel]:
        """The labels whose face may be trained on, and is still there.

        A face that is somebody was agreed to by its poster, or it would not have this label; that
        a face is *not* somebody is learned without asking, but not from its embedding.
        """
        return [
            label
            for label in self.labels
            if label.crop is not None
            and (
                label.answer is Answer.IS
                or (
                    label.answer is Answer.IS_NOT
                    and label.names
                    and label.author in self.consenting
                )
            )
        ]


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one scope and head: a sentence, and the figures behind it if it came to any."""

    scope: Scope
    head: str
    sentence: str
    comparison: Comparison | None = None


@dataclass(frozen=True, slots=True)
class Answering:
    """The thresholds in use, and whose they are in words."""

    words: str
    calibration: Calibration


async def retrain(
    settings: Settings,
    store: Store,
    embedder: Embedder,
    scope: Scope,
    head: str,
    *,
    dry_run: bool = False,
    advance: Advance | None = None,
) -> Report:
    """Train one head in one scope, and promote what comes of it if it does no worse.

    Args:
        dry_run: say what would be done, and change nothing.
        advance: told how the embedding goes of faces that the embedder has not seen yet.
    """
    versions = Registry(versions_dir(settings), scope, head)
    snapshot = await read(store, versions, scope, head, lock=not dry_run)
    old = _answering(versions, embedder)

    def report(sentence: str, comparison: Comparison | None = None) -> Report:
        return Report(scope, head, f"{sentence} Still answering: {old.words}.", comparison)

    newest = max(versions.numbers(), default=0)
    if _is_of(versions, newest, snapshot, embedder):
        return report(f"nothing new to learn from since version {newest} was made.")
    samples = await embed(store, embedder, snapshot.usable, keep=not dry_run, advance=advance)
    try:
        version, comparison = train(samples, snapshot, embedder.fingerprint, old.calibration)
    except FitError as reason:
        return report(f"not promoted: {reason}.")
    if comparison.objection:
        return report(f"not promoted: on held-out faces {comparison.objection}.", comparison)
    if dry_run:
        return report("a new version would be promoted, but this is a dry run.", comparison)
    try:
        number = await promote(versions, snapshot.state, version)
    except VersionError as reason:
        return report(f"not promoted: {reason}.", comparison)
    sentence = f"version {number} answers from now on, instead of {old.words}."
    return Report(scope, head, sentence, comparison)


def _answering(versions: Registry, embedder: Embedder) -> Answering:
    number, version = versions.current_number(), versions.current()
    if version is None:
        return Answering("the measured thresholds", measured(embedder.name))
    if version.fingerprint != embedder.fingerprint:
        words = f"the measured thresholds, because version {number} is of another embedder"
        return Answering(words, measured(embedder.name))
    return Answering(f"version {number}", version.calibration)


def _is_of(versions: Registry, number: int, snapshot: Snapshot, embedder: Embedder) -> bool:
    """Whether a version was made, with this embedder, of the very labels that stand now."""
    try:
        version = versions.load(number)
    except VersionError:  # there is none, or none that anybody could use
        return False
    return (
        version.fingerprint == embedder.fingerprint
        and version.scores["labels"] == len(snapshot.labels)
        and all(label.id <= version.last_label for label in snapshot.labels)
    )


async def read(
    store: Store, versions: Registry, scope: Scope, head: str, *, lock: bool = True
) -> Snapshot:
    """The labels as they stand between two forgettings.

    Args:
        lock: without it the snapshot is for looking at: a version made of it could hold what
            was being forgotten meanwhile.
    """
    async with versions.locked() if lock else nullcontext():
        state = versions.state()
        last_label = await store.last_label()
        live = await store.live_labels(scope, head)
        labels = [label for label in live if label.id <= last_label]
        authors = {label.author for label in labels if label.answer is Answer.IS_NOT}
        consenting = {author for author in authors if await store.allowed(scope, author)}
        return Snapshot(state, last_label, labels, frozenset(consenting))


async def embed(
    store: Store,
    embedder: Embedder,
    labels: Sequence[LiveLabel],
    *,
    keep: bool = True,
    advance: Advance | None = None,
) -> list[Sample]:
    """Labels with their vectors; faces without one under this embedder are embedded first.

    Args:
        keep: store the new vectors, as the bot does.
    """
    crops = [label.crop for label in labels if label.crop is not None]
    vectors = await store.embeddings(crops, embedder.fingerprint)
    missing = [crop for crop in dict.fromkeys(crops) if crop not in vectors]
    for done, crop_hash in enumerate(missing, start=1):
        crop = await store.crop(crop_hash)
        if crop is not None:  # it may have been forgotten by now
            (vector,) = await asyncio.to_thread(embedder.embed, [crop])
            vectors[crop_hash] = vector
            if keep:
                await store.add_embedding(crop_hash, embedder.fingerprint, vector)
        if advance is not None:
            advance(done, len(missing))
    return [_sample(label, vectors[label.crop]) for label in labels if label.crop in vectors]


def train(
    samples: Sequence[Sample], snapshot: Snapshot, fingerprint: str, old: Calibration
) -> tuple[Version, Comparison]:
    """Fit thresholds to three quarters of the samples, and compare them on the rest.

    Raises:
        FitError: the labels are too few, or contradict each other; the message says so.
    """
    people = {sample.name for sample in samples if sample.name is not None}
    if len(people) < 2:
        raise FitError(f"it takes two people to tell apart, and {len(people)} can be learned from")
    of_group = split.groups(samples)
    aside = split.held_out(samples, of_group)
    learned = [sample for sample, out in zip(samples, aside, strict=True) if not out]
    rest = [sample for sample, out in zip(samples, aside, strict=True) if out]

    trials = training.leave_group_out(learned, of_group[~aside]) if learned else []
    # Near duplicates are on one side, so nothing that was said of one side applies to the other.
    examples = [Example(each.name, each.vector) for each in learned if each.name is not None]
    held_out = training.try_on(Gallery(fingerprint, examples), rest)
    if shortage := _shortage(trials, held_out):
        raise FitError(f"{len(samples)} faces of {len(people)} people are too few: {shortage}")

    calibration = training.fit(trials, old)
    comparison = training.compare(held_out, old, calibration)
    version = Version(
        fingerprint=fingerprint,
        calibration=calibration,
        last_label=snapshot.last_label,
        replaces=snapshot.state.current,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        scores={
            "labels": len(snapshot.labels),
            "faces": len(samples),
            "people": len(people),
            "old": asdict(comparison.old),
            "new": asdict(comparison.new),
        },
    )
    return version, comparison


async def promote(versions: Registry, basis: State, version: Version) -> int:
    """Save a version and let it answer.

    Returns:
        Its number.

    Raises:
        VersionError: what it was trained from is no longer so.
    """
    async with versions.locked():
        now = versions.state()
        if now.forgettings != basis.forgettings:
            raise VersionError("somebody was forgotten during the training; run it again")
        if now.current != basis.current:
            raise VersionError("another version was promoted during the training; run it again")
        number = versions.save(version)
        versions.promote(number)
        return number


def _sample(label: LiveLabel, vector: NDArray[np.float32]) -> Sample:
    known = label.answer is Answer.IS
    return Sample(
        vector=vector,
        name=label.names[0] if known else None,
        not_names=frozenset() if known else frozenset(label.names),
        post=label.post,
        picture_hash=label.picture_hash,
        face_hash=label.face_hash,
    )


def _shortage(learned: Sequence[Trial], held_out: Sequence[Trial]) -> str | None:
    """How many more faces it takes, or None if there are enough."""
    learned_share = 1 - split.HELD_OUT
    strangers = training.LEAST_STRANGERS - sum(trial.stranger for trial in learned)
    if strangers > 0:
        return f"about {math.ceil(strangers / learned_share)} more are needed"
    known = [
        (training.LEAST_KNOWN - sum(not trial.stranger for trial in part)) / share
        for part, share in ((learned, learned_share), (held_out, split.HELD_OUT))
    ]
    if max(known) > 0:
        more = math.ceil(max(known))
        return f"about {more} more are needed, of people who have a picture already"
    return None


# the command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit status: 0 done, also when nothing could be promoted; 2 unusable arguments or
        settings.
    """
    given = _parser().parse_args(arguments)
    try:
        return asyncio.run(_run(given, load(given.config)))
    except (HanteiError, VersionError) as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        return 130


async def _run(given: argparse.Namespace, settings: Settings) -> int:
    folder = settings.store.data_dir
    if not folder.is_dir():
        raise SettingsError(f"store.data_dir = {folder}: the bot has kept nothing there yet.")
    heads = [given.head] if given.head else settings.judging.heads
    console = Console()
    async with Store(folder) as store:
        taught = set(await store.scopes())
        versioned = {each for h in heads for each in registry.scopes(versions_dir(settings), h)}
        scopes = sorted(taught | versioned if given.list or given.rollback is not None else taught)
        if given.scope is not None:
            scopes = _only(given.scope, scopes)
        targets = [(scope, head) for scope in scopes for head in heads]
        embedder = _load_embedder(settings)
        try:
            if given.list:
                for scope, head in targets:
                    _print_versions(console, settings, embedder, scope, head)
            elif given.rollback is not None:
                await _roll_back(console, settings, embedder, targets, given.rollback or None)
            else:
                await _retrain_all(console, settings, store, embedder, targets, given.dry_run)
        finally:
            embedder.close()
    return 0


def _load_embedder(settings: Settings) -> Embedder:
    """The embedder alone: training needs neither detector nor safety gate."""
    try:
        return embedders.load(embedder_choice(settings))
    except ValueError as error:
        raise WeightsError(str(error)) from error


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
    embedder: Embedder,
    targets: Sequence[tuple[Scope, str]],
    dry_run: bool,
) -> None:
    if not targets:
        console.print("No labels yet, so there is nothing to learn from.")
    for scope, head in targets:
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(f"{escape(scope)}, {head}", total=None)
            advance = partial(_advance, bar, task)
            report = await retrain(
                settings, store, embedder, scope, head, dry_run=dry_run, advance=advance
            )
        _print_sentence(console, scope, head, report.sentence)
        if report.comparison is not None:
            table = Table("on held-out faces", *_FIGURES, box=box.SIMPLE)
            table.add_row("before", *_figures(asdict(report.comparison.old)))
            table.add_row("new", *_figures(asdict(report.comparison.new)))
            console.print(table)


def _advance(bar: Progress, task: TaskID, done: int, total: int) -> None:
    bar.update(task, completed=done, total=total)


async def _roll_back(
    console: Console,
    settings: Settings,
    embedder: Embedder,
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
    words = _answering(versions, embedder).words
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
    _print_sentence(console, scope, head, f"answering: {_answering(versions, embedder).words}.")
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
        description="Learn thresholds from what people agreed on. The bot may go on running.",
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="settings (default: config.toml, if there)"
    )
    parser.add_argument("--scope", help="for example web or discord:123 (default: all)")
    parser.add_argument("--head", choices=sorted(HEADS), help="default: those of the settings")
    action = parser.add_mutually_exclusive_group()
    action.add_argument(
        "--dry-run", action="store_true", help="say what would be done, and change nothing"
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
