"""Simulated raters: people who do not exist, with tastes that are known.

For measuring how well a taste is learned where no real ratings are at hand. What they like is
computed from the pixels in the plainest way, by folder and by words, not by any network that learns
the taste; so that the learner is not asked for what it was given. Whatever is measured with them is
to be called simulated.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float64]

ATTRIBUTES = (
    "hue, red to cyan",
    "hue, green to violet",
    "saturation",
    "brightness",
    "contrast",
    "brighter on the right",
    "brighter below",
    "sharpness",
)
"""What of the pixels these raters like or dislike."""

KEYWORDS = (
    "beach", "birthday", "cat", "coffee", "concert", "dance", "dog", "festival", "flowers",
    "football", "garden", "holiday", "kimono", "library", "mountain", "night", "piano", "rain",
    "school", "sea", "snow", "summer", "sunset", "sword", "tea", "temple", "train", "winter",
)  # fmt: skip
"""What the text beside a picture may speak of."""

_SENTENCES = (
    "{} and {}, and a little {}.",
    "My favourite: {}, {} and {}!",
    "Today: {}. Tomorrow: {}. Always: {}.",
    "Thinking of {} and {} while there is {}.",
)
_SIDE = 64
"""Pixels to which a picture is squeezed before anything is computed."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How a crowd of raters differ and agree; all in points of the scale of 1 to 5.

    Attributes:
        shared: deviation, over pictures, of what all of them like.
        own: deviation of what each likes beside that.
        bias: deviation of how generous each is.
        noise: deviation with which each contradicts themselves.
    """

    shared: float = 0.5
    own: float = 0.9
    bias: float = 0.4
    noise: float = 0.5


def attributes(pixels: NDArray[np.uint8]) -> Floats:
    """`ATTRIBUTES` of a picture of shape (height, width, 3); each -1..1 or 0..1.

    Hue is the mean direction on the colour circle of Smith's HSV (1978), by saturation.
    """
    small = Image.fromarray(pixels).resize((_SIDE, _SIDE), Image.Resampling.BOX)
    hue, saturation, light = np.asarray(small.convert("HSV"), dtype=np.float64).transpose(2, 0, 1)
    hue, saturation, light = hue * (2 * np.pi / 256), saturation / 255, light / 255
    colour = (saturation * np.exp(1j * hue)).mean() / (saturation.mean() + 0.01)
    half = _SIDE // 2
    steps = np.abs(np.diff(light, axis=0)).mean() + np.abs(np.diff(light, axis=1)).mean()
    return np.array(
        [
            colour.real,
            colour.imag,
            saturation.mean(),
            light.mean(),
            light.std(),
            light[:, half:].mean() - light[:, :half].mean(),
            light[half:].mean() - light[:half].mean(),
            steps,
        ]
    )


def about(count: int, rng: np.random.Generator) -> tuple[list[str], Floats]:
    """Text beside pictures, and which of `KEYWORDS` it speaks of: shape (count, words), 0 or 1."""
    texts = []
    spoken = np.zeros((count, len(KEYWORDS)))
    for row in spoken:
        words = rng.choice(len(KEYWORDS), 3, replace=False)
        row[words] = 1
        sentence = _SENTENCES[rng.integers(len(_SENTENCES))]
        texts.append(sentence.format(*(KEYWORDS[word] for word in words.tolist())))
    return texts, spoken


def one_hot(folders: Sequence[str]) -> Floats:
    """Which folder each picture is in: shape (n, folders), 0 or 1."""
    names, place = np.unique(np.asarray(folders), return_inverse=True)
    return np.eye(len(names))[place]


def rate(
    kinds: Sequence[Floats],
    raters: int,
    rng: np.random.Generator,
    habits: Habits = Habits(),
) -> NDArray[np.intp]:
    """What each rater gives each picture: shape (raters, n), 1..5.

    Each likes and dislikes at random, linearly in what they are shown, all kinds of it alike.

    Args:
        kinds: what is liked or disliked, each kind of shape (n, any); of a kind that is the same
            for all pictures nothing is liked.
    """
    alike = _liking(kinds, 1, rng) * habits.shared
    own = _liking(kinds, raters, rng) * habits.own
    generous = rng.normal(3, habits.bias, size=(raters, 1))
    wavering = rng.normal(0, habits.noise, size=own.shape)
    return np.clip(np.rint(alike + own + generous + wavering), 1, 5).astype(np.intp)


def _liking(kinds: Sequence[Floats], raters: int, rng: np.random.Generator) -> Floats:
    """Shape (raters, n), of mean 0 and deviation 1 over the pictures."""
    count = len(kinds[0])
    total = np.zeros((raters, count))
    for kind in kinds:
        total += _standard(rng.normal(size=(raters, kind.shape[1])) @ _standard(kind.T))
    return _standard(total)


def _standard(rows: Floats) -> Floats:
    """Each row with mean 0 and, unless it is constant, deviation 1."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    return np.asarray(centred / np.maximum(centred.std(axis=1, keepdims=True), 1e-9))
