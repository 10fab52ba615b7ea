"""Faces of people who are nobody here: what a name's threshold is measured against.

A few synthetic ones ship for each known embedder (`models/weights/strangers-*`): blends of two
people's embeddings with noise, drawn by `python -m benchmarks.fit_strangers`. No real person's
embedding is among them.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from models.types import Kind, Vectors

Source = Literal["unknowns", "synthetic", "gallery", "nothing"]
"""Where the strangers come from, for `Named.calibrated_from`: the operator's own unknown faces,
the synthetic ones of this package, the gallery's people for each other, or there are none."""

LEAST_UNKNOWNS = 100
"""With fewer unknown faces of the operator's own, the synthetic strangers say more."""


@dataclass(frozen=True, slots=True, eq=False)
class Strangers:
    """Embeddings of nobody in the gallery, all of one embedder.

    Attributes:
        vectors: shape (n, dimensions); empty if there are none to be had.
    """

    vectors: Vectors
    source: Source


def choose(unknowns: Vectors, fingerprint: str, kind: Kind = Kind.PHOTO) -> Strangers:
    """The best strangers at hand.

    Args:
        unknowns: embeddings of faces that are nobody enrolled, shape (n, dimensions); n may be 0.
        fingerprint: of the embedder.
        kind: of the faces that will be searched for.

    Returns:
        With no vectors, and `gallery` as the source, where neither unknowns nor synthetic
        strangers are to be had.
    """
    if len(unknowns) >= LEAST_UNKNOWNS:
        return Strangers(unknowns, "unknowns")
    known = shipped(fingerprint, kind)
    if known is not None:
        return Strangers(known.vectors, "synthetic")
    return Strangers(np.empty((0, 0), dtype=np.float32), "gallery")


@dataclass(frozen=True, slots=True, eq=False)
class Shipped:
    """What comes with this package for one embedder.

    Attributes:
        vectors: synthetic strangers, shape (n, dimensions).
        unrecognisable: where faces that nobody could recognise gather, of length 1.
        limit: similarity to that place, -1..1, above which a face is one of them.
    """

    vectors: Vectors
    unrecognisable: NDArray[np.float32]
    limit: float


@cache
def shipped(fingerprint: str, kind: Kind = Kind.PHOTO) -> Shipped | None:
    """What ships for an embedder and a kind of face, or None.

    A fingerprint ends in a hash of weights and preprocessing, which is what counts: the file of
    an operator's own network may be called anything.
    """
    digest = fingerprint.rpartition("-")[2]
    for folder in _folders():
        meta = json.loads((folder / "meta.json").read_text("utf-8"))
        if (meta["embedder"].rpartition("-")[2], meta["kind"]) == (digest, kind):
            stored = safetensors.numpy.load((folder / "weights.safetensors").read_bytes())
            vectors, unrecognisable = (_unit(stored[key]) for key in ("vectors", "unrecognisable"))
            return Shipped(vectors, unrecognisable[0], meta["unrecognisable_above"])
    return None


def _unit(vectors: NDArray[np.float16]) -> Vectors:
    """From half precision."""
    whole = vectors.astype(np.float32)
    return np.asarray(whole / np.linalg.norm(whole, axis=1, keepdims=True))


def _folders() -> Iterator[Any]:
    root = files("models") / "weights"
    if root.is_dir():
        yield from (each for each in root.iterdir() if each.name.startswith("strangers-"))
