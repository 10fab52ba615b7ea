"""Training the router from the first file to the last, on a few pictures of our own."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from bot.errors import SettingsError
from bot.recipes import router
from models.route import Router
from tests.drawn import drawn_face

FEW = 60


def silent(what: str, done: int, of: int) -> None:
    """Shows no progress."""


@pytest.fixture
def data(tmp_path: Path, astronaut: bytes) -> Path:
    """Twelve people who all look alike, and twenty drawings with the box of their face."""
    rng = np.random.default_rng(0)
    person = Image.open(io.BytesIO(astronaut)).crop((80, 0, 380, 300)).resize((200, 200))
    for n in range(24):
        folder = tmp_path / router.PHOTOS[n % 2] / f"Person_{n}"
        folder.mkdir(parents=True)
        (ImageOps.mirror(person) if n % 3 else person).save(folder / "1.jpg")
    images, labels = (tmp_path / router.DRAWN / name for name in ("images", "labels"))
    images.mkdir(parents=True)
    labels.mkdir()
    for n in range(24):
        red, green, blue = rng.integers(0, 256, size=3).tolist()
        drawn_face((red, green, blue)).save(images / f"{n}.jpg")
        (labels / f"{n}.txt").write_text("0 0.5 0.5 0.42 0.67\n")
    return tmp_path


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("SCENES", "FACES"):
        monkeypatch.setattr(router, name, FEW)
    monkeypatch.setattr(router, "_CHUNK", FEW // 3)
    monkeypatch.setattr("bot.recipes._shipped_dir", lambda _: tmp_path / "nothing")
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def test_an_interrupted_training_goes_on_and_gives_a_router(data: Path, out: Path) -> None:
    def interrupt(what: str, done: int, of: int) -> None:
        if (what, done) == ("looking at faces", FEW // 3):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        router.train(data, out, interrupt)
    kept = {file: file.stat().st_mtime_ns for file in (out / "work").glob("*-*.safetensors")}
    assert len(kept) == 4  # three of whole pictures, one of faces
    with pytest.raises(ValueError, match="cannot be used"):
        Router(out)

    def look(what: str, done: int, of: int) -> None:
        still = {file: file.stat().st_mtime_ns for file in kept}
        assert still == kept

    assert "answers now" in router.train(data, out, look)
    Router(out)
    assert json.loads((out / "meta.json").read_text())["scores"]["pictures"]["kind_right"] > 0.7
    assert "Known weakness" in (out / "card.md").read_text()
    assert sorted(file.name for file in out.iterdir()) == [
        "card.md", "meta.json", "weights.safetensors",
    ]  # fmt: skip


def test_a_worse_router_replaces_nothing(
    data: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    router.train(data, out, silent)
    before = (out / "weights.safetensors").read_bytes()
    monkeypatch.setattr(router, "STRENGTH", 1e-12)  # learns nothing
    assert "that one stays" in router.train(data, out, silent)
    assert (out / "weights.safetensors").read_bytes() == before


@pytest.mark.parametrize("lost", [router.PHOTOS[0], router.DRAWN])
def test_missing_pictures_are_named(data: Path, out: Path, lost: str) -> None:
    (data / lost).rename(data / "elsewhere")
    with pytest.raises(SettingsError, match=f"--data: .*{lost.rpartition('/')[2]}"):
        router.train(data, out, silent)


def test_a_label_that_is_none_is_named(data: Path, out: Path) -> None:
    (data / router.DRAWN / "labels" / "3.txt").write_text("here")
    with pytest.raises(SettingsError, match=r"3\.txt, line 1"):
        router.train(data, out, silent)
