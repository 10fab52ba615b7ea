"""`python -m bot.evaluate identify`: what is measured is what answers."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot import cli, evaluate
from bot.identifying import Folders, Protocol, identify
from bot.settings import Settings

Build = Callable[..., Path]


@pytest.fixture
def build(tmp_path: Path, data: Path) -> Build:
    """A folder with links to some people's pictures from LFW: `people` from `first` on."""
    everybody = sorted((data / "faces" / "lfw_known").iterdir())

    def made(name: str, *, first: int, people: int, shots: slice, flat: bool = False) -> Path:
        for person in everybody[first : first + people]:
            for file in sorted(person.iterdir())[shots]:
                folder = tmp_path / name / ("" if flat else person.name)
                folder.mkdir(parents=True, exist_ok=True)
                (folder / file.name).symlink_to(file)
        return tmp_path / name

    return made


def run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, *arguments: object
) -> dict[str, object]:
    out = tmp_path / "out.json"
    status = evaluate.main(["identify", *map(str, arguments), "--json", str(out)])
    assert status == 0, capsys.readouterr().err
    told: dict[str, Any] = json.loads(out.read_text())
    return told


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No config.toml but the defaults."""
    monkeypatch.chdir(tmp_path)


def test_it_answers_as_the_judge_command_does(
    build: Build, tmp_path: Path, here: None, capsys: pytest.CaptureFixture[str]
) -> None:
    gallery = build("gallery", first=0, people=6, shots=slice(0, 2))
    probes = build("probes", first=0, people=6, shots=slice(2, 4))
    strangers = build("strangers", first=6, people=8, shots=slice(0, 1), flat=True)
    protocol = Protocol(shots=2, repeats=1)
    result = asyncio.run(identify(Settings(), Folders(gallery, strangers, probes), protocol))
    files = [str(trial.file) for trial in result.trials]
    assert len(files) == 20

    cli.main(["judge", *files, "--gallery", str(gallery), "--json"])
    said = {told["file"]: told for told in json.loads(capsys.readouterr().out)}
    for trial in result.trials:
        faces = said[str(trial.file)]["faces"]
        guesses = [face["guesses"][0] for face in faces]
        best = [guess["candidates"][0] for guess in guesses if guess["candidates"]]
        match = next(each for each in best if each["name"] == trial.best)
        assert match["probability"] == pytest.approx(trial.probability, abs=1e-6)
        answers = [g["candidates"][0]["name"] for g in guesses if g["answer"] == "known"]
        assert (trial.answered in answers) if trial.answered else len(answers) < len(faces)


def test_what_the_file_says(
    build: Build, tmp_path: Path, here: None, capsys: pytest.CaptureFixture[str]
) -> None:
    gallery = build("gallery", first=0, people=6, shots=slice(0, 4))
    told = run(
        capsys, tmp_path, "--gallery", gallery, "--leave-one-person-out", "--shots", 3,
        "--repeats", 2,
    )  # fmt: skip
    assert (told["people"], told["shots"], told["probes"]) == (6, 3, 12)
    assert told["strangers"] == 2 * 24
    assert told["calibrated_from"] == "synthetic"
    assert told["embedder"].startswith("dlib-")
    assert told["dir_at_far"] == {"0.1": None, "0.01": None, "0.001": None}
    point = told["operating_point"]
    assert point["correct"] + point["wrong_name"] + point["unknown"] == pytest.approx(1)
    assert point["correct"] > 0.5
    low, high = point["interval95"]
    assert low <= point["false_name_rate"] <= high
    assert "named rightly" in capsys.readouterr().out


def test_the_rate_that_is_asked_for_counts(
    build: Build, tmp_path: Path, here: None, capsys: pytest.CaptureFixture[str]
) -> None:
    gallery = build("gallery", first=0, people=6, shots=slice(0, 4))
    strangers = build("strangers", first=6, people=12, shots=slice(0, 1), flat=True)
    common = ("--gallery", gallery, "--strangers", strangers, "--shots", 1, "--repeats", 1)
    strict = run(capsys, tmp_path, *common, "--false-name-rate", 0.0001)
    loose = run(capsys, tmp_path, *common, "--false-name-rate", 0.2)
    assert strict["operating_point"]["correct"] < loose["operating_point"]["correct"]


def test_a_cohort_that_is_too_small_is_told(
    build: Build, tmp_path: Path, here: None, capsys: pytest.CaptureFixture[str]
) -> None:
    gallery = build("gallery", first=0, people=2, shots=slice(0, 3))
    cohort = build("cohort", first=6, people=3, shots=slice(0, 1), flat=True)
    common = ("--gallery", gallery, "--leave-one-person-out", "--shots", 2, "--repeats", 1)
    told = run(capsys, tmp_path, *common, "--cohort", cohort)
    assert told["calibrated_from"] == "synthetic"
    assert "fewer than 100 faces" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--gallery", "nowhere", "--strangers", "nowhere"], "no such folder"),
        (["--gallery", "."], "needs --strangers DIR"),
        (["--gallery", ".", "--strangers", ".", "--embedder", "x.onnx"], "no such file"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    here: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert evaluate.main(["identify", *arguments, "--json", str(tmp_path / "out.json")]) == 2
    assert sentence in capsys.readouterr().err


def test_nobody_to_search_for_is_told(
    build: Build, tmp_path: Path, here: None, capsys: pytest.CaptureFixture[str]
) -> None:
    gallery = build("gallery", first=0, people=2, shots=slice(0, 1))
    out = str(tmp_path / "out.json")
    given = ["--gallery", str(gallery), "--leave-one-person-out", "--json", out]
    assert evaluate.main(["identify", *given]) == 2
    assert "fewer --shots" in capsys.readouterr().err
