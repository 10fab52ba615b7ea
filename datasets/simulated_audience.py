"""A simulated audience: raters who do not exist, and who by and large like the same.

For a demonstration that needs ratings and must not contain anybody's taste. What they like is
computed from the pixels in the plainest way (`datasets.simulated_raters`). Whatever is learned from
them or measured with them is to be called simulated.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.simulated_raters import ATTRIBUTES, attributes

Floats = NDArray[np.float64]

LIKES = {
    "hue, red to cyan": 0.2,
    "hue, green to violet": 0.0,
    "saturation": 0.5,
    "brightness": 0.6,
    "contrast": 0.8,
    "brighter on the right": 0.0,
    "brighter below": -0.3,
    "sharpness": 0.4,
}
"""By how many points of 1 to 5 much of it pleases; made up. The hue is that of warm light."""

RATERS = 40
_OWN, _GENEROUS, _WAVERING = 0.4, 0.4, 0.5
"""Deviations: of each one's likes, of how generous they are, of how each contradicts themselves."""


@dataclass(frozen=True, slots=True, eq=False)
class Audience:
    """Raters who judge pictures by what they are used to.

    Attributes:
        usual, spread: shape (attributes,): mean and deviation over the pictures they know.
    """

    usual: Floats
    spread: Floats

    @classmethod
    def used_to(cls, shown: Floats) -> "Audience":
        """An audience that knows pictures with these attributes, shape (n, attributes)."""
        return cls(shown.mean(axis=0), shown.std(axis=0) + 1e-9)

    def mean(self, shown: Floats) -> Floats:
        """What they give on average, about 1 to 5; shape (n,) for attributes of n pictures."""
        likes = np.array([LIKES[name] for name in ATTRIBUTES])
        return np.asarray(3 + self._felt(shown) @ likes, dtype=np.float64)

    def rated(self, shown: Floats, rng: np.random.Generator) -> Floats:
        """The mean of what `RATERS` raters give, each 1, 2, 3, 4 or 5; shape (n,)."""
        own = rng.normal(0, _OWN, size=(len(ATTRIBUTES), RATERS))
        generous = rng.normal(0, _GENEROUS, size=RATERS)
        wavering = rng.normal(0, _WAVERING, size=(len(shown), RATERS))
        given = self.mean(shown)[:, None] + self._felt(shown) @ own + generous + wavering
        return np.asarray(np.clip(np.rint(given), 1, 5).mean(axis=1), dtype=np.float64)

    def of(self, pixels: NDArray[np.uint8]) -> float:
        """What they give a picture on average."""
        return float(self.mean(attributes(pixels)[None])[0])

    def _felt(self, shown: Floats) -> Floats:
        """How much of each attribute, from -1 to 1: more of the same matters less and less."""
        return np.asarray(np.tanh((shown - self.usual) / self.spread / 2), dtype=np.float64)
