"""The features of drawn heads, with the weights that ship."""

from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from models.character_network import DIMENSIONS, CharacterNetwork, load, weights
from models.crops import whole
from models.embedders.drawn import DrawnEmbedder, square
from models.types import Crop, Kind
from tests.drawings import head

SHIPPED = Path(str(files("models"))) / "weights" / "character-features"


@pytest.fixture(scope="module")
def embedder() -> Iterator[DrawnEmbedder]:
    loaded = DrawnEmbedder(SHIPPED)
    yield loaded
    loaded.close()


def crops(character: int, shots: range) -> list[Crop]:
    return [whole(head(character, shot), Kind.ILLUSTRATION) for shot in shots]


def test_characters_are_told_apart(embedder: DrawnEmbedder) -> None:
    known = np.stack([embedder.embed(crops(c, range(3))).mean(axis=0) for c in range(6)])
    known /= np.linalg.norm(known, axis=1, keepdims=True)
    for character in range(6):
        probes = embedder.embed(crops(character, range(3, 6)))
        assert ((probes @ known.T).argmax(axis=1) == character).all()


def test_rows_are_of_length_1_and_do_not_depend_on_their_batch(embedder: DrawnEmbedder) -> None:
    several = [*crops(0, range(20)), *crops(1, range(20))]
    vectors = embedder.embed(several)
    assert vectors.shape == (40, DIMENSIONS)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert embedder.embed(several[-1:])[0] == pytest.approx(vectors[-1], abs=1e-4)
    assert embedder.embed([]).shape == (0, DIMENSIONS)


def test_a_mirror_image_is_the_same_head(embedder: DrawnEmbedder) -> None:
    (one,) = crops(0, range(1))
    mirrored = replace(one, pixels=np.ascontiguousarray(one.pixels[:, ::-1]))
    both = embedder.embed([one, mirrored])
    assert both[0] @ both[1] > 0.999


def test_a_face_found_in_a_picture_is_looked_at_as_a_head_cut_out_of_it_is(
    embedder: DrawnEmbedder,
) -> None:
    picture = np.full((320, 320, 3), 200, dtype=np.uint8)
    picture[80:240, 80:240] = head(0, 0)
    within = replace(whole(picture, Kind.ILLUSTRATION), box=(110.0, 110.0, 210.0, 210.0))
    (found,), (cut_out,) = embedder.embed([within]), embedder.embed(crops(0, range(1)))
    assert found @ cut_out > 0.9


def test_more_is_looked_at_around_a_photographed_face() -> None:
    picture = np.zeros((320, 320, 3), dtype=np.uint8)
    picture[110:210, 110:210] = 255
    drawn = replace(whole(picture, Kind.ILLUSTRATION), box=(110.0, 110.0, 210.0, 210.0))
    photographed = replace(drawn, kind=Kind.PHOTO)
    assert square(photographed).mean() < square(drawn).mean()


def test_the_fingerprint_is_of_the_weights(embedder: DrawnEmbedder, tmp_path: Path) -> None:
    assert DrawnEmbedder(SHIPPED).fingerprint == embedder.fingerprint
    (tmp_path / "weights.safetensors").write_bytes(weights(CharacterNetwork()))
    assert DrawnEmbedder(tmp_path).fingerprint != embedder.fingerprint


def test_what_is_kept_is_what_was_trained(tmp_path: Path) -> None:
    network = load(SHIPPED / "weights.safetensors")
    again = tmp_path / "weights.safetensors"
    again.write_bytes(weights(network))
    squares = [square(crop) for crop in crops(0, range(2))]
    assert (load(again).embed(squares) == network.embed(squares)).all()


def test_other_weights_are_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"weights\.safetensors is missing"):
        DrawnEmbedder(tmp_path)
    (tmp_path / "weights.safetensors").write_bytes(b"no weights")
    with pytest.raises(ValueError, match="does not hold the weights"):
        DrawnEmbedder(tmp_path)
