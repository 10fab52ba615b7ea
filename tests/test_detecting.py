"""`python -m bot.evaluate detect`: what is measured is what answers."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot import evaluate
from bot.judging import load_detector
from bot.settings import Settings
from models.types import Kind


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No config.toml but the defaults."""
    monkeypatch.chdir(tmp_path)


def measure(out: Path, kind: str, images: Path, boxes: Path) -> dict[str, Any]:
    given = ["--kind", kind, "--images", images, "--boxes", boxes, "--json", out]
    assert evaluate.main(["detect", *map(str, given)]) == 0
    told: dict[str, Any] = json.loads(out.read_text())
    return told


def test_a_face_in_a_photograph_is_a_hit_or_a_false_alarm(tmp_path: Path, astronaut: bytes) -> None:
    images = tmp_path / "images"
    (images / "deep").mkdir(parents=True)
    (images / "deep" / "astronaut.jpg").write_bytes(astronaut)
    Image.new("RGB", (64, 64), "navy").save(images / "plain.png")
    (images / "broken.jpg").write_bytes(b"?")
    truth = tmp_path / "boxes.json"

    truth.write_text(json.dumps({"deep/astronaut.jpg": [[176, 68, 269, 192]]}))
    told = measure(tmp_path / "out.json", "photo", images, truth)
    assert (told["kind"], told["pictures"], told["unreadable"]) == ("photo", 3, 1)
    assert (told["faces"], told["found"]) == (1, 1)
    assert (told["precision"], told["recall"], told["f1"]) == (1, 1, 1)
    assert told["ap50"] == 1
    assert 0 < told["ap50_95"] < 1
    assert told["ms_per_image"] > 0

    truth.write_text(json.dumps({"astronaut.jpg": [[0, 300, 60, 400]]}))
    told = measure(tmp_path / "out.json", "photo", images, truth)
    assert (told["faces"], told["found"], told["ap50"], told["f1"]) == (1, 1, 0, 0)


def test_the_drawn_faces_of_television_are_found(tmp_path: Path, data: Path) -> None:
    """Held-out pictures only."""
    source = data / "anime" / "icartoon_train"
    weights = Path(evaluate.__file__).parents[1] / "models" / "weights" / "illustration-detector"
    names = (weights / "holdout.txt").read_text().split()
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    for name in names[:60]:
        shutil.copy(source / "images" / name, tmp_path / "images")
        shutil.copy((source / "labels" / name).with_suffix(".txt"), tmp_path / "labels")
    told = measure(tmp_path / "o.json", "illustration", tmp_path / "images", tmp_path / "labels")
    assert told["pictures"] == 60
    assert told["ap50"] > 0.5
    assert told["f1"] > 0.5


def test_the_network_that_an_operator_trained_answers(tmp_path: Path) -> None:
    settings = Settings.model_validate({"store": {"data_dir": tmp_path}})
    shipped = load_detector(settings, Kind.ILLUSTRATION)
    own = tmp_path / "networks" / "illustration-detector"
    own.mkdir(parents=True)
    (own / "weights.safetensors").write_bytes(b"damaged")
    assert shipped
    with pytest.raises(Exception, match="no usable detector"):
        load_detector(settings, Kind.ILLUSTRATION)


@pytest.mark.parametrize(
    ("boxes", "sentence"),
    [
        ('{"a.png": [[1, 2, 3]]}', "a.png: each box is [left, top, right, bottom]"),
        ('{"b.png": []}', "b.png, which is not among the pictures"),
        (None, "no such file or folder"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence(
    boxes: str | None, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images, truth = tmp_path / "images", tmp_path / "boxes.json"
    images.mkdir()
    common = [
        "detect",
        "--kind",
        "photo",
        "--boxes",
        str(truth),
        "--json",
        str(tmp_path / "o.json"),
    ]
    assert evaluate.main([*common, "--images", str(images)]) == 2
    assert "holds no pictures" in capsys.readouterr().err
    Image.new("RGB", (64, 64)).save(images / "a.png")
    if boxes is not None:
        truth.write_text(boxes)
    assert evaluate.main([*common, "--images", str(images)]) == 2
    assert sentence in capsys.readouterr().err
