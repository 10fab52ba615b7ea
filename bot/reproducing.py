"""Snapshots made, and trained on again: is what comes out what came out before?

Training starts from the pictures of the snapshot, also when it is made: nothing that was computed
before is taken on trust. With the same versions, processor and numbers of threads the templates
are the same bit for bit; elsewhere sums are rounded in another order, and decisions are compared.
"""

import asyncio
import platform
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot import face_files, learning, snapshots
from bot.errors import SettingsError
from bot.judging import versions_dir
from bot.learning import Advance, Trained
from bot.samples import samples_of
from bot.settings import Settings
from bot.snapshots import DECISIONS, MANIFEST, Basis, Environment, Manifest
from bot.store import Store
from models import registry
from models.registry import Registry
from models.training import FitError
from models.types import Embedder, Scope

_LIBRARIES = (
    "dlib-bin",
    "facenet-pytorch",
    "numpy",
    "onnxruntime",
    "pillow",
    "scipy",
    "torch",
    "torchvision",
)
"""What a vector or a template may depend on in its last digits."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What training on a snapshot gave.

    Attributes:
        trained: None if nothing could be learned.
        outcome: as in `Manifest`.
        environment: where it was learned.
    """

    trained: Trained | None
    outcome: str
    environment: Environment

    @property
    def weights(self) -> str | None:
        """SHA-256 of the templates."""
        if self.trained is None:
            return None
        return face_files.sha256(registry.weights_of(self.trained.version.learned))

    @property
    def decisions(self) -> list[dict[str, Any]]:
        """Of each trial: the face, whose it is (None: a stranger's), and the name that was said."""
        if self.trained is None:
            return []
        return [
            {
                "crop": self.trained.held_out[trial.face].crop,
                "of": trial.name,
                "said": trial.best if trial.named else None,
            }
            for trial in self.trained.new
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Reproduction:
    """Training on a snapshot, beside what was recorded with it.

    Attributes:
        changed: how many decisions are others.
        elsewhere: what differs from where it was recorded.
    """

    manifest: Manifest
    lesson: Lesson
    changed: int
    elsewhere: Sequence[str]

    @property
    def same(self) -> bool:
        """Whether the weights are, bit for bit."""
        return self.lesson.weights == self.manifest.weights

    @property
    def holds(self) -> bool:
        """Whether it came out as it must."""
        return self.same or (bool(self.elsewhere) and not self.changed)

    @property
    def sentence(self) -> str:
        """For the operator."""
        tried = len(self.lesson.decisions)
        there = f" ({'; '.join(self.elsewhere)})" if self.elsewhere else ""
        if self.same and self.lesson.weights is None:
            return f"as recorded, nothing can be learned: {self.lesson.outcome}{there}."
        if self.same:
            return f"reproduced bit for bit: sha256 {self.lesson.weights}{there}."
        if self.holds:
            return f"reproduced: all {tried} decisions on held-out faces are as recorded{there}."
        return f"not reproduced: {self.changed} of {tried} decisions are others{there}."


async def export(
    settings: Settings,
    store: Store,
    embedder: Embedder,
    scope: Scope,
    head: str,
    folder: Path,
    advance: Advance,
) -> Manifest:
    """Write a snapshot, train on it, and record what came of that.

    Args:
        folder: a new one; a snapshot that was not finished has no manifest, and is refused.

    Raises:
        SettingsError: there is nothing to learn from, or the folder cannot be written.
    """
    versions = Registry(versions_dir(settings), scope, head)
    snapshot = await learning.read(store, versions, scope, head, embedder.fingerprint)
    if not snapshot.usable:
        raise SettingsError(f"{scope}, {head}: there are no labels that may be learned from.")
    face_files.make_folder(folder)
    current = versions.current()
    start = current if current and current.fingerprint == embedder.fingerprint else None
    await snapshots.write(store, snapshot, start, folder, advance)
    if versions.state() != snapshot.state:
        await asyncio.to_thread(shutil.rmtree, folder)  # it may hold what was forgotten meanwhile
        raise SettingsError("versions changed during the export; run it again.")
    basis = Basis(
        scope=scope,
        head=head,
        kind=snapshot.kind,
        fingerprint=embedder.fingerprint,
        false_name_rate=settings.judging.false_name_rate,
        **asdict(snapshot.state),
        last_label=snapshot.last_label,
    )
    lesson = await asyncio.to_thread(_learn, folder, basis, embedder, advance)
    face_files.write_lines(folder / DECISIONS, lesson.decisions)
    manifest = Manifest(
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        hantei=version("hantei"),
        basis=basis,
        environment=lesson.environment,
        files=await asyncio.to_thread(snapshots.hashes, folder),
        weights=lesson.weights,
        outcome=lesson.outcome,
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=1), "utf-8")
    return manifest


def reproduce(
    folder: Path, manifest: Manifest, embedder: Embedder, advance: Advance
) -> Reproduction:
    """Train on a snapshot whose files `bot.snapshots.verified` has found whole.

    Raises:
        SettingsError: it is of another embedder.
    """
    wanted = manifest.basis.fingerprint
    if embedder.fingerprint != wanted:
        raise SettingsError(
            f"{folder} was made with the embedder {wanted}, and here is {embedder.fingerprint}: "
            "set [embedder] as it was there."
        )
    lesson = _learn(folder, manifest.basis, embedder, advance)
    changed = _changed(face_files.read_lines(folder / DECISIONS), lesson.decisions)
    elsewhere = manifest.environment.differences(lesson.environment)
    if manifest.hantei != version("hantei"):
        elsewhere.append(f"hantei {manifest.hantei}, here {version('hantei')}")
    return Reproduction(manifest, lesson, changed, elsewhere)


def _learn(folder: Path, basis: Basis, embedder: Embedder, advance: Advance) -> Lesson:
    """Everything from the files; the environment is looked at where the work was done."""
    material = snapshots.read(folder, basis)
    vectors: dict[str, NDArray[np.float32]] = {}
    for done, (name, crop) in enumerate(material.crops.items(), 1):
        (vectors[name],) = embedder.embed([crop])
        advance("embedding", done, len(material.crops))
    pool = [replace(each, vector=vectors[each.crop].tobytes()) for each in material.snapshot.pool]
    snapshot = replace(material.snapshot, pool=pool)
    samples = [*samples_of(snapshot.usable, vectors), *snapshot.unknowns]
    rate = basis.false_name_rate
    try:
        trained = learning.train(
            samples, snapshot, basis.fingerprint, rate, material.start, advance
        )
    except FitError as reason:
        return Lesson(None, str(reason), _environment())
    objection = trained.comparison.objection
    return Lesson(trained, objection or "it is better than what answered", _environment())


def _changed(recorded: Iterable[object], now: Sequence[object]) -> int:
    told = list(recorded)
    others = sum(one != other for one, other in zip(told, now, strict=False))
    return others + abs(len(told) - len(now))


def _environment() -> Environment:
    """Of the thread that has just learned something."""
    import torch
    from threadpoolctl import threadpool_info

    blas = [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]
    threads = {"threads of torch": torch.get_num_threads(), "threads of BLAS": max(blas, default=1)}
    versions = {name: version(name) for name in _LIBRARIES}
    return Environment(
        processor=f"{_processor()}, {torch.backends.cpu.get_cpu_capability()}",
        threads=threads,
        libraries={"python": platform.python_version(), **versions},
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())
