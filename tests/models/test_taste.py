"""Tastes, learned from made-up people whose taste is known."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.heads.taste import TasteHead
from models.taste import LEAST, Ratings, Tastes
from models.taste_scales import Floats
from models.types import Context, Crop, Kind, Refused, Scored, Vectors

D = 12


class Community:
    """People who like pictures linearly, some of it alike, and waver.

    Attributes:
        scores: shape (people, pictures), 1..5.
    """

    def __init__(self, people: int, pictures: int = 200, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.vectors: Vectors = rng.normal(size=(pictures, D)).astype(np.float32)
        weights = rng.normal(size=(1, D)) * 0.15 + rng.normal(size=(people, D)) * 0.25
        generous = rng.normal(3, 0.3, size=(people, 1))
        wavering = rng.normal(0, 0.5, size=(people, pictures))
        self.scores: Floats = np.clip(np.rint(generous + weights @ self.vectors.T + wavering), 1, 5)

    def ratings(self, count: int, first: int = 0) -> Ratings:
        """The first pictures, by everybody."""
        people = len(self.scores)
        users = tuple(str(p) for p in range(first, people) for _ in range(count))
        item = np.tile(np.arange(count), people - first)
        return Ratings(users, item, self.scores[first:, :count].ravel())

    def fit(self, count: int) -> Tastes:
        return Tastes.fit(self.vectors, self.ratings(count))


def test_it_beats_both_plain_ways_from_a_dozen_ratings_on() -> None:
    crowd = Community(20)
    tastes, later = crowd.fit(LEAST), crowd.scores[:, 100:]
    told = np.stack([tastes.predict(str(p), crowd.vectors[100:])[0] for p in range(20)])
    off = np.abs(told - later).mean()
    my_mean = np.abs(crowd.scores[:, :LEAST].mean(axis=1, keepdims=True) - later).mean()
    others = (later.sum(axis=0) - later) / 19
    everybody = np.abs(others - later).mean()
    assert off < 0.93 * my_mean
    assert off < 0.93 * everybody


def test_nine_in_ten_ratings_are_inside_the_interval() -> None:
    crowd = Community(30)
    for count in (LEAST, 60):
        tastes, inside = crowd.fit(count), []
        for person in range(30):
            mean, low, high = tastes.predict(str(person), crowd.vectors[100:])
            assert (low >= 1).all()
            assert (low <= mean).all()
            assert (mean <= high).all()
            assert (high <= 5).all()
            true = crowd.scores[person, 100:]
            inside.append((low <= true) & (true <= high))
        assert 0.86 <= np.mean(inside) <= 0.94


def test_whoever_has_rated_nothing_is_told_what_everybody_likes() -> None:
    crowd = Community(10)
    tastes = crowd.fit(40)
    mean, low, high = tastes.predict("nobody", crowd.vectors[100:])
    mine = np.stack([tastes.predict(str(p), crowd.vectors[100:])[0] for p in range(10)])
    assert np.corrcoef(mean, mine.mean(axis=0))[0, 1] > 0.95
    known = tastes.predict("0", crowd.vectors[100:])
    assert (high - low).mean() > (known[2] - known[1]).mean()
    assert tastes.ratings_of("nobody") == 0


def test_more_ratings_make_the_interval_narrower() -> None:
    crowd = Community(10)
    everybody = crowd.fit(150)
    widths = []
    for count in (0, 5, 20, 80):
        tastes = everybody.revised("0", crowd.vectors[:count], crowd.scores[0, :count])
        assert tastes.ratings_of("0") == count
        _, low, high = tastes.predict("0", crowd.vectors[150:])
        widths.append(float((high - low).mean()))
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 0.9 * widths[0]


def test_what_everybody_likes_in_just_one_picture_is_known_of_it_alone() -> None:
    """A picture that all others love, though its features say nothing."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(60, D)).astype(np.float32)
    loved = rng.permutation(60) < 30
    users = tuple(str(p) for p in range(12) for _ in range(60))
    score = np.tile(np.where(loved, 5.0, 2.0), 12)
    known = np.array(users) != "0"
    some = known | (np.tile(np.arange(60), 12) < 15)
    ratings = Ratings(
        tuple(np.array(users)[some].tolist()), np.tile(np.arange(60), 12)[some], score[some]
    )
    tastes = Tastes.fit(vectors, ratings)
    told, _, _ = tastes.predict("0", vectors[15:])
    assert np.abs(told - np.where(loved, 5, 2)[15:]).max() < 0.7
    fresh, _, _ = tastes.predict("0", vectors[15:] + np.float32(1e-3))
    assert np.abs(fresh - told).mean() > 0.5


