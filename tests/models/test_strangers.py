"""The strangers that ship, and when the operator's own are better."""

import numpy as np
import pytest

from models.embedders.dlib import DlibEmbedder
from models.strangers import LEAST_UNKNOWNS, choose, shipped


@pytest.fixture(scope="module")
def fingerprint() -> str:
    return DlibEmbedder().fingerprint


def test_strangers_ship_for_the_embedder_that_is_always_there(fingerprint: str) -> None:
    known = shipped(fingerprint)
    assert known is not None
    vectors = known.vectors
    assert vectors.shape == (1000, 128)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-3)
    assert len(np.unique(vectors, axis=0)) == len(vectors)


def test_the_name_of_an_onnx_file_does_not_matter_but_its_weights_do() -> None:
    assert shipped("onnx-mobilefacenet_112-8a7b0767f4a4") is not None
    assert shipped("onnx-renamed-8a7b0767f4a4") is not None
    assert shipped("onnx-mobilefacenet_112-000000000000") is None


def test_the_operators_own_unknowns_come_first_if_there_are_enough(fingerprint: str) -> None:
    own = np.ones((LEAST_UNKNOWNS, 128), dtype=np.float32)
    assert choose(own, fingerprint).source == "unknowns"
    assert choose(own[:-1], fingerprint).source == "synthetic"
    assert choose(own[:-1], "onnx-other-000000000000").source == "gallery"
    assert choose(own, "onnx-other-000000000000").source == "unknowns"
