import numpy as np
import pytest
import torch
from torch import Tensor

from models.detection_network import Network, cells
from models.detection_training import Plan, Training, assign, detection_loss

FACE = [40.0, 40.0, 88.0, 88.0]


def around(centres: Tensor, half: float) -> Tensor:
    return torch.cat((centres - half, centres + half), dim=1)


def test_the_best_cells_in_a_face_answer_for_it() -> None:
    centres, _ = cells(128, 128)
    scores = torch.full((len(centres),), 0.5)
    truth = torch.tensor([FACE])
    wanted, nearest = assign(scores, around(centres, 24), truth, centres)
    answering = wanted > 0
    assert 0 < answering.sum() <= 9
    assert (nearest[answering] == 0).all()
    assert ((centres[answering] - 64).abs() < 24).all()
    best = (centres - 64).abs().amax(dim=1) == 0  # the cell of stride 32 has its box exactly
    assert not best.any() or wanted[best].max() == pytest.approx(1)
    assert wanted.max() > 0.6


def test_each_face_has_cells_of_its_own_however_small() -> None:
    centres, _ = cells(128, 128)
    truth = torch.tensor([FACE, [2.0, 2.0, 6.0, 6.0], [60.0, 60.0, 120.0, 120.0]])
    scores = torch.full((len(centres),), 0.1)
    wanted, nearest = assign(scores, around(centres, 10), truth, centres)
    assert set(nearest[wanted > 0].tolist()) == {0, 1, 2}


def test_the_loss_is_least_for_the_truth() -> None:
    centres, _ = cells(128, 128)
    truth = torch.tensor([FACE])
    right = truth.expand(len(centres), 4)[None]
    inside = ((centres - 64).abs() < 24).all(dim=1)
    sure = torch.where(inside, 6.0, -6.0)[None]
    good = detection_loss(sure, right, [truth], centres)
    assert good < detection_loss(-sure, right, [truth], centres)
    assert good < detection_loss(sure, right + 20, [truth], centres)
    nothing = torch.zeros((0, 4))
    assert detection_loss(-8 * torch.ones_like(sure), right, [nothing], centres) < 1e-3


def test_steps_teach_and_spare_the_first_blocks() -> None:
    torch.manual_seed(0)
    network = Network()
    network.backbone.load_imagenet()
    before = {name: each.clone() for name, each in network.state_dict().items()}
    training = Training(network, Plan(steps=20, warm_up=2))
    pixels = torch.full((2, 3, 64, 64), 40.0)
    pixels[:, :, 16:48, 16:48] = 220.0
    faces = [torch.tensor([[16.0, 16.0, 48.0, 48.0]])] * 2
    losses = [training.learn(pixels, faces) for _ in range(20)]
    assert losses[-1] < 0.8 * losses[0]
    after = network.state_dict()
    assert torch.equal(after["backbone.stem.weight"], before["backbone.stem.weight"])
    assert not torch.equal(after["head.score.weight"], before["head.score.weight"])
    moved = training.averaged["head.score.weight"] - before["head.score.weight"]
    assert 0 < moved.norm() < (after["head.score.weight"] - before["head.score.weight"]).norm()


def test_a_restored_training_goes_on_as_if_nothing_had_been() -> None:
    def fresh() -> Training:
        torch.manual_seed(0)
        return Training(Network(), Plan(steps=6, warm_up=1))

    def learn(training: Training) -> None:
        random = np.random.default_rng(training.step)
        pixels = torch.from_numpy(random.uniform(0, 255, (1, 3, 64, 64)).astype(np.float32))
        training.learn(pixels, [torch.tensor([[8.0, 8.0, 40.0, 40.0]])])

    through, first, second = fresh(), fresh(), fresh()
    for _ in range(4):
        learn(through)
    for _ in range(2):
        learn(first)
    second.restore(first.state(), first.step)
    for _ in range(2):
        learn(second)
    assert second.step == 4
    for name, weight in through.averaged.items():
        torch.testing.assert_close(second.averaged[name], weight, rtol=1e-5, atol=1e-6)


def test_the_rate_rises_and_falls() -> None:
    plan = Plan(steps=100, rate=1.0, warm_up=10)
    rates = [plan.rate_at(step) for step in range(100)]
    assert rates[:10] == pytest.approx([(i + 1) / 10 for i in range(10)])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 0.03
