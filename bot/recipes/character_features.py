"""Training the features of drawn heads.

`--data DIR` holds `anime`, and in it folders of characters (`char_*`, a folder per character, a
head in each picture) and a set of frames with boxes around faces (`icartoon_train`, YOLO text
files). A fifth of the characters' pictures, whole groups of near duplicates, is kept aside: a new
network answers only if it names those no worse, by the mean of the others, than what answers now.

What an interrupted training left is `training.pt` in the folder of the network; it is removed at
the end.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from bot.decoding import Decoded, Limits, decode
from bot.errors import PictureRefused, SettingsError
from bot.recipes import WEIGHTS, Advance, answering
from datasets.boxes import BoxesError, read_yolo
from datasets.folders import FolderError, people, pictures
from datasets.split import copies, first_aside
from models.character_network import CharacterNetwork, load, weights
from models.character_training import NOBODY, STEPS, Heads, Training
from models.crops import whole
from models.embedders.drawn import square
from models.types import Box, Crop, Kind, Pixels, Vectors

log = logging.getLogger(__name__)

NAME = "character-features"
FRAMES = "icartoon_train"
STICKERS = {"char_sekai26": (0.15, 0.0, 0.85, 0.7)}
"""Sets that show whole figures, and where in the picture the head is, as shares of its sides."""

ASIDE = 0.2
_LIMITS = Limits(max_pixels=60_000_000, max_side=640)
_SIDE = 160
"""Of the squares in memory, in pixels: some more than the network sees, to cut from."""
_LEAST_FACE = 32
"""Pixels; smaller drawn faces are left out."""
_KEPT_EVERY = 20
"""Steps between two checkpoints."""


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A drawn head to learn from.

    Attributes:
        name: of the character, with its set before it; None if nobody said who it is.
        source: the set.
        file: relative to the data.
        phash: of the picture.
    """

    name: str | None
    source: str
    file: str
    phash: str
    pixels: Pixels


def train(data: Path, out: Path, advance: Advance) -> str:
    """See `bot.recipes.Train`."""
    torch.set_num_threads(1)
    heads = read(data, advance)
    aside = kept_aside(heads)
    learned = [head for head, a in zip(heads, aside.tolist(), strict=True) if not a]
    network = fit(learned, out / "training.pt", advance)
    new = measured(network, heads, aside)
    old = _old(out)
    before = None if old is None else measured(old, heads, aside)
    told = f"names {_of(new)} pictures kept aside rightly"
    if before is not None and new.sum() < before.sum():
        told = f"it {told}, what answers now {_of(before)}: nothing was changed."
    else:
        _write(out, network, _meta(learned, new))
        than = "" if before is None else f", the one before {_of(before)}"
        told = f"it {told}{than}; it answers from the next start on."
    (out / "training.pt").unlink(missing_ok=True)
    return told


def read(data: Path, advance: Advance) -> list[Head]:
    """All heads of the data sets.

    Raises:
        SettingsError: they are not where they should be, or cannot be read.
    """
    anime = data / "anime"
    try:
        named = [
            (f"{folder.name}/{name}", folder, file)
            for folder in sorted(anime.glob("char_*"))
            for name, file in people(folder)
        ]
        frames = list(pictures(anime / FRAMES / "images")) if (anime / FRAMES).is_dir() else []
        if not named:
            raise SettingsError(f"--data {data}: there are no characters in anime/char_*.")
        found = []
        for i, (name, folder, file) in enumerate(named):
            advance("reading", i, len(named) + len(frames))
            decoded = _decoded(file)
            pixels = square(_cut_out(decoded, STICKERS.get(folder.name)), _SIDE)
            found.append(Head(name, folder.name, _relative(file, data), decoded.phash, pixels))
        for i, file in enumerate(frames):
            advance("reading", len(named) + i, len(named) + len(frames))
            found += _of_frame(file, anime / FRAMES / "labels" / f"{file.stem}.txt", data)
    except (FolderError, BoxesError) as error:
        raise SettingsError(f"--data: {error}") from error
    return found


def kept_aside(heads: Sequence[Head]) -> NDArray[np.bool_]:
    """Which heads are measured on and not learned from, shape (n,)."""
    named = [i for i, head in enumerate(heads) if head.name is not None]
    of_group = copies([heads[i].phash for i in named])
    chosen = first_aside([heads[i].file for i in named], of_group, round(ASIDE * len(named)))
    aside = np.zeros(len(heads), dtype=np.bool_)
    aside[np.array(named)[chosen]] = True
    return aside


def fit(heads: Sequence[Head], kept: Path, advance: Advance) -> CharacterNetwork:
    """Train on all of these heads.

    Args:
        kept: where the training is kept meanwhile, to go on from if it is interrupted.
    """
    names = sorted({head.name for head in heads if head.name is not None})
    sources = sorted({head.source for head in heads})
    training = Training(
        Heads.of(
            [head.pixels for head in heads],
            [NOBODY if head.name is None else names.index(head.name) for head in heads],
            [sources.index(head.source) for head in heads],
        )
    )
    of_what = [head.file for head in heads]
    if not _restored(training, kept, of_what):
        advance("looking at all heads", 0, STEPS)
        training.project()
    while training.step < STEPS:
        advance("learning", training.step, STEPS)
        loss = training.learn()
        log.info("step %d: loss %.3f", training.step, loss)
        if training.step % _KEPT_EVERY == 0:
            _keep(training, kept, of_what)
    advance("looking at all heads", STEPS, STEPS)
    training.project()
    return training.network


