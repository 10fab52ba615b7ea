"""`python -m bot.exchange`: folders and tables, into the bot and out of it."""

import asyncio
import csv
import io
import shutil
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from bot import exchange
from bot.domain import Action, Answer, Attachment, Correction, Post
from bot.exporting import export_folder, export_labels
from bot.import_labels import LabelImport
from bot.imported import OPERATOR, Done, Outcome
from bot.importing import FolderImport
from bot.intake import Intake
from bot.judging import Judge, Networks
from bot.service import Service
from bot.settings import Settings
from bot.store import LiveLabel, Store
from datasets import label_files
from datasets.label_files import LabelLine
from tests import pixel_faces
from tests.pixel_faces import PixelNetworks, post_face

QUIET = Console(file=io.StringIO())
Parts = tuple[Service, Store, Intake, Judge]


@asynccontextmanager
async def parts_of(
    folder: Path, intake: Intake, networks: Networks | PixelNetworks
) -> AsyncIterator[Parts]:
    """What an import works with, over a data folder of its own."""
    settings = Settings.model_validate({"store": {"data_dir": folder}})
    async with Store(folder) as store, Judge(settings, networks) as judge:
        yield Service(settings, store, intake, judge), store, intake, judge


@pytest.fixture
async def parts(tmp_path: Path, intake: Intake) -> AsyncIterator[Parts]:
    """With faces of numbers, in the test's own data folder."""
    async with parts_of(tmp_path / "data", intake, PixelNetworks()) as opened:
        yield opened


def shot(person: str, number: int) -> np.ndarray:
    return pixel_faces.face(person, number, unlike=0.7).pixels


