"""What is recommended: properties that hold for any pictures, and what diversity does."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bot.recommending import BY_ONE_AUTHOR, MOST, Posted, Ranked, choose, eligible
from models.crops import hash_distance
from models.gallery import NEAR_DUPLICATE_BITS

AUTHORS = ["u:ann", "u:bob", "u:cid"]
HASHES = [f"{value:016x}" for value in (0, 0x7, 0xFFFF, 0xFFFF0000, 0xFFFFFFFF0000FFFF)]
"""The first two are three bits apart: near duplicates."""


@st.composite
def posts(draw: st.DrawFn) -> list[Posted]:
    several = st.lists(
        st.tuples(
            st.sampled_from(AUTHORS),
            st.sampled_from(HASHES),
            st.integers(0, 2**64 - 1).map(lambda value: f"{value:016x}"),
            st.booleans(),
        ),
        max_size=12,
    )
    return [
        Posted(number, f"discord:1:{number}", author, f"crop {number}", *hashes, spoiler)
        for number, (author, *hashes, spoiler) in enumerate(draw(several))
    ]


@st.composite
def pictures(draw: st.DrawFn) -> list[Ranked]:
    scores = st.floats(1, 5)
    angles = st.floats(0, 2 * np.pi)
    return [ranked(each, draw(scores), draw(angles)) for each in draw(posts())]


def ranked(posted: Posted, score: float, angle: float) -> Ranked:
    vector = np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)
    return Ranked(posted, score, vector)


def picture(number: int, score: float, angle: float = 0.0, author: str | None = None) -> Ranked:
    """Unlike all others by its hashes."""
    hashes = [f"{(number * 0x9E3779B97F4A7C15 + salt) % 2**64:016x}" for salt in (1, 2**63 - 25)]
    who = f"u:{number}" if author is None else author
    return ranked(Posted(number, f"discord:1:{number}", who, "", *hashes), score, angle)


def near(one: str, other: str) -> bool:
    return hash_distance(one, other) <= NEAR_DUPLICATE_BITS


@given(posts(), posts())
def test_what_may_be_recommended(posted: list[Posted], shown: list[Posted]) -> None:
    found = eligible(posted, "u:ann", shown)
    assert [each for each in posted if each in found] == found
    for each in found:
        assert not each.spoiler
        assert each.author != "u:ann"
        assert not any(near(each.picture_hash, old.picture_hash) for old in shown)
        assert not any(near(each.face_hash, old.face_hash) for old in shown)
    for each in posted:  # and nothing is left out without a reason
        copied = any(each.copies(old) for old in shown)
        assert (each in found) == (not each.spoiler and each.author != "u:ann" and not copied)


@given(pictures())
def test_what_is_chosen(given: list[Ranked]) -> None:
    chosen = choose(given)
    assert len(chosen) <= MOST
    assert all(any(each is one for one in given) for each in chosen)
    assert [each.score for each in chosen] == sorted((e.score for e in chosen), reverse=True)
    for author in AUTHORS:
        assert sum(each.posted.author == author for each in chosen) <= BY_ONE_AUTHOR
    for one, other in combinations(chosen, 2):
        assert not near(one.posted.picture_hash, other.posted.picture_hash)
        assert not near(one.posted.face_hash, other.posted.face_hash)
    if given:
        assert chosen[0].score == max(each.score for each in given)


@given(pictures(), st.randoms())
def test_the_order_in_which_pictures_come_does_not_matter(
    given: list[Ranked], random: object
) -> None:
    shuffled = list(given)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert [each.posted for each in choose(shuffled)] == [each.posted for each in choose(given)]


def test_not_all_are_alike() -> None:
    sunsets = [picture(number, 4.9 - number / 100) for number in range(6)]
    cat = picture(6, 4.3, angle=np.pi / 2)
    numbers = [each.posted.verdict_id for each in choose([*sunsets, cat])]
    assert numbers == [0, 1, 2, 3, 6]


def test_a_picture_that_nobody_would_like_is_not_shown_for_being_unlike() -> None:
    sunsets = [picture(number, 4.9) for number in range(5)]
    blur = picture(5, 1.2, angle=np.pi / 2)
    assert blur not in choose([*sunsets, blur])


def test_of_copies_the_best_is_shown() -> None:
    first = picture(1, 3.0, author="u:ann")
    copy = ranked(Posted(2, "k", "u:bob", "", first.posted.picture_hash, HASHES[2]), 4.0, 0)
    assert choose([first, copy]) == [copy]


def test_one_author_does_not_fill_it() -> None:
    anns = [picture(number, 5.0, angle=number, author="u:ann") for number in range(5)]
    bobs = picture(9, 2.0, author="u:bob")
    assert len(choose([*anns, bobs])) == BY_ONE_AUTHOR + 1
