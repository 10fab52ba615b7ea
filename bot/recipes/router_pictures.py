"""Pictures to train the router with, made from photographed and drawn faces.

All of them are re-encoded and resized alike, so that nothing but what they show tells where they
are from: a router that had learned that photographs are small and square would be of no use.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from models.route import overlap
from models.types import Box, Kind

T = TypeVar("T")
Rng = np.random.Generator
Scene = tuple[Image.Image, frozenset[Kind]]
"""A picture, and the kinds of face that can be seen in it."""

NONE: frozenset[Kind] = frozenset()

_TRIES = 30
"""To find a place without a face."""


@dataclass(frozen=True, slots=True)
class Source:
    """A picture to make others from.

    Attributes:
        boxes: of its faces, in pixels of the file; empty if it has none.
    """

    file: Path
    kind: Kind
    boxes: tuple[Box, ...]

    def open(self) -> Image.Image:
        """The picture, RGB."""
        with Image.open(self.file) as file:
            return file.convert("RGB")


def scene(rng: Rng, pool: Sequence[Source], others: Sequence[Source]) -> Scene:
    """A picture made from some of `pool`, as a camera, an animator or a fan might have made it.

    Args:
        pool: all of one kind.
        others: of the other kind, for pictures that have both.
    """
    make = _MAKERS[int(rng.choice(len(_MAKERS), p=_SHARES))]
    image, kinds = make(rng, pool, others)
    return worn(rng, image), kinds


def face(rng: Rng, pool: Sequence[Source]) -> tuple[Image.Image, Box, Kind | None]:
    """A picture, a box that a detector might have found in it, and the kind of face in that box.

    Faces are 20 to 120 pixels wide; boxes of nothing are of all sizes.
    """
    while True:
        source = _one(rng, pool)
        image = source.open()
        faceless = rng.random() < _FACELESS
        box = _beside_faces(rng, source, image.size) if faceless else _about(rng, source)
        if box is None or box[2] - box[0] < _LEAST_FACE or box[3] - box[1] < _LEAST_FACE:
            continue
        if faceless:
            image = _instead(rng, source, image)
        scale = min(1.5, float(np.exp(rng.uniform(np.log(20), np.log(120)))) / (box[2] - box[0]))
        image = _reduced(image, scale * max(image.size))
        if rng.random() < _GREY:
            image = ImageOps.grayscale(image).convert("RGB")
        inside = [
            min(max(value * scale, 0), side)
            for value, side in zip(box, image.size * 2, strict=True)
        ]
        left, top, right, bottom = inside
        if right - left >= 4 and bottom - top >= 4:
            return (
                _encoded(rng, image),
                (left, top, right, bottom),
                None if faceless else source.kind,
            )


_FACELESS = 0.35
"""Share of boxes in which no face is."""

_LEAST_FACE = 14
"""Pixels; smaller faces show nothing to learn from."""

_GREY = 0.12


def _about(rng: Rng, source: Source) -> Box:
    """A face's box, not quite where it belongs."""
    left, top, right, bottom = _one(rng, source.boxes)
    width, height = right - left, bottom - top
    scale = float(np.exp(rng.uniform(np.log(0.8), np.log(1.3))))
    x = (left + right) / 2 + width * rng.normal(0, 0.07)
    y = (top + bottom) / 2 + height * rng.normal(0, 0.07)
    reach_x, reach_y = width * scale / 2, height * scale / 2
    return x - reach_x, y - reach_y, x + reach_x, y + reach_y


def _beside_faces(rng: Rng, source: Source, size: tuple[int, int]) -> Box | None:
    """A box with none of a face in it, or a small part of one; None if none was found."""
    for _ in range(_TRIES):
        width = rng.uniform(0.06, 0.6) * min(size)
        x, y = rng.uniform(0, size[0] - width), rng.uniform(0, size[1] - width)
        box = x, y, x + width, y + width * rng.uniform(1, 1.35)
        if all(overlap(box, each) < 0.12 for each in source.boxes):
            return box
    return None


def _instead(rng: Rng, source: Source, image: Image.Image) -> Image.Image:
    """Now and then something made up, or the faces painted over."""
    choice = rng.random()
    if choice < 0.12:
        return made_up(rng).resize(image.size)
    return _covered(rng, [source], ())[0] if choice < 0.27 else image


