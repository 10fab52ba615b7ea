"""Labels → a version that answers: what `python -m bot.retrain` does, without the command.

Labels become samples, samples are split by their source, a head is learned from the larger part
and compared on the other with what answers now. It is promoted only if it does better; the running
bot picks it up by itself. Corrections wait for none of this: galleries are built from live labels,
whichever version answers.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bot.cluster_store import PooledFace
from bot.domain import Answer
from bot.galleries import MOST_UNKNOWNS
from bot.judging import versions_dir
from bot.settings import Settings
from bot.store import LiveLabel, Store
from datasets import split
from datasets.samples import Sample
from models import strangers, training
from models.gallery import Example
from models.heads import NAMING_HEADS
from models.learned import Learned, Recipe
from models.registry import Registry, State, Version, VersionError
from models.training import Comparison, Contender, FitError, Ground, Templates, Trial
from models.types import Embedder, Kind, Scope, Vectors

ALONE = "the gallery alone"
"""What answers where no version does, in words."""

Advance = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done and how much there is."""

_MANY_UNKNOWNS = 4 * strangers.LEAST_UNKNOWNS
"""Of which half are still enough to set thresholds by."""

_STEPS = 4
"""Of one training, as `Advance` counts them."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What one training starts from.

    Attributes:
        state: of the versions, read together with the labels.
        last_label: the highest id there was in the label log; no label after it is seen.
        labels: what stood.
        consenting: who agreed beforehand that what they post may be learned from.
        pool: faces that nobody named, of posters who agreed beforehand.
        kind: of all these faces.
    """

    state: State
    last_label: int
    labels: list[LiveLabel]
    consenting: frozenset[str]
    pool: list[PooledFace]
    kind: Kind

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

    @property
    def unknowns(self) -> list[Sample]:
        """The faces that nobody named, those that have an embedding."""
        return [
            Sample(
                vector=np.frombuffer(face.vector, np.float32),
                name=None,
                not_names=frozenset(),
                post=face.post,
                picture_hash=face.picture_hash,
                face_hash=face.face_hash,
                crop=face.crop,
                verdict=face.verdict_id,
            )
            for face in self.pool
            if face.vector is not None
        ]


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one scope and head.

    Attributes:
        sentence: for the operator.
        samples: what could be learned from.
        trained: what was learned and how it compares, if it came to that.
    """

    scope: Scope
    head: str
    sentence: str
    samples: Sequence[Sample] = ()
    trained: "Trained | None" = None


@dataclass(frozen=True, slots=True)
class Answering:
    """What answers now: in words, and what it has learned."""

    words: str
    learned: Learned | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A new version, not yet saved, beside what answers now.

    Attributes:
        held_out: the faces that both were tried on.
        old, new: what they made of them.
    """

    version: Version
    held_out: Sequence[Sample]
    old: Sequence[Trial]
    new: Sequence[Trial]
    comparison: Comparison


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
    """Train one head in one scope, and promote what comes of it if it does better.

    Args:
        dry_run: say what would be done, and change nothing.
        advance: told how it goes.
    """
    versions = Registry(versions_dir(settings), scope, head)
    snapshot = await read(store, versions, scope, head, embedder.fingerprint, lock=not dry_run)
    old = answering(versions, embedder)
    samples: list[Sample] = []
    trained: Trained | None = None

    def report(sentence: str) -> Report:
        return Report(scope, head, f"{sentence} Still answering: {old.words}.", samples, trained)

    newest = max(versions.numbers(), default=0)
    if _is_of(versions, newest, snapshot, embedder):
        return report(f"nothing new to learn from since version {newest} was made.")
    samples = await embed(store, embedder, snapshot.usable, keep=not dry_run, advance=advance)
    samples += snapshot.unknowns
    rate = settings.judging.false_name_rate
    try:
        trained = await asyncio.to_thread(
            train, samples, snapshot, embedder.fingerprint, rate, old.learned, advance
        )
    except FitError as reason:
        return report(f"not promoted: {reason}.")
    if objection := trained.comparison.objection:
        return report(f"not promoted: on held-out faces {objection}.")
    if dry_run:
        return report("a new version would be promoted, but this is a dry run.")
    try:
        number = await promote(versions, snapshot.state, trained.version)
    except VersionError as reason:
        return report(f"not promoted: {reason}.")
    sentence = f"version {number} answers from now on, instead of {old.words}."
    return Report(scope, head, sentence, samples, trained)


