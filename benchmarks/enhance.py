"""A picture made better: does the gain hold with a second head, and does it look like a picture?

The demonstration head of a simulated audience is followed, within the same limits, in two ways: by
a smooth change of tone and colour, as the bot does, and by the pixels themselves. The second head
learned the same ratings on another network. The audience itself can be asked too, for it is
computed. No picture was learned from; faces that the bot finds keep their pixels.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from benchmarks.door import files_in, settings_with, spread
from benchmarks.report import ROOT, Table, arguments, parsed, percent, publish
from bot.decoding import Limits as Decoding
from bot.decoding import decode
from bot.judging import Networks
from bot.recipes.demo import drawn
from datasets.simulated_audience import Audience
from models.demo import load
from models.enhance import (
    WORK_SIDE,
    Enhanced,
    Limits,
    Objective,
    Toning,
    applied,
    ascend,
    enhance,
    free_of,
    to_tensor,
    variation,
)
from models.scene_network import load as load_scene
from models.second_opinion import Witness
from models.types import Box, Picture, Pixels

SETS = {
    "detection/nobody": 42,
    "detection/group": 6,
    "faces/korea6": 12,
    "anime/icartoon_train/images": 12,
}
"""How many of each, none of which the demonstration was learned from."""

WEIGHTS = ROOT / "models" / "weights"
_CELL = 200


class Raw(nn.Module):
    """A change of every pixel as it likes; see `models.enhance.ascend`."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.added = nn.Parameter(torch.zeros(3, height, width))

    def forward(self, picture: Tensor) -> Tensor:  # noqa: ARG002, D102 - the same for all
        return self.added * (self.added.numel() ** 0.5 / 10)  # so that steps reach the limits


WAYS: dict[str, Callable[[Pixels], nn.Module]] = {
    "tone and colour": lambda _: Toning(),
    "raw pixels": lambda pixels: Raw(*pixels.shape[:2]),
}


@dataclass(frozen=True, slots=True)
class Judges:
    """Who says how good a picture is."""

    followed: Objective
    second: Witness
    audience: Audience

    def scores(self, pixels: Pixels) -> NDArray[np.float64]:
        """By the head that is followed, the second, and the audience itself."""
        return np.array([self.followed(pixels), self.second(pixels), self.audience.of(pixels)])


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """A picture before and after, the gains in the order of `Judges.scores`, and what it took."""

    before: Pixels
    after: Pixels
    gains: NDArray[np.float64]


def main() -> None:
    """Print the tables, and draw the pictures."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--out", type=Path, metavar="DIR", help="draw before and after there")
    parser.add_argument("--steps", type=int, default=20, metavar="N", help="(default 20)")
    given = parsed(parser)
    torch.set_num_threads(1)
    judges = _judges()
    shown = _shown(given.data)
    limits = Limits(given.steps)
    changes = {
        way: [_change(make(pixels), pixels, faces, judges, limits) for pixels, faces in shown]
        for way, make in WAYS.items()
    }
    note = f"{len(shown)} pictures, {sum(bool(f) for _, f in shown)} with faces; {limits}"
    rows = [_row(way, each) for way, each in changes.items()]
    tables = [Table("Made better for a simulated audience", COLUMNS, rows, note), _time(judges)]
    publish(tables, given.json)
    if given.out is not None:
        given.out.mkdir(parents=True, exist_ok=True)
        for way, each in changes.items():
            _sheet(each).save(given.out / f"{way.replace(' ', '-')}.png")


COLUMNS = (
    "what is changed", "gain", "second head", "share that holds", "at least half holds",
    "audience", "its share", "distance", "total variation",
)  # fmt: skip


def _row(way: str, changes: Sequence[Change]) -> tuple[str | float, ...]:
    gains = np.stack([each.gains for each in changes])
    first, second, audience = gains.mean(axis=0).tolist()
    half = float(np.mean(gains[:, 1] >= gains[:, 0] / 2))
    distance = [np.sqrt(np.square((c.after / 255.0) - (c.before / 255.0)).mean()) for c in changes]
    varied = [variation(to_tensor(c.after)) / variation(to_tensor(c.before)) for c in changes]
    return (
        way, first, second, _ratio(gains[:, 1], gains[:, 0]), percent(half), audience,
        _ratio(gains[:, 2], gains[:, 0]), float(np.mean(distance)), float(np.mean(varied)),
    )  # fmt: skip


def _ratio(held: NDArray[np.float64], gained: NDArray[np.float64]) -> str:
    """Of all gain together, and its 95 % interval by drawing pictures."""
    drawn = np.random.default_rng(0).integers(len(held), size=(2000, len(held)))
    shares = held[drawn].sum(axis=1) / gained[drawn].sum(axis=1)
    low, high = np.quantile(shares, [0.025, 0.975])
    return f"{held.sum() / gained.sum():.2f} ({low:.2f}-{high:.2f})"


def _change(
    change: nn.Module, pixels: Pixels, faces: Sequence[Box], judges: Judges, limits: Limits
) -> Change:
    free = free_of(faces, *pixels.shape[:2])
    rng = torch.Generator().manual_seed(0)
    ascend(change, to_tensor(pixels), free, judges.followed, limits, rng, _ignore, lambda: False)
    after = applied(change, pixels, free, limits)
    return Change(pixels, after, judges.scores(after) - judges.scores(pixels))


def _ignore(done: int, of: int) -> None: ...


def _judges() -> Judges:
    scene = load_scene(WEIGHTS / "scene" / "weights.safetensors")
    told = json.loads((WEIGHTS / "demo" / "meta.json").read_text("utf-8"))["audience"]
    audience = Audience(np.array(told["usual"]), np.array(told["spread"]))
    return Judges(*load(WEIGHTS / "demo", scene), audience)


def _shown(data: Path) -> list[tuple[Pixels, list[Box]]]:
    """Pictures as large as they are while they are changed, and their faces."""
    learned = set(drawn(data))
    files = [
        file
        for name, most in SETS.items()
        for file in spread([f for f in files_in(data / name) if f not in learned], most)
    ]
    networks = Networks(settings_with())
    try:
        shown = []
        for file in files:
            pixels = decode(file.read_bytes(), Decoding(60_000_000, WORK_SIDE)).pixels
            _, faces = networks.find(Picture(pixels, pixels.shape[1::-1], "", ""))
            shown.append((pixels, [face.box for face in faces]))
        return shown
    finally:
        networks.close()


def _time(judges: Judges) -> Table:
    """As the bot does it, second head and all, of noise."""
    pixels = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    rows = []
    for _ in range(3):
        wall, own = time.perf_counter(), time.process_time()
        done: Enhanced = enhance(pixels, judges.followed, Limits(100), witness=judges.second)
        rows.append((done.steps, time.perf_counter() - wall, time.process_time() - own))
    return Table("Time, 320 x 240 pixels, one thread", ("steps", "s", "s of the processor"), rows)


def _sheet(changes: Sequence[Change]) -> Image.Image:
    """Pairs, before above after."""
    across = 9
    down = -(-len(changes) // across)
    sheet = Image.new("RGB", (across * _CELL, down * 2 * _CELL), "white")
    for place, change in enumerate(changes):
        for below, pixels in enumerate((change.before, change.after)):
            image = Image.fromarray(pixels)
            image.thumbnail((_CELL, _CELL))
            sheet.paste(image, (place % across * _CELL, (place // across * 2 + below) * _CELL))
    return sheet


if __name__ == "__main__":
    main()
