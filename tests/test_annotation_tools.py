"""Boxes and names, to Label Studio and CVAT and back, as a person with these tools does it."""

import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from bot import annotation_tools, exchange
from bot.annotating import boxes_dir
from bot.annotation_tools import export_boxes, export_names, import_boxes, import_names
from bot.domain import Answer
from bot.errors import SettingsError
from bot.import_labels import LabelImport
from bot.imported import Outcome
from bot.intake import Intake
from bot.judging import Judge
from bot.service import Service
from bot.settings import Settings
from bot.store import Store
from datasets.box_sets import BoxSet, picture_name
from tests import pixel_faces
from tests.pixel_faces import PixelNetworks, teach

QUIET = Console(file=io.StringIO())
DRAWN = ((10.0, 20.0, 60.0, 70.0), (100.0, 0.0, 160.0, 90.0))
TOOLS = ["label-studio", "cvat"]


def noise(seed: int, size: tuple[int, int] = (160, 120)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), np.uint8)


@pytest.fixture
def boxes(settings: Settings) -> BoxSet:
    """Three pictures: with two faces that a person confirmed, with none, and with a proposal."""
    made = BoxSet.create(boxes_dir(settings) / "holiday")
    for seed in range(3):
        made.add(f"{seed:016x}-{seed * 0x0F0F0F:016x}", noise(seed), [((5, 5, 50, 50), 0.9)])
    first, second, _ = made.names()
    made.confirm(first, DRAWN)
    made.confirm(second, ())
    return made


def file_of(tool: str, folder: Path) -> Path:
    return folder / {"cvat": "annotations.xml", "label-studio": "tasks.json"}[tool]


async def imported(
    settings: Settings, intake: Intake, tool: str, file: Path, name: str, **more: Any
) -> dict[str, Outcome]:
    options = {"images": None, "labels": (), **more}
    done = await import_boxes(settings, intake, tool, file, name, console=QUIET, **options)
    return {each.what.rpartition("/")[2]: each.outcome for each in done}