def answering(versions: Registry, embedder: Embedder) -> Answering:
    """What answers in a scope."""
    number, version = versions.current_number(), versions.current()
    if version is None:
        return Answering(ALONE)
    if version.fingerprint != embedder.fingerprint:
        return Answering(f"{ALONE}, because version {number} is of another embedder")
    return Answering(f"version {number}", version.learned)


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
    store: Store,
    versions: Registry,
    scope: Scope,
    head: str,
    fingerprint: str,
    *,
    lock: bool = True,
) -> Snapshot:
    """The labels as they stand between two forgettings.

    Args:
        fingerprint: of the embedder.
        lock: without it the snapshot is for looking at: a version made of it could hold what
            was being forgotten meanwhile.
    """
    async with versions.locked() if lock else nullcontext():
        state = versions.state()
        last_label = await store.last_label()
        live = await store.live_labels(scope, head)
        # A template is of one kind of picture: that of the head's home.
        home = NAMING_HEADS[head].home
        labels = [each for each in live if each.id <= last_label and each.kind is home]
        authors = {label.author for label in labels if label.answer is Answer.IS_NOT}
        consenting = {author for author in authors if await store.allowed(scope, author)}
        pool = await store.clusters.pool(scope, head, fingerprint, MOST_UNKNOWNS)
        return Snapshot(state, last_label, labels, frozenset(consenting), pool, home)


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
            advance("embedding", done, len(missing))
    return [
        sample_of(label, label.crop, vectors[label.crop])
        for label in labels
        if label.crop is not None and label.crop in vectors
    ]


def train(
    samples: Sequence[Sample],
    snapshot: Snapshot,
    fingerprint: str,
    false_name_rate: float,
    current: Learned | None,
    advance: Advance | None = None,
) -> Trained:
    """Learn a head from three quarters of the samples, and compare it on the rest.

    Args:
        samples: what `snapshot` says, with embeddings.
        current: what answers now, if that has learned anything.

    Raises:
        FitError: the labels are too few; the message says how many are lacking.
    """
    tell = advance or (lambda *_: None)
    sources = split.groups(samples)
    aside = split.held_out(samples, sources)
    learnable = [sample for sample, out in zip(samples, aside, strict=True) if not out]
    rest = [sample for sample, out in zip(samples, aside, strict=True) if out]
    _require_enough(learnable, rest)

    def ground(seen: frozenset[int]) -> Ground:
        cohort = [e for e in learnable if _is_unknown(e) and e.verdict not in seen]
        chosen = strangers.choose(_stacked(cohort), fingerprint, snapshot.kind)
        return Ground(fingerprint, chosen, false_name_rate, snapshot.kind)

    taught = _taught([sample for sample in learnable if _is_unknown(sample)])
    seen = current.unknowns if current is not None else frozenset()
    new_ground, old_ground = ground(taught), ground(seen)
    others = _others(learnable, taught, new_ground)
    tell("choosing how to learn", 0, _STEPS)
    recipe = training.choose(learnable, sources[~aside], new_ground, others)
    tell("learning", 1, _STEPS)
    again = partial(_learn, ground=new_ground, others=others, recipe=recipe, unknowns=taught)
    named = _named(learnable)
    learned = again(learnable, start=current.standing(named) if current else None)
    new: Contender[Sample] = Contender(
        new_ground, learned.standing(named), lambda faces: again(faces).standing(_named(faces))
    )
    old = _competitor(current, old_ground, learnable)
    tell("comparing", 2, _STEPS)
    before = training.trials(old, learnable, rest)
    tell("comparing", 3, _STEPS)
    after = training.trials(new, learnable, rest)
    comparison = training.compare(before, after, sources[aside])
    tell("comparing", _STEPS, _STEPS)
    version = Version(
        fingerprint=fingerprint,
        last_label=snapshot.last_label,
        replaces=snapshot.state.current,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        scores={
            "labels": len(snapshot.labels),
            "faces": sum(sample.name is not None for sample in samples),
            "people": len({sample.name for sample in samples} - {None}),
            "unknowns": sum(_is_unknown(sample) for sample in samples),
            "old": asdict(comparison.old),
            "new": asdict(comparison.new),
        },
        learned=learned,
    )
    return Trained(version, rest, before, after, comparison)


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