def save(pixels: np.ndarray, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(file)


async def import_folder(parts: Parts, folder: Path, scope: str = "web") -> list[Done]:
    return await FolderImport(*parts, scope, None).folder(folder, 2, QUIET)


def named(labels: list[LiveLabel]) -> set[tuple[str, tuple[str, ...], str | None]]:
    """What labels say of which face, whatever their numbers."""
    return {(str(each.answer), each.names, each.crop) for each in labels}


async def live(parts: Parts, head: str = "idol") -> list[LiveLabel]:
    return await parts[1].live_labels("web", head)


# folders


async def test_a_folder_is_learned_and_what_is_wrong_is_listed(
    parts: Parts, tmp_path: Path
) -> None:
    folder = tmp_path / "people"
    for person in ("星野アイ", "Ann"):
        for number in range(3):
            save(shot(person, number), folder / person / f"{number}.png")
    shutil.copy(folder / "Ann" / "0.png", folder / "Ann" / "again.png")
    (folder / "Bea").mkdir()
    shutil.copy(folder / "Ann" / "0.png", folder / "Bea" / "is Ann.png")
    for number, file in enumerate(("Ann/near.png", "星野アイ/z is Ann.png")):
        noise = np.random.default_rng(number).integers(-2, 3, (32, 32, 3))
        near = (shot("Ann", 1) + noise).clip(0, 255).astype(np.uint8)
        save(near, folder / file)
    (folder / "Ann" / "text.png").write_text("no picture")
    (folder / "Ann" / "locked.png").symlink_to("/proc/self/mem")  # a file that cannot be read

    done = {each.what: each for each in await import_folder(parts, folder)}
    assert {what: each.outcome for what, each in done.items()} == {
        **{f"{person}/{n}.png": Outcome.ADDED for person in ("星野アイ", "Ann") for n in range(3)},
        "Ann/again.png": Outcome.COPY,
        "Ann/near.png": Outcome.COPY,
        "Bea/is Ann.png": Outcome.TWO_NAMES,
        "星野アイ/z is Ann.png": Outcome.TWO_NAMES,
        "Ann/text.png": Outcome.REFUSED,
        "Ann/locked.png": Outcome.REFUSED,
    }
    assert done["Bea/is Ann.png"].detail == "the same picture as Ann/0.png"
    people = await parts[1].people("web", "idol")
    assert {each.name: each.examples for each in people} == {"Ann": 3, "星野アイ": 3}
    crops = [each.crop or "" for each in await live(parts)]
    assert len(await parts[1].embeddings(crops, "pixels-0")) == 6  # none is left for the bot


@pytest.mark.parametrize("where", ["judge", "cast"])
async def test_an_interrupted_import_goes_on(
    where: str, parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything of the third picture is kept, or between its face and its name."""
    folder = tmp_path / "people"
    for number in range(5):
        save(shot("Ann", number), folder / "Ann" / f"{number}.png")
    judged = counted(monkeypatch, parts[3], "judge")
    owner = {"judge": parts[3], "cast": parts[0]}[where]
    with monkeypatch.context() as patch:
        reached = asyncio.Event()
        counted(patch, owner, where, 2, reached)
        running = asyncio.create_task(FolderImport(*parts, "web", None).folder(folder, 1, QUIET))
        await reached.wait()
        running.cancel()  # as Ctrl-C does
        with pytest.raises(asyncio.CancelledError):
            await running
    assert len(await live(parts)) == 2

    del judged[:]
    outcomes = [each.outcome for each in await import_folder(parts, folder)]
    assert outcomes == [Outcome.THERE] * 2 + [Outcome.ADDED] * 3
    assert len(judged) == (3 if where == "judge" else 2)  # what was kept is not judged again
    del judged[:]
    assert {each.outcome for each in await import_folder(parts, folder)} == {Outcome.THERE}
    assert (len(judged), len(await live(parts))) == (0, 5)


def counted(
    patch: pytest.MonkeyPatch,
    owner: object,
    name: str,
    most: int | None = None,
    reached: asyncio.Event | None = None,
) -> list[None]:
    """Note each call of a method; the one after `most` never returns."""
    method, calls = getattr(owner, name), []

    async def call(*arguments: Any, **named_ones: Any) -> Any:
        if reached is not None and len(calls) == most:
            reached.set()
            await asyncio.Event().wait()
        calls.append(None)
        return await method(*arguments, **named_ones)

    patch.setattr(owner, name, call)
    return calls


async def test_renaming_a_folder_does_not_rename_a_face(parts: Parts, tmp_path: Path) -> None:
    folder = tmp_path / "people"
    save(shot("Ann", 0), folder / "Ann" / "0.png")
    await import_folder(parts, folder)
    (folder / "Ann").rename(folder / "Bea")
    (done,) = await import_folder(parts, folder)
    assert (done.outcome, done.detail) == (Outcome.TWO_NAMES, "it was imported as Ann")
    await parts[0].rename("web", "Ann", "Bea")  # now it is one name
    (done,) = await import_folder(parts, folder)
    assert done.outcome is Outcome.THERE


async def test_a_real_picture_comes_back_as_it_was(
    tmp_path: Path, intake: Intake, networks: Networks, astronaut: bytes
) -> None:
    """Exported and imported, it is the same face, by the same label, without being found anew."""
    hard = "Eileen / Collins: CON"
    folder, out = tmp_path / "people", tmp_path / "out"
    (folder / "Eileen").mkdir(parents=True)
    (folder / "Eileen" / "a.jpg").write_bytes(astronaut)
    picture = Image.open(io.BytesIO(astronaut))
    two = Image.new("RGB", (1024, 512))
    two.paste(picture, (0, 0))
    two.paste(picture, (512, 0))
    two.save(folder / "Eileen" / "two.png")
    Image.new("RGB", (200, 200), "green").save(folder / "Eileen" / "none.png")
    async with parts_of(tmp_path / "one", intake, networks) as parts:
        done = {each.what: each.outcome for each in await import_folder(parts, folder)}
        assert done == {
            "Eileen/a.jpg": Outcome.ADDED,
            "Eileen/two.png": Outcome.SEVERAL,
            "Eileen/none.png": Outcome.NO_FACE,
        }
        await parts[0].rename("web", "Eileen", hard)
        original = await live(parts)
        told = await export_folder(parts[1], "web", "idol", out, lambda *_: None)
    assert "1 faces of 1 people" in told
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    async with parts_of(tmp_path / "two", intake, networks) as parts:
        (done,) = await import_folder(parts, out)
        assert (done.name, done.outcome) == (hard, Outcome.ADDED)
        assert named(await live(parts)) == named(original)
        (again,) = await live(parts)
        assert again.face_hash == original[0].face_hash


async def test_damage_in_an_exported_folder_is_refused(parts: Parts, tmp_path: Path) -> None:
    folder, out = tmp_path / "people", tmp_path / "out"
    save(shot("Ann", 0), folder / "Ann" / "0.png")
    await import_folder(parts, folder)
    await export_folder(parts[1], "web", "idol", out, lambda *_: None)
    lines = (out / "faces.jsonl").read_text()
    (out / "faces.jsonl").write_text(lines.replace("32.0]", "1e9]"))
    (done,) = await import_folder(parts, out, "elsewhere")
    assert (done.outcome, done.detail) == (
        Outcome.REFUSED,
        "box or landmarks are not in the picture",
    )


async def test_a_running_bot_sees_what_another_process_imported(
    tmp_path: Path, intake: Intake
) -> None:
    folder = tmp_path / "people"
    for person in ("Ann", "Bea"):
        for number in range(3):
            save(shot(person, number), folder / person / f"{number}.png")
    file = tmp_path / "new.png"
    save(shot("Ann", 9), file)
    data = tmp_path / "data"
    async with parts_of(data, intake, PixelNetworks()) as running:
        async with parts_of(data, intake, PixelNetworks()) as other:
            await import_folder(other, folder)
        post = Post("web", "1", "web:a", "web:a", "en", (Attachment("a", file.read_bytes()),))
        reply = await running[0].answer(post)
        assert reply is not None
        assert "Ann" in reply.parts[0].words


# tables


async def taught(parts: Parts) -> None:
    """Two people enrolled by Ann, who agrees; one more face of hers, and one of Bob's."""
    store = parts[1]
    await store.set_allowed("web", "web:ann", True)
    for author, person, number in [("ann", "Ann", 0), ("ann", "Bea", 0), ("ann", "Ann", 1)]:
        face = pixel_faces.face(person, number, unlike=0.7)
        await post_face(store, face, key=f"{person}/{number}", author=f"web:{author}")
    await post_face(store, pixel_faces.face("Bob", 0), key="Bob/0", author="web:bob")


async def test_labels_come_back_in_another_database(tmp_path: Path, intake: Intake) -> None:
    networks = PixelNetworks()
    async with parts_of(tmp_path / "one", intake, networks) as one:
        await taught(one)
        for verdict, action, name in [
            (1, Action.NAME, "Ann"),
            (2, Action.NAME, "=Bea"),
            (3, Action.NOT, "Ann"),
            (4, Action.NOT_A_FACE, None),
        ]:
            await one[0].correct(
                Correction(verdict, "idol", "web:mod", action, trusted=True, name=name)
            )
        original = named(await live(one))
        assert len(original) == 4
        for suffix in ("csv", "jsonl"):
            file = tmp_path / f"labels.{suffix}"
            await export_labels(one[1], "web", ["idol", "character"], file)
    for suffix in ("csv", "jsonl"):
        async with parts_of(tmp_path / suffix, intake, networks) as two:
            await post_face(two[1], pixel_faces.face("Zoe", 0), key="first")  # other numbers
            await taught(two)
            done = await LabelImport(*two, "web").table(tmp_path / f"labels.{suffix}", QUIET)
            assert {each.outcome for each in done} == {Outcome.ADDED}
            assert named(await live(two)) == original


async def test_consent_is_what_it_was_and_misses_are_listed(parts: Parts, tmp_path: Path) -> None:
    await taught(parts)
    faces = await parts[1].exchange.faces("web")
    file = tmp_path / "labels.jsonl"
    save(shot("Ann", 1), tmp_path / "ann.png")
    label_files.write(
        file,
        [
            LabelLine(crop=faces[0].crop or "", name="Ann"),
            LabelLine(crop=faces[3].crop or "", name="Bob"),
            LabelLine(verdict=2, name="Bea"),
            LabelLine(verdict=2, crop="ab" * 32, name="Bea"),  # a number of another database
            LabelLine(file="gone.png", verdict=2, name="Zoe"),
            LabelLine(face=faces[2].face_hash, head="beauty", name="Ann"),
        ],
    )
    done = await LabelImport(*parts, "web").table(file, QUIET)
    assert [(each.what, each.outcome) for each in done] == [
        ("line 1", Outcome.ADDED),
        ("line 2", Outcome.WAITING),
        ("line 3", Outcome.ADDED),
        ("line 4", Outcome.UNMATCHED),
        ("line 5", Outcome.UNMATCHED),
        ("line 6", Outcome.UNFIT),
    ]
    assert {each.names for each in await live(parts)} == {("Ann",), ("Bea",)}
    votes = await parts[1].votes(faces[3].verdict_id)
    assert [(each.voter, each.name, each.trusted) for each in votes] == [(OPERATOR, "Bob", True)]


async def test_a_file_says_which_picture_is_meant(parts: Parts, tmp_path: Path) -> None:
    save(shot("Ann", 0), tmp_path / "ann.png")
    data = (tmp_path / "ann.png").read_bytes()
    await parts[0].answer(Post("web", "1", "web:a", "web:a", "en", (Attachment("a", data),)))
    await parts[1].set_allowed("web", "web:a", True)
    (tmp_path / "by hand.csv").write_text("file,name\nann.png,Ann\n")
    (done,) = await LabelImport(*parts, "web").table(tmp_path / "by hand.csv", QUIET)
    assert done.outcome is Outcome.ADDED
    assert [(each.answer, each.names) for each in await live(parts)] == [(Answer.IS, ("Ann",))]


# the command


def run(config: Path, *arguments: object) -> int:
    return exchange.main([*map(str, arguments), "--config", str(config)])


def test_the_command_round_trip(
    tmp_path: Path, astronaut: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[store]\ndata_dir = "{tmp_path / "data"}"\n[safety]\ngate = false\n')
    folder = tmp_path / "people" / "Eileen"
    folder.mkdir(parents=True)
    (folder / "a.jpg").write_bytes(astronaut)
    (folder / "b.jpg").write_bytes(astronaut)

    assert run(config, "import", "folder", folder.parent) == exchange.USAGE_ERROR
    assert "say with --agreed" in capsys.readouterr().err
    assert run(config, "import", "labels", tmp_path / "gone.csv") == exchange.USAGE_ERROR
    assert "gone.csv: there is no such file or folder" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()

    report = tmp_path / "missed.csv"
    assert run(config, "import", "folder", folder.parent, "--agreed", "--report", report) == 0
    told = capsys.readouterr()
    assert "web: 1 learned, 1 copies of others." in told.out
    assert "Eileen/b.jpg: copies of others; the same picture as Eileen/a.jpg" in told.err
    rows = list(csv.DictReader(io.StringIO(report.read_text("utf-8-sig"))))
    assert [(row["what"], row["outcome"]) for row in rows] == [("Eileen/b.jpg", "copies of others")]

    table = tmp_path / "labels.csv"
    assert run(config, "export", "labels", table) == 0
    assert "1 labels of web are in" in capsys.readouterr().out
    assert [line.name for line in label_files.read(table)] == ["Eileen"]
    out = tmp_path / "out"
    assert run(config, "export", "folder", out, "--head", "idol") == 0
    assert len(list((out / "Eileen").glob("*.png"))) == 1
    assert run(config, "export", "folder", out, "--head", "idol") == exchange.USAGE_ERROR
    assert "is not empty" in capsys.readouterr().err
