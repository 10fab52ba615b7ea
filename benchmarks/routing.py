"""Photograph, drawing or nobody: whole sets that the router has not learned from.

Every picture is brought to a random size and JPEG quality from the same ranges, so that its set
can't be told by its compression. It then goes through the bot's own judge.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from benchmarks.door import files_in, settings_with, spread
from benchmarks.report import Table, arguments, parsed, percent, publish
from bot.routing import ROUTES, Result, Routed, route
from models.types import Route

SETS: tuple[tuple[str, Route], ...] = (
    ("faces/korea6", "photo"),
    ("detection/group", "photo"),
    ("anime/char_moe10", "illustration"),
    ("anime/char_sekai26", "illustration"),
    ("detection/nobody", "nobody"),
)

SIDES, QUALITIES = (400, 800), (65, 95)
"""Of all pictures: the long side in pixels, and JPEG's quality."""

_CELL = 180


def main() -> None:
    """Print the confusions, and draw the mistakes."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--out", type=Path, metavar="DIR", help="draw what went wrong there")
    parser.add_argument("--most", type=int, default=200, metavar="N", help="of a set (default 200)")
    given = parsed(parser)
    with TemporaryDirectory() as folder:
        for name, true in SETS:
            _copy(spread(files_in(given.data / name), given.most), Path(folder, true, name))
        result = asyncio.run(route(settings_with(), {r: Path(folder, r) for r in ROUTES}))
        publish([_table(result, Path(folder))], given.json)
        if given.out is not None:
            _draw_mistakes(result, given.out)


def _copy(files: Sequence[Path], folder: Path) -> None:
    """All alike: upright, RGB on white, reduced or enlarged, JPEG."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number, file in enumerate(files):
        with Image.open(file) as opened:
            image = ImageOps.exif_transpose(opened).convert("RGBA")
        flat = Image.new("RGBA", image.size, "white")
        flat.alpha_composite(image)
        scale = float(np.exp(rng.uniform(*np.log(SIDES)))) / max(image.size)
        size = (max(16, round(image.width * scale)), max(16, round(image.height * scale)))
        flat.convert("RGB").resize(size, Image.Resampling.BICUBIC).save(
            folder / f"{number:04}.jpg", quality=int(rng.integers(*QUALITIES))
        )


def _table(result: Result, folder: Path) -> Table:
    told = result.as_dict()
    rows = []
    for name, true in SETS:
        own = [each for each in result.pictures if each.file.is_relative_to(folder / true / name)]
        counts = [sum(each.route == route for each in own) for route in ROUTES]
        with_faces = sum(each.faces > 0 for each in own)
        rows.append((name, true, len(own), *counts, with_faces))
    return Table(
        "Photograph, drawing or nobody",
        ("set", "is", "pictures", *ROUTES, "with a face"),
        rows,
        f"right: {percent(told['accuracy'])}; photographs and drawings alone: "
        f"{percent(told['photo_vs_illustration_accuracy'])}; of nobody, judged by face heads: "
        f"{told['nobody_judged']}",
    )


def _draw_mistakes(result: Result, out: Path) -> None:
    """A contact sheet: what it was taken for, and how many faces were found."""
    wrong = [
        each
        for each in result.pictures
        if each.route != each.true or (each.true == "nobody" and each.faces)
    ]
    across = 8
    sheet = Image.new("RGB", (across * _CELL, max(1, -(-len(wrong) // across)) * (_CELL + 20)))
    for place, each in enumerate(wrong):
        corner = place % across * _CELL, place // across * (_CELL + 20)
        sheet.paste(_cell(each), corner)
    out.mkdir(parents=True, exist_ok=True)
    sheet.save(out / "mistakes.png")


def _cell(each: Routed) -> Image.Image:
    cell = Image.new("RGB", (_CELL, _CELL + 20), "white")
    with Image.open(each.file) as image:
        image.thumbnail((_CELL, _CELL))
        cell.paste(image, (0, 20))
    ImageDraw.Draw(cell).text((4, 4), f"{each.true} > {each.route}, {each.faces} faces", "black")
    return cell


if __name__ == "__main__":
    main()
