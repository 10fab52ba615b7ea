"""Sets of faces as vectors, with a cache: a second run need not embed again."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.door import Door, each, files_in, opened, spread
from benchmarks.report import CACHE, ROOT
from bot.judge_files import nearest_to_centre
from bot.settings import Settings
from models.types import Kind, Vectors


@dataclass(frozen=True, slots=True, eq=False)
class FaceSet:
    """One face a picture: the one nearest to the centre.

    Attributes:
        fingerprint: of the embedder.
        files: the pictures with a face, relative to the data folder.
        vectors: shape (n, dimensions).
        hashes: of the aligned faces.
        faceless: the pictures in which no face was found.
    """

    fingerprint: str
    files: tuple[str, ...]
    vectors: Vectors
    hashes: tuple[str, ...]
    faceless: tuple[str, ...]

    def below(self, folder: str) -> list[int]:
        """Indices of the faces whose file is below `folder`."""
        return [i for i, file in enumerate(self.files) if file.startswith(folder + "/")]

    def people(self, folder: str) -> dict[str, list[int]]:
        """Indices by person, for a folder with one folder a person."""
        found: dict[str, list[int]] = {}
        for i in self.below(folder):
            found.setdefault(Path(self.files[i]).parent.name, []).append(i)
        return found


def face_set(settings: Settings, data: Path, files: Sequence[Path]) -> FaceSet:
    """Detect and embed through the bot's judge, or read what an earlier run has kept."""
    return asyncio.run(_face_set(settings, data, files))


async def _face_set(settings: Settings, data: Path, files: Sequence[Path]) -> FaceSet:
    names = [str(file.relative_to(data)) for file in files]
    async with opened(settings) as door:
        fingerprint = door.judge.fingerprint("idol")
        cache = CACHE / f"{fingerprint}-{_key(settings, names)}.npz"
        if not cache.is_file():
            await _embed(door, data, names, cache)
    with np.load(cache) as kept:
        return FaceSet(
            fingerprint,
            tuple(kept["files"].tolist()),
            kept["vectors"],
            tuple(kept["hashes"].tolist()),
            tuple(kept["faceless"].tolist()),
        )


async def _embed(door: Door, data: Path, names: Sequence[str], cache: Path) -> None:
    async def one(name: str) -> tuple[str, Vectors] | None:
        picture = await door.picture(data / name)
        faces = [each for each in await door.faces(picture) if each.face.kind is Kind.PHOTO]
        if not faces:
            return None
        face = nearest_to_centre(picture, faces)
        return face.face_hash, (await door.judge.embed([face.crop], "idol"))[0]

    results = await each(names, one, f"embedding with {door.judge.embedder('idol')}")
    found = [(name, *result) for name, result in zip(names, results, strict=True) if result]
    cache.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        cache,
        files=np.array([name for name, _, _ in found]),
        hashes=np.array([face_hash for _, face_hash, _ in found]),
        vectors=np.stack([vector for _, _, vector in found]),
        faceless=np.array(
            [name for name, result in zip(names, results, strict=True) if not result], dtype=str
        ),
    )


def portraits(data: Path) -> list[Path]:
    """All of faces/, and 400 East Asian faces from SCUT-FBP5500."""
    scut = sorted((data / "beauty" / "scut5500_train" / "images").glob("A[FM]*.jpg"))
    return [*files_in(data / "faces"), *spread(scut, 400)]


def _key(settings: Settings, names: Sequence[str]) -> str:
    """Changes with the files, the settings and the code that leads to a crop.

    The way from there to a vector has the embedder's fingerprint.
    """
    digest = hashlib.sha256("\n".join(names).encode())
    digest.update(repr((settings.intake.max_side, settings.detector)).encode())
    for source in ("bot/decoding.py", "models/crops.py", "models/detectors/mtcnn.py"):
        digest.update((ROOT / source).read_bytes())
    return digest.hexdigest()[:12]
