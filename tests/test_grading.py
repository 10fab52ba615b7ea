"""`python -m bot.evaluate score`: what is measured is what answers."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bot import evaluate


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No config.toml but the defaults."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def images(tmp_path: Path, astronaut: bytes) -> Path:
    """A photograph, a face that was cut out of it, and nothing at all."""
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "AF1.jpg").write_bytes(astronaut)
    whole = Image.open(folder / "AF1.jpg")
    whole.crop((180, 62, 267, 174)).resize((80, 80)).save(folder / "CF2.png")
    Image.fromarray(np.full((80, 80, 3), 90, np.uint8)).save(folder / "CF3.png")
    return folder


def measure(images: Path, labels: str, *options: str) -> dict[str, Any]:
    table, out = images.parent / "labels.tsv", images.parent / "out.json"
    table.write_text(f"file\tscore\n{labels}")
    given = ["--head", "beauty", "--labels", table, "--images", images, "--json", out, *options]
    assert evaluate.main(["score", *map(str, given)]) == 0
    told: dict[str, Any] = json.loads(out.read_text())
    return told


def test_scores_are_compared_with_those_that_people_gave(images: Path) -> None:
    told = measure(images, "AF1.jpg\t4.5\nCF3.png\t1.5\n")
    assert (told["pictures"], told["count"], told["unscored"]) == (2, 1, {"no face": 1})
    said = 4.5 - told["mae"]
    assert 2 < said < 4
    assert (told["coverage90"], told["like_accuracy_decided"]) == (0.0, None)
    assert told["pearson"] is None
    other = measure(images, f"AF1.jpg\t{said}\n")
    assert other["mae"] == pytest.approx(0, abs=1e-6)
    assert other["coverage90"] == 1
    assert other["undecided_share"] == 1


def test_pictures_that_are_faces_from_edge_to_edge_count_as_such_when_told_so(
    images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = "AF1.jpg\t3\nCF2.png\t3\nCF3.png\t3\n"
    told = measure(images, labels, "--cropped")
    assert (told["count"], told["unscored"]) == (3, {})
    assert {group: each["count"] for group, each in told["per_group"].items()} == {
        "AF": 1,
        "CF": 2,
    }
    table = capsys.readouterr().out
    assert all(row in table for row in ("all", "AF", "CF", "RMSE", "decided"))


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ("name\tscore\n", "the first line should be file <tab> score"),
        ("file\tscore\nAF1.jpg\tpretty\n", "line 2: expected a file name, a tab and a number"),
        ("file\tscore\ngone.jpg\t3\n", "1 of the 1 files that --labels names are not there: gone"),
    ],
)
def test_bad_labels_are_a_sentence(
    images: Path, labels: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table = images.parent / "labels.tsv"
    table.write_text(labels)
    given = ["--head", "beauty", "--labels", table, "--images", images, "--json", "out.json"]
    assert evaluate.main(["score", *map(str, given)]) == evaluate.USAGE_ERROR
    assert sentence in capsys.readouterr().err
