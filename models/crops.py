"""Cutting faces out of pictures and bringing them to a fixed position.

Coordinates are continuous pixels: (0, 0) is the outer corner of the first pixel.
"""

import math

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.types import Box, Crop, Face, Kind, Picture, Pixels

MARGIN = 1.0
"""Around a face, in widths and heights of the face, where the picture reaches that far."""

MAX_SIDE = 512
"""Longest side of a crop in pixels: a face of 170, more than any embedder looks at."""

ARCFACE_TEMPLATE = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ],
    dtype=np.float32,
)
"""Where the five landmarks belong in a 112 x 112 face (Deng et al. 2019, ArcFace)."""


def turn(points: NDArray[np.float32], size: tuple[int, int], degrees: int) -> NDArray[np.float32]:
    """Where points of a picture are after it was turned counter-clockwise.

    Args:
        points: shape (n, 2), x and y.
        size: (width, height) before the turn.
        degrees: 0, 90, 180 or 270.
    """
    width, height = size
    x, y = points[:, 0], points[:, 1]
    turned = {
        0: (x, y),
        90: (y, width - x),
        180: (width - x, height - y),
        270: (height - y, x),
    }[degrees]
    return np.stack(turned, axis=1).astype(np.float32)


def turn_box(box: Box, size: tuple[int, int], degrees: int) -> Box:
    """Where a box of a picture is after it was turned counter-clockwise; see `turn`."""
    corners = turn(np.array([box[:2], box[2:]], dtype=np.float32), size, degrees)
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return left, top, right, bottom


def cut(picture: Picture, face: Face) -> Crop:
    """The face, upright, with `MARGIN` around it, reduced to `MAX_SIDE` if it is larger."""
    size = (picture.pixels.shape[1], picture.pixels.shape[0])
    pixels = np.rot90(picture.pixels, face.turned // 90)
    box = turn_box(face.box, size, face.turned)
    landmarks = turn(face.landmarks, size, face.turned)

    height, width = pixels.shape[:2]
    grow_x, grow_y = MARGIN * (box[2] - box[0]), MARGIN * (box[3] - box[1])
    left, top = int(max(0, box[0] - grow_x)), int(max(0, box[1] - grow_y))
    right, bottom = math.ceil(min(width, box[2] + grow_x)), math.ceil(min(height, box[3] + grow_y))
    part = Image.fromarray(np.ascontiguousarray(pixels[top:bottom, left:right]))

    scale = min(1.0, MAX_SIDE / max(part.size))
    if scale < 1:
        reduced = (round(part.width * scale), round(part.height * scale))
        part = part.resize(reduced, Image.Resampling.LANCZOS)
    moved = (
        (box[0] - left) * scale,
        (box[1] - top) * scale,
        (box[2] - left) * scale,
        (box[3] - top) * scale,
    )
    points = ((landmarks - (left, top)) * scale).astype(np.float32)
    return Crop(np.asarray(part), moved, points, face.kind)


def uncut(picture: Picture, kind: Kind) -> Crop:
    """The whole picture, reduced to `MAX_SIDE` if it is larger, as if all of it were the face."""
    image = Image.fromarray(picture.pixels)
    scale = min(1.0, MAX_SIDE / max(image.size))
    if scale < 1:
        reduced = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        image = image.resize(reduced, Image.Resampling.LANCZOS)
    return whole(np.asarray(image), kind)


def whole(pixels: Pixels, kind: Kind) -> Crop:
    """Pixels that are what is to be judged from edge to edge: a picture, or a face cut out."""
    height, width = pixels.shape[:2]
    box = 0.0, 0.0, float(width), float(height)
    return Crop(pixels, box, np.zeros((0, 2), dtype=np.float32), kind)


def align(crop: Crop, size: int, template: NDArray[np.float32] = ARCFACE_TEMPLATE) -> Pixels:
    """Bring the landmarks as near as can be to a template by moving, turning and scaling.

    Args:
        crop: the face.
        size: side of the square result in pixels; the template is for 112 and scaled to it.

    Returns:
        Shape (size, size, 3); what lies outside of the crop is black.
    """
    target = template * (size / 112)
    matrix = similarity(target, crop.landmarks)  # PIL wants the way back: result → source
    image = Image.fromarray(crop.pixels)
    # A face much larger than the result would alias under a bilinear lookup.
    step = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if step > 2:
        factor = int(step)
        image = image.reduce(factor)
        matrix = matrix / factor
    flat = (*matrix[0].tolist(), *matrix[1].tolist())
    moved = image.transform((size, size), Image.Transform.AFFINE, flat, Image.Resampling.BILINEAR)
    return np.asarray(moved)


def similarity(source: NDArray[np.float32], target: NDArray[np.float32]) -> NDArray[np.float64]:
    """The 2 x 3 matrix that best maps `source` onto `target`, both of shape (n, 2).

    Least squares over translation, rotation and one scale, without reflection (Umeyama 1991).
    """
    mean_s, mean_t = source.mean(axis=0), target.mean(axis=0)
    centred_s, centred_t = source - mean_s, target - mean_t
    u, singular, vt = np.linalg.svd(centred_t.T @ centred_s)
    flip = np.diag([1.0, float(np.sign(np.linalg.det(u @ vt)) or 1.0)])
    rotation = u @ flip @ vt
    variance = float((centred_s**2).sum()) or 1.0
    scale = float((singular * np.diag(flip)).sum()) / variance
    matrix = np.empty((2, 3))
    matrix[:, :2] = scale * rotation
    matrix[:, 2] = mean_t - matrix[:, :2] @ mean_s
    return matrix


def around(crop: Crop, margin: float, size: int) -> Pixels:
    """A square around the middle of the face's box, for faces without landmarks.

    Args:
        crop: the face.
        margin: how far the square reaches beyond the box's longer side, on each side, as a share of
            it.
        size: side of the result in pixels.

    Returns:
        Shape (size, size, 3); where the crop does not reach, its edge is repeated.
    """
    left, top, right, bottom = crop.box
    reach = max(right - left, bottom - top) * (0.5 + margin)
    x, y = (left + right) / 2, (top + bottom) / 2
    corners = np.round([x - reach, y - reach, x + reach, y + reach]).astype(int)
    height, width = crop.pixels.shape[:2]
    rows = np.clip(np.arange(corners[1], max(corners[3], corners[1] + 1)), 0, height - 1)
    columns = np.clip(np.arange(corners[0], max(corners[2], corners[0] + 1)), 0, width - 1)
    square = Image.fromarray(crop.pixels[rows[:, None], columns])
    return np.asarray(square.resize((size, size), Image.Resampling.BILINEAR))


def face_hash(crop: Crop) -> str:
    """Perceptual hash of the aligned face: alike for re-encoded, resized or cut-down copies.

    A face without landmarks is taken as its box lies. 64 bits as 16 hexadecimal digits; compare
    with `hash_distance`.
    """
    return str(imagehash.phash(Image.fromarray(in_place(crop, 64)), hash_size=8))


def in_place(crop: Crop, size: int) -> Pixels:
    """The face where all faces of its kind are, to be compared pixel by pixel.

    Returns:
        Shape (size, size, 3): aligned, or without landmarks the box as it lies.
    """
    return align(crop, size) if len(crop.landmarks) else around(crop, 0.0, size)


def hash_distance(one: str, other: str) -> int:
    """How many of the 64 bits differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()
