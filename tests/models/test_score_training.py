"""What the scoring network learns from, and how."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from models import score_training
from models.portrait import SIZE
from models.score_network import STEPS, ScoreNetwork
from models.score_training import Faces, Training, face_in, score_loss, share_of_rate, views
from models.types import Pixels


def oval(brightness: int) -> Pixels:
    """A face, of one grey, with dark hair and a bright speck that is none of it."""
    image = Image.new("RGB", (80, 80))
    draw = ImageDraw.Draw(image)
    draw.ellipse((10, 5, 70, 75), fill=(brightness,) * 3)
    draw.ellipse((25, 15, 55, 30), fill=(4, 4, 4))
    draw.point((2, 78), fill=(255, 255, 255))
    return np.asarray(image)


def test_where_the_face_is_takes_hair_in_and_leaves_specks_out() -> None:
    mask = face_in(oval(150))
    wanted = Image.new("L", (80, 80))
    ImageDraw.Draw(wanted).ellipse((12, 7, 68, 73), fill=255)
    assert (mask != np.asarray(wanted)).mean() < 0.02
    assert (face_in(np.zeros((80, 80, 3), dtype=np.uint8)) == 255).all()


def test_views_differ_by_what_is_drawn_alone() -> None:
    squares = Faces.of([oval(200)] * 8, [3.0] * 8).squares
    one, again, other = (views(squares, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert one.shape == (8, 3, SIZE, SIZE)
    assert -1 <= one.min() < one.max() <= 1.01
    assert (one == again).all()
    assert (one - other).abs().mean() > 0.05
    corner = one[:, :, SIZE // 3, 4]  # beside the face, inside of the outline
    grounds = (corner.amax(dim=1) > -0.8).sum().item()
    assert 0 < grounds < 8


def test_the_loss_is_least_where_the_distribution_is_around_the_score() -> None:
    def said(mean: float, width: float) -> torch.Tensor:
        return torch.log_softmax(-((STEPS - mean) ** 2) / (2 * width**2), dim=0)[None]

    score = torch.tensor([2.7])
    right = score_loss(said(2.7, 0.25), score)
    assert right.item() == pytest.approx(0, abs=1e-3)
    assert score_loss(said(3.0, 0.25), score) > right + 0.1
    assert score_loss(said(2.7, 0.6), score) > right + 0.1


def test_the_rate_rises_and_falls() -> None:
    rates = [share_of_rate(done / 100) for done in range(101)]
    assert 0 < rates[0] < rates[3] < 1
    assert max(rates) == pytest.approx(1, abs=0.01)
    assert rates[-1] == pytest.approx(0)


def test_what_is_bright_learns_to_be_liked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score_training, "BATCH", 8)
    bright, dark = oval(230), oval(60)
    training = Training(Faces.of([bright, dark] * 8, [4.5, 1.5] * 8), epochs=6, seed=0)
    losses = [training.learn() for _ in range(training.steps)]
    assert losses[-1] < losses[0]
    said = ScoreNetwork([training.result()]).score([bright, dark])
    assert said.mean[0] > said.mean[1] + 0.5
    assert (said.spread > 0).all()
