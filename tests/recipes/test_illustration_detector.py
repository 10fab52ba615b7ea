"""Training the detector of drawn faces, on a few drawings made here."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from bot import retrain
from bot.errors import HanteiError
from bot.recipes import detector_course
from bot.recipes import illustration_detector as recipe
from models.detection_training import Plan
from models.detectors.illustration import IllustrationDetector

SHIPPED = Path(recipe.__file__).parents[2] / "models" / "weights" / recipe.NAME


class Interrupted(Exception):
    pass


def quiet(what: str, done: int, total: int) -> None:
    pass


def draw(folder: Path, count: int, *, label: bool = True) -> Path:
    """Pictures of a round face with eyes, anywhere, and its box."""
    random = np.random.default_rng(0)
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    for i in range(count):
        image = Image.fromarray(random.integers(0, 255, (6, 8, 3), dtype=np.uint8))
        image = image.resize((160, 120), Image.Resampling.NEAREST)
        x, y, r = (int(random.integers(*span)) for span in ((45, 115), (40, 80), (20, 38)))
        pen = ImageDraw.Draw(image)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=(250, 220, 200), outline="black")
        for side in (-1, 1):
            eye = x + side * r // 2
            pen.ellipse((eye - r // 6, y - r // 4, eye + r // 6, y + r // 4), fill="navy")
        image.save(folder / "images" / f"{i}.png")
        if label:
            line = f"0 {x / 160} {y / 120} {2 * r / 160} {2 * r / 120}\n"
            (folder / "labels" / f"{i}.txt").write_text(line)
    return folder


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few steps of a few pictures."""
    monkeypatch.setattr(recipe, "_LEAST_STEPS", 4)
    monkeypatch.setattr(recipe, "_FEW_EPOCHS", 0)
    monkeypatch.setattr(recipe, "BATCH", 2)
    monkeypatch.setattr(detector_course, "BATCH", 2)
    monkeypatch.setattr(detector_course, "_KEPT_EVERY", 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return draw(tmp_path / "own", 15)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def stop_before(step: int) -> Callable[[str, int, int], None]:
    def advance(what: str, done: int, total: int) -> None:
        if what == "learning" and done == step:
            raise Interrupted

    return advance


def test_an_interrupted_training_ends_as_if_it_had_not_been(
    short: None, folder: Path, tmp_path: Path
) -> None:
    through, stopped = tmp_path / "through", tmp_path / "stopped"
    steps: list[int] = []

    def count(what: str, done: int, total: int) -> None:
        if what == "learning":
            steps.append(done)

    for each in (through, stopped):
        each.mkdir()
    recipe.train(folder, through, quiet)
    with pytest.raises(Interrupted):
        recipe.train(folder, stopped, stop_before(3))
    assert not (stopped / "weights.safetensors").exists()
    recipe.train(folder, stopped, count)
    assert steps == [3]

    one, other = (IllustrationDetector(each).network.state_dict() for each in (through, stopped))
    for name, weight in one.items():
        torch.testing.assert_close(other[name], weight, rtol=1e-3, atol=1e-4)
    assert not (stopped / "training").exists()


def test_what_was_left_by_a_training_on_other_pictures_is_not_gone_on_with(
    short: None, folder: Path, out: Path, tmp_path: Path
) -> None:
    with pytest.raises(Interrupted):
        recipe.train(folder, out, stop_before(3))
    started: list[int] = []

    def advance(what: str, done: int, total: int) -> None:
        if what == "learning":
            started.append(done)

    (folder / "images" / "0.png").unlink()
    recipe.train(folder, out, advance)
    assert started == [0, 1, 2, 3]


def test_the_sentence_and_the_files_say_what_was_measured(
    short: None, folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["--head", "illustration-detector", "--data", str(folder), "--out", str(out)]
    assert retrain.main(told) == 0
    said = capsys.readouterr().out
    assert "AP50" in said
    assert "3 held-out pictures" in said
    if "answers from now on" in said:
        meta = json.loads((out / "meta.json").read_text())
        shipped = json.loads((SHIPPED / "meta.json").read_text())
        assert meta["min_score"] == shipped["min_score"]
        assert meta["learned_from"]["pictures"] == 12
        assert len((out / "holdout.txt").read_text().split()) == 3
        assert "3 held-out pictures" in (out / "card.md").read_text()


def test_a_worse_network_does_not_answer(
    short: None, folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that learned much too fast has forgotten everything."""
    monkeypatch.setattr(recipe, "Plan", lambda **_: Plan(steps=4, rate=1.0, warm_up=1))
    monkeypatch.setattr("models.detection_training._AVERAGED", 0.0)
    said = recipe.train(folder, out, quiet)
    assert said.startswith("not replaced: AP50 0.0")
    assert "held-out pictures, and" in said
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda folder: folder.mkdir(), "no such folder"),
        (lambda folder: draw(folder, 4, label=False), "no NAME.txt"),
        (lambda folder: draw(folder, 1), "too few different pictures"),
        (
            lambda folder: (draw(folder, 4) / "labels" / "2.txt").write_text("0 1 2"),
            "2.txt, line 1: a box is five numbers",
        ),
        (
            lambda folder: (draw(folder, 4) / "images" / "2.png").write_bytes(b"?"),
            "2.png cannot be used",
        ),
    ],
)
def test_a_folder_that_is_no_use_is_told_in_a_sentence(
    make: Callable[[Path], object], sentence: str, tmp_path: Path, out: Path
) -> None:
    make(tmp_path / "own")
    with pytest.raises(HanteiError, match=sentence):
        recipe.train(tmp_path / "own", out, quiet)
