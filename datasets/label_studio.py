"""Label Studio's JSON: a list of tasks, each a picture with annotations and predictions.

The form is that of its export "JSON" and of its import of tasks. A box is in percent of the
picture, `x` and `y` of its upper left corner, about which `rotation` turns it.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from datasets.annotated import (
    MOST_PICTURES,
    Annotated,
    AnnotationsError,
    Region,
    read_bytes,
    region,
)

_FROM, _TO, _KIND = "label", "image", "rectanglelabels"
_PROPOSED_BY = "hantei"


def config(labels: Iterable[str]) -> str:
    """The labelling interface that fits the tasks: to be pasted into the project's settings."""
    values = "".join(f"    <Label value={quoteattr(label)}/>\n" for label in labels)
    return f"""<View>
  <Image name="{_TO}" value="$image" zoom="true"/>
  <RectangleLabels name="{_FROM}" toName="{_TO}">
{values}  </RectangleLabels>
</View>
"""


def dump(pictures: Sequence[Annotated], folder: str) -> str:
    """Tasks: what a person has confirmed as annotations, what is proposed as predictions.

    Args:
        folder: of the pictures, below the root that Label Studio serves local files from.
    """
    tasks = [_task(each, f"/data/local-files/?d={folder}/{each.name}") for each in pictures]
    return json.dumps(tasks, ensure_ascii=False, indent=1)


def load(file: Path) -> list[Annotated]:
    """The pictures that somebody has annotated; of several annotations of one the latest counts.

    Skipped tasks and predictions that nobody confirmed are left out. Turned boxes and shapes that
    are no boxes are a picture's `problem`.

    Raises:
        AnnotationsError: it is no list of tasks.
    """
    try:
        tasks = json.loads(read_bytes(file), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise AnnotationsError(f"{file} is not JSON: {error}.") from error
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise AnnotationsError(f"{file}: expected Label Studio's export “JSON”, a list of tasks.")
    if len(tasks) > MOST_PICTURES:
        raise AnnotationsError(f"{file}: more than {MOST_PICTURES} tasks.")
    if tasks and not any("annotations" in task for task in tasks):
        raise AnnotationsError(
            f"{file}: no task has “annotations”; export as “JSON”, not as “JSON-MIN”."
        )
    return [each for each in map(_picture, tasks) if each is not None]


def _task(picture: Annotated, url: str) -> dict[str, Any]:
    found = [_result(each, n, picture.size) for n, each in enumerate(picture.regions)]
    if picture.confirmed:
        return {"data": {"image": url}, "annotations": [{"result": found}]}
    prediction = {"model_version": _PROPOSED_BY, "result": found}
    return {"data": {"image": url}, "predictions": [prediction]}


def _result(found: Region, number: int, size: tuple[int, int]) -> dict[str, Any]:
    left, top, right, bottom = (100 * edge for edge in found.box)
    value = {"x": left, "y": top, "width": right - left, "height": bottom - top, "rotation": 0}
    return {
        "id": str(number),
        "type": _KIND,
        "from_name": _FROM,
        "to_name": _TO,
        "original_width": size[0],
        "original_height": size[1],
        "image_rotation": 0,
        "value": {**value, _KIND: [found.label]},
    }


def _picture(task: Mapping[str, Any]) -> Annotated | None:
    url = _url(task.get("data"))
    try:
        done = [each for each in task.get("annotations") or () if not each.get("was_cancelled")]
        if not done:
            return None
        results = max(done, key=lambda each: str(each.get("updated_at", "")))["result"]
        found = tuple(_region(each) for each in results)
        size = next((_size(each) for each in results), (0, 0))
    except ValueError as error:
        return Annotated(url, (0, 0), (), problem=str(error))
    except (TypeError, AttributeError, KeyError):
        return Annotated(url, (0, 0), (), problem="it is not as Label Studio writes it")
    return Annotated(url, size, found)


def _url(data: object) -> str:
    """What stands under `image`, or whatever text there is."""
    told = data if isinstance(data, dict) else {}
    texts = [each for each in (told.get("image"), *told.values()) if isinstance(each, str)]
    return next(iter(texts), "?")


def _region(result: Mapping[str, Any]) -> Region:
    if result.get("type") != _KIND:
        raise ValueError(f"{result.get('type')!s:.40}: only boxes (RectangleLabels) are taken")
    value = result["value"]
    turned = float(value.get("rotation") or 0) % 360
    if turned or result.get("image_rotation"):
        raise ValueError("it is turned, or has a turned box: only upright boxes are taken")
    numbers = [float(value[key]) / 100 for key in ("x", "y", "width", "height")]
    if not all(map(math.isfinite, numbers)):
        raise ValueError("a box is not finite")
    x, y, width, height = numbers
    (label,) = value[_KIND]
    return region((x, y, x + width, y + height), label)


def _size(result: Mapping[str, Any]) -> tuple[int, int]:
    """(0, 0) where it is not told."""
    return int(result.get("original_width", 0)), int(result.get("original_height", 0))


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")
