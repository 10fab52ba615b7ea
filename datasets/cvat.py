"""CVAT's XML, "CVAT for images 1.1": pictures with boxes in pixels.

What CVAT exports is a ZIP with `annotations.xml` in it; either is read, and nothing is unpacked.
"""

import io
import math
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, SubElement, indent, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from datasets.annotated import (
    MOST_BYTES,
    MOST_PICTURES,
    Annotated,
    AnnotationsError,
    Region,
    labels_of,
    read_bytes,
    region,
)

_XML = "annotations.xml"


def dump(pictures: Sequence[Annotated], task: str) -> bytes:
    """The XML; what nobody has confirmed has `source="auto"`.

    Args:
        task: a name for the task.
    """
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    described = SubElement(SubElement(root, "meta"), "task")
    SubElement(described, "name").text = task
    SubElement(described, "size").text = str(len(pictures))
    SubElement(described, "mode").text = "annotation"
    labels = SubElement(described, "labels")
    for label in labels_of(pictures):
        one = SubElement(labels, "label")
        SubElement(one, "name").text = label
        SubElement(one, "type").text = "rectangle"
        SubElement(one, "attributes")
    for number, each in enumerate(pictures):
        _add_image(root, number, each)
    indent(root)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def load(file: Path) -> list[Annotated]:
    """The pictures that it speaks of, those without a box as well.

    Turned boxes and shapes that are no boxes are a picture's `problem`.

    Raises:
        AnnotationsError: it is not of this form, or holds what only an attack would.
    """
    try:
        root = fromstring(_xml(file), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise AnnotationsError(f"{file} is no XML that can be trusted: {error!r}.") from error
    if root.tag != "annotations" or root.findtext("version") != "1.1":
        raise AnnotationsError(f"{file}: expected the format “CVAT for images 1.1”.")
    images = root.findall("image")
    if root.find("track") is not None:
        raise AnnotationsError(f"{file} is of a video; export it as “CVAT for images 1.1”.")
    if len(images) > MOST_PICTURES:
        raise AnnotationsError(f"{file}: more than {MOST_PICTURES} pictures.")
    return [_picture(each) for each in images]


def _xml(file: Path) -> bytes:
    content = read_bytes(file)
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed, packed.open(_XML) as stream:
            unpacked = stream.read(MOST_BYTES + 1)
    except (KeyError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise AnnotationsError(f"{file} holds no {_XML} that can be read: {error}.") from error
    if len(unpacked) > MOST_BYTES:
        raise AnnotationsError(f"{file}: {_XML} has more than {MOST_BYTES // 1_000_000} MB.")
    return unpacked


def _add_image(root: Element, number: int, picture: Annotated) -> None:
    width, height = picture.size
    told = {"id": str(number), "name": picture.name, "width": str(width), "height": str(height)}
    image = SubElement(root, "image", told)
    source = "manual" if picture.confirmed else "auto"
    for each in picture.regions:
        left, top, right, bottom = each.box
        edges = {"xtl": left * width, "ytl": top * height}
        edges |= {"xbr": right * width, "ybr": bottom * height}
        told = {key: f"{value:.2f}" for key, value in edges.items()}
        SubElement(
            image,
            "box",
            {"label": each.label, "source": source, "occluded": "0", **told, "z_order": "0"},
        )


def _picture(image: Element) -> Annotated:
    name = image.get("name") or "?"
    try:
        size = int(image.get("width", "")), int(image.get("height", ""))
        return Annotated(name, size, tuple(_regions(image, size)))
    except (ValueError, ZeroDivisionError) as error:
        return Annotated(name, (0, 0), (), problem=str(error))


def _regions(image: Element, size: tuple[int, int]) -> Iterable[Region]:
    for shape in image:
        if shape.tag == "tag":  # of the picture as a whole
            continue
        if shape.tag != "box":
            raise ValueError(f"{shape.tag:.40}: only boxes are taken")
        if float(shape.get("rotation", 0)) % 360:
            raise ValueError("it has a turned box: only upright boxes are taken")
        edges = [float(shape.get(key, "nan")) for key in ("xtl", "ytl", "xbr", "ybr")]
        if not all(map(math.isfinite, edges)):
            raise ValueError("a box is not finite")
        left, top, right, bottom = edges
        width, height = size
        yield region(
            (left / width, top / height, right / width, bottom / height), shape.get("label")
        )