def worn(rng: Rng, image: Image.Image) -> Image.Image:
    """As it comes out of a chat: reduced, re-encoded, perhaps grey, turned over or brightened."""
    image = _reduced(image, float(np.exp(rng.uniform(np.log(110), np.log(320)))))
    if rng.random() < 0.5:
        image = ImageOps.mirror(image)
    if rng.random() < _GREY:
        image = ImageOps.grayscale(image).convert("RGB")
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        if rng.random() < 0.3:
            image = enhance(image).enhance(float(rng.uniform(0.6, 1.5)))
    if rng.random() < 0.06:
        image = image.rotate(90 * int(rng.integers(1, 4)), expand=True)
    return _encoded(rng, image)


def _encoded(rng: Rng, image: Image.Image) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=int(rng.integers(55, 96)))
    return Image.open(file).convert("RGB")


def _reduced(image: Image.Image, longest: float) -> Image.Image:
    scale = longest / max(image.size)
    size = (max(16, round(image.width * scale)), max(16, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BICUBIC)


def _whole(rng: Rng, pool: Sequence[Source], _: Sequence[Source]) -> Scene:
    source = _one(rng, pool)
    return source.open(), _kinds(source)


def _near(rng: Rng, pool: Sequence[Source], _: Sequence[Source]) -> Scene:
    """A face and some of what is around it, anywhere in the picture."""
    source = _with_face(rng, pool)
    image = source.open()
    left, top, right, bottom = _one(rng, source.boxes)
    side = max(right - left, bottom - top) * float(np.exp(rng.uniform(np.log(1.1), np.log(4.5))))
    width, height = side * float(rng.uniform(0.75, 1.33)), side
    # Where the face lies in the crop, from edge to edge.
    x = (left + right) / 2 - width * float(rng.uniform(0.35, 0.65))
    y = (top + bottom) / 2 - height * float(rng.uniform(0.35, 0.6))
    return image.crop(_inside((x, y, x + width, y + height), image.size)), frozenset({source.kind})


def _away(rng: Rng, pool: Sequence[Source], _: Sequence[Source]) -> Scene:
    """A part of the picture that has no face; where there is none, the faces painted over."""
    source = _one(rng, pool)
    part = empty_part(rng, source)
    return _covered(rng, pool, ()) if part is None else (part, NONE)


def empty_part(rng: Rng, source: Source) -> Image.Image | None:
    """A part without any of a face in it, or None if none was found."""
    image = source.open()
    for _ in range(_TRIES):
        box = _anywhere(rng, image.size, 0.15, 0.8)
        if box[2] - box[0] > 40 and not any(_touches(box, face) for face in source.boxes):
            return image.crop(box)
    return None


def _covered(rng: Rng, pool: Sequence[Source], _: Sequence[Source]) -> Scene:
    """The picture with something of itself, or of nothing, where faces were."""
    source = _one(rng, pool)
    image = source.open()
    stuff = empty_part(rng, source) or plain(rng, image.size)
    for left, top, right, bottom in source.boxes:
        grow_x, grow_y = 0.35 * (right - left), 0.45 * (bottom - top)
        box = _inside(
            (left - grow_x, top - 1.3 * grow_y, right + grow_x, bottom + grow_y), image.size
        )
        size = (box[2] - box[0], box[3] - box[1])
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).ellipse((2, 2, size[0] - 2, size[1] - 2), 255)
        mask = mask.filter(ImageFilter.GaussianBlur(max(1, size[0] / 20)))
        # Square masks now and then: an oval must not be what tells.
        if rng.random() < 0.5:
            mask = Image.new("L", size, 255)
        image.paste(stuff.resize(size), box[:2], mask)
    return image, NONE


