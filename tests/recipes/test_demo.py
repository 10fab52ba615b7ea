"""Training the demonstration from the first file to the last, on a few pictures of our own."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.errors import SettingsError
from bot.recipes import RECIPES, demo, trainer
from datasets.simulated_audience import Audience
from datasets.simulated_raters import attributes
from models.demo import load
from models.scene_network import Scene
from models.types import Pixels

FEW = 4


def silent(what: str, done: int, of: int) -> None:
    """Shows no progress."""


def picture(seed: int) -> Pixels:
    """Smooth colours, each seed other ones."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (3, 4, 3), dtype=np.uint8))
    return np.asarray(coarse.resize((96, 72), Image.Resampling.BICUBIC))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for place, name in enumerate(demo.SETS):
        (tmp_path / name).mkdir(parents=True)
        for n in range(FEW):
            Image.fromarray(picture(100 * place + n)).save(tmp_path / name / f"{n}.png")
    return tmp_path


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(demo, "_CHUNK", FEW)
    monkeypatch.setattr("bot.recipes._shipped_dir", lambda _: tmp_path / "nothing")
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def test_an_interrupted_training_goes_on_and_gives_a_demonstration(data: Path, out: Path) -> None:
    def interrupt(what: str, done: int, of: int) -> None:
        if done == 2 * FEW:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        demo.train(data, out, interrupt)
    kept = {file: file.stat().st_mtime_ns for file in (out / "work").glob("*.safetensors")}
    assert len(kept) == 2
    with pytest.raises(ValueError, match="cannot be used"):
        load(out, Scene())

    def look(what: str, done: int, of: int) -> None:
        assert {file: file.stat().st_mtime_ns for file in kept} == kept

    assert "answers now" in demo.train(data, out, look)
    objective, witness = load(out, Scene())
    assert np.isfinite([objective(picture(0)), witness(picture(0))]).all()
    meta = json.loads((out / "meta.json").read_text("utf-8"))
    assert meta["simulated"] is True
    assert meta["pictures"] == {"learned": 18, "held_out": 6}
    assert "**simulated**" in (out / "card.md").read_text("utf-8")
    assert sorted(file.name for file in out.iterdir()) == [
        "card.md", "meta.json", "weights.safetensors",
    ]  # fmt: skip


def test_a_worse_demonstration_replaces_nothing(
    data: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo.train(data, out, silent)
    before = (out / "weights.safetensors").read_bytes()
    scores = iter([{"scene": {"spearman": value}, "second": {"spearman": 0}} for value in (0, 1)])
    monkeypatch.setattr(demo, "_scores", lambda *_: next(scores))
    assert "that one stays" in demo.train(data, out, silent)
    assert (out / "weights.safetensors").read_bytes() == before


def test_missing_pictures_are_named(data: Path, out: Path) -> None:
    (data / demo.SETS[1]).rename(data / "elsewhere")
    with pytest.raises(SettingsError, match=r"--data: .*lfw_known"):
        demo.train(data, out, silent)


def test_a_file_that_is_no_picture_is_named(data: Path, out: Path) -> None:
    (data / demo.SETS[0] / "2.png").write_bytes(b"no picture")
    with pytest.raises(SettingsError, match=r"2\.png"):
        demo.train(data, out, silent)


def test_the_command_knows_it() -> None:
    assert trainer("demo") is demo.train
    assert "demo" in RECIPES


def test_the_audience_likes_what_it_says_it_likes() -> None:
    shown = np.stack([attributes(picture(seed)) for seed in range(40)])
    audience = Audience.used_to(shown)
    grey = np.repeat(picture(0).mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    assert audience.of(grey) < audience.of(picture(0))
    rated = audience.rated(shown, np.random.default_rng(0))
    assert rated.min() >= 1
    assert rated.max() <= 5
    assert np.corrcoef(rated, audience.mean(shown))[0, 1] > 0.8
