"""Which character is it: the project's features beside plain ImageNet features, same gallery.

Three protocols on heads of ten characters, with thresholds and gallery of the bot in between:

- known: a fifth of the pictures, whole groups of near duplicates, is searched for; the rest enrols.
  Those pictures had no part in training.
- unseen: networks are trained without five of the ten (a training of minutes for each half; kept
  in build/bench), and these five are told apart by five examples each.
- none of these: five are enrolled with five pictures each, the other five are strangers.

Plain features are what EfficientNet-Lite0 from ImageNet makes of the same squares. Beside the
figures go sheets of what was mistaken: the head, and the first example of whom it was taken for.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console

from benchmarks.fit_strangers import COUNT, as_fan_art, draw
from benchmarks.report import CACHE, ROOT, Cell, Table, arguments, parsed, percent, publish
from bot.recipes import character_features as recipe
from datasets.split import copies
from models.backbone import backbone, to_batch
from models.character_network import load, weights
from models.crops import face_hash, whole
from models.embedders.drawn import DrawnEmbedder, square
from models.gallery import Example, Gallery
from models.measures import auroc
from models.strangers import Strangers, choose
from models.types import Kind, Vectors

TEN = "char_moe10"
OTHERS = "char_sekai26"
SHOTS = 5
REPEATS = 10
RATE = 0.01
NOBODY: Vectors = np.empty((0, 0), dtype=np.float32)

Heads = list[recipe.Head]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """Features of all heads, and the strangers that go with them."""

    name: str
    vectors: Vectors
    strangers: Strangers


@dataclass(frozen=True, slots=True, eq=False)
class Searched:
    """All searches of one gallery.

    Attributes:
        right, margin: of known heads, shape (n,): whether the most likely is right, its margin.
        strangers: margins of others' most likely, shape (m,).
        mistaken: indices of known heads, and the name that each was given.
    """

    right: NDArray[np.bool_]
    margin: NDArray[np.float64]
    strangers: NDArray[np.float64]
    mistaken: list[tuple[int, str]]


class Set:
    """The heads of the ten characters and of the others, and which are copies of each other."""

    def __init__(self, heads: Heads) -> None:
        self.heads = [head for head in heads if head.source in (TEN, OTHERS)]
        self.names = np.array([head.name for head in self.heads])
        self.hashes = [face_hash(whole(head.pixels, Kind.ILLUSTRATION)) for head in self.heads]
        self.groups = copies([head.phash for head in self.heads])
        own = {head.name for head in self.heads if head.source == TEN and head.name}
        self.ten = sorted(own)
        self.halves = (self.ten[0::2], self.ten[1::2])

    def of(self, name: str) -> Indices:
        """The heads of a character."""
        return np.flatnonzero(self.names == name)

    def draw(self, name: str, repeat: int) -> tuple[Indices, Indices]:
        """`SHOTS` heads that are no copies of each other, and those that are copies of none."""
        order = np.random.default_rng(repeat).permutation(self.of(name))
        _, first = np.unique(self.groups[order], return_index=True)
        enrolled = order[np.sort(first)[:SHOTS]]
        return enrolled, order[~np.isin(self.groups[order], self.groups[enrolled])]

    def others(self) -> Indices:
        """Stickers of characters who are nobody here."""
        return np.flatnonzero([head.source == OTHERS for head in self.heads])


def main() -> None:
    """Print the tables and draw the sheets."""
    given = parsed(arguments(__doc__ or ""))
    torch.set_num_threads(1)
    console = Console(stderr=True)
    with console.status("reading and embedding …"):
        heads = recipe.read(given.data, lambda *_: None)
        everybody = Set(heads)
        plain = Way("ImageNet", _plain(everybody.heads), Strangers(NOBODY, "gallery"))
        embedder = DrawnEmbedder(ROOT / "models" / "weights" / recipe.NAME)
        ours = Way(
            "ours",
            embedder.embed([whole(head.pixels, Kind.ILLUSTRATION) for head in everybody.heads]),
            choose(NOBODY, embedder.fingerprint, Kind.ILLUSTRATION),
        )
    unseen = [_without(half, heads, everybody, console) for half in everybody.halves]
    aside = recipe.kept_aside(everybody.heads)
    publish(
        [
            _known(everybody, (plain, ours), aside),
            _unseen(everybody, plain, unseen),
            _none_of_these(everybody, (plain, ours), aside),
            _all_unseen(everybody, plain, unseen),
        ],
        given.json,
    )


def search(
    everybody: Set, way: Way, enrolled: dict[str, Indices], known: Indices, strangers: Indices
) -> Searched:
    """Enrol, and ask for everybody else."""
    gallery = Gallery(
        "bench",
        [
            Example(name, way.vectors[i], everybody.hashes[i], kind=Kind.ILLUSTRATION)
            for name, indices in enrolled.items()
            for i in indices.tolist()
        ],
        (),
        way.strangers,
        RATE,
        kind=Kind.ILLUSTRATION,
    )

    def best(i: int) -> tuple[str, float]:
        match = gallery.identify(way.vectors[i], everybody.hashes[i], most=1).matches[0]
        # Without strangers few people have no thresholds: then how alike they are has to do.
        usable = np.isfinite(match.margin)
        return match.name, match.margin if usable else match.similarity

    said = [best(i) for i in known.tolist()]
    right = np.array([name == everybody.names[i] for (name, _), i in zip(said, known, strict=True)])
    return Searched(
        right,
        np.array([margin for _, margin in said]),
        np.array([best(i)[1] for i in strangers.tolist()]),
        [(i, said[n][0]) for n, i in enumerate(known.tolist()) if not right[n]],
    )


def _known(everybody: Set, ways: Sequence[Way], aside: NDArray[np.bool_]) -> Table:
    rows: list[Sequence[Cell]] = []
    enrolled = {name: _only(everybody.of(name), ~aside) for name in everybody.ten}
    known = np.concatenate([_only(everybody.of(name), aside) for name in everybody.ten])
    for way in ways:
        found = search(everybody, way, enrolled, known, everybody.others())
        rows.append((way.name, len(known), percent(float(found.right.mean()))))
        _sheet(everybody, found.mistaken, enrolled, CACHE / f"characters-known-{way.name}.png")
    return Table(
        "Ten characters, a fifth of the pictures kept aside",
        ("features", "searches", "most alike is right"),
        rows,
    )


def _unseen(everybody: Set, plain: Way, unseen: Sequence[Way]) -> Table:
    rows: list[Sequence[Cell]] = []
    for half, trained in zip(everybody.halves, unseen, strict=True):
        for way in (plain, trained):
            found = [_few(everybody, way, half, (), repeat) for repeat in range(REPEATS)]
            right = np.concatenate([each.right for each in found])
            rows.append((_short(half), way.name, len(right), percent(float(right.mean()))))
            file = CACHE / f"characters-unseen-{half[0].split('/')[1]}-{way.name}.png"
            _sheet(everybody, found[0].mistaken, _shots(everybody, half, 0), file)
    return Table(
        f"Five characters that training has not seen, {SHOTS} examples each",
        ("characters", "features", "searches", "most alike is right"),
        rows,
        f"{REPEATS} draws; no search is for a near duplicate of an example",
    )


def _none_of_these(everybody: Set, ways: Sequence[Way], aside: NDArray[np.bool_]) -> Table:
    rows: list[Sequence[Cell]] = []
    for way in ways:
        for first, half in enumerate(everybody.halves):
            for among, chosen in (("all", np.ones(len(aside), bool)), ("kept aside", aside)):
                found = [
                    _few(everybody, way, half, everybody.halves[1 - first], repeat, chosen)
                    for repeat in range(REPEATS)
                ]
                rows.append((_short(half), way.name, among, *_open_set(way, found)))
    return Table(
        "None of these: five enrolled, the other five are strangers",
        ("enrolled", "features", "pictures", "AUROC", "named rightly", "named wrongly",
         "strangers named"),
        rows,
        f"{SHOTS} examples, {REPEATS} draws; ours was trained on all ten, though not on the "
        "pictures kept aside",
    )  # fmt: skip


def _all_unseen(everybody: Set, plain: Way, unseen: Sequence[Way]) -> Table:
    rows: list[Sequence[Cell]] = []
    for half, trained in zip(everybody.halves, unseen, strict=True):
        for way in (plain, trained):
            found = [
                _few(everybody, way, [n for n in half if n != out], (out,), repeat)
                for out in half
                for repeat in range(REPEATS // 2)
            ]
            rows.append((_short(half), way.name, *_open_set(way, found)))
    return Table(
        "None of these, all unseen: four of five enrolled, the fifth is a stranger, in turn",
        ("characters", "features", "AUROC", "named rightly", "named wrongly", "strangers named"),
        rows,
        "trained without the five; strangers that set the thresholds are made without them too",
    )


def _open_set(way: Way, found: Sequence[Searched]) -> tuple[Cell, ...]:
    area = np.mean([auroc(each.margin, each.strangers) or 0.0 for each in found])
    if not len(way.strangers.vectors):
        return float(area), None, None, None  # there is no threshold
    named = np.concatenate([each.margin >= 0 for each in found])
    right = np.concatenate([each.right for each in found])
    strangers = np.concatenate([each.strangers >= 0 for each in found])
    return (
        float(area),
        percent(float((named & right).mean())),
        percent(float((named & ~right).mean())),
        percent(float(strangers.mean())),
    )


def _few(
    everybody: Set,
    way: Way,
    names: Sequence[str],
    strangers: Sequence[str],
    repeat: int,
    chosen: NDArray[np.bool_] | None = None,
) -> Searched:
    drawn = {name: everybody.draw(name, repeat) for name in names}
    known = np.concatenate([probes for _, probes in drawn.values()])
    other = np.concatenate([everybody.of(name) for name in strangers] or [np.empty(0, np.intp)])
    if chosen is not None:
        known, other = _only(known, chosen), _only(other, chosen)
    return search(everybody, way, {n: shots for n, (shots, _) in drawn.items()}, known, other)


def _shots(everybody: Set, names: Sequence[str], repeat: int) -> dict[str, Indices]:
    return {name: everybody.draw(name, repeat)[0] for name in names}


def _only(indices: Indices, chosen: NDArray[np.bool_]) -> Indices:
    return indices[chosen[indices]]


def _without(half: Sequence[str], heads: Heads, everybody: Set, console: Console) -> Way:
    """Features and strangers that were made without some characters."""
    learned = [head for head in heads if head.name not in half]
    told = "\n".join(head.file for head in learned)
    code = (ROOT / "models" / "character_training.py").read_bytes()
    key = hashlib.sha256(told.encode() + code).hexdigest()[:12]
    CACHE.mkdir(parents=True, exist_ok=True)
    file = CACHE / f"characters-without-{half[0].split('/')[1]}-{key}.safetensors"
    if not file.is_file():
        with console.status(f"training without {_short(half)} …"):
            network = recipe.fit(learned, file.with_suffix(".pt"), lambda *_: None)
            file.write_bytes(weights(network))
    network = load(file)
    nameless = [head for head in learned if head.name is None]
    frames = recipe.embedded(network, nameless[::4])  # a thousand are plenty
    fan_art = [head for head in learned if head.source == TEN]
    names = [str(head.name) for head in fan_art]
    moved = as_fan_art(frames, recipe.embedded(network, fan_art), names)
    strangers = draw(moved, COUNT)
    return Way("ours", recipe.embedded(network, everybody.heads), Strangers(strangers, "synthetic"))


def _plain(heads: Heads) -> Vectors:
    network, parts = backbone(), []
    with torch.inference_mode():
        for start in range(0, len(heads), 32):
            some = [
                square(whole(head.pixels, Kind.ILLUSTRATION)) for head in heads[start : start + 32]
            ]
            batch = to_batch(some)
            parts.append(network(batch) + network(batch.flip(3)))
    rows: Vectors = torch.nn.functional.normalize(torch.cat(parts)).numpy()
    return rows


def _short(names: Sequence[str]) -> str:
    return ", ".join(name.split("/")[1].split("_")[-1] for name in names)


def _sheet(
    everybody: Set,
    mistaken: Sequence[tuple[int, str]],
    enrolled: dict[str, Indices],
    file: Path,
) -> None:
    """Pairs side by side: a head, and an example of whom it was taken for."""
    if not mistaken:
        return
    side, across = 96, 6
    rows = -(-len(mistaken) // across)
    sheet = Image.new("RGB", (across * (2 * side + 8), rows * (side + 8)), "white")
    for n, (i, name) in enumerate(mistaken):
        x, y = n % across * (2 * side + 8), n // across * (side + 8)
        for place, index in enumerate((i, int(enrolled[name][0]))):
            head = Image.fromarray(everybody.heads[index].pixels).resize((side, side))
            sheet.paste(head, (x + place * side, y))
    CACHE.mkdir(parents=True, exist_ok=True)
    sheet.save(file)


if __name__ == "__main__":
    main()
