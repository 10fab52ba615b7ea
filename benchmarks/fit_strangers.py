"""Fit and draw the synthetic strangers that ship with an embedder (models/weights/strangers-*).

Half of a set of strangers (whoever the SHA-256 of the file name says; the other half is left to
measure on) is embedded by the bot's own judge. Each synthetic stranger is a blend of two of them,
neither with more than three quarters, plus noise from the covariance of all, which restores most
of the variance that blending takes away: locally as crowded as people are, which a single Gaussian
is not, and nobody in particular (interpolation as in SMOTE, Chawla et al. 2002). Beside them goes
the place where the same faces gather once there is nothing left to recognise.

For drawn heads (`--embedder drawn`) they are faces of frames from television, moved to where fan
art lies, which is more of what is posted. Of fan art nothing but that middle is taken: characters
who may well be enrolled are not to be among the strangers.
"""

import argparse
import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import safetensors.numpy
from PIL import Image

from benchmarks.door import each, files_in, opened, settings_with
from benchmarks.report import ROOT, arguments, parsed
from bot.judge_files import nearest_to_centre
from bot.recipes import character_features as recipe
from models.crops import whole
from models.embedders.drawn import DrawnEmbedder
from models.types import Crop, Kind, Vectors

WEIGHTS = ROOT / "models" / "weights"
COUNT = 1000
FAN_ART = "char_moe10"
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
    parser.add_argument(
        "--embedder", default="dlib", help="`dlib`, `facenet`, `drawn` or an ONNX file"
    )
    parser.add_argument("--name", required=True, help="of the folder, after `strangers-`")
    parser.add_argument(
        "--strangers", default="faces/lfw_unknown", help="folder below --data, one picture a person"
    )
    parser.add_argument(
        "--photographs", action="store_true", help="with `drawn`: ordinary people, for cosplay"
    )
    given: argparse.Namespace = parsed(parser)
    found = (
        _drawn(given.data)
        if given.embedder == "drawn" and not given.photographs
        else asyncio.run(_photographed(given.data / given.strangers, given.embedder))
    )
    people, blurred = found.people, found.blurred
    drawn = draw(people, COUNT)
    place = blurred.mean(axis=0)
    place /= np.linalg.norm(place)
    limit = (np.quantile(found.seen @ place, 0.99) + np.median(blurred @ place)) / 2
    folder = WEIGHTS / f"strangers-{given.name}"
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {"vectors": drawn, "unrecognisable": place[None]}
    halves = {name: array.astype(np.float16) for name, array in arrays.items()}
    (folder / "weights.safetensors").write_bytes(safetensors.numpy.save(halves))
    meta = {
        "embedder": found.fingerprint,
        "kind": found.kind,
        "drawn": COUNT,
        "unrecognisable_above": round(float(limit), 4),
        "fitted_on": f"{len(people)} {found.whose}: of the file names, whose SHA-256 ends in an "
        "even byte",
    }
    (folder / "meta.json").write_text(json.dumps(meta, indent=2) + "\n")
    nearest = np.sort(people @ people.T, axis=1)[:, -2]
    print(f"{folder.relative_to(ROOT)}: {COUNT} drawn from {len(people)} people")
    print(f"similarity to the nearest real one: {(drawn @ people.T).max(axis=1).mean():.3f}")
    print(f"of the real ones to each other:     {nearest.mean():.3f}")
    print(f"unrecognisable above {limit:.3f}: {np.mean(found.seen @ place > limit):.1%} of them,")
    print(f"    {np.mean(blurred @ place > limit):.1%} of them with {UNRECOGNISABLE} pixels a face")


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What strangers are made of.

    Attributes:
        people: shape (n, dimensions), rows of length 1.
        seen: faces as they are, likewise.
        blurred: the same faces when there is nothing to see, likewise.
    """

    fingerprint: str
    kind: Kind
    whose: str
    people: Vectors
    seen: Vectors
    blurred: Vectors


async def _photographed(folder: Path, embedder: str) -> _Found:
    chosen = [file for file in files_in(folder) if fitted_on(file.name)]
    head = "character" if embedder == "drawn" else "idol"
    async with opened(settings_with("dlib" if embedder == "drawn" else embedder)) as door:

        async def one(file: Path) -> Vectors | None:
            picture = await door.picture(file)
            faces = await door.faces(picture)
            if not faces:
                return None
            crop = nearest_to_centre(picture, faces).crop
            return await door.judge.embed([crop, blurred(crop, UNRECOGNISABLE)], head)

        found = [pair for pair in await each(chosen, one, "embedding") if pair is not None]
        both = np.stack(found)
        fingerprint = door.judge.fingerprint(head)
        whose = f"people of {folder.parent.name}/{folder.name}"
        return _Found(fingerprint, Kind.PHOTO, whose, both[:, 0], both[:, 0], both[:, 1])


def _drawn(data: Path) -> _Found:
    embedder = DrawnEmbedder(ROOT / "models" / "weights" / recipe.NAME)
    heads = recipe.read(data, lambda *_: None)
    crops = [
        whole(h.pixels, Kind.ILLUSTRATION) for h in heads if h.name is None and fitted_on(h.file)
    ]
    frames = embedder.embed(crops)
    vague = embedder.embed([blurred(crop, UNRECOGNISABLE) for crop in crops])
    fan_art = [head for head in heads if head.source == FAN_ART]
    vectors = embedder.embed([whole(head.pixels, Kind.ILLUSTRATION) for head in fan_art])
    moved = as_fan_art(frames, vectors, [str(head.name) for head in fan_art])
    seen = np.concatenate([frames, vectors])
    whose = f"faces of anime/{recipe.FRAMES}"
    return _Found(embedder.fingerprint, Kind.ILLUSTRATION, whose, moved, seen, vague)


def as_fan_art(frames: Vectors, fan_art: Vectors, names: Sequence[str]) -> Vectors:
    """Faces of frames, moved to the middle of fan art, where each character counts alike."""
    of_whom = np.array(names)
    means = [fan_art[of_whom == name].mean(axis=0) for name in np.unique(of_whom).tolist()]
    moved = frames - frames.mean(axis=0) + np.mean(means, axis=0)
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True))


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
