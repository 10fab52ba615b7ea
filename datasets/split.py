"""Splits that keep copies of a picture together.

A score on held-out pictures means something only if none of them was trained on: not the same
file, not a re-encoded, resized or cut-down copy, not another face in the same post.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from datasets.samples import Sample

DUPLICATE_BITS = 6
"""Two hashes that differ in at most this many of 64 bits are copies of one picture.

Of the 991,000 pairs among 1,408 photographs (LFW and web portraits) five pairs of different
photographs are that near by the picture's hash and as many by the face's. Two bits more and chance
begins to chain strangers into one group.
"""

HELD_OUT = 0.25
"""Share of the groups that training does not see."""

ALIKE = 0.95
"""Two aligned faces whose pixels correlate by this much are copies of one picture.

Hashes cannot tell faces apart that all have the same place and outline: of the 3,200 of
SCUT-FBP5500 those of 64 bits chain 2,165 into one group. By correlation 11 pairs stand out, which
are the same picture to the eye.
"""

_ROWS = 1024
"""Hashes compared with all others at a time, to bound the memory."""


def groups(samples: Sequence[Sample]) -> NDArray[np.intp]:
    """Which samples come from one source: the same post, or near duplicates, or linked by others.

    Returns:
        Shape (n,): the number of each sample's group, from 0, in order of first appearance.
    """
    return _joined(len(samples), _links(samples))


def copies(hashes: Sequence[str]) -> NDArray[np.intp]:
    """Which pictures are near duplicates of each other, or linked by others that are.

    Args:
        hashes: perceptual hash of each picture, 16 hexadecimal digits.

    Returns:
        Shape (n,), as from `groups`.
    """
    return _joined(len(hashes), _near(hashes))


def aligned_copies(faces: Sequence[NDArray[np.uint8]]) -> NDArray[np.intp]:
    """`copies` among faces that were all brought to one position.

    Args:
        faces: of one shape, (side, side, 3). Their middle, without outline and background, counts.
    """
    inner = slice(len(faces[0]) // 8, -(len(faces[0]) // 8))
    rows = np.stack([face[inner, inner][::2, ::2].ravel() for face in faces]).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6
    one, other = np.nonzero(np.triu(rows @ rows.T >= ALIKE, 1))
    return _joined(len(faces), zip(one.tolist(), other.tolist(), strict=True))


def held_out(samples: Sequence[Sample], of_group: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which samples are kept aside: about `HELD_OUT` of the groups, whole.

    A hash of the group's first post decides, so that a group keeps its side from one training to
    the next, in whatever order the samples come.

    Args:
        of_group: from `groups`.

    Returns:
        Shape (n,).
    """
    first: dict[int, str] = {}
    for sample, group in zip(samples, of_group.tolist(), strict=True):
        first[group] = min(sample.post, first.get(group, sample.post))
    aside = {group for group, post in first.items() if _uniform(post) < HELD_OUT}
    return np.array([group in aside for group in of_group.tolist()], dtype=np.bool_)


def first_aside(names: Sequence[str], of_group: NDArray[np.intp], most: int) -> NDArray[np.bool_]:
    """Which pictures are kept aside: whole groups, until there are `most` pictures.

    Groups come in the order of the SHA-256 of their first name, so that the choice depends on
    nothing but the names.

    Args:
        names: of the pictures, each once.
        of_group: from `copies`.

    Returns:
        Shape (n,).
    """
    members: defaultdict[int, list[int]] = defaultdict(list)
    for i, group in enumerate(of_group.tolist()):
        members[group].append(i)
    aside = np.zeros(len(names), dtype=np.bool_)
    for group in sorted(members.values(), key=lambda each: _digest(min(names[i] for i in each))):
        if aside.sum() >= most:
            break
        aside[group] = True
    return aside


def _joined(count: int, links: Iterable[tuple[int, int]]) -> NDArray[np.intp]:
    """The number of each one's group, where `links` join them."""
    parents = list(range(count))
    for one, other in links:
        parents[_root(parents, one)] = _root(parents, other)
    numbers: dict[int, int] = {}
    found = [numbers.setdefault(_root(parents, i), len(numbers)) for i in range(count)]
    return np.array(found, dtype=np.intp)


def _links(samples: Sequence[Sample]) -> Iterable[tuple[int, int]]:
    """Pairs of samples that belong together; enough of them to join every group."""
    first: dict[str, int] = {}
    for i, sample in enumerate(samples):
        yield first.setdefault(sample.post, i), i
    yield from _near([sample.picture_hash for sample in samples])
    yield from _near([sample.face_hash for sample in samples])


def _near(hashes: Sequence[str]) -> Iterable[tuple[int, int]]:
    bits = np.array([int(each, 16) for each in hashes], dtype=np.uint64)
    for start in range(0, len(bits), _ROWS):
        rows = bits[start : start + _ROWS, None]
        near = np.bitwise_count(rows ^ bits[None, start:]) <= DUPLICATE_BITS
        one, other = np.nonzero(near)
        yield from zip((one + start).tolist(), (other + start).tolist(), strict=True)


def _root(parents: list[int], i: int) -> int:
    while parents[i] != i:
        parents[i] = parents[parents[i]]
        i = parents[i]
    return i


def _uniform(text: str) -> float:
    """A number in 0..1 that depends on nothing but the text."""
    return int.from_bytes(_digest(text)[:8], "big") / 2**64


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
