"""Boxes proposed for a folder, by the detectors that answer people."""

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from bot import collect
from bot.annotating import boxes_dir
from bot.collect import Outcome
from bot.errors import SettingsError
from bot.intake import Intake
from bot.judging import Judge
from bot.settings import Settings
from datasets import box_sets
from datasets.box_sets import BoxSet
from datasets.folders import pictures
from tests.bad_pictures import corpus
from tests.conftest import FIXTURES

ROOT = Path(__file__).parent.parent
FACE = (178, 62, 268, 174)
"""Of the astronaut, in a picture of 512 x 512."""


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot.collect", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


async def add(
    folder: Path, settings: Settings, judge: Judge, intake: Intake
) -> tuple[BoxSet, dict[Outcome, int], str]:
    """Add a folder to the set "holiday": the set, what was done, and what was said of it."""
    said = io.StringIO()
    into = BoxSet.create(boxes_dir(settings) / "holiday")
    console = Console(file=said, width=200)
    done = await collect.add(settings, judge, intake, into, list(pictures(folder)), console)
    return into, dict(done), said.getvalue()


def test_the_command_proposes_and_says_how_to_go_on(tmp_path: Path, astronaut: bytes) -> None:
    folder = tmp_path / "pictures" / "deep"
    folder.mkdir(parents=True)
    large = Image.open(io.BytesIO(astronaut)).resize((2560, 2560))
    large.save(folder / "large.png")
    (folder / "text.jpg").write_text("no picture")

    done = run("boxes", "pictures", "--name", "holiday 1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "pictures/deep/text.jpg: This is not a picture." in done.stderr
    assert "1 added, 1 refused. 1 wait for a person, 0 are confirmed." in done.stdout
    assert "http://127.0.0.1:8080/boxes" in done.stdout
    command = "python -m bot.retrain --head illustration-detector --data data/boxes/holiday-1"
    assert command in done.stdout

    made = box_sets.find(tmp_path / "data" / "boxes", "holiday-1")
    (name,) = made.waiting()
    found = made.read(name)
    assert found.size == (1280, 1280)  # as it was judged
    assert np.allclose(found.boxes, [[2.5 * edge for edge in FACE]], atol=30)
    assert made.counts() == (1, 0)  # nothing to train on until a person has looked

    gone = run("boxes", "--remove", "holiday-1", cwd=tmp_path)
    assert (gone.returncode, box_sets.sets(tmp_path / "data" / "boxes")) == (0, [])
    assert "holiday-1 is removed: 1 pictures that waited, 0 that were confirmed." in gone.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["boxes"], "name either a FOLDER to add or a set to --remove."),
        (["boxes", "x", "--remove", "x"], "name either a FOLDER to add or a set to --remove."),
        (["boxes", "nowhere"], "nowhere: there is no such folder."),
        (["boxes", str(FIXTURES), "--name", ".."], "'..' cannot name a set"),
        (["boxes", "--remove", "../data"], "--remove ../data: no such set; there are: none."),
        (["boxes", "x", "--config", "nowhere.toml"], "nowhere.toml: there is no such file."),
        ([], "the following arguments are required: command"),
    ],
)
def test_bad_input_is_a_sentence(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        status = collect.main(arguments)
    except SystemExit as left:  # as argparse does
        status = int(left.code or 0)
    assert status == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


async def test_hostile_files_are_refused_one_by_one(
    tmp_path: Path, settings: Settings, judge: Judge, intake: Intake, astronaut: bytes
) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    for name, content in corpus(astronaut).items():
        (folder / name).write_bytes(content)
    (folder / "[bold]huge.jpg").write_bytes(bytes(20_000_001))
    (folder / "locked.jpg").symlink_to("/proc/self/mem")
    (folder / "good.jpg").write_bytes(astronaut)
    kept, done, said = await add(folder, settings, judge, intake)

    files = len(list(pictures(folder)))
    assert sum(done.values()) == files
    assert done[Outcome.REFUSED] >= 20
    assert said.count("hostile/") == done[Outcome.REFUSED]
    assert "[bold]huge.jpg: The file is too large." in said
    assert "png-bomb-real.png: The picture is too large" in said
    assert kept.counts() == (done[Outcome.ADDED], 0)
    for name in kept.names():
        assert kept.read(name).size[0] >= 16


async def test_copies_are_added_once_and_work_is_not_overwritten(
    tmp_path: Path, settings: Settings, judge: Judge, intake: Intake, astronaut: bytes
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(astronaut)
    (folder / "b.jpg").write_bytes(astronaut)
    smaller = Image.open(io.BytesIO(astronaut)).resize((300, 300))
    smaller.save(folder / "c.jpg", quality=60)
    kept, done, _ = await add(folder, settings, judge, intake)
    assert done[Outcome.ADDED] == 1
    assert done.get(Outcome.THERE, 0) + done.get(Outcome.COPY, 0) == 2
    (name,) = kept.waiting()
    kept.confirm(name, [(10, 10, 50, 50)])

    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(folder / "new.png")
    again, done, _ = await add(folder, settings, judge, intake)
    assert done[Outcome.ADDED] == 1
    assert again.counts() == (1, 1)
    assert np.allclose(again.read(name).boxes, [(10, 10, 50, 50)], atol=0.01)


async def test_a_full_disk_is_a_sentence(
    tmp_path: Path,
    settings: Settings,
    judge: Judge,
    intake: Intake,
    astronaut: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "a.jpg").write_bytes(astronaut)
    monkeypatch.setattr(BoxSet, "add", full)
    with pytest.raises(SettingsError, match=r"holiday: .*No space left on device"):
        await add(tmp_path, settings, judge, intake)