def test_revised_is_what_fit_would_have_learned_under_the_same_scales() -> None:
    crowd = Community(8)
    fitted = crowd.fit(30)
    revised = fitted.revised("0", crowd.vectors[:10], crowd.scores[0, :10])
    again = revised.revised("0", crowd.vectors[:30], crowd.scores[0, :30])
    before, less, after = (each.predict("0", crowd.vectors) for each in (fitted, revised, again))
    for one, other in zip(before, after, strict=True):
        assert one == pytest.approx(other, abs=1e-6)
    assert np.abs(before[0] - less[0]).max() > 0.1
    assert (fitted.ratings_of("0"), revised.ratings_of("0")) == (30, 10)


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_ratings_does_not_matter(random: object) -> None:
    crowd = Community(5, pictures=30)
    ratings = crowd.ratings(20)
    order = list(range(len(ratings.user)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = Ratings(
        tuple(ratings.user[i] for i in order), ratings.item[order], ratings.score[order]
    )
    for one, other in zip(
        Tastes.fit(crowd.vectors, ratings).predict("1", crowd.vectors),
        Tastes.fit(crowd.vectors, shuffled).predict("1", crowd.vectors),
        strict=True,
    ):
        assert one == pytest.approx(other, abs=1e-9)


def test_the_direction_is_the_mean_within_the_scale() -> None:
    crowd = Community(6)
    tastes = crowd.fit(50)
    for user in ("0", "nobody"):
        weights, bias = tastes.direction(user)
        mean, _, _ = tastes.predict(user, crowd.vectors[100:])
        assert mean == pytest.approx((crowd.vectors[100:] @ weights + bias).clip(1, 5), abs=1e-6)


def test_blocks_that_say_nothing_are_passed_over() -> None:
    crowd = Community(10)
    noise = np.random.default_rng(9).normal(size=(200, 100)).astype(np.float32)
    both = np.concatenate([crowd.vectors, 30 * noise], axis=1)
    true, told = crowd.scores[0, 100:], []
    for blocks in ((D, 100), (D + 100,)):
        tastes = Tastes.fit(both, crowd.ratings(60), blocks)
        told.append(np.abs(tastes.predict("0", both[100:])[0] - true).mean())
    assert told[0] < 0.9 * told[1]


@pytest.mark.parametrize("score", [1.0, 3.0, 5.0])
def test_ratings_that_are_all_equal_are_foretold_so(score: float) -> None:
    crowd = Community(3)
    ratings = crowd.ratings(20)
    tastes = Tastes.fit(
        crowd.vectors, Ratings(ratings.user, ratings.item, np.full(len(ratings.user), score))
    )
    mean, low, high = tastes.predict("0", crowd.vectors[100:])
    assert mean == pytest.approx(score, abs=0.2)
    assert ((low <= score) & (score <= high)).all()


def test_nothing_rated_and_nothing_asked_are_no_errors() -> None:
    crowd = Community(1)
    nothing = Tastes.fit(crowd.vectors, Ratings((), np.zeros(0, np.intp), np.zeros(0)))
    mean, low, high = nothing.predict("0", crowd.vectors)
    assert mean == pytest.approx(3)
    assert (high - low).min() > 2
    assert nothing.predict("0", crowd.vectors[:0])[0].shape == (0,)


def test_a_community_is_learned_in_a_moment() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(800, 372)).astype(np.float32)
    users = tuple(str(p) for p in range(20) for _ in range(100))
    item = np.concatenate([rng.permutation(800)[:100] for _ in range(20)])
    start = time.process_time()
    tastes = Tastes.fit(vectors, Ratings(users, item, rng.integers(1, 6, 2000).astype(float)))
    fitted = time.process_time()
    tastes.revised("0", vectors[:50], np.full(50, 4.0))
    assert fitted - start < 3  # a quarter of a second on an idle machine
    assert time.process_time() - fitted < 2


class _Same:
    """Stands for an embedder: the first pixels are the vector."""

    name = fingerprint = "same"

    def embed(self, crops: list[Crop]) -> Vectors:
        return np.stack([crop.pixels[0, :D, 0] for crop in crops]).astype(np.float32)

    def close(self) -> None: ...


def crop(value: int) -> Crop:
    pixels = np.full((20, 20, 3), value, dtype=np.uint8)
    return Crop(pixels, (0, 0, 20, 20), np.zeros((0, 2), np.float32), Kind.ILLUSTRATION)


def test_the_head_answers_whoever_has_rated_enough() -> None:
    crops = [crop(10), crop(200)]
    vectors = _Same().embed(crops)
    users = ("fan",) * LEAST + ("new",) * (LEAST - 1)
    item = np.array([i % 2 for i in range(len(users))])
    tastes = Tastes.fit(vectors, Ratings(users, item, np.where(item == 1, 5.0, 1.0)))
    head = TasteHead(_Same(), {"web": tastes}.get)  # type: ignore[arg-type]
    disliked, liked = head.judge(crops, Context("web", viewer="fan"))
    assert isinstance(disliked, Scored)
    assert isinstance(liked, Scored)
    assert 1 <= disliked.low <= disliked.value < 2.5 < 3.5 < liked.value <= liked.high <= 5
    assert (liked.head, liked.model) == ("taste", "same")
    too_few = [Refused("taste", "too-few-ratings")] * 2
    assert head.judge(crops, Context("web", viewer="new")) == too_few
    assert head.judge(crops, Context("web")) == too_few
    assert head.judge(crops, Context("elsewhere", viewer="fan")) == too_few
