"""Faces in photographs: MTCNN (Zhang et al. 2016), as packaged by facenet-pytorch.

Wrapped once, because the package has sharp edges: it raises on small or grey pictures, returns
None for "no face" and object arrays otherwise, and sees faces lying on their side badly.
"""

from collections.abc import Sequence

import numpy as np
import torch
from facenet_pytorch import MTCNN
from numpy.typing import NDArray
from PIL import Image

from models.crops import turn, turn_box
from models.types import Face, Kind, Picture, Pixels

TURNS = (90, 270, 180)
"""How the picture is turned when no face surely stands upright in it."""

SURE = 0.998
"""A face as sure as this is believed without looking at the turned picture. Faces lying on their
side are often found too, but less surely, and cut out lying they are not recognised."""

TURNED_MIN_SCORE = 0.99
"""Three more looks are three more chances of a false alarm, so their best face must be surer."""


class PhotoDetector:
    """Finds human faces in photographs.

    Args:
        min_face: smallest face to look for, in pixels of the judged picture.
        min_score: least probability, 0..1, for a face to count.
    """

    def __init__(self, min_face: int = 32, min_score: float = 0.95) -> None:
        self._min_face = min_face
        self._min_score = min_score
        self._mtcnn = MTCNN(keep_all=True, min_face_size=min_face, device=torch.device("cpu"))
        # Same boxes, and about 1.7 times as fast on CPUs with wide vectors.
        self._mtcnn.to(memory_format=torch.channels_last)

    def detect(self, picture: Picture) -> list[Face]:
        """All faces, largest first, in whichever turn of the picture shows one most surely.

        The turned picture is looked at only when no face is `SURE` in the upright one, and must
        halve the doubt to win: most pictures are upright.
        """
        if min(picture.pixels.shape[:2]) < self._min_face:
            return []
        faces = self._look(picture.pixels, turned=0)
        if _doubt(faces) > 1 - SURE:
            turned = min((self._look(picture.pixels, degrees) for degrees in TURNS), key=_doubt)
            if _doubt(turned) <= min(1 - TURNED_MIN_SCORE, _doubt(faces) / 2):
                faces = turned
        return sorted(faces, key=_area, reverse=True)

    def _look(self, pixels: Pixels, turned: int) -> list[Face]:
        turned_pixels = np.ascontiguousarray(np.rot90(pixels, turned // 90))
        boxes, scores, points = self._mtcnn.detect(Image.fromarray(turned_pixels), landmarks=True)
        if boxes is None:
            return []
        size = (turned_pixels.shape[1], turned_pixels.shape[0])
        return [
            _face(box, float(score), landmarks, size, turned)
            for box, score, landmarks in zip(boxes, scores, points, strict=True)
            if score >= self._min_score and _inside(box, size)
        ]


def _doubt(faces: Sequence[Face]) -> float:
    """How likely it is that the surest face is none, 0..1."""
    return 1 - max((face.score for face in faces), default=0.0)


def _inside(box: NDArray[np.float32], size: tuple[int, int]) -> bool:
    """Whether enough of the box lies in the picture to be a face one can look at."""
    left, top, right, bottom = _clip(box, size)
    return right - left >= 8 and bottom - top >= 8


def _clip(box: NDArray[np.float32], size: tuple[int, int]) -> tuple[float, float, float, float]:
    width, height = size
    return (
        float(np.clip(box[0], 0, width)),
        float(np.clip(box[1], 0, height)),
        float(np.clip(box[2], 0, width)),
        float(np.clip(box[3], 0, height)),
    )


def _face(
    box: NDArray[np.float32],
    score: float,
    landmarks: NDArray[np.float32],
    size: tuple[int, int],
    turned: int,
) -> Face:
    """A detection in the turned picture, told in the picture's own coordinates."""
    back = (360 - turned) % 360
    return Face(
        box=turn_box(_clip(box, size), size, back),
        landmarks=turn(np.asarray(landmarks, dtype=np.float32), size, back),
        score=score,
        kind=Kind.PHOTO,
        turned=turned,
    )


def _area(face: Face) -> float:
    left, top, right, bottom = face.box
    return (right - left) * (bottom - top)