def measured(
    network: CharacterNetwork, heads: Sequence[Head], aside: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which of the heads kept aside are most like the mean of their own character's others."""
    named = np.array([head.name is not None for head in heads])
    vectors = embedded(network, [head for head in heads if head.name is not None])
    names = np.array([head.name for head in heads if head.name is not None])
    test = aside[named]
    known = np.unique(names[~test])
    means = np.stack([vectors[~test & (names == name)].mean(axis=0) for name in known.tolist()])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    said = known[(vectors[test] @ means.T).argmax(axis=1)]
    return np.asarray(said == names[test])


def embedded(network: CharacterNetwork, heads: Sequence[Head]) -> Vectors:
    """Vectors of heads, shape (n, dimensions)."""
    return network.embed([square(whole(head.pixels, Kind.ILLUSTRATION)) for head in heads])


def _of_frame(file: Path, labels: Path, data: Path) -> Iterator[Head]:
    if not labels.is_file():
        return
    decoded = _decoded(file)
    height, width = decoded.pixels.shape[:2]
    for left, top, right, bottom in read_yolo(labels).on(width, height).tolist():
        if max(right - left, bottom - top) >= _LEAST_FACE:
            box = (left, top, right, bottom)
            pixels = square(_crop(decoded.pixels, box), _SIDE)
            yield Head(None, FRAMES, _relative(file, data), decoded.phash, pixels)


def _decoded(file: Path) -> Decoded:
    try:
        return decode(file.read_bytes(), _LIMITS)
    except PictureRefused as refused:
        raise SettingsError(f"{file}: {refused}") from refused


def _cut_out(decoded: Decoded, part: Box | None) -> Crop:
    """A picture of a head, or of a figure with the head in this part."""
    if part is None:
        return whole(decoded.pixels, Kind.ILLUSTRATION)
    height, width = decoded.pixels.shape[:2]
    left, top, right, bottom = (
        round(share * side) for share, side in zip(part, (width, height) * 2, strict=True)
    )
    return whole(decoded.pixels[top:bottom, left:right], Kind.ILLUSTRATION)


def _crop(pixels: Pixels, box: Box) -> Crop:
    return Crop(pixels, box, np.zeros((0, 2), dtype=np.float32), Kind.ILLUSTRATION)


def _relative(file: Path, data: Path) -> str:
    return file.relative_to(data).as_posix()


def _keep(training: Training, kept: Path, of_what: list[str]) -> None:
    new = kept.with_suffix(".new")
    torch.save({"of": of_what, **training.state()}, new)
    new.replace(kept)


def _restored(training: Training, kept: Path, of_what: list[str]) -> bool:
    """Whether there was a training of the same heads to go on from."""
    if not kept.is_file():
        return False
    state = torch.load(kept, weights_only=True)
    if state["of"] != of_what:
        return False
    training.restore(state)
    return True


def _old(out: Path) -> CharacterNetwork | None:
    """What answers as long as nothing is changed."""
    for folder in answering(NAME, out):
        try:
            return load(folder / WEIGHTS)
        except ValueError as error:
            log.warning("%s", error)
    return None


def _meta(learned: Sequence[Head], right: NDArray[np.bool_]) -> dict[str, object]:
    sources = sorted({head.source for head in learned})
    return {
        "trained_on": {s: sum(head.source == s for head in learned) for s in sources},
        "characters": len({head.name for head in learned if head.name is not None}),
        "kept_aside": len(right),
        "right_of_kept_aside": int(right.sum()),
        "steps": STEPS,
    }


def _of(right: NDArray[np.bool_]) -> str:
    return f"{right.sum()} of {len(right)}"


def _write(out: Path, network: CharacterNetwork, meta: dict[str, object]) -> None:
    """The weights last: whoever finds them finds the rest."""
    texts = {"meta.json": json.dumps(meta, indent=2) + "\n", "card.md": _card(meta)}
    contents = {name: text.encode() for name, text in texts.items()}
    contents["weights.safetensors"] = weights(network)
    for name, content in contents.items():
        new = out / f"{name}.new"
        new.write_bytes(content)
        new.replace(out / name)


_CARD = """# Features of drawn heads

| | |
| --- | --- |
| files | `weights.safetensors`: what was trained, half precision; `meta.json`: on what |
| origin | `python -m bot.retrain --head character-features --data DIR`, from EfficientNet-Lite0's \
ImageNet weights (Google, Apache-2.0), which come in a package and are not in this file |
| trained on | {trained_on}; {characters} characters by name, the others by being themselves |
| terms | animeface-character-dataset (`char_moe10`): none stated; stickers (`char_sekai26`): the \
repository MIT, the drawings (c) SEGA; iCartoonFace (`icartoon_train`): for research, the frames \
(c) their owners. The file holds no picture and no name |
| used in | `models/embedders/drawn.py` |

**For** telling whether two drawn heads are one character, with examples enrolled.

**Not for** people. It is used on photographs of cosplayers too, where nothing has been measured.

**How good.** {right_of_kept_aside} of {kept_aside} pictures that were kept aside are nearest to
the mean of their own character's others; docs/quality.md has more.

**Known weakness.** It has seen {characters} characters by name: fan art of the 2000s, mostly of
girls, and stickers of one game. Characters that differ by little but their eyes are mixed up.
"""


def _card(meta: dict[str, object]) -> str:
    trained_on = meta["trained_on"]
    assert isinstance(trained_on, dict)  # noqa: S101 - as `_meta` makes it
    listed = ", ".join(f"{count} heads of {source}" for source, count in trained_on.items())
    return _CARD.format(**{**meta, "trained_on": listed})
