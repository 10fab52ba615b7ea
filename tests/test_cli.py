"""The command line as a person runs it: `bot.py` in a process of its own."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent


def bot(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "bot.py"), *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        env={**os.environ, "COLUMNS": "160"},
    )


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory, astronaut: bytes) -> Path:
    """Eileen by a mirrored picture, and a folder with nothing to learn from."""
    folder = tmp_path_factory.mktemp("gallery")
    (folder / "Eileen [red]").mkdir()
    image = Image.open(io.BytesIO(astronaut)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    image.save(folder / "Eileen [red]" / "1.jpg")
    (folder / "Nobody").mkdir()
    Image.new("RGB", (100, 100)).save(folder / "Nobody" / "blank.png")
    return folder


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, astronaut: bytes) -> Sequence[Path]:
    folder = tmp_path_factory.mktemp("files")
    large = Image.open(io.BytesIO(astronaut)).resize((2560, 2560))
    large.save(folder / "large.jpg")
    Image.new("RGB", (200, 200), "white").save(folder / "blank.png")
    (folder / "text.jpg").write_text("no picture")
    return [folder / name for name in ("large.jpg", "blank.png", "text.jpg", "missing.jpg")]


def test_the_table_says_what_kept_it_from_naming(files: Sequence[Path], tmp_path: Path) -> None:
    run = bot("judge", files[0], cwd=tmp_path)
    assert run.returncode == 0
    assert "I don't know: nobody enrolled" in run.stdout


def test_judge_prints_the_promised_json(
    gallery: Path, files: Sequence[Path], tmp_path: Path
) -> None:
    run = bot("judge", *files, "--gallery", gallery, "--out", "out", "--json", cwd=tmp_path)
    assert run.returncode == 1  # two files could not be judged
    large, blank, text, missing = json.loads(run.stdout)
    assert set(large) == {"file", "route", "error", "guesses", "faces"}
    assert (large["file"], large["route"], large["error"]) == (str(files[0]), "photo", None)
    (face,) = large["faces"]
    assert set(face) == {"box", "kind", "detection_score", "guesses"}
    left, top, right, bottom = face["box"]
    assert (left, top, right, bottom) == pytest.approx((890, 310, 1340, 870), abs=60)
    assert face["kind"] == "photo"
    (guess,) = face["guesses"]
    assert set(guess) == {
        "head", "answer", "reason", "candidates", "value", "low", "high",
    }  # fmt: skip
    assert (guess["head"], guess["answer"]) == ("idol", "known")
    assert guess["candidates"][0]["name"] == "Eileen [red]"
    assert 0.5 < guess["candidates"][0]["probability"] <= 1
    assert (blank["route"], blank["faces"], blank["error"]) == ("nobody", [], None)
    assert "not-a-picture" in text["error"]
    assert missing["error"] == "No such file or directory"
    assert "blank.png: no face; left out" in run.stderr
    with Image.open(tmp_path / "out" / "large-face1.jpg") as crop:
        assert max(crop.size) > 480


def test_judge_prints_a_table_and_exits_with_0(
    gallery: Path, files: Sequence[Path], tmp_path: Path
) -> None:
    run = bot("judge", *files[:2], "--gallery", gallery, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "Eileen [red]" in run.stdout
    assert "no face" in run.stdout
    assert not (tmp_path / "data").exists()  # judging files leaves nothing behind


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["judge", "x.jpg", "--heads", "idle"],
            "--heads idle: no such head; there are: idol, character, beauty, taste, photogenic.",
        ),
        (
            ["judge", "x.jpg", "--heads", "idol,beauty"],
            "--heads beauty: it is scored only of yourself, or of somebody who agreed",
        ),
        (["judge", "x.jpg", "--gallery", "nowhere"], "--gallery: nowhere: there is no such folder"),
        (["judge", "x.jpg", "--out", "/proc/nowhere"], "--out /proc/nowhere: No such file"),
        (["--config", "nowhere.toml", "doctor"], "nowhere.toml: there is no such file."),
        (["judge"], "the following arguments are required: FILE"),
    ],
)
def test_bad_input_is_a_sentence(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    run = bot(*arguments, cwd=tmp_path)
    assert run.returncode == 2
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr


def test_doctor_says_what_works_and_how_to_mend(tmp_path: Path) -> None:
    run = bot("doctor", cwd=tmp_path)
    assert run.returncode == 0, run.stdout
    for about in ("data folder", "database", "font", "decoder", "embedder", "web page", "Discord"):
        assert re.search(rf"^(ok  |note) {about}:", run.stdout, re.MULTILINE), run.stdout
    assert "doctor --fetch" in run.stdout


def test_doctor_finds_what_is_broken(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[store]\ndata_dir = 'file/data'\n")
    (tmp_path / "file").write_text("in the way")
    run = bot("doctor", cwd=tmp_path)
    assert run.returncode == 1
    assert "FIX  data folder: file/data: Not a directory" in run.stdout
    assert "→ set store.data_dir" in run.stdout


def test_the_bot_starts_says_where_it_is_answers_and_stops(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[web]\nport = 0\n")
    with subprocess.Popen(
        [sys.executable, str(ROOT / "bot.py")],
        cwd=tmp_path,
        stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "160"},
    ) as process:
        assert process.stdout is not None
        try:
            url = next(
                found[0]
                for line in process.stdout
                if (found := re.findall(r"http://127\.0\.0\.1:\d+", line))
            )
            with urllib.request.urlopen(f"{url}/healthz", timeout=20) as answer:  # noqa: S310
                health: dict[str, Any] = json.load(answer)
            assert health["status"] == "ok"
        finally:
            process.send_signal(signal.SIGTERM)
            rest = process.stdout.read()
    assert process.returncode == 0, rest
    assert "Traceback" not in rest
