"""`python -m bot.retrain --head demo --data DIR`: what a simulated audience likes.

DIR is the root of the sets that are learned from, all of `SETS`. No ratings are needed: raters who
do not exist rate the pictures by properties of their pixels (`datasets.simulated_audience`), which
no network computes. They rate each picture as it is and with its colours changed at random, as an
ascent might change them; so what is learned is what a change does, and not what happens to go with
the colours of pictures.

Two heads learn the same ratings on two networks: one that is followed uphill, and one that then
says whether the picture is better or the first was fooled. A fifth of the pictures is held out, on
which a new pair must not do worse than the old. Features are kept in `out/work` as they are made,
so that an interrupted training goes on, and are removed at the end.
"""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
import torch
from numpy.typing import NDArray

from bot.decoding import Limits as Decoding
from bot.decoding import decode
from bot.errors import PictureRefused, SettingsError
from bot.recipes import WEIGHTS, Advance, answering
from datasets.folders import FolderError, pictures
from datasets.simulated_audience import LIKES, RATERS, Audience
from datasets.simulated_raters import attributes
from models.backbone import to_batch
from models.demo import FIRST, SECOND, packed, unpacked
from models.enhance import WORK_SIDE, Limits, Toning, applied, free_of
from models.photogenic import spearman
from models.ridge import Floats, Line, fit
from models.route import picture_square
from models.scene_network import Scene, load
from models.second_opinion import SecondOpinion
from models.types import Pixels

NAME = "demo"
SETS = ("anime/icartoon_train/images", "faces/lfw_known", "faces/lfw_unknown")

OF_EACH = 250
"""Pictures of a set, drawn by lot."""

HELD_OUT = 5
"""One picture in this many is not learned from."""

