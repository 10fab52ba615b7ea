"""Whether a face shows enough to say who it is.

The thresholds of `models.calibration` hold for bad pictures too: strangers are named no more
often for being blurred. These gates add the truth about why there is no name, and no name by luck.
docs/quality.md has the measurements.
"""

import numpy as np
from numpy.typing import NDArray

from models.crops import align
from models.strangers import shipped
from models.types import Crop, Kind, WhyNot

LEAST_EYES = 10.0
"""Pixels between the eyes; about 25 for the width of the face."""

LEAST_DRAWN = 20.0
"""Pixels of the shorter side of a drawn face."""

MOST_TURNED = 0.65
"""How far the nose may be off the middle between the eyes, in distances of the eyes: 0 from the
front, about 0.3 half turned."""

LEAST_SHARPNESS = 0.04
"""See `sharpness`; a face of 14 pixels, enlarged, has about this."""

_SIDE = 64
_INNER = slice(12, 52)
"""Of the aligned face: without hair and background."""


def flaw(crop: Crop) -> WhyNot | None:
    """What is wrong with a face, or None if it may be judged.

    A drawn face has no landmarks and may be flat by intention: only its size counts.
    """
    if crop.kind is Kind.ILLUSTRATION:
        left, top, right, bottom = crop.box
        return WhyNot.TOO_SMALL if min(right - left, bottom - top) < LEAST_DRAWN else None
    eyes = crop.landmarks[1] - crop.landmarks[0]
    apart = float(np.linalg.norm(eyes))
    if apart < LEAST_EYES:
        return WhyNot.TOO_SMALL
    nose = crop.landmarks[2] - (crop.landmarks[0] + crop.landmarks[1]) / 2
    if abs(float(nose @ eyes)) / apart**2 > MOST_TURNED:
        return WhyNot.TURNED_AWAY
    if sharpness(crop) < LEAST_SHARPNESS:
        return WhyNot.TOO_BLURRED
    return None


def sharpness(crop: Crop) -> float:
    """Variance of the Laplacian (Pech-Pacheco et al. 2000), by that of the face itself.

    So it says nothing of contrast: 0.19 to 1.0 for most news photographs, 0 for a flat face.
    """
    grey = align(crop, _SIDE).astype(np.float32).mean(axis=2)
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    laplacian = (4 * grey[1:-1, 1:-1] - around)[_INNER, _INNER]
    return float(laplacian.var() / (grey[_INNER, _INNER].var() + 1))


def recognisable(vector: NDArray[np.float32], fingerprint: str, kind: Kind = Kind.PHOTO) -> bool:
    """Whether an embedding is unlike those of faces that nobody could recognise.

    Such faces, whosever they are, gather in one place (Deng et al. 2023, "Harnessing unrecognizable
    faces for improving face recognition"); where it is ships with the synthetic strangers. Always
    true for an embedder for which nothing ships.
    """
    known = shipped(fingerprint, kind)
    return known is None or float(known.unrecognisable @ vector) <= known.limit
