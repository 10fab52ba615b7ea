"""What somebody is shown next to rate, of all that can be rated. Pure."""

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from bot.rating_store import Seen
from models.gallery import NEAR_DUPLICATE_BITS


def queue(seen: Sequence[Seen], rated: Collection[int]) -> list[Seen]:
    """What is left to rate, in the order to look at it.

    Newest first, but not one author's all in a row, for judging like after like is dull and gives
    the same answer; spoilers last. Of near duplicates one is enough, which may be rated already.

    Args:
        seen: newest first.
        rated: ids of the verdicts that were rated.
    """
    left = [each for each in _distinct(seen, rated) if each.verdict_id not in rated]
    open_ones = [each for each in left if not each.spoiler]
    return [*_mixed(open_ones), *_mixed(each for each in left if each.spoiler)]


def _distinct(seen: Sequence[Seen], rated: Collection[int]) -> list[Seen]:
    """Without near duplicates of what comes before; what was rated comes first."""
    ordered = sorted(seen, key=lambda each: each.verdict_id not in rated)
    found: list[Seen] = []
    for whole in (False, True):  # a face is not compared with a whole picture
        alike = [each for each in ordered if each.whole is whole]
        hashes = np.array([int(each.face_hash, 16) for each in alike], dtype=np.uint64)
        first = np.ones(len(alike), dtype=np.bool_)
        for row, each in enumerate(hashes):
            bits = np.bitwise_count(hashes[:row] ^ each)
            first[row] = not (bits[first[:row]] <= NEAR_DUPLICATE_BITS).any()
        found += [each for each, is_first in zip(alike, first, strict=True) if is_first]
    return sorted(found, key=lambda each: -each.verdict_id)


def _mixed(seen: Iterable[Seen]) -> list[Seen]:
    """In order, but two of one author in a row only where nobody else's is left."""
    left, mixed = list(seen), list[Seen]()
    while left:
        last = mixed[-1].author if mixed else None
        other = next((n for n, each in enumerate(left) if each.author != last), 0)
        mixed.append(left.pop(other))
    return mixed