_CHUNK = 50
_DECODING = Decoding(max_pixels=60_000_000, max_side=WORK_SIDE)


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Pictures, each as it is and changed, as the audience and the two networks see them.

    Attributes:
        attributes: shape (n, attributes).
        features: of the two networks, each of shape (n, its length).
        file: shape (n,): from which file each is.
    """

    attributes: Floats
    features: dict[str, NDArray[np.float32]]
    file: NDArray[np.int64]

    def of(self, chosen: NDArray[np.bool_]) -> "Shown":
        """Those that are chosen."""
        features = {name: each[chosen] for name, each in self.features.items()}
        return Shown(self.attributes[chosen], features, self.file[chosen])


class Networks:
    """The two of them."""

    def __init__(self) -> None:
        self._scene: Scene = load(Path(str(files("models") / "weights" / "scene" / WEIGHTS)))
        self._second = SecondOpinion()

    def features(self, pixels: Pixels) -> dict[str, NDArray[np.float32]]:
        """What each makes of a picture, shape (its length,)."""
        square = picture_square(pixels)
        with torch.inference_mode():
            (first,) = self._scene(to_batch([square])).numpy()
        return {FIRST: first, SECOND: self._second.features([square])[0]}


def train(data: Path, out: Path, advance: Advance) -> str:
    """See `bot.recipes.Train`."""
    torch.set_num_threads(1)
    work = out / "work"
    work.mkdir(exist_ok=True)
    shown = _shown(drawn(data), work, advance)
    said = _settle(out, shown)
    shutil.rmtree(work)
    return said


def drawn(data: Path) -> list[Path]:
    """The files that are learned from or held out, the same ones every time.

    Raises:
        SettingsError: a set is missing.
    """
    rng = np.random.default_rng(0)
    chosen: list[Path] = []
    for name in SETS:
        try:
            found = list(pictures(data / name))
        except FolderError as error:
            raise SettingsError(f"--data: {error}") from error
        some = rng.permutation(len(found))[:OF_EACH]
        chosen += (found[i] for i in sorted(some.tolist()))
    return chosen


def _shown(chosen: Sequence[Path], work: Path, advance: Advance) -> Shown:
    """Looked at a chunk at a time; those that an earlier run made are read."""
    networks = Networks()
    chunks = []
    for start in range(0, len(chosen), _CHUNK):
        advance("looking at pictures", start, len(chosen))
        kept = work / f"{start}.safetensors"
        if not kept.is_file():
            _write(kept, _chunk(chosen[start : start + _CHUNK], start, networks))
        chunks.append(safetensors.numpy.load(kept.read_bytes()))
    joined = {key: np.concatenate([chunk[key] for chunk in chunks]) for key in chunks[0]}
    return Shown(joined["attributes"], {n: joined[n] for n in (FIRST, SECOND)}, joined["file"])


def _chunk(chosen: Sequence[Path], start: int, networks: Networks) -> bytes:
    rng = torch.Generator().manual_seed(start)
    rows: list[dict[str, NDArray[Any]]] = []
    for number, file in enumerate(chosen, start):
        pixels = _decoded(file)
        for each in (pixels, changed(pixels, rng)):
            told = {"attributes": attributes(each), "file": np.array(number)}
            rows.append({**networks.features(each), **told})
    return safetensors.numpy.save({key: np.stack([row[key] for row in rows]) for key in rows[0]})


def changed(pixels: Pixels, rng: torch.Generator) -> Pixels:
    """The picture with its colours changed at random, as far as an ascent may go."""
    toning = Toning()
    for surface in toning.parameters():
        surface.data.normal_(generator=rng)
    strength = 1 - float(torch.rand((), generator=rng))
    return applied(toning, pixels, free_of((), *pixels.shape[:2]), Limits(strength=strength))


def _decoded(file: Path) -> Pixels:
    try:
        return decode(file.read_bytes(), _DECODING).pixels
    except PictureRefused as refused:
        raise SettingsError(f"{file}: {refused}") from refused


def _settle(out: Path, shown: Shown) -> str:
    """Learn, and replace what answers unless that does better on what was held out."""
    aside = shown.file % HELD_OUT == 0
    learned, held = shown.of(~aside), shown.of(aside)
    audience = Audience.used_to(learned.attributes)
    given = audience.rated(learned.attributes, np.random.default_rng(0))
    groups = [str(file) for file in learned.file.tolist()]
    lines = {name: fit(each, given, groups) for name, each in learned.features.items()}
    told = _scores(lines, held, audience)
    old = _old(out, held, audience)
    sentence = "rank correlation with the simulated audience on held-out pictures: " + ", ".join(
        f"{name} {told[name]['spearman']}" for name in lines
    )
    if old is not None and old[FIRST]["spearman"] > told[FIRST]["spearman"]:
        return f"{sentence}; what answers now has {old[FIRST]['spearman']}, so that one stays."
    _save(out, lines, audience, told, learned, held)
    return f"{sentence}; it answers now."


Scores = dict[str, dict[str, float]]


def _scores(lines: dict[str, Line], held: Shown, audience: Audience) -> Scores:
    """How well each head orders what was held out, and by how much it is off."""
    true = audience.mean(held.attributes)
    told = {name: line(held.features[name]) for name, line in lines.items()}
    return {
        name: {
            "spearman": round(spearman(each, true), 3),
            "mean_absolute_error": round(float(np.abs(each - true).mean()), 3),
        }
        for name, each in told.items()
    }


def _old(out: Path, held: Shown, audience: Audience) -> Scores | None:
    """The same of what answers now, if anything usable does."""
    for folder in answering(NAME, out):
        try:
            return _scores(unpacked(folder / WEIGHTS), held, audience)
        except ValueError:
            continue
    return None


def _save(
    out: Path, lines: dict[str, Line], audience: Audience, told: Scores, learned: Shown, held: Shown
) -> None:
    """The weights last: whoever finds them finds the rest."""
    meta = {
        "simulated": True,
        "sets": list(SETS),
        "pictures": {"learned": len(learned.file), "held_out": len(held.file)},
        "raters": RATERS,
        "likes": LIKES,
        "audience": {
            "usual": audience.usual.round(6).tolist(),
            "spread": audience.spread.round(6).tolist(),
        },
        "scores": told,
    }
    _write(out / "meta.json", (json.dumps(meta, indent=2) + "\n").encode())
    _write(out / "card.md", _card(meta).encode())
    _write(out / WEIGHTS, packed(lines))


def _write(file: Path, data: bytes) -> None:
    """As a whole or not at all."""
    part = file.with_name(f"{file.name}.part")
    part.write_bytes(data)
    os.replace(part, file)  # noqa: PTH105


_CARD = """# Demonstration: what a simulated audience likes

| | |
| --- | --- |
| files | `weights.safetensors`: two linear heads, on the scene network and on the ResNet of \
open_nsfw; `meta.json`: the audience, the data, the scores |
| origin | `python -m bot.retrain --head demo --data DIR`. The networks come with their packages: \
EfficientNet-Lite0 (Google, Apache-2.0) and open_nsfw (Yahoo, BSD-2-Clause) |
| ratings | **simulated**: {raters} raters who do not exist, and who like warm light, saturation, \
brightness, contrast, light from above and sharpness, each some more or less |
| pictures | {pictures[learned]} to learn from, {pictures[held_out]} held out, half of them with \
their colours changed at random; from {sets} |
| terms | Labeled Faces in the Wild and iCartoonFace are published for research, the frames belong \
to their owners. The files hold no picture and cannot give one back |
| used in | `models/demo.py`, for `/enhance` alone |

**For** showing what `/enhance` does where no community has taught a head yet.

**Not for** saying how good a picture is: nobody's taste is in it. It knows colours and nothing of \
what a picture shows.

**How good.** Rank correlation with the simulated audience on the pictures held out: \
{scores[scene][spearman]} for the head that is followed, {scores[second][spearman]} for the \
second; they are off by {scores[scene][mean_absolute_error]} and \
{scores[second][mean_absolute_error]} points of 1 to 5 on average. docs/quality.md says \
how much of a gain under the one holds under the other.
"""


def _card(meta: dict[str, Any]) -> str:
    return _CARD.format(**{**meta, "sets": ", ".join(f"`{name}`" for name in meta["sets"])})
