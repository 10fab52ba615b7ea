"""What made-up communities like, learned and refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.heads.photogenic import PhotogenicHead
from models.photogenic import (
    LEAST_AUTHORS,
    Photogenic,
    Post,
    fit,
    smoothed,
    spearman,
    standings,
)
from models.types import Context, Crop, Kind, Refused, Scored, Vectors

LENGTH = 24


def community(
    seed: int, authors: int = 16, each: int = 10, appeal: float = 1.0
) -> tuple[Vectors, list[Post]]:
    """Posts whose rate depends on one direction of their vectors, and mostly on the author."""
    rng = np.random.default_rng(seed)
    vectors, posts = [], []
    for author in range(authors):
        popularity, style = rng.normal(-2.5, 1), rng.normal(size=LENGTH)
        audience = int(rng.integers(80, 600))
        for _ in range(each):
            vector = style + rng.normal(size=LENGTH)
            logit = popularity + appeal * (vector[0] - style[0]) + rng.normal(0, 0.3)
            reactions = int(rng.binomial(audience, 1 / (1 + np.exp(-logit))))
            vectors.append(vector)
            posts.append(Post(f"author {author}", reactions, audience))
    return np.array(vectors, dtype=np.float32), posts


@pytest.fixture(scope="module")
def liked() -> tuple[Vectors, list[Post], Photogenic]:
    vectors, posts = community(0)
    return vectors, posts, fit(vectors, posts)


def test_what_a_community_likes_is_learned(
    liked: tuple[Vectors, list[Post], Photogenic],
) -> None:
    _, _, learned = liked
    assert learned.evidence.learned
    evidence = learned.evidence
    assert (evidence.posts, evidence.authors) == (160, 16)
    assert evidence.low is not None
    assert evidence.spearman is not None
    assert evidence.high is not None
    assert 0.4 < evidence.low < evidence.spearman < evidence.high < 1


def test_it_holds_for_authors_who_were_not_there(
    liked: tuple[Vectors, list[Post], Photogenic],
) -> None:
    vectors, posts = community(1)
    value, low, high = liked[2].score(vectors)
    true = standings(posts)
    each = [spearman(value[n : n + 10], true[n : n + 10]) for n in range(0, len(posts), 10)]
    assert np.mean(each) > 0.4
    assert ((low >= 1) & (low <= value) & (value <= high) & (high <= 5)).all()
    assert 0.82 < np.mean((low <= true) & (true <= high)) < 0.97


def test_random_reactions_teach_nothing() -> None:
    learned = [fit(*community(seed, appeal=0.0)).evidence.learned for seed in range(8)]
    assert sum(learned) <= 1


def test_how_popular_the_author_is_teaches_nothing() -> None:
    """The first number of a vector tells how popular its author is, and nothing of the picture."""
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(160, LENGTH)).astype(np.float32)
    posts = []
    for n in range(160):
        popularity = n // 10 / 20 + 0.01
        vectors[n, 0] = 10 * popularity
        posts.append(Post(str(n // 10), int(rng.binomial(300, popularity)), 300))
    assert not fit(vectors, posts).evidence.learned


@pytest.mark.parametrize(("authors", "each"), [(LEAST_AUTHORS - 1, 20), (12, 8), (60, 3)])
def test_too_few_posts_say_nothing(authors: int, each: int) -> None:
    learned = fit(*community(3, authors, each))
    assert not learned.evidence.learned
    assert learned.evidence.spearman is None


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 300)), min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_rates_are_shares_whatever_was_counted(counts: list[tuple[int, int]]) -> None:
    posts = [
        Post(str(n % 3), reactions, audience) for n, (reactions, audience) in enumerate(counts)
    ]
    rates = smoothed(posts)
    assert ((rates >= 0) & (rates <= 1)).all()
    assert ((standings(posts) > 1) & (standings(posts) < 5)).all()


def test_a_small_audience_says_little() -> None:
    posts = [Post("a", 20, 200), Post("a", 30, 200), Post("a", 25, 200), Post("a", 1, 1)]
    assert smoothed(posts)[3] < 0.25
    assert smoothed(posts)[1] > smoothed(posts)[2] > smoothed(posts)[0]


@pytest.mark.parametrize(("reactions", "audience"), [(0, 0), (-1, 5)])
def test_impossible_counts_are_refused(reactions: int, audience: int) -> None:
    with pytest.raises(ValueError, match="reactions of an audience"):
        Post("a", reactions, audience)


class FirstPixel:
    """An embedder whose first number is the picture's first value."""

    name = "scene"
    fingerprint = "scene-test"

    def embed(self, crops: list[Crop]) -> Vectors:
        vectors = np.zeros((len(crops), LENGTH), dtype=np.float32)
        vectors[:, 0] = [crop.pixels[0, 0, 0] / 64 - 2 for crop in crops]
        return vectors

    def close(self) -> None: ...


def crops(*values: int) -> list[Crop]:
    blank = np.zeros((0, 2), dtype=np.float32)
    return [
        Crop(np.full((8, 8, 3), value, np.uint8), (0, 0, 8, 8), blank, Kind.PHOTO)
        for value in values
    ]


def test_the_head_scores_once_something_was_learned(
    liked: tuple[Vectors, list[Post], Photogenic],
) -> None:
    head = PhotogenicHead(FirstPixel(), lambda scope: liked[2] if scope == "web" else None)
    dark, bright = head.judge(crops(0, 255), Context("web"))
    assert isinstance(dark, Scored)
    assert isinstance(bright, Scored)
    assert dark.value < bright.value
    assert (bright.head, bright.model) == ("photogenic", "scene-test")
    assert head.judge(crops(0), Context("x")) == [Refused("photogenic", "not-learned")]
    random = fit(*community(5, appeal=0.0))
    assert (
        PhotogenicHead(FirstPixel(), lambda _: random).judge(crops(0, 1), Context("web"))
        == [Refused("photogenic", "not-learned")] * 2
    )
