"""`python -m bot.evaluate route`: photograph, drawing or nobody, through the judge that answers."""

import json
from pathlib import Path

import pytest

from bot import evaluate
from bot.routing import Result, Routed
from models.types import Route
from tests.drawn import drawn_face, landscape


@pytest.fixture
def folders(tmp_path: Path, astronaut: bytes, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command's arguments, for a folder of each with one picture, somewhere below."""
    monkeypatch.chdir(tmp_path)
    for name in ("photos", "illustrations", "nobody"):
        (tmp_path / name / "below").mkdir(parents=True)
    (tmp_path / "photos" / "below" / "1.jpg").write_bytes(astronaut)
    drawn_face((90, 140, 200)).save(tmp_path / "illustrations" / "below" / "1.png")
    landscape().save(tmp_path / "nobody" / "below" / "1.jpg")
    return [part for name in ("photos", "illustrations", "nobody") for part in (f"--{name}", name)]


def test_each_is_taken_for_what_it_is(folders: list[str], tmp_path: Path) -> None:
    assert evaluate.main(["route", *folders, "--json", "out.json"]) == 0
    assert json.loads((tmp_path / "out.json").read_text()) == {
        "n": 3,
        "confusion": {
            "photo": {"photo": 1, "illustration": 0, "nobody": 0},
            "illustration": {"photo": 0, "illustration": 1, "nobody": 0},
            "nobody": {"photo": 0, "illustration": 0, "nobody": 1},
        },
        "accuracy": 1.0,
        "photo_vs_illustration_accuracy": 1.0,
        "nobody_judged": 0,
        "refused": 0,
    }


@pytest.mark.parametrize("option", ["--photos", "--illustrations", "--nobody"])
def test_a_folder_that_is_not_there_is_named(
    folders: list[str], option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folders[folders.index(option) + 1] = "nowhere"
    assert evaluate.main(["route", *folders, "--json", "out.json"]) == 2
    assert capsys.readouterr().err == f"{option}: nowhere: there is no such folder.\n"


def routed(true: Route, route: Route | None, faces: int = 0) -> Routed:
    return Routed(Path("some.jpg"), true, route, faces)


def test_what_is_counted() -> None:
    told = Result(
        (
            routed("photo", "photo", 1),
            routed("photo", "nobody"),
            routed("illustration", "illustration", 2),
            routed("illustration", None),
            routed("nobody", "nobody"),
            routed("nobody", "photo", 1),
            routed("nobody", "photo"),
        )
    ).as_dict()
    assert told["confusion"]["nobody"] == {"photo": 2, "illustration": 0, "nobody": 1}
    assert told["accuracy"] == pytest.approx(3 / 7)
    assert told["photo_vs_illustration_accuracy"] == 0.5
    assert (told["nobody_judged"], told["refused"], told["n"]) == (1, 1, 7)
