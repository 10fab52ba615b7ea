"""From a similarity to an answer: when to name somebody, and how sure that is."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Calibration:
    """How to read the similarities of one embedder.

    Attributes:
        threshold: least similarity at which somebody is named.
        midpoint: similarity at which a name is as likely right as wrong.
        slope: how fast the log-odds rise with similarity.
        source: where the numbers come from, for `Named.calibrated_from`.
    """

    threshold: float
    midpoint: float
    slope: float
    source: str

    def probability(self, similarity: float) -> float:
        """That the name is right, 0..1."""
        log_odds = self.slope * (similarity - self.midpoint)
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, log_odds))))


MEASURED = {
    "dlib": Calibration(0.962, 0.958, 260, "measured"),
    "onnx": Calibration(0.45, 0.45, 76, "measured on MobileFaceNet"),
    "facenet": Calibration(0.70, 0.70, 40, "assumed"),
}
"""Before a scope has thresholds of its own. `python -m benchmarks.thresholds` prints what they
rest on; docs/quality.md quotes it. The weights of `facenet` could not be had for measuring."""


def measured(embedder: str) -> Calibration:
    """The calibration to start from with `facenet`, `dlib` or `onnx`."""
    return MEASURED[embedder]
