"""Boxes as Label Studio and CVAT exchange them."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datasets import cvat, label_studio
from datasets.annotated import Annotated, AnnotationsError, Region, names_of

PICTURES = [
    Annotated(
        "0123456789abcdef-0123456789abcdef.jpg",
        (640, 480),
        (Region((0.1, 0.2, 0.5, 0.75), "星野アイ"), Region((0.0, 0.0, 1.0, 1.0), 'A & "B" <c>')),
    ),
    Annotated("empty.jpg", (100, 50), ()),
]
PROPOSED = Annotated("waits.jpg", (10, 10), (Region((0, 0, 0.5, 0.5), "face"),), confirmed=False)


def test_label_studio_round_trip(tmp_path: Path) -> None:
    file = tmp_path / "tasks.json"
    file.write_text(label_studio.dump([*PICTURES, PROPOSED], "set/images"), "utf-8")
    told = json.loads(file.read_text("utf-8"))
    assert told[0]["data"]["image"] == f"/data/local-files/?d=set/images/{PICTURES[0].name}"
    assert told[0]["annotations"][0]["result"][0]["value"]["x"] == pytest.approx(10)
    assert told[2]["predictions"][0]["result"][0]["value"]["rectanglelabels"] == ["face"]
    found = label_studio.load(file)  # what nobody confirmed is left out
    assert [names_of(each.name)[0] for each in found] == [each.name for each in PICTURES]
    for each, original in zip(found, PICTURES, strict=True):
        assert [region.label for region in each.regions] == [r.label for r in original.regions]
        for region, wanted in zip(each.regions, original.regions, strict=True):
            assert region.box == pytest.approx(wanted.box)
    assert found[0].size == (640, 480)


def test_cvat_round_trip(tmp_path: Path) -> None:
    file = tmp_path / "annotations.xml"
    file.write_bytes(cvat.dump([*PICTURES, PROPOSED], "a set"))
    packed = tmp_path / "export.zip"
    with zipfile.ZipFile(packed, "w") as into:
        into.write(file, "annotations.xml")
        into.writestr("../../escaped.jpg", b"")  # nothing is unpacked
    for source in (file, packed):
        found = cvat.load(source)
        assert [each.name for each in found] == [each.name for each in (*PICTURES, PROPOSED)]
        assert [each.size for each in found] == [(640, 480), (100, 50), (10, 10)]
        for region, wanted in zip(found[0].regions, PICTURES[0].regions, strict=True):
            assert region.label == wanted.label
            assert region.box == pytest.approx(wanted.box, abs=0.005 / 480)
    assert not (tmp_path.parent.parent / "escaped.jpg").exists()
    assert 'source="auto"' in file.read_text("utf-8")


BY_LABEL_STUDIO = r"""[{"data": {"image":
"/data/local-files/?d=set/images/%E5%86%99%E7%9C%9F%201.jpg"},
"annotations": [{"result": [{"id": "c4f6d9f431", "type": "rectanglelabels",
"value": {"x": 25.0, "y": 50.0, "width": 50.0, "height": 25.0, "rotation": 0,
"rectanglelabels": ["\u661f\u91ce\u30a2\u30a4"]}, "to_name": "image", "from_name": "label",
"image_rotation": 0, "original_width": 200, "original_height": 100}], "ground_truth": false}]}]"""
"""Written by label-studio-sdk 2.1.2 (`converter.imports.yolo.convert_yolo_to_ls`)."""

BY_DATUMARO = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <id></id>
      <name>default</name>
      <size>1</size>
      <mode>annotation</mode>
      <overlap></overlap>
      <start_frame>0</start_frame>
      <stop_frame>1</stop_frame>
      <frame_filter></frame_filter>
      <z_order>True</z_order>
      <labels>
        <label>
          <name>星野アイ</name>
          <attributes>
          </attributes>
        </label>
      </labels>
    </task>
  </meta>
  <image id="0" name="sub/写真 1.jpg" width="200" height="100">
    <box label="星野アイ" occluded="0" outside="0" keyframe="0" xtl="50.00" ytl="50.00" xbr="150.00" ybr="75.00" z_order="0">
    </box>
  </image>
</annotations>
"""  # noqa: E501
"""Written by CVAT's own library for formats, datumaro 1.13.12 (`Dataset.export(…, "cvat")`)."""


@pytest.mark.parametrize(
    ("load", "text"), [(label_studio.load, BY_LABEL_STUDIO), (cvat.load, BY_DATUMARO)]
)
def test_what_the_tools_own_code_writes_is_read(
    tmp_path: Path, load: Callable[[Path], list[Annotated]], text: str
) -> None:
    (tmp_path / "export").write_text(text, "utf-8")
    (found,) = load(tmp_path / "export")
    assert found.regions == (Region((0.25, 0.5, 0.75, 0.75), "星野アイ"),)
    assert (found.size, found.problem) == ((200, 100), "")
    assert "写真 1.jpg" in names_of(found.name)