def _collage(rng: Rng, pool: Sequence[Source], _: Sequence[Source]) -> Scene:
    """Many people, small: what a group photograph or an ensemble comes to."""
    across, down = int(rng.integers(1, 6)), int(rng.integers(1, 5))
    cell = max(60, 480 // max(across, down))
    whole = Image.new("RGB", (across * cell, down * cell), _colour(rng))
    for n in range(across * down):
        image, _kinds_of_it = _near(rng, pool, ())
        whole.paste(ImageOps.fit(image, (cell, cell)), (n % across * cell, n // across * cell))
    return whole, frozenset({pool[0].kind})


def _far(rng: Rng, pool: Sequence[Source], _: Sequence[Source]) -> Scene:
    """One person in a place of the same kind, small."""
    place, _none = _away(rng, pool, ())
    place = ImageOps.fit(place, (480, int(rng.integers(300, 640))))
    person, kinds = _near(rng, pool, ())
    _put(rng, place, person, float(rng.uniform(0.3, 0.7)))
    return place, kinds


def _both(rng: Rng, pool: Sequence[Source], others: Sequence[Source]) -> Scene:
    """A person before a poster, a poster of a person, a collage of the two."""
    ground, kinds = (_near if rng.random() < 0.5 else _whole)(rng, pool, ())
    ground = ground.resize((480, round(480 * ground.height / ground.width)))
    poster, others_kinds = (_near if rng.random() < 0.7 else _whole)(rng, others, ())
    if rng.random() < 0.5:
        _put(rng, ground, poster, float(rng.uniform(0.25, 0.5)), beside=True)
        return ground, kinds | others_kinds
    poster = ImageOps.fit(poster, (int(rng.integers(160, 480)), ground.height))
    whole = Image.new("RGB", (ground.width + poster.width, ground.height))
    first, second = (ground, poster) if rng.random() < 0.5 else (poster, ground)
    whole.paste(first, (0, 0))
    whole.paste(second, (first.width, 0))
    return whole, kinds | others_kinds


def _hung(rng: Rng, pool: Sequence[Source], others: Sequence[Source]) -> Scene:
    """A face in a place of the other kind: a screen in a room, a photograph in a comic."""
    place, _none = _away(rng, others, ())
    place = ImageOps.fit(place, (480, int(rng.integers(300, 640))))
    picture, kinds = _near(rng, pool, ())
    _put(rng, place, picture, float(rng.uniform(0.4, 0.8)))
    return place, kinds


def _patched(rng: Rng, pool: Sequence[Source], others: Sequence[Source]) -> Scene:
    """Something without a face on something without one: an edge must not be what tells."""
    place, _none = _away(rng, pool, ())
    place = ImageOps.fit(place, (480, int(rng.integers(300, 640))))
    part, _none = _away(rng, pool if rng.random() < 0.5 else others, ())
    _put(rng, place, part, float(rng.uniform(0.3, 0.8)))
    return place, NONE


def _on_paper(rng: Rng, pool: Sequence[Source], _: Sequence[Source]) -> Scene:
    """Cut out, on a plain page, perhaps with text: stickers, screenshots, pages."""
    picture, kinds = (_near if rng.random() < 0.7 else _whole)(rng, pool, ())
    page = plain(rng, (480, int(rng.integers(320, 720))))
    if rng.random() < 0.3:
        _write(rng, page)
    width = round(page.width * float(rng.uniform(0.5, 1.0)))
    picture = picture.resize((width, round(width * picture.height / picture.width)))
    mask = Image.new("L", picture.size)
    draw, edge = ImageDraw.Draw(mask), (0, 0, picture.width - 1, picture.height - 1)
    shape = int(rng.integers(3))
    (draw.rectangle, draw.ellipse, lambda box, fill: draw.rounded_rectangle(box, 40, fill))[shape](
        edge, fill=255
    )
    x = int(rng.integers(0, max(1, page.width - picture.width)))
    y = int(rng.integers(0, max(1, page.height - picture.height)))
    page.paste(picture, (x, y), mask)
    return page, kinds


def _made_up(rng: Rng, *_: Sequence[Source]) -> Scene:
    return made_up(rng), NONE


def made_up(rng: Rng) -> Image.Image:
    """A picture of nothing: colours, shapes, noise, text, a plot."""
    size = (int(rng.integers(160, 480)), int(rng.integers(160, 480)))
    image = plain(rng, size)
    draw = ImageDraw.Draw(image)
    kind = int(rng.integers(6))
    if kind == 0:
        _write(rng, image)
    elif kind == 1:  # shapes
        for _ in range(int(rng.integers(2, 40))):
            box = _anywhere(rng, size, 0.05, 0.5)
            (draw.ellipse, draw.rectangle)[int(rng.integers(2))](
                box, fill=_colour(rng), outline=_colour(rng), width=int(rng.integers(1, 5))
            )
    elif kind == 2:  # a plot
        points = np.cumsum(rng.normal(size=(60, 2)), axis=0)
        points = (points - points.min(0)) / np.ptp(points, axis=0) * (np.array(size) - 1)
        draw.line([(float(x), float(y)) for x, y in points], _colour(rng), int(rng.integers(1, 5)))
        draw.rectangle((8, 8, size[0] - 8, size[1] - 8), None, _colour(rng))
    elif kind == 3:  # clouds and stuffs: noise of several sizes
        image = Image.blend(image, noise(rng, size), float(rng.uniform(0.3, 1.0)))
    elif kind == 4:  # a landscape of layers
        for level in np.sort(rng.uniform(0.3, 1, size=int(rng.integers(2, 6)))):
            heights = level * size[1] + np.cumsum(rng.normal(0, size[1] / 40, size=24))
            outline = [(x * size[0] / 23, float(y)) for x, y in enumerate(heights)]
            draw.polygon([(0, size[1]), *outline, (size[0], size[1])], _colour(rng))
    return image


def noise(rng: Rng, size: tuple[int, int]) -> Image.Image:
    """Noise as nature has it: the larger the stronger."""
    total = np.zeros((size[1], size[0], 3))
    for step in (2, 4, 8, 16, 64):
        small = rng.normal(size=(max(2, size[1] // step), max(2, size[0] // step), 3))
        if rng.random() < 0.7:
            small = small.mean(axis=2, keepdims=True) + 0.3 * small
        grey = Image.fromarray(np.clip(128 + 50 * small, 0, 255).astype(np.uint8))
        total += np.asarray(grey.resize(size, Image.Resampling.BICUBIC)) * step**0.5
    total -= total.min()
    return Image.fromarray((255 * total / total.max()).astype(np.uint8))


def plain(rng: Rng, size: tuple[int, int]) -> Image.Image:
    """White, black, a colour or a gradient."""
    choice = rng.random()
    if choice < 0.35:
        return Image.new("RGB", size, "white")
    if choice < 0.45:
        return Image.new("RGB", size, "black")
    if choice < 0.7:
        return Image.new("RGB", size, _colour(rng))
    corners = rng.integers(0, 256, size=(2, 2, 3)).astype(np.uint8)
    return Image.fromarray(corners).resize(size, Image.Resampling.BICUBIC)


def _write(rng: Rng, image: Image.Image) -> None:
    draw, colour = ImageDraw.Draw(image), _colour(rng)
    letters = [chr(c) for c in (*range(65, 91), *range(97, 123), *[32] * 10)]
    height = int(rng.integers(10, 34))
    for y in range(int(rng.integers(4, 40)), image.height, round(height * 1.4)):
        words = "".join(rng.choice(letters, size=int(rng.integers(8, 60))))
        draw.text((12, y), words, colour, font_size=height)


def _put(
    rng: Rng, ground: Image.Image, picture: Image.Image, share: float, *, beside: bool = False
) -> None:
    """Paste a picture over a share of the ground's width; `beside`: along an edge of it."""
    width = max(48, round(ground.width * share))
    height = max(48, round(width * picture.height / picture.width))
    free = max(1, ground.width - width)
    x = int(rng.choice([0, free])) if beside else int(rng.integers(0, free))
    y = int(rng.integers(0, max(1, ground.height - height)))
    ground.paste(picture.resize((width, height)), (x, y))


def _one(rng: Rng, several: Sequence[T]) -> T:
    return several[int(rng.integers(len(several)))]


def _with_face(rng: Rng, pool: Sequence[Source]) -> Source:
    while not (source := _one(rng, pool)).boxes:
        pass
    return source


def _kinds(source: Source) -> frozenset[Kind]:
    return frozenset({source.kind}) if source.boxes else NONE


def _colour(rng: Rng) -> tuple[int, int, int]:
    red, green, blue = rng.integers(0, 256, size=3).tolist()
    return red, green, blue


def _anywhere(
    rng: Rng, size: tuple[int, int], least: float, most: float
) -> tuple[int, int, int, int]:
    width = max(2, round(size[0] * rng.uniform(least, most)))
    height = max(2, round(size[1] * rng.uniform(least, most)))
    x = int(rng.integers(0, size[0] - width + 1))
    y = int(rng.integers(0, size[1] - height + 1))
    return x, y, x + width, y + height


def _inside(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top = max(0, int(box[0])), max(0, int(box[1]))
    return (
        left,
        top,
        max(left + 2, min(size[0], int(box[2]))),
        max(top + 2, min(size[1], int(box[3]))),
    )


def _touches(one: Sequence[float], face: Box) -> bool:
    return one[0] < face[2] and face[0] < one[2] and one[1] < face[3] and face[1] < one[3]


_Maker = Callable[[Rng, Sequence[Source], Sequence[Source]], Scene]
_WEIGHTED: tuple[tuple[_Maker, float], ...] = (
    (_whole, 3),
    (_near, 4),
    (_away, 4),
    (_covered, 2),
    (_collage, 1.5),
    (_far, 1.5),
    (_both, 2),
    (_hung, 1),
    (_patched, 1.5),
    (_on_paper, 3),
    (_made_up, 1),
)
_MAKERS = [make for make, _ in _WEIGHTED]
_SHARES = np.array([weight for _, weight in _WEIGHTED]) / sum(weight for _, weight in _WEIGHTED)
