"""The features of a picture as a whole, with the constants that ship."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch

from models import colours
from models.backbone import SIZE, to_batch
from models.crops import whole
from models.embedders.scene import SceneEmbedder
from models.route import picture_square
from models.scene_network import BLOCKS, DIMENSIONS, SEEN, Scene, load, weights
from models.types import Kind, Pixels
from tests.drawings import head

SHIPPED = Path(str(files("models"))) / "weights" / "scene"


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """As the bot's workers have it: two on a busy machine are many times slower."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def embedder() -> Iterator[SceneEmbedder]:
    loaded = SceneEmbedder(SHIPPED)
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def network() -> Scene:
    return load(SHIPPED / "weights.safetensors")


def plain(colour: tuple[int, int, int]) -> Pixels:
    return np.full((64, 64, 3), colour, dtype=np.uint8)


def test_rows_are_of_length_about_1_and_the_same_in_any_company(embedder: SceneEmbedder) -> None:
    crops = [whole(head(n, 0), Kind.ILLUSTRATION) for n in range(4)]
    vectors = embedder.embed(crops)
    assert vectors.shape == (4, DIMENSIONS)
    assert sum(BLOCKS) == DIMENSIONS
    assert vectors.dtype == np.float32
    assert (np.abs(np.log(np.linalg.norm(vectors, axis=1))) < 1).all()
    assert (embedder.embed(crops[2:3])[0] == vectors[2]).all()
    assert embedder.embed([]).shape == (0, DIMENSIONS)


def test_a_copy_is_nearer_than_another_picture(embedder: SceneEmbedder) -> None:
    crops = [whole(each, Kind.ILLUSTRATION) for each in (head(0, 0), head(0, 0, 300), head(3, 0))]
    one, copy, other = embedder.embed(crops)
    assert np.linalg.norm(one - copy) < np.linalg.norm(one - other) / 3


def test_colours_know_a_hue_and_a_place() -> None:
    red, blue = (colours.colours(to_batch([plain(c)]))[0] for c in ((200, 20, 20), (20, 20, 200)))
    assert red[: colours.HUES].argmax() == 0
    assert blue[: colours.HUES].argmax() == 8  # of 12 steps around the circle
    half = plain((0, 0, 0))
    half[:, 32:] = 255
    light = colours.colours(to_batch([half]))[0, -5 * 16 :][:16].reshape(4, 4)
    assert light[:, 2:].min() > 0.9
    assert light[:, :2].max() < 0.1


def test_every_picture_has_a_gradient(network: Scene) -> None:
    squares = [picture_square(each) for each in (head(0, 0), plain((127, 127, 127)))]
    batch = to_batch(squares).requires_grad_()
    network(batch).square().sum().backward()
    assert batch.grad is not None
    assert torch.isfinite(batch.grad).all()
    assert (batch.grad.abs().amax(dim=(1, 2, 3)) > 0).all()
    assert batch.shape[-1] == SIZE


def test_what_is_kept_is_what_was_fitted(network: Scene, tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    file.write_bytes(weights(network))
    batch = to_batch([picture_square(head(0, 0))])
    with torch.inference_mode():
        assert (load(file)(batch) == network(batch)).all()
    file.write_bytes(weights(Scene()))
    assert SceneEmbedder(tmp_path).fingerprint != SceneEmbedder(SHIPPED).fingerprint
    assert network.components.weight.shape[0] == SEEN


def test_other_weights_are_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"weights\.safetensors is missing"):
        SceneEmbedder(tmp_path)
    (tmp_path / "weights.safetensors").write_bytes(b"no constants")
    with pytest.raises(ValueError, match="does not hold the constants"):
        SceneEmbedder(tmp_path)