LABEL_STUDIO: dict[str, Any] = {
    "id": 7,
    "data": {"image": "/data/upload/3/1a2b3c4d-photo%20one.jpg"},
    "annotations": [
        {
            "id": 1,
            "was_cancelled": False,
            "updated_at": "2026-01-02T00:00:00Z",
            "result": [
                {
                    "original_width": 200,
                    "original_height": 100,
                    "image_rotation": 0,
                    "value": {
                        "x": 25.0,
                        "y": 50.0,
                        "width": 50.0,
                        "height": 25.0,
                        "rotation": 0,
                        "rectanglelabels": ["face"],
                    },
                    "id": "Dx_aB",
                    "from_name": "label",
                    "to_name": "image",
                    "type": "rectanglelabels",
                    "origin": "manual",
                }
            ],
        },
        {"id": 2, "was_cancelled": True, "updated_at": "2026-01-03T00:00:00Z", "result": []},
        {"id": 3, "was_cancelled": False, "updated_at": "2025-01-01T00:00:00Z", "result": []},
    ],
    "predictions": [],
}


def studio(tmp_path: Path, **changes: object) -> list[Annotated]:
    """The task with something else in its one result."""
    task = json.loads(json.dumps(LABEL_STUDIO))
    result = task["annotations"][0]["result"][0]
    for key, value in changes.items():
        into = result["value"] if key in result["value"] else result
        into[key] = value
    file = tmp_path / "export.json"
    file.write_text(json.dumps([task]))
    return label_studio.load(file)


def test_the_latest_annotation_that_was_not_skipped_counts(tmp_path: Path) -> None:
    (found,) = studio(tmp_path)
    assert found.regions == (Region((0.25, 0.5, 0.75, 0.75), "face"),)
    assert "photo one.jpg" in names_of(found.name)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"rotation": 30}, "turned"),
        ({"image_rotation": 90}, "turned"),
        ({"type": "polygonlabels"}, "polygonlabels: only boxes"),
        ({"x": -5}, "out of the picture"),
        ({"width": 90}, "out of the picture"),
        ({"width": 0}, "empty"),
        ({"x": "a"}, "could not convert"),
        ({"x": None}, "not as Label Studio writes"),
        ({"rectanglelabels": []}, "not enough values"),
        ({"rectanglelabels": ["a", "b"]}, "too many values"),
    ],
)
def test_what_label_studio_knows_and_we_do_not_is_said(
    tmp_path: Path, changes: dict[str, object], problem: str
) -> None:
    (found,) = studio(tmp_path, **changes)
    assert problem in found.problem
    assert found.regions == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{}", "a list of tasks"),
        ("[1]", "a list of tasks"),
        ("[" * 100_000, "is not JSON"),
        ('[{"annotations": NaN}]', "NaN is no number"),
        ('[{"image": "a.jpg", "label": []}]', "not as “JSON-MIN”"),
    ],
)
def test_other_json_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(AnnotationsError, match=told):
        label_studio.load(tmp_path / "a.json")


def image(*shapes: str) -> str:
    inside = "".join(shapes)
    named = 'id="0" name="sub/photo one.jpg" width="200" height="100"'
    return f"<annotations><version>1.1</version><image {named}>{inside}</image></annotations>"


BOX = '<box label="face" xtl="50" ytl="50" xbr="150" ybr="75" {}/>'


@pytest.mark.parametrize(
    ("shape", "problem"),
    [
        (BOX.format(""), ""),
        (BOX.format('rotation="0.0"') + '<tag label="day"/>', ""),
        (BOX.format('rotation="30.5"'), "turned"),
        ('<polygon label="face" points="1,1;2,2;3,1"/>', "polygon: only boxes"),
        (BOX.format("").replace('"150"', '"300"'), "out of the picture"),
        (BOX.format("").replace('"150"', '"inf"'), "not finite"),
        (BOX.format("").replace('label="face"', ""), "no label"),
    ],
)
def test_what_cvat_knows_and_we_do_not_is_said(tmp_path: Path, shape: str, problem: str) -> None:
    (tmp_path / "a.xml").write_text(image(shape))
    (found,) = cvat.load(tmp_path / "a.xml")
    assert problem in found.problem
    assert bool(problem) or found.regions == (Region((0.25, 0.5, 0.75, 0.75), "face"),)
    assert "photo one.jpg" in names_of(found.name)


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><annotations>&c;</annotations>',
        '<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><annotations>&f;</annotations>',
        "<annotations>",
        "no xml",
        "",
        "<annotations><version>1.0</version></annotations>",
        "<annotations><version>1.1</version><track id='0'/></annotations>",
    ],
)
def test_other_and_hostile_xml_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(AnnotationsError):
        cvat.load(tmp_path / "a.xml")


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("/data/local-files/?d=set/images/a%20b.jpg", "a b.jpg"),
        ("/data/upload/3/1a2b3c4d-a.jpg", "a.jpg"),
        ("https://host/x/a.jpg?token=1/2", "a.jpg"),
        ("s3://bucket/../../a.jpg", "a.jpg"),
        ("C:\\pictures\\a.jpg", "a.jpg"),
        ("%2e%2e%2fa.jpg", "a.jpg"),
        ("100%.jpg", "100%.jpg"),
    ],
)
def test_a_name_is_found_in_what_a_tool_tells(told: str, name: str) -> None:
    assert name in names_of(told)
    assert all("/" not in each for each in names_of(told))
