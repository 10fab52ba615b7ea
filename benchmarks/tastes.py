"""Personal taste with simulated raters: what they like is known, and is not the network's own.

No real personal ratings are at hand. Raters are made up (`datasets/simulated_raters.py`): they
like and dislike hue, light, layout and sharpness as computed from the pixels, folders, and, where
it says so, words beside the picture. Everything here is of them and of nobody else.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from benchmarks.door import files_in, spread
from benchmarks.report import ROOT, Cell, Table, arguments, parsed, publish
from bot.domain import Attachment
from bot.intake import Intake
from bot.settings import Settings
from bot.taste_curve import Rated, learning_curve
from datasets.simulated_raters import Floats, about, attributes, one_hot, rate
from datasets.split import copies
from models.crops import whole
from models.embedders.scene import SceneEmbedder
from models.scene_network import BLOCKS
from models.taste import Ratings
from models.text_features import DIMENSIONS, TextEmbedder
from models.types import Kind, Picture, Vectors

RATERS, RATED, PICTURES = 12, 250, 400
"""People, ratings of each, and pictures of a set that they may rate."""

SEED = 2026
"""Of the raters that are reported; others were developed with."""

SHOWN = (5, 12, 20, 50, 100, 200)


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """Pictures of a set.

    Attributes:
        vectors: shape (n, dimensions).
        attributes: shape (n, attributes), what raters like of them.
        folders: which folder (or, without any, which group of names) each is of.
        hashes: perceptual ones.
    """

    vectors: Vectors
    attributes: Floats
    folders: tuple[str, ...]
    hashes: tuple[str, ...]


def main() -> None:
    """Print a table for each set."""
    given = parsed(arguments(__doc__ or ""))
    embedder = SceneEmbedder(ROOT / "models" / "weights" / "scene")
    words = TextEmbedder()
    tables = [
        _table(title, asyncio.run(_looked(files, embedder, title)), words)
        for title, files in _sets(given.data).items()
    ]
    publish(tables, given.json)


def _sets(data: Path) -> dict[str, list[Path]]:
    """Of frames and portraits only such as nothing was tried on."""
    return {
        "Heads of ten characters": spread(files_in(data / "anime/char_moe10"), PICTURES),
        "Frames of animation": spread(
            files_in(data / "anime/icartoon_train/images")[1::2], PICTURES
        ),
        "Portraits (SCUT-FBP5500)": spread(
            files_in(data / "beauty/scut5500_train/images")[2::4], PICTURES
        ),
    }


async def _looked(files: Sequence[Path], embedder: SceneEmbedder, title: str) -> Looked:
    intake = Intake(Settings().intake)
    try:
        pictures: list[Picture] = [
            await intake.picture(Attachment(file.name, file.read_bytes()))
            for file in track(files, title)
        ]
    finally:
        await intake.close()
    return Looked(
        embedder.embed([whole(picture.pixels, Kind.ILLUSTRATION) for picture in pictures]),
        np.stack([attributes(picture.pixels) for picture in pictures]),
        tuple(_folder(file) for file in files),
        tuple(picture.phash for picture in pictures),
    )


def _folder(file: Path) -> str:
    """SCUT's groups are the letters of its names."""
    return file.parent.name if file.parent.name != "images" else file.stem.rstrip("0123456789_")


def _table(title: str, looked: Looked, words: TextEmbedder) -> Table:
    rng = np.random.default_rng(SEED)
    texts, spoken = about(len(looked.hashes), rng)
    kinds = [looked.attributes]
    if 1 < len(set(looked.folders)) < len(looked.folders) / 2:
        kinds.append(one_hot(looked.folders))
    both = np.concatenate([looked.vectors, words.embed(texts)], axis=1)
    pictures, spoken_of = rate(kinds, RATERS, rng), rate([*kinds, spoken], RATERS, rng)
    rows: list[list[Cell]] = []
    for liked, learned, scores, vectors, blocks in (
        ("pictures", "pictures", pictures, looked.vectors, BLOCKS),
        ("pictures, words", "pictures", spoken_of, looked.vectors, BLOCKS),
        ("pictures, words", "pictures, words", spoken_of, both, (*BLOCKS, DIMENSIONS)),
        ("pictures", "pictures, words", pictures, both, (*BLOCKS, DIMENSIONS)),
    ):
        rows += _curve(liked, learned, scores, vectors, blocks, looked.hashes)
    return Table(
        f"Taste, simulated raters: {title.lower()}",
        (
            *("they like", "learned from", "ratings", "mean error", "of my mean"),
            *("of everybody's", "Spearman", "inside 90 %", "width"),
        ),
        rows,
        f"{len(looked.hashes)} pictures, {RATERS} simulated raters, {RATED} ratings each, a fifth "
        "of which is foretold",
    )


def _curve(
    liked: str,
    learned: str,
    scores: NDArray[np.intp],
    vectors: Vectors,
    blocks: tuple[int, ...],
    hashes: Sequence[str],
) -> list[list[Cell]]:
    rng = np.random.default_rng(SEED)
    most = min(RATED, len(vectors))
    item = np.stack([rng.permutation(len(vectors))[:most] for _ in range(RATERS)])
    users = tuple(f"simulated {number}" for number in range(RATERS) for _ in range(most))
    given = np.take_along_axis(scores, item, axis=1).ravel().astype(np.float64)
    rated = Rated(
        Ratings(users, item.ravel(), given),
        vectors,
        blocks,
        tuple(str(number) for number in range(len(vectors))),
        copies(hashes),
    )
    return [
        [
            *(liked, learned, each.ratings, each.mae, each.mae_my_mean),
            *(each.mae_everybody, each.spearman, each.coverage90, each.width90),
        ]
        for each in learning_curve(rated, SEED, lambda *_: None)
        if each.ratings in SHOWN
    ]


if __name__ == "__main__":
    main()
