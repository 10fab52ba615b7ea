"""What communities react to, learned from simulated ones: real pictures, made-up people.

Authors post pictures drawn by lot, and are as popular as chance has it. How many of an audience
react goes by properties of the pixels that no network computes, by a known amount, or not at all.
Counted is how often something is said to be learned, and how well the order of pictures is told for
authors who were not learned from.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track

from benchmarks.door import files_in, spread
from benchmarks.report import ROOT, Table, arguments, parsed, publish
from bot.decoding import Limits as Decoding
from bot.decoding import decode
from datasets.simulated_audience import Audience
from datasets.simulated_raters import attributes
from models.crops import whole
from models.embedders.scene import SceneEmbedder
from models.photogenic import Photogenic, Post, fit, spearman, standings
from models.types import Kind, Pixels, Vectors

PICTURES = 600
AUTHORS, EACH = (10, 20), 12
APPEALS = (0.0, 0.3, 1.0)
"""By how much, in logits, a picture that the audience gives a point more attracts reactions."""

COMMUNITIES = 10
SETS = ("faces/lfw_known", "anime/icartoon_train/images")


def main() -> None:
    """Print the table."""
    given = parsed(arguments(__doc__ or ""))
    torch.set_num_threads(1)
    pictures = [_decoded(file) for file in _files(given.data)]
    embedder = SceneEmbedder(ROOT / "models" / "weights" / "scene")
    vectors = embedder.embed(
        [
            whole(each, Kind.ILLUSTRATION)
            for each in track(pictures, "looking at pictures", transient=True)
        ]
    )
    shown = np.stack([attributes(each) for each in pictures])
    liked = Audience.used_to(shown).mean(shown)
    rows = [_row(vectors, liked, authors, appeal) for authors in AUTHORS for appeal in APPEALS]
    columns = (
        "authors", "a point more, logits", "said to be learned", "it measured", "on new authors",
        "reactions could tell", "interval holds",
    )  # fmt: skip
    note = (
        f"{COMMUNITIES} simulated communities a row, {EACH} posts an author; of {len(pictures)} "
        "pictures; rank correlation within authors"
    )
    publish([Table("Photogenic, simulated", columns, rows, note)], given.json)


def _files(data: Path) -> list[Path]:
    return [file for name in SETS for file in spread(files_in(data / name), PICTURES // len(SETS))]


def _decoded(file: Path) -> Pixels:
    return decode(file.read_bytes(), Decoding(60_000_000, 640)).pixels


def _row(
    vectors: Vectors, liked: NDArray[np.float64], authors: int, appeal: float
) -> tuple[str | int | float | None, ...]:
    told = [_community(vectors, liked, authors, appeal, seed) for seed in range(COMMUNITIES)]
    learned = [each for each in told if (each[0].evidence.low or 0) > 0]
    measured = [each[0].evidence.spearman for each in told]
    new, possible, holds = np.array([each[1:] for each in told]).mean(axis=0).tolist()
    return (
        authors, appeal, f"{len(learned)} of {COMMUNITIES}", float(np.mean(measured)),
        new, possible, holds,
    )  # fmt: skip


def _community(
    vectors: Vectors, liked: NDArray[np.float64], authors: int, appeal: float, seed: int
) -> tuple[Photogenic, float, float, float]:
    """What is learned, how well it does for new authors, at best could, and its intervals."""
    rng = np.random.default_rng([seed, authors])
    half = rng.permutation(len(vectors)) < len(vectors) // 2  # new authors post new pictures
    here, there = np.flatnonzero(half), np.flatnonzero(~half)
    chosen = rng.choice(here, authors * EACH, replace=False)
    learned = fit(vectors[chosen], _posts(rng, liked[chosen], appeal))
    others = rng.choice(there, 20 * EACH, replace=False)
    true = standings(_posts(rng, liked[others], appeal))
    value, low, high = learned.score(vectors[others])
    return (
        learned,
        _within(value, true),
        _within(liked[others], true),
        float(np.mean((low <= true) & (true <= high))),
    )


def _posts(rng: np.random.Generator, liked: NDArray[np.float64], appeal: float) -> list[Post]:
    """`EACH` of an author after the other's; beside what is liked, mood and chance decide."""
    posts = []
    for number, like in enumerate(liked.tolist()):
        if number % EACH == 0:
            popularity, audience = rng.normal(-2.5, 1.0), int(rng.integers(60, 600))
        logit = popularity + appeal * (like - 3) + rng.normal(0, 0.3)
        reactions = int(rng.binomial(audience, 1 / (1 + np.exp(-logit))))
        posts.append(Post(str(number // EACH), reactions, audience))
    return posts


def _within(told: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    starts: Sequence[int] = range(0, len(true), EACH)
    return float(np.mean([spearman(told[n : n + EACH], true[n : n + EACH]) for n in starts]))


if __name__ == "__main__":
    main()
