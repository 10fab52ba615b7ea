"""Fit and draw the synthetic strangers that ship with an embedder (models/weights/strangers-*).

Half of a set of strangers (whoever the SHA-256 of the file name says; the other half is left to
measure on) is embedded by the bot's own judge. Each synthetic stranger is a blend of two of them,
neither with more than three quarters, plus noise from the covariance of all, which restores most
of the variance that blending takes away: locally as crowded as people are, which a single Gaussian
is not, and nobody in particular (interpolation as in SMOTE, Chawla et al. 2002). Beside them goes
the place where the same faces gather once there is nothing left to recognise.
"""

import argparse
import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import safetensors.numpy
from PIL import Image

from benchmarks.door import each, files_in, opened, settings_with
from benchmarks.report import ROOT, arguments, parsed
from bot.judge_files import nearest_to_centre
from bot.settings import Settings
from models.types import Crop, Vectors

WEIGHTS = ROOT / "models" / "weights"
COUNT = 1000
MOST_OF_ONE = 0.75
NOISE = 0.85
"""Of the variance's square root that blending takes away, the share that noise gives back."""

UNRECOGNISABLE = 10
"""Pixels for the width of a face that nobody could recognise."""


def fitted_on(file: str) -> bool:
    """Whether a stranger's picture is in the half that is fitted on."""
    return hashlib.sha256(Path(file).name.encode()).digest()[-1] % 2 == 0


def draw(people: Vectors, count: int, seed: int = 0) -> Vectors:
    """Synthetic strangers like these people, shape (count, dimensions), rows of length 1.

    Args:
        people: one embedding each, shape (n, dimensions), n at least 2.
    """
    rng = np.random.default_rng(seed)
    mean, covariance = people.mean(axis=0), np.cov(people.T)
    share = rng.uniform(1 - MOST_OF_ONE, MOST_OF_ONE, size=(count, 1))
    pairs = np.stack([rng.choice(len(people), 2, replace=False) for _ in range(count)])
    one, other = people[pairs[:, 0]] - mean, people[pairs[:, 1]] - mean
    lost = np.sqrt(1 - share**2 - (1 - share) ** 2)
    noise = rng.multivariate_normal(np.zeros(len(mean)), covariance, size=count, method="eigh")
    drawn = mean + share * one + (1 - share) * other + NOISE * lost * noise
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)


def main() -> None:
    """Write models/weights/strangers-NAME."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--embedder", default="dlib", help="`dlib`, `facenet` or an ONNX file")
    parser.add_argument("--name", required=True, help="of the folder, after `strangers-`")
    parser.add_argument(
        "--strangers", default="faces/lfw_unknown", help="folder below --data, one picture a person"
    )
    given: argparse.Namespace = parsed(parser)
    chosen = [file for file in files_in(given.data / given.strangers) if fitted_on(file.name)]
    fingerprint, people, blurred = asyncio.run(_look(settings_with(given.embedder), chosen))
    drawn = draw(people, COUNT)
    place = blurred.mean(axis=0)
    place /= np.linalg.norm(place)
    limit = (np.quantile(people @ place, 0.99) + np.median(blurred @ place)) / 2
    folder = WEIGHTS / f"strangers-{given.name}"
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {"vectors": drawn, "unrecognisable": place[None]}
    halves = {name: array.astype(np.float16) for name, array in arrays.items()}
    (folder / "weights.safetensors").write_bytes(safetensors.numpy.save(halves))
    meta = {
        "embedder": fingerprint,
        "kind": "photo",
        "drawn": COUNT,
        "unrecognisable_above": round(float(limit), 4),
        "fitted_on": f"{len(people)} people of {given.strangers}: of the file names, whose "
        "SHA-256 ends in an even byte",
    }
    (folder / "meta.json").write_text(json.dumps(meta, indent=2) + "\n")
    nearest = np.sort(people @ people.T, axis=1)[:, -2]
    print(f"{folder.relative_to(ROOT)}: {COUNT} drawn from {len(people)} people")
    print(f"similarity to the nearest real one: {(drawn @ people.T).max(axis=1).mean():.3f}")
    print(f"of the real ones to each other:     {nearest.mean():.3f}")
    print(f"unrecognisable above {limit:.3f}: {np.mean(people @ place > limit):.1%} of them,")
    print(f"    {np.mean(blurred @ place > limit):.1%} of them with {UNRECOGNISABLE} pixels a face")


async def _look(settings: Settings, files: Sequence[Path]) -> tuple[str, Vectors, Vectors]:
    """The embedder's fingerprint, the faces, and the same faces when there is nothing to see."""
    async with opened(settings) as door:

        async def one(file: Path) -> Vectors | None:
            picture = await door.picture(file)
            faces = await door.faces(picture)
            if not faces:
                return None
            crop = nearest_to_centre(picture, faces).crop
            return await door.judge.embed([crop, blurred(crop, UNRECOGNISABLE)], "idol")

        found = [pair for pair in await each(files, one, "embedding") if pair is not None]
        both = np.stack(found)
        return door.judge.fingerprint("idol"), both[:, 0], both[:, 1]


def blurred(crop: Crop, width: int) -> Crop:
    """The face as if it had been `width` pixels wide."""
    share = width / (crop.box[2] - crop.box[0])
    image = Image.fromarray(crop.pixels)
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    small = image.resize(size, Image.Resampling.LANCZOS)
    back = small.resize(image.size, Image.Resampling.BICUBIC)
    return replace(crop, pixels=np.asarray(back))


if __name__ == "__main__":
    main()
