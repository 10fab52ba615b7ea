"""How attractive did 60 students find faces like this one, on average?

What the figures mean, and what they must not be used for, says the card beside the weights.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from models.portrait import square
from models.quality import flaw
from models.score_network import HIGHEST, LOWEST, load
from models.types import Context, Crop, Guess, Kind, Refused, Scored, Takes


class BeautyHead:
    """Scores photographed faces, 1 to 5, with a 90 % interval.

    Args:
        folder: holds weights.safetensors, and meta.json with how wide intervals are.

    Raises:
        ValueError: a file is missing, or does not hold what it should.
    """

    name = "beauty"
    takes: Takes = "face"
    kinds = frozenset({Kind.PHOTO})

    def __init__(self, folder: Path) -> None:
        weights, meta = folder / "weights.safetensors", folder / "meta.json"
        for file in (weights, meta):
            if not file.is_file():
                raise ValueError(f"{file} is missing")
        told = meta.read_bytes()
        digest = hashlib.sha256(weights.read_bytes() + told).hexdigest()
        self.fingerprint = f"{self.name}-{digest[:12]}"
        self._network = load(weights)
        try:
            self._spreads = float(json.loads(told)["spreads"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{meta} does not say how many spreads an interval has") from error

    def judge(self, crops: Sequence[Crop], context: Context) -> list[Guess]:
        """One guess a crop: `Scored`, or `Refused` with a word of `models.types.WhyNot`.

        A face without landmarks was cut out by somebody: there is nothing to measure it by, and it
        is scored as it is.
        """
        flaws = [flaw(crop) if len(crop.landmarks) else None for crop in crops]
        good = [crop for crop, reason in zip(crops, flaws, strict=True) if reason is None]
        scored = iter(self._scored(good, context.like_from))
        return [
            next(scored) if reason is None else Refused(self.name, str(reason)) for reason in flaws
        ]

    def _scored(self, crops: Sequence[Crop], like_from: float) -> list[Guess]:
        scores = self._network.score([square(crop) for crop in crops])
        return [
            Scored(
                self.name,
                mean,
                max(LOWEST, mean - self._spreads * spread),
                min(HIGHEST, mean + self._spreads * spread),
                self.fingerprint,
                like_from,
            )
            for mean, spread in zip(scores.mean.tolist(), scores.spread.tolist(), strict=True)
        ]
