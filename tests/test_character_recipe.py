"""Training the features of drawn heads, on made-up ones: small, but all the way."""

import json
from pathlib import Path

import pytest
from PIL import Image

from bot import retrain
from bot.errors import SettingsError
from bot.recipes import RECIPES, character_features, trainer
from models import character_training
from models.character_network import CharacterNetwork, weights
from models.embedders.drawn import DrawnEmbedder
from tests.drawings import head, write


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Four characters with six pictures each, and frames with two more."""
    write(tmp_path / "data" / "anime" / "char_made_up", range(4), range(6))
    frames = tmp_path / "data" / "anime" / "icartoon_train"
    for folder in ("images", "labels"):
        (frames / folder).mkdir(parents=True)
    for shot in range(4):
        frame = Image.new("RGB", (320, 160))
        for place in (0, 1):
            frame.paste(Image.fromarray(head(4 + place, shot)), (160 * place, 0))
        frame.save(frames / "images" / f"{shot}.png")
        lines = ["0 0.25 0.5 0.3 0.6", "0 0.75 0.5 0.3 0.6"]
        (frames / "labels" / f"{shot}.txt").write_text("\n".join(lines))
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four steps, and nothing that ships to be compared with."""
    for module in (character_training, character_features):
        monkeypatch.setattr(module, "STEPS", 4)
    monkeypatch.setattr(character_training, "_NAMELESS", 4)
    monkeypatch.setattr(character_training, "_CHARACTERS", 4)
    monkeypatch.setattr(character_features, "_KEPT_EVERY", 2)
    monkeypatch.setattr("bot.recipes._shipped_dir", lambda _: Path("nowhere"))


def ignore(*_: object) -> None:
    """Nobody watches."""


def test_the_command_writes_a_network_that_embeds(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "out"
    given = ["--head", "character-features", "--data", str(data), "--out", str(out)]
    assert retrain.main(given) == 0
    assert "pictures kept aside rightly; it answers" in capsys.readouterr().out
    assert sorted(file.name for file in out.iterdir()) == [
        "card.md", "meta.json", "weights.safetensors",
    ]  # fmt: skip
    told = json.loads((out / "meta.json").read_text())
    assert (told["characters"], told["trained_on"]["icartoon_train"]) == (4, 8)
    assert told["kept_aside"] + told["trained_on"]["char_made_up"] == 24
    assert DrawnEmbedder(out).embed([]).shape == (0, 256)


def test_an_interrupted_training_goes_on_where_it_was(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        if (what, done) == ("learning", 3):
            raise KeyboardInterrupt

    out = tmp_path / "out"
    out.mkdir()
    train = trainer("character-features")
    with pytest.raises(KeyboardInterrupt):
        train(data, out, interrupt)
    assert [file.name for file in out.iterdir()] == ["training.pt"]
    steps: list[int] = []
    learn = character_training.Training.learn
    monkeypatch.setattr(
        character_training.Training, "learn", lambda self: steps.append(self.step) or learn(self)
    )
    train(data, out, ignore)
    assert steps == [2, 3]

    whole = tmp_path / "whole"
    whole.mkdir()
    train(data, whole, ignore)
    name = "weights.safetensors"
    assert (whole / name).read_bytes() == (out / name).read_bytes()


def test_a_worse_network_replaces_nothing(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = trainer("character-features")
    train(data, tmp_path, ignore)
    before = (tmp_path / "weights.safetensors").read_bytes()
    worse = CharacterNetwork()
    worse.projection.weight.data.zero_()
    monkeypatch.setattr(character_features, "fit", lambda *_: worse)
    assert "nothing was changed" in train(data, tmp_path, ignore)
    assert (tmp_path / "weights.safetensors").read_bytes() == before != weights(worse)


def test_copies_of_a_picture_are_kept_aside_together(data: Path) -> None:
    folder = data / "anime" / "char_made_up"
    for shot in range(6):
        copy = Image.open(folder / "c0" / f"{shot}.png").resize((140, 140))
        copy.save(folder / "c0" / f"again{shot}.png")
    heads = character_features.read(data, ignore)
    aside = character_features.kept_aside(heads)
    side = {h.file: a for h, a in zip(heads, aside.tolist(), strict=True)}
    assert 0 < sum(side.values()) < 12
    for shot in range(6):
        own = f"anime/char_made_up/c0/{{}}{shot}.png"
        assert side[own.format("")] == side[own.format("again")]


def test_data_that_cannot_be_used_are_told_in_a_sentence(data: Path, tmp_path: Path) -> None:
    assert "character-features" in RECIPES
    with pytest.raises(SettingsError, match="no characters"):
        character_features.read(tmp_path, ignore)
    (data / "anime" / "icartoon_train" / "labels" / "0.txt").write_text("0 12 30 4")
    with pytest.raises(SettingsError, match="five numbers"):
        character_features.read(data, ignore)
