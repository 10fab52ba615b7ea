"""Learning what tells drawn heads apart, on a few made-up ones."""

import numpy as np
import pytest
import torch

from models import character_training
from models.character_network import SIZE
from models.character_training import NOBODY, Heads, Training, contrast, discriminant, views
from tests.drawings import head


@pytest.fixture(scope="module")
def heads() -> Heads:
    squares = [head(c, shot, SIZE) for c in range(16) for shot in range(4)]
    character = [c if c < 8 else NOBODY for c in range(16) for _ in range(4)]
    return Heads.of(squares, character, [c % 2 for c in range(16) for _ in range(4)])


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)  # several are many times slower where a machine is busy
    monkeypatch.setattr(character_training, "_CHARACTERS", 4)
    monkeypatch.setattr(character_training, "_NAMELESS", 4)


def test_what_is_learned_brings_a_characters_pictures_together(heads: Heads) -> None:
    training = Training(heads)
    training.project()
    losses = [training.learn() for _ in range(6)]
    assert np.mean(losses[-2:]) < losses[0]


def test_an_interrupted_training_ends_as_one_that_was_not(heads: Heads) -> None:
    whole, first, second = Training(heads), Training(heads), Training(heads)
    for training in (whole, first):
        training.project()
    for _ in range(2):
        whole.learn()
    first.learn()
    second.restore(first.state())
    second.learn()
    assert second.step == whole.step == 2
    for one, other in zip(whole.network.parameters(), second.network.parameters(), strict=True):
        assert torch.equal(one, other)


def test_only_the_end_of_the_network_is_learned(heads: Heads) -> None:
    training = Training(heads)
    before = training.network.early.state_dict()
    kept = {name: value.clone() for name, value in before.items()}
    training.learn()
    assert all(torch.equal(kept[name], value) for name, value in before.items())


def test_differences_within_a_character_count_less() -> None:
    random = np.random.default_rng(0)
    character = np.repeat(np.arange(20), 10)
    who = random.standard_normal((20, 1))[character]
    looks = random.standard_normal((200, 272)) * 0.1
    looks[:, [0]] += who
    looks[:, 1] += random.standard_normal(200)  # as wide, but says nothing
    matrix, centre = discriminant(looks, [looks + 1e-3], character)
    assert np.linalg.norm(matrix[:, 0]) > 1.5 * np.linalg.norm(matrix[:, 1])
    assert centre == pytest.approx(looks.mean(axis=0), abs=1e-5)


def test_only_heads_of_one_source_are_compared() -> None:
    generator = torch.Generator().manual_seed(0)
    rows = torch.nn.functional.normalize(torch.randn(6, 8, generator=generator), dim=1)
    label, source = torch.tensor([0, 0, 1, 1, 2, 2]), torch.tensor([0, 0, 0, 0, 1, 1])
    moved = rows.clone()
    moved[4:] = rows[:2]  # as like a head of the other source as can be
    assert float(contrast(moved, label, source)) == pytest.approx(
        float(contrast(rows, label, source))
    )
    assert float(contrast(moved, label, 0 * source)) > float(contrast(rows, label, 0 * source))


def test_views_differ_and_come_again_with_their_seed(heads: Heads) -> None:
    def seen(seed: int) -> torch.Tensor:
        return views(heads.squares[:4], torch.Generator().manual_seed(seed))

    assert seen(1).shape == (4, 3, SIZE, SIZE)
    assert torch.equal(seen(1), seen(1))
    assert not torch.equal(seen(1), seen(2))
    assert float(seen(1).abs().max()) <= 1
