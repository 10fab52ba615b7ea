"""Those that `benchmarks.pipeline` compares, each in a process of its own.

`python -m benchmarks.contenders NAME THREADS` reads one path a line and answers each with a line
of JSON: how many faces it found, and the seconds that each stage took. All search a gallery of
1,000 people.
"""

import argparse
import asyncio
import hashlib
import importlib
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import CACHE, ROOT

ENROLLED = 1000
PEERS = ROOT / "build" / "peers"
"""Where benchmarks/requirements-peers.txt is installed."""


class Contender(Protocol):
    """One way from a file to names."""

    def judge(self, file: Path) -> tuple[int, dict[str, float]]:
        """How many faces there are, and the seconds of each stage."""
        ...


class Hantei:
    """This project: intake, then Judge, as the service calls them."""

    def __init__(self, embedder: str) -> None:
        from bot.intake import Intake
        from bot.judging import Judge

        settings = _settings(embedder)
        self._loop = asyncio.new_event_loop()
        self._intake = Intake(settings.intake)
        self._judge = Judge(settings)
        self._loop.run_until_complete(self._start())

    async def _start(self) -> None:
        from models.gallery import Example, Gallery
        from models.types import Context

        await self._judge.start()
        width = (await self._judge.embed([], "idol")).shape[1]
        people = (Example(f"person {i}", vector) for i, vector in enumerate(_people(width)))
        self._context = Context("bench")
        self._judge.set_gallery(
            self._context.scope, "idol", Gallery(self._judge.fingerprint("idol"), people)
        )

    def judge(self, file: Path) -> tuple[int, dict[str, float]]:
        """See `Contender`."""
        return self._loop.run_until_complete(self._timed(file))

    async def _timed(self, file: Path) -> tuple[int, dict[str, float]]:
        from bot.domain import Attachment

        before = _stage_sums()
        seconds: dict[str, float] = {}
        with _timing(seconds, "decode"):
            picture = await self._intake.picture(Attachment(file.name, file.read_bytes()))
        judgement = await self._judge.judge(picture, self._context)
        after = _stage_sums()
        return len(judgement.faces), seconds | {
            stage: total - before.get(stage, 0.0) for stage, total in after.items()
        }


class Stock:
    """facenet-pytorch as its README has it: the whole picture, every face in one batch."""

    def __init__(self, threads: int) -> None:
        import torch
        from facenet_pytorch import MTCNN, InceptionResnetV1

        torch.set_num_threads(threads)
        self._mtcnn = MTCNN(keep_all=True)
        # Random weights: those of VGGFace2 take the same time.
        self._network = InceptionResnetV1(pretrained=None, classify=False).eval()
        self._people = torch.from_numpy(_people(512))

    def judge(self, file: Path) -> tuple[int, dict[str, float]]:
        """See `Contender`."""
        import torch
        from PIL import Image

        seconds: dict[str, float] = {}
        with _timing(seconds, "decode"), Image.open(file) as opened:
            picture = opened.convert("RGB")
        with _timing(seconds, "detect"):
            faces = self._mtcnn(picture)
        if faces is None:
            return 0, seconds
        with _timing(seconds, "embed and match"), torch.no_grad():
            distances = torch.cdist(self._network(faces), self._people)
            distances.argmin(dim=1)
        return len(faces), seconds


class FaceRecognition:
    """The face_recognition package as its README has it."""

    def __init__(self) -> None:
        sys.path.append(str(PEERS))
        self._package: Any = importlib.import_module("face_recognition")
        self._people = list(_people(128).astype(np.float64))

    def judge(self, file: Path) -> tuple[int, dict[str, float]]:
        """See `Contender`."""
        seconds: dict[str, float] = {}
        with _timing(seconds, "decode"):
            picture = self._package.load_image_file(file)
        with _timing(seconds, "detect"):
            locations = self._package.face_locations(picture)
        with _timing(seconds, "embed and match"):
            for encoding in self._package.face_encodings(picture, locations):
                self._package.compare_faces(self._people, encoding)
        return len(locations), seconds


def contender(name: str, threads: int) -> Contender:
    """By name: `facenet-pytorch`, `face_recognition`, or an embedder of this project."""
    if name == "facenet-pytorch":
        return Stock(threads)
    if name == "face_recognition":
        return FaceRecognition()
    return Hantei(name)


def main() -> None:
    """Answer until there is nothing more to read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("threads", type=int)
    given = parser.parse_args()
    chosen = contender(given.name, given.threads)
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        faces, seconds = chosen.judge(Path(line.rstrip("\n")))
        print(json.dumps({"faces": faces, "seconds": seconds}), flush=True)


def _settings(embedder: str) -> Any:
    from benchmarks.door import settings_with

    sections: dict[str, Any] = {"judging": {"workers": 1}}
    if embedder == "facenet":
        sections["store"] = {"data_dir": _with_random_facenet()}
    return settings_with(embedder, **sections)


def _with_random_facenet() -> Path:
    """A data folder whose VGGFace2 weights are random: they take the same time."""
    import torch
    from facenet_pytorch import InceptionResnetV1

    from bot.judging import facenet_file
    from models.embedders import digest_file

    file = facenet_file(CACHE / "random-facenet")
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(0)
        torch.save(InceptionResnetV1(pretrained=None, classify=False).state_dict(), file)
        digest_file(file).write_text(hashlib.sha256(file.read_bytes()).hexdigest())
    return CACHE / "random-facenet"


def _people(width: int) -> NDArray[np.float32]:
    vectors = np.random.default_rng(1).normal(size=(ENROLLED, width))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32)


def _stage_sums() -> dict[str, float]:
    """Seconds spent in each stage so far, from the bot's own metric."""
    from bot.judging import STAGES

    return {
        sample.labels["stage"]: sample.value
        for metric in STAGES.collect()
        for sample in metric.samples
        if sample.name.endswith("_sum")
    }


@contextmanager
def _timing(seconds: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - start


if __name__ == "__main__":
    main()
