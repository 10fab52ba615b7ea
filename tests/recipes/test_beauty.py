"""Training the beauty head from the first file to the last, on a few made-up faces."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from bot import retrain
from bot.errors import SettingsError
from bot.recipes import RECIPES, beauty
from models import score_training
from models.heads.beauty import BeautyHead
from models.score_network import Member
from models.score_training import Training

FACES = 30


def ignore(*_: object) -> None:
    """Nobody watches."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Ovals on black; the brighter, the higher the score."""
    folder = tmp_path / "data"
    (folder / "images").mkdir(parents=True)
    random = np.random.default_rng(0)
    lines = ["file\tscore"]
    for n in range(FACES):
        score = 1 + 4 * n / (FACES - 1)
        noise = random.integers(0, 60, (80, 80, 3)).astype(np.uint8)
        face = Image.fromarray(noise + np.uint8(30 * score))
        outline = Image.new("L", (80, 80))
        ImageDraw.Draw(outline).ellipse((4, 2, 76, 78), fill=255)
        face = Image.composite(face, Image.new("RGB", (80, 80)), outline)
        name = f"{'AF' if n % 2 else 'CM'}{n}.jpg"
        face.save(folder / "images" / name)
        lines.append(f"{name}\t{score:.3f}")
    (folder / "labels.tsv").write_text("\n".join(lines))
    return folder


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, for trainings of few steps with nothing that ships to be compared with."""
    monkeypatch.setattr(score_training, "BATCH", 8)
    monkeypatch.setattr(beauty, "EPOCHS", 1)
    monkeypatch.setattr(beauty, "_KEPT_EVERY", 1)
    monkeypatch.setattr("bot.recipes._shipped_dir", lambda _: tmp_path / "nothing")
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def test_the_command_writes_a_head(
    data: Path, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(out.parent)
    given = ["--head", "beauty", "--data", str(data), "--out", str(out)]
    assert retrain.main(given) == 0
    assert "held-out pictures; it answers" in capsys.readouterr().out
    assert sorted(file.name for file in out.iterdir()) == [
        "card.md", "holdout.txt", "meta.json", "weights.safetensors",
    ]  # fmt: skip
    told = json.loads((out / "meta.json").read_text())
    held_out = (out / "holdout.txt").read_text().split()
    assert told["learned_from"] + len(held_out) == FACES
    assert told["held_out"]["count"] == len(held_out) == 6
    assert set(told["per_group"]) == {"AF", "CM"}
    assert "non-commercial" in (out / "card.md").read_text()
    assert BeautyHead(out).fingerprint.startswith("beauty-")


def test_an_interrupted_training_goes_on_where_it_was(
    data: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        if (what, done) == (f"learning, 2 of {beauty.MEMBERS}", 1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        beauty.train(data, out, interrupt)
    assert sorted(file.name for file in out.rglob("*.pt")) == ["0.pt", "1.pt"]
    steps: list[int] = []
    learn = Training.learn
    monkeypatch.setattr(Training, "learn", lambda self: steps.append(self.step) or learn(self))
    beauty.train(data, out, ignore)
    assert steps[0] == 1

    whole = out.parent / "whole"
    whole.mkdir()
    beauty.train(data, whole, ignore)
    for name in ("weights.safetensors", "meta.json"):
        assert (whole / name).read_bytes() == (out / name).read_bytes()


def test_a_worse_network_replaces_nothing(
    data: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beauty.train(data, out, ignore)
    before = {file.name: file.read_bytes() for file in out.iterdir()}

    def worse(_: Training) -> Member:
        member = Member()
        member.head.bias.data[0] = 20  # everybody a 1
        return member

    monkeypatch.setattr(Training, "result", worse)
    assert "nothing was changed" in beauty.train(data, out, ignore)
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before


def test_the_root_of_the_data_sets_will_do(data: Path, tmp_path: Path) -> None:
    (tmp_path / "root" / "beauty").mkdir(parents=True)
    data.rename(tmp_path / "root" / beauty.SET)
    assert len(beauty.read_rated(tmp_path / "root", ignore).names) == FACES


def test_data_that_cannot_be_used_are_told_in_a_sentence(data: Path, tmp_path: Path) -> None:
    assert RECIPES["beauty"] == "bot.recipes.beauty"
    with pytest.raises(SettingsError, match=r"labels\.tsv cannot be read"):
        beauty.read_rated(tmp_path, ignore)
    (data / "images" / "AF1.jpg").write_bytes(b"no picture")
    with pytest.raises(SettingsError, match=r"AF1\.jpg: not-a-picture"):
        beauty.read_rated(data, ignore)
    (data / "images" / "AF1.jpg").unlink()
    with pytest.raises(SettingsError, match=r"AF1\.jpg"):
        beauty.read_rated(data, ignore)
    (data / "labels.tsv").write_text("file\tscore\nAF3.jpg\t3\n")
    with pytest.raises(SettingsError, match="too few"):
        beauty.read_rated(data, ignore)
