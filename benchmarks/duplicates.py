"""The hash of an aligned face: what `models.gallery.NEAR_DUPLICATE_BITS` rests on.

Copies of a picture should be within so many bits of it, other people should not, and other
pictures of the same person need not be.
"""

import asyncio
import io
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.door import Door, each, files_in, opened, settings_with, spread
from benchmarks.faces import FaceSet, face_set, portraits
from benchmarks.report import Table, arguments, parsed, publish
from bot.domain import Attachment
from bot.judge_files import nearest_to_centre
from models.crops import hash_distance
from models.gallery import NEAR_DUPLICATE_BITS

BITS = (4, 6, 8, 10, 12, 14)
MOST_PICTURES = 150


def copies(image: Image.Image) -> dict[str, bytes]:
    """A picture as it comes back when others have posted it again, as JPEG files."""
    width, height = image.size
    cut_down = (width // 12, height // 14, width - width // 10, height - height // 16)
    brighter: Callable[[int], int] = lambda value: min(255, int(value * 1.15 + 8))  # noqa: E731
    return {
        "saved at quality 60": _jpeg(image, 60),
        "reduced to 0.6": _jpeg(image.resize((width * 6 // 10, height * 6 // 10))),
        "enlarged to 1.7": _jpeg(image.resize((width * 17 // 10, height * 17 // 10))),
        "cut down on all sides": _jpeg(image.crop(cut_down)),
        "brightened": _jpeg(image.point(brighter)),
    }


def main() -> None:
    """Print the tables."""
    given = parsed(arguments(__doc__ or ""))
    settings = settings_with()
    faces = face_set(settings, given.data, portraits(given.data))
    copied_from = spread(files_in(given.data / "faces"), MOST_PICTURES)
    copied = asyncio.run(copy_distances(copied_from))
    same, different = pair_distances(faces)
    columns = ("distance to", "pairs", "not found", *(f"≤ {bits} bits" for bits in BITS))
    rows = [_row(name, values) for name, values in copied.items()]
    rows.append(_row("another picture of the person", same.tolist()))
    rows.append(_row("a picture of somebody else", different.tolist(), digits=5))
    publish(
        [
            Table(
                f"Hash distance (shipped: {NEAR_DUPLICATE_BITS} bits)",
                columns,
                rows,
                f"copies of {len(copied_from)} portraits from faces/; "
                f"all pairs of {len(faces.below('faces'))} portraits from faces/",
            ),
            Table(
                f"Pairs of different people within {NEAR_DUPLICATE_BITS} bits",
                ("one", "other", "bits", "similarity"),
                close_strangers(faces),
                f"similarity by {faces.fingerprint}",
            ),
        ],
        given.json,
    )


async def copy_distances(files: Sequence[Path]) -> dict[str, list[int | None]]:
    """For each kind of copy, the distance of its face's hash to the original's; None: no face."""
    async with opened(settings_with()) as door:

        async def one(file: Path) -> dict[str, int | None]:
            data = file.read_bytes()
            original = await _hash(door, data)
            if original is None:
                return {}
            distances: dict[str, int | None] = {}
            with Image.open(io.BytesIO(data)) as image:
                made = copies(image.convert("RGB"))
            for name, copy in made.items():
                found = await _hash(door, copy)
                distances[name] = None if found is None else hash_distance(original, found)
            return distances

        results = await each(files, one, "copies")
    return {
        name: [result[name] for result in results if result]
        for name in next(result for result in results if result)
    }


def pair_distances(faces: FaceSet) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distances of all pairs below faces/: of one person, and of two."""
    indices = faces.below("faces")
    bits = _bits([faces.hashes[i] for i in indices])
    person = np.array([Path(faces.files[i]).parent.name for i in indices])
    distance = (bits[:, None, :] != bits[None, :, :]).sum(axis=2)
    upper = np.triu(np.ones_like(distance, dtype=bool), k=1)
    same = person[:, None] == person[None, :]
    return distance[upper & same], distance[upper & ~same]


def close_strangers(faces: FaceSet) -> list[tuple[str, str, int, float]]:
    """Pairs of different people that would be taken for one picture."""
    found = []
    for i, j in combinations(faces.below("faces"), 2):
        one, other = Path(faces.files[i]), Path(faces.files[j])
        distance = hash_distance(faces.hashes[i], faces.hashes[j])
        if distance <= NEAR_DUPLICATE_BITS and one.parent != other.parent:
            similarity = float(faces.vectors[i] @ faces.vectors[j])
            found.append((one.name, other.name, distance, similarity))
    return sorted(found, key=lambda pair: pair[2])


async def _hash(door: Door, data: bytes) -> str | None:
    picture = await door.intake.picture(Attachment("copy.jpg", data))
    faces = await door.faces(picture)
    return nearest_to_centre(picture, faces).face_hash if faces else None


def _row(name: str, values: Sequence[int | None], digits: int = 1) -> list[str | int]:
    found = np.array([value for value in values if value is not None])
    shares = [f"{100 * float((found <= bits).sum()) / len(values):.{digits}f} %" for bits in BITS]
    return [name, len(values), len(values) - len(found), *shares]


def _bits(hashes: Sequence[str]) -> NDArray[np.uint8]:
    """Shape (n, 64)."""
    return np.unpackbits(
        np.array([list(bytes.fromhex(each)) for each in hashes], dtype=np.uint8), axis=1
    )


def _jpeg(image: Image.Image, quality: int = 88) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


if __name__ == "__main__":
    main()