@pytest.mark.parametrize("tool", TOOLS)
async def test_boxes_go_out_and_come_back(
    tool: str, settings: Settings, boxes: BoxSet, intake: Intake, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    export_boxes(settings, tool, "holiday", out)
    first, second, third = boxes.names()
    assert {each.stem for each in (out / "images").iterdir()} == {first, second, third}
    boxes.confirm(first, ())  # meanwhile somebody took them for a mistake
    done = await imported(settings, intake, tool, file_of(tool, out), "holiday")
    assert (done[f"{first}.jpg"], done[f"{second}.jpg"]) == (Outcome.CONFIRMED, Outcome.THERE)
    assert np.allclose(boxes.read(first).boxes, DRAWN, atol=0.02)
    # What Label Studio keeps apart as a prediction still waits for a person.
    assert boxes.read(third).confirmed == (tool == "cvat")


@pytest.mark.parametrize("tool", TOOLS)
async def test_what_was_drawn_elsewhere_comes_with_its_pictures(
    tool: str, settings: Settings, boxes: BoxSet, intake: Intake, tmp_path: Path
) -> None:
    """Pictures that the bot never saw, larger than it keeps them; with labels of the tool's own."""
    pictures, file = tmp_path / "pictures", tmp_path / "export"
    pictures.mkdir()
    large = Image.linear_gradient("L").resize((2560, 1920))
    large.save(pictures / "写真 1.png")
    large.save(pictures / "other shape.png")
    drawn = [("Gesicht", (256, 192, 1280, 960)), ("dog", (0, 0, 100, 100))]
    write = {"cvat": cvat_of, "label-studio": label_studio_of}[tool]
    sizes = {"写真 1.png": (2560, 1920), "other shape.png": (1920, 2560), "gone.png": (9, 9)}
    file.write_text(write(sizes, drawn))
    with pytest.raises(SettingsError, match="say with --label which are faces; there are: Gesicht"):
        await imported(settings, intake, tool, file, "new", images=pictures)
    given = {"images": pictures, "labels": ["Gesicht"]}
    done = await imported(settings, intake, tool, file, "new", **given)
    assert list(done.values()) == [Outcome.CONFIRMED, Outcome.REFUSED, Outcome.UNMATCHED]
    made = BoxSet(boxes_dir(settings) / "new")
    (name,) = made.names()
    assert name.split("-")[0] == picture_name(sha256(pictures / "写真 1.png"), "").split("-")[0]
    kept = made.read(name)
    assert (kept.size, kept.confirmed) == ((1280, 960), True)
    assert np.allclose(kept.boxes, [(128, 96, 640, 480)], atol=0.1)
    again = await imported(settings, intake, tool, file, "new", **given)
    assert list(again.values()) == [Outcome.THERE, Outcome.REFUSED, Outcome.UNMATCHED]


def sha256(file: Path) -> str:
    return annotation_tools.face_files.sha256(file.read_bytes())


def cvat_of(sizes: dict[str, tuple[int, int]], drawn: list[tuple[str, tuple[int, ...]]]) -> str:
    root = ET.Element("annotations")
    ET.SubElement(root, "version").text = "1.1"
    for name, (width, height) in sizes.items():
        told = {"name": f"a folder/{name}", "width": str(width), "height": str(height)}
        image = ET.SubElement(root, "image", told)
        for label, box in drawn if width > 9 else ():
            edges = dict(zip(("xtl", "ytl", "xbr", "ybr"), map(str, box), strict=True))
            ET.SubElement(image, "box", {"label": label, **edges})
    return ET.tostring(root, "unicode")


def label_studio_of(
    sizes: dict[str, tuple[int, int]], drawn: list[tuple[str, tuple[int, ...]]]
) -> str:
    tasks = []
    for name, (width, height) in sizes.items():
        result = [
            {
                "type": "rectanglelabels",
                "original_width": width,
                "original_height": height,
                "value": {
                    "x": 100 * left / width,
                    "y": 100 * top / height,
                    "width": 100 * (right - left) / width,
                    "height": 100 * (bottom - top) / height,
                    "rectanglelabels": [label],
                },
            }
            for label, (left, top, right, bottom) in drawn
            if width > 9
        ]
        url = f"/data/upload/1/0a1b2c3d-{name}"
        tasks.append({"data": {"picture": url}, "annotations": [{"result": result}]})
    return json.dumps(tasks)


@pytest.mark.parametrize("tool", TOOLS)
async def test_names_are_corrected_in_the_tool(
    tool: str, settings: Settings, intake: Intake, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    async with (
        Store(settings.store.data_dir) as store,
        Judge(settings, PixelNetworks()) as judge,
        Service(settings, store, intake, judge) as service,
    ):
        await store.set_allowed("web", "web:ann", True)
        for number, name in enumerate(["星野アイ", "星野アイ", "Bea & Co"]):
            await teach(store, pixel_faces.face(name, number), name, key=str(number))
        await export_names(store, tool, "web", "idol", out, lambda *_: None)
        file = file_of(tool, out)
        assert file.read_text("utf-8").count("星野アイ") >= 2
        if tool == "label-studio":
            assert 'value="Bea &amp; Co"' in (out / "config.xml").read_text("utf-8")
        else:
            labels = json.loads((out / "labels.json").read_text("utf-8"))
            assert {each["name"] for each in labels} == {"星野アイ", "Bea & Co"}
        written = "Bea &amp; Co" if tool == "cvat" else "Bea & Co"
        file.write_text(file.read_text("utf-8").replace(written, "Ciel"), "utf-8")
        importing = LabelImport(service, store, intake, judge, "web", "idol")
        done = await import_names(importing, tool, file, QUIET)
        assert [each.outcome for each in done] == [Outcome.ADDED] * 3
        labels = await store.live_labels("web", "idol")
        assert all(each.answer is Answer.IS for each in labels)
        assert sorted(each.names[0] for each in labels) == ["Ciel", "星野アイ", "星野アイ"]


def test_the_commands(
    settings: Settings, boxes: BoxSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[store]\ndata_dir = "{settings.store.data_dir}"\n')

    def run(*arguments: object) -> int:
        return exchange.main([*map(str, arguments), "--config", str(config)])

    for tool in TOOLS:
        out = tmp_path / tool
        assert run("export", tool, out, "--boxes", "holiday") == 0
        assert "3 pictures are in" in capsys.readouterr().out
        assert run("import", tool, file_of(tool, out), "--boxes", "holiday") == 0
        assert "holiday: " in capsys.readouterr().out
        assert run("export", tool, tmp_path / "x", "--boxes", "none") == exchange.USAGE_ERROR
        assert run("import", tool, file_of(tool, out), "--boxes", "none") == exchange.USAGE_ERROR
        assert "--boxes none: no such set; there are: holiday" in capsys.readouterr().err
        assert run("import", tool, file_of(tool, out), "--images", tmp_path) == exchange.USAGE_ERROR
        assert "--images and --label go with --boxes SET." in capsys.readouterr().err
        assert run("import", tool, tmp_path / "config.toml", "--boxes", "holiday") == 2
        assert "config.toml" in capsys.readouterr().err