def _competitor(
    current: Learned | None, ground: Ground, learnable: Sequence[Sample]
) -> Contender[Sample]:
    """What answers now. Without some people it is learned anew, by its own recipe."""
    if current is None:
        return Contender(ground, {}, lambda _: {})
    covered = {label for labels in current.labels for label in labels}
    others = _others(learnable, current.unknowns, ground)

    def without(samples: Sequence[Sample]) -> Templates:
        seen = [each for each in samples if each.label in covered]
        again = _learn(seen, ground, others, current.recipe, current.unknowns)
        return again.standing(_named(samples))

    return Contender(ground, current.standing(_named(learnable)), without)


def _learn(
    samples: Sequence[Sample],
    ground: Ground,
    others: Vectors,
    recipe: Recipe,
    unknowns: frozenset[int],
    start: Templates | None = None,
) -> Learned:
    """`models.training.learn`, with what it was learned from."""
    templates = training.learn(samples, ground, others, recipe, start)
    labels = {
        name: tuple(each.label for each in samples if each.name == name) for name in templates
    }
    return Learned(
        templates=np.stack([*templates.values()]) if templates else _stacked([]),
        labels=tuple(labels.values()),
        unknowns=unknowns,
        recipe=recipe,
    )


def _others(samples: Sequence[Sample], taught: frozenset[int], ground: Ground) -> Vectors:
    """Faces of nobody enrolled, to learn "someone else" from.

    Synthetic strangers only where thresholds are measured against others: measured against blends
    of the very people it was learned from, a head looks stricter than it is (docs/retraining.md).
    """
    real = [
        each for each in samples if each.not_names or (_is_unknown(each) and each.verdict in taught)
    ]
    vectors = [_stacked(real)] if real else []
    if ground.strangers.source == "unknowns":
        shipped = strangers.shipped(ground.fingerprint, ground.kind)
        vectors += [shipped.vectors] if shipped is not None else []
    return np.concatenate(vectors) if vectors else _stacked([])


def _is_unknown(sample: Sample) -> bool:
    return sample.name is None and not sample.not_names


def _taught(unknowns: Sequence[Sample]) -> frozenset[int]:
    """The verdicts of the faces to learn "someone else" from: thresholds are set by the others.

    Too few for thresholds, they are all learned from. Else thresholds come first: only of many
    one half is learned from.
    """
    if len(unknowns) < strangers.LEAST_UNKNOWNS:
        return frozenset(each.verdict for each in unknowns)
    if len(unknowns) < _MANY_UNKNOWNS:
        return frozenset()
    return frozenset(each.verdict for each in unknowns if int(each.crop, 16) % 2 == 0)


def _named(samples: Iterable[Sample]) -> dict[int, Example]:
    return {each.label: Example(each.name, each.vector) for each in samples if each.name}


def _stacked(samples: Sequence[Sample]) -> Vectors:
    if not samples:
        return np.empty((0, 0), dtype=np.float32)
    return np.stack([sample.vector for sample in samples])


def _require_enough(learnable: Sequence[Sample], rest: Sequence[Sample]) -> None:
    """Raises FitError, saying what is lacking."""
    counts = Counter(sample.name for sample in learnable if sample.name is not None)
    people = sum(count >= training.LEAST_EXAMPLES for count in counts.values())
    if people < 2:
        raise FitError(
            "it takes two people with about five labelled faces each to learn from, "
            f"and there {'is one' if people == 1 else 'are none'}"
        )
    known = sum(sample.name in counts for sample in rest)
    if known < training.LEAST_KNOWN:
        more = math.ceil((training.LEAST_KNOWN - known) / split.HELD_OUT)
        faces = counts.total() + sum(sample.name is not None for sample in rest)
        raise FitError(
            f"{faces} faces of {len(counts)} people are too few to compare on: about {more} more "
            "are needed, of people who have a picture already"
        )


def sample_of(label: LiveLabel, crop: str, vector: NDArray[np.float32]) -> Sample:
    """A label as training takes it, with the vector of its crop."""
    known = label.answer is Answer.IS
    return Sample(
        vector=vector,
        name=label.names[0] if known else None,
        not_names=frozenset() if known else frozenset(label.names),
        post=label.post,
        picture_hash=label.picture_hash,
        face_hash=label.face_hash,
        crop=crop,
        label=label.id,
        verdict=label.verdict_id,
    )
