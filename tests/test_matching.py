"""`python -m bot.evaluate match`, on made-up characters."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from bot import evaluate
from bot.matching import Result
from bot.trials import Trial
from tests.drawings import write


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders of characters, and no config.toml but the defaults."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "gallery", range(10), range(4))
    write(tmp_path / "test", range(10), range(10, 12))
    write(tmp_path / "strangers", range(10, 15), range(2))
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    folders = ["--gallery", "gallery", "--test", "test", "--strangers", "strangers"]
    status = evaluate.main(["match", *folders, *arguments, "--json", "out.json"])
    assert status == 0, capsys.readouterr().err
    told: dict[str, Any] = json.loads(Path("out.json").read_text())
    return told


def test_heads_are_found_again(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys)
    assert told["embedder"].startswith("drawn-")
    assert (told["characters"], told["enrolled"], told["tests"], told["strangers"]) == (
        10, 40, 20, 10,
    )  # fmt: skip
    assert told["accuracy"] > 0.8
    assert told["auroc_known_vs_stranger"] > 0.6
    assert told["none_of_these_recall"] == 1 - told["named_wrongly_at_operating_point"]
    assert "most alike is right" in capsys.readouterr().out


def test_fewer_shots_enrol_fewer(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--shots", "1")["enrolled"] == 10


def test_pictures_without_a_face_are_not_answered(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "strangers" / "nothing.png").write_bytes(b"no picture")
    told = run(capsys)
    assert told["no_face"] == 1
    assert told["none_of_these_recall"] + told["named_wrongly_at_operating_point"] < 1


def test_folders_that_cannot_be_used_are_told_in_a_sentence(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--gallery", "nowhere", "--test", "test", "--strangers", "strangers"]
    assert evaluate.main(["match", *given, "--json", "out.json"]) == 2
    assert "--gallery: nowhere: there is no such folder" in capsys.readouterr().err


def test_what_the_figures_mean() -> None:
    def trial(person: str, enrolled: bool, answered: str | None, best: str, p: float) -> Trial:
        return Trial(Path(person), person, enrolled, answered, best, p)

    missed = Trial(Path("x"), "d", False, None, None, -math.inf, looked=False)
    told = Result(
        "drawn-0",
        "synthetic",
        2,
        10,
        (
            trial("a", True, "a", "a", 0.9),
            trial("a", True, None, "a", 0.4),
            trial("b", True, "a", "a", 0.8),
            trial("c", False, None, "b", 0.3),
            trial("c", False, "b", "b", 0.6),
            missed,
        ),
    ).as_dict()
    assert told["accuracy"] == pytest.approx(2 / 3)
    assert told["known_named_rightly"] == pytest.approx(1 / 3)
    assert told["known_named_wrongly"] == pytest.approx(1 / 3)
    assert told["named_wrongly_at_operating_point"] == pytest.approx(1 / 3)
    assert told["none_of_these_recall"] == pytest.approx(1 / 3)
    assert told["auroc_known_vs_stranger"] == pytest.approx(8 / 9)
    # a: 1 right, 2 said, 2 there; b: 0; none: 2 right, 3 said, 3 there.
    assert told["macro_f1"] == pytest.approx((2 / 4 + 0 + 4 / 6) / 3)
