"""Snapshots: the same training again, from files alone."""

import asyncio
import contextlib
import io
import json
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot import exchange, face_files, learning, reproducing, retrain, snapshots
from bot.errors import SettingsError
from bot.judging import versions_dir
from bot.learning import embed, promote, read, train
from bot.reproducing import Lesson, Reproduction
from bot.settings import Settings
from bot.snapshots import Manifest
from bot.store import Store
from models import registry, strangers, training
from models.registry import Registry
from models.types import Kind
from tests import pixel_faces
from tests.pixel_faces import PixelEmbedder, post_face, teach, teach_community

PEOPLE, SHOTS, LOOKS = 11, 11, {"unlike": 0.5, "glare": 0.8}


def of_pixels(fingerprint: str, kind: Kind = Kind.PHOTO) -> strangers.Shipped:
    vectors = pixel_faces.strangers(100, **LOOKS)
    return strangers.Shipped(vectors, vectors[0], limit=1)


@dataclass(frozen=True)
class Made:
    """A data folder in which a version answers, and a snapshot of it, made by the command."""

    data: Path
    config: Path
    snapshot: Path
    manifest: Manifest


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("made")
    data, config, snapshot = (folder / name for name in ("data", "config.toml", "snapshot"))
    config.write_text(f'[store]\ndata_dir = "{data}"\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strangers, "shipped", of_pixels)
        patch.setattr(training, "_THREADS", 1)  # two wait for each other on a busy machine
        for module in (retrain, exchange):
            patch.setattr(module, "load_embedder", lambda *_: PixelEmbedder())
        asyncio.run(teach_all(data))
        export = ["export", "snapshot", str(snapshot), "--head", "idol", "--config", str(config)]
        assert exchange.main(export) == 0
        yield Made(data, config, snapshot, snapshots.verified(snapshot))


async def teach_all(data: Path) -> None:
    """Labels, a version of them that answers, more labels, and faces that nobody named."""
    settings = Settings.model_validate({"store": {"data_dir": data}})
    async with Store(data) as store:
        await teach_community(store, people=PEOPLE, shots=SHOTS - 1, **LOOKS)
        await promoted(settings, store)
        for person in range(PEOPLE):
            face = pixel_faces.face(f"person {person}", SHOTS, **LOOKS)
            await teach(store, face, f"person {person}", key=f"later/{person}")
        for number in range(3):  # only one poster agrees
            author = f"web:poster {number}"
            face = pixel_faces.face(author, 0, **LOOKS)
            key, unknown = f"new/{number}", pixel_faces.UNKNOWN
            verdict = await post_face(store, face, key=key, author=author, guesses=unknown)
            await store.set_allowed("web", author, number == 1)
            (vector,) = PixelEmbedder().embed([face])
            admitted = await store.clusters.admit(verdict, "idol", "pixels-0", vector)
            assert admitted == (number == 1)


async def promoted(settings: Settings, store: Store) -> None:
    """A version answers, learned from the labels that there are."""
    versions = Registry(versions_dir(settings), "web", "idol")
    start = await read(store, versions, "web", "idol", "pixels-0")
    faces = await embed(store, PixelEmbedder(), start.usable)
    await promote(versions, start.state, train(faces, start, "pixels-0", 0.01, None).version)


@dataclass(frozen=True)
class Run:
    """What `python -m bot.retrain --snapshot` did."""

    status: int
    said: str
    lesson: Lesson
    out: Path


@pytest.fixture(scope="module")
def run(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Run:
    out, said, lessons = tmp_path_factory.mktemp("run") / "learned", io.StringIO(), []
    learn = reproducing._learn

    def noted(*arguments: Any) -> Lesson:
        lessons.append(learn(*arguments))
        return lessons[-1]

    command = ["--snapshot", str(made.snapshot), "--out", str(out), "--config", str(made.config)]
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.setattr(reproducing, "_learn", noted)
        status = retrain.main(command)
    return Run(status, said.getvalue(), lessons[0], out)


def told(what: str, done: int, total: int) -> None:
    pass


@pytest.fixture
def snapshot(made: Made, tmp_path: Path) -> Path:
    """A copy, to be changed."""
    return Path(shutil.copytree(made.snapshot, tmp_path / "snapshot"))


def again(folder: Path) -> Reproduction:
    return reproducing.reproduce(folder, snapshots.verified(folder), PixelEmbedder(), told)


def test_the_command_reproduces_it_bit_for_bit(made: Made, run: Run) -> None:
    assert run.status == 0
    assert "on held-out faces" in run.said
    assert f"web, idol: reproduced bit for bit: sha256 {made.manifest.weights}." in run.said
    weights = (run.out / "weights.safetensors").read_bytes()
    assert face_files.sha256(weights) == made.manifest.weights
    versions = Registry(made.data / "versions", "web", "idol")
    assert (versions.numbers(), versions.current_number()) == ([1], 1)  # nothing answers by it


async def test_it_is_the_training_that_the_bot_does(made: Made, tmp_path: Path) -> None:
    data = Path(shutil.copytree(made.data, tmp_path / "data"))
    settings = Settings.model_validate({"store": {"data_dir": data}})
    async with Store(data) as store:
        live = await learning.retrain(settings, store, PixelEmbedder(), "web", "idol", dry_run=True)
    assert live.trained is not None
    weights = registry.weights_of(live.trained.version.learned)
    assert face_files.sha256(weights) == made.manifest.weights


def test_only_what_consent_allows_is_in_it(snapshot: Path) -> None:
    everything = b"".join(each.read_bytes() for each in snapshot.rglob("*.json*"))
    assert b"web:ann" not in everything  # who posted what
    unknown = face_files.read_lines(snapshot / "unknown.jsonl")
    assert [line["post"] for line in unknown] == ["new/1"]
    crops = {each.stem for each in (snapshot / "crops").iterdir()}
    assert len(crops) == PEOPLE * SHOTS + 1
    assert (snapshot / "start" / "weights.safetensors").is_file()


def test_only_its_owner_reads_it(made: Made) -> None:
    assert stat.S_IMODE(made.snapshot.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["labels.jsonl", "start/weights.safetensors", "crops/*.png"])
def test_a_changed_byte_is_refused(snapshot: Path, name: str) -> None:
    file = next(snapshot.glob(name))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=f"{file.name} was changed"):
        snapshots.verified(snapshot)
    file.unlink()
    with pytest.raises(SettingsError, match=f"{file.name} is missing"):
        snapshots.verified(snapshot)


def test_what_does_not_belong_is_refused(snapshot: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is no snapshot"):
        snapshots.verified(tmp_path)
    (snapshot / "crops" / "more.png").write_bytes(b"")
    with pytest.raises(SettingsError, match=r"more\.png does not belong"):
        snapshots.verified(snapshot)


def rewrite(snapshot: Path, **changes: object) -> None:
    """Change the manifest."""
    manifest = json.loads((snapshot / "manifest.json").read_text())
    (snapshot / "manifest.json").write_text(json.dumps(manifest | changes))


@pytest.mark.parametrize(
    ("changes", "told"), [({"version": 2}, "version"), ({"more": 1}, "more: Extra inputs")]
)
def test_another_format_is_refused(snapshot: Path, changes: dict[str, object], told: str) -> None:
    rewrite(snapshot, **changes)
    with pytest.raises(SettingsError, match=told):
        snapshots.verified(snapshot)


def test_elsewhere_the_decisions_count(
    snapshot: Path, made: Made, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reproducing, "_learn", lambda *_: run.lesson)
    assert len(run.lesson.decisions) > 40
    here = made.manifest.environment.model_dump()
    rewrite(snapshot, weights="ab" * 32, environment={**here, "processor": "another"})
    found = again(snapshot)
    assert (found.same, found.holds, found.changed) == (False, True, 0)
    assert "decisions on held-out faces are as recorded (processor another, here" in found.sentence
    rewrite(snapshot, environment=here)  # the very place, and other weights
    assert not again(snapshot).holds
    decisions = face_files.read_lines(snapshot / "decisions.jsonl")
    decisions[0]["said"] = "somebody else"
    replace(snapshot / "decisions.jsonl", decisions)
    rewrite(snapshot, environment={**here, "processor": "another"})
    found = again(snapshot)
    assert (found.holds, found.changed) == (False, 1)
    assert found.sentence.startswith(f"not reproduced: 1 of {len(decisions)} decisions are others")


def replace(file: Path, lines: list[dict[str, object]]) -> None:
    """Write other lines, and record that in the manifest."""
    file.unlink()
    face_files.write_lines(file, lines)
    rewrite(file.parent, files=snapshots.hashes(file.parent))


@pytest.mark.parametrize("crop", ["../../escaped", 7, None])
def test_a_crop_that_is_none_is_refused(snapshot: Path, crop: object) -> None:
    lines = face_files.read_lines(snapshot / "labels.jsonl")
    lines[0]["crop"] = crop
    replace(snapshot / "labels.jsonl", lines)
    with pytest.raises(SettingsError, match="is not as this program writes it"):
        again(snapshot)


def test_another_embedder_is_refused(
    made: Made, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(PixelEmbedder, "fingerprint", "pixels-1")
    command = ["--snapshot", str(made.snapshot), "--config", str(made.config)]
    assert retrain.main(command) == retrain.USAGE_ERROR
    assert "made with the embedder pixels-0, and here is pixels-1" in capsys.readouterr().err


def test_too_few_labels_are_reproduced_as_such(tmp_path: Path, made: Made) -> None:
    settings = Settings.model_validate({"store": {"data_dir": tmp_path / "data"}})

    async def make() -> None:
        async with Store(tmp_path / "data") as store:
            await teach_community(store, people=2, shots=1, **LOOKS)
            await reproducing.export(
                settings, store, PixelEmbedder(), "web", "idol", tmp_path / "few", told
            )

    asyncio.run(make())
    found = again(tmp_path / "few")
    assert found.holds
    assert found.sentence.startswith("as recorded, nothing can be learned: it takes two people")
