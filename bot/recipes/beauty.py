"""`python -m bot.retrain --head beauty --data DIR`: the score of a photographed face.

DIR holds `labels.tsv` (`file score`) and `images`, faces that were cut out as those of SCUT-FBP5500
are; or it is the root of the data sets, with that set in `beauty/scut5500_train`.

A fifth of the pictures, with like scores in each group, is held out: a new network answers only if
its error there is no larger than that of what answers now. How wide intervals have to be is learned
from the others, from those that one member of the network was trained without.

What an interrupted training left lies in `out/training` and is removed at the end.
"""

import hashlib
import json
import logging
import math
import shutil
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bot.decoding import Limits, decode
from bot.errors import PictureRefused, SettingsError
from bot.recipes import WEIGHTS, Advance, answering
from datasets.scores import ScoresError, fold_of, group_of, read
from datasets.split import aligned_copies
from models.crops import whole
from models.heads.beauty import BeautyHead
from models.portrait import square
from models.score_measures import Floats, conformal, figures, per_group
from models.score_network import Member, ScoreNetwork, weights
from models.score_training import Faces, Training
from models.types import Context, Kind, Pixels, Scored

log = logging.getLogger(__name__)

NAME = "beauty"
SET = "beauty/scut5500_train"

HOLDOUT = "holdout.txt"
"""Lists the pictures that were held out, a name a line."""

PARTS = 5
"""Of the pictures, of which the first is held out; and of the others, for `MEMBERS`."""

MEMBERS = 2
"""Networks that answer together. Each learns without a part of its own, to see how far off it is
on what it has not seen."""

EPOCHS = 20
_KEPT_EVERY = 40
"""Steps between two checkpoints."""

_GROUPS = {
    "AF": "Asian women",
    "AM": "Asian men",
    "CF": "Caucasian women",
    "CM": "Caucasian men",
}
_ROW = "| {group} | {count} | {pearson:.3f} | {mae:.3f} | {coverage90:.1%} | {like_accuracy:.1%} |"

_LIMITS = Limits(max_pixels=60_000_000, max_side=512)


@dataclass(frozen=True, slots=True, eq=False)
class Rated:
    """Faces and what people gave them, in the order of their names.

    Attributes:
        squares: from `models.portrait.square`.
    """

    names: list[str]
    squares: list[Pixels]
    scores: NDArray[np.float64]

    def of(self, chosen: NDArray[np.bool_]) -> "Rated":
        """Those that are chosen."""
        places = np.flatnonzero(chosen).tolist()
        return Rated(
            [self.names[i] for i in places], [self.squares[i] for i in places], self.scores[chosen]
        )

    def parts(self, count: int) -> NDArray[np.intp]:
        """Parts with like scores in each group; copies are in one. Shape (n,)."""
        return fold_of(self.names, self.scores.tolist(), aligned_copies(self.squares), count)


def train(data: Path, out: Path, advance: Advance) -> str:
    """See `bot.recipes.Train`."""
    torch.set_num_threads(1)
    work = out / "training"
    work.mkdir(exist_ok=True)
    rated = read_rated(data, advance)
    aside = rated.parts(PARTS) == 0
    learned, held_out = rated.of(~aside), rated.of(aside)
    network, spreads = fit(learned, work, advance)
    told = _publish(network, spreads, learned, held_out, work, out)
    shutil.rmtree(work)
    return told


def read_rated(data: Path, advance: Advance) -> Rated:
    """All pictures with a score.

    Raises:
        SettingsError: they are not where they should be, cannot be read, or are too few.
    """
    folder = data / SET if (data / SET).is_dir() else data
    try:
        scores = dict(sorted(read(folder / "labels.tsv").items()))
    except ScoresError as error:
        raise SettingsError(f"--data: {error}") from error
    if len(scores) < PARTS * PARTS:
        raise SettingsError(f"--data: {folder} has too few pictures to hold some out.")
    squares = []
    for i, name in enumerate(scores):
        advance("reading", i, len(scores))
        squares.append(square(whole(_decoded(folder / "images" / name), Kind.PHOTO)))
    return Rated(list(scores), squares, np.array(list(scores.values())))


def _decoded(file: Path) -> Pixels:
    try:
        return decode(file.read_bytes(), _LIMITS).pixels
    except (PictureRefused, OSError) as error:
        raise SettingsError(f"--data: {file}: {error}") from error


def fit(learned: Rated, work: Path, advance: Advance) -> tuple[ScoreNetwork, float]:
    """Train the members, or go on with it.

    Args:
        work: a folder where trainings are kept meanwhile.

    Returns:
        The network, and how many of its spreads an interval reaches to either side, for nine of
        ten to hold. The members' errors count, which are somewhat larger than those of their mean.
    """
    part = learned.parts(PARTS)
    members, errors = [], []
    for number in range(MEMBERS):
        member = _member(learned.of(part != number), number, work / f"{number}.pt", advance)
        unseen = learned.of(part == number)
        said = ScoreNetwork([member]).score(unseen.squares)
        errors.append(np.abs(said.mean - unseen.scores) / said.spread)
        members.append(member)
    return ScoreNetwork(members), conformal(np.concatenate(errors))


def _member(rated: Rated, number: int, kept: Path, advance: Advance) -> Member:
    """Train on all of these. The number is also the seed."""
    training = Training(Faces.of(rated.squares, rated.scores.tolist()), EPOCHS, number)
    of_what = _identity(rated)
    if kept.is_file() and (state := torch.load(kept, weights_only=True))["of"] == of_what:
        training.restore(state)
    while training.step < training.steps:
        advance(f"learning, {number + 1} of {MEMBERS}", training.step, training.steps)
        loss = training.learn()
        log.info("member %d, step %d: loss %.3f", number, training.step, loss)
        if training.step % _KEPT_EVERY == 0 or training.step == training.steps:
            new = kept.with_suffix(".new")
            torch.save({"of": of_what, **training.state()}, new)
            new.replace(kept)
    return training.result()


def _identity(rated: Rated) -> str:
    """Of what is learned from, and for how long."""
    told = json.dumps([EPOCHS, rated.names, rated.scores.tolist()])
    return hashlib.sha256(told.encode()).hexdigest()


def _publish(
    network: ScoreNetwork, spreads: float, learned: Rated, held_out: Rated, work: Path, out: Path
) -> str:
    """Let the new network answer if it is not worse than the old one."""
    meta: dict[str, Any] = {"spreads": round(spreads, 4)}
    (work / WEIGHTS).write_bytes(weights(network))
    _write_json(work / "meta.json", meta)
    said = _said(BeautyHead(work), held_out)
    new = figures(*said)
    told = f"mean error {new.mae:.3f} on {new.count} held-out pictures"
    old = _old(out)
    if old is not None and (before := figures(*_said(old, held_out)).mae) < new.mae:
        return f"{told}, of what answers now {before:.3f}: nothing was changed."
    groups = per_group([group_of(name) for name in held_out.names], *said)
    meta |= {
        "learned_from": len(learned.names),
        "epochs": EPOCHS,
        "held_out": asdict(new),
        "per_group": {group: asdict(each) for group, each in groups.items()},
    }
    _write_json(work / "meta.json", meta)
    (work / "card.md").write_text(_card(meta), "utf-8")
    (work / HOLDOUT).write_text("".join(f"{name}\n" for name in held_out.names), "utf-8")
    # The weights last: whoever finds them finds the rest.
    for name in ("meta.json", "card.md", HOLDOUT, WEIGHTS):
        (work / name).replace(out / name)
    return f"{told}; it answers from the next start on."


def _said(head: BeautyHead, rated: Rated) -> tuple[Floats, Floats, Floats, Floats]:
    """What people gave, what the head says, and from where to where: each of shape (n,)."""
    crops = [whole(each, Kind.PHOTO) for each in rated.squares]
    scored = [each for each in head.judge(crops, Context("cli")) if isinstance(each, Scored)]
    told = np.array([(each.value, each.low, each.high) for each in scored])
    return rated.scores, told[:, 0], told[:, 1], told[:, 2]


def _old(out: Path) -> BeautyHead | None:
    """What answers as long as nothing is changed."""
    for folder in answering(NAME, out):
        try:
            return BeautyHead(folder)
        except ValueError as error:
            log.warning("%s", error)
    return None


def _card(meta: dict[str, Any]) -> str:
    text = (files("bot.recipes") / "beauty_card.md").read_text("utf-8")
    groups = {_GROUPS.get(group, group): each for group, each in meta["per_group"].items()}
    rows = [_ROW.format(group=group, **_known(each)) for group, each in groups.items()]
    return text.format(**meta | {"held_out": _known(meta["held_out"])}, rows="\n".join(rows))


def _known(told: dict[str, float | None]) -> dict[str, float]:
    """Figures for a text; what could not be measured is not a number."""
    return {name: math.nan if value is None else value for name, value in told.items()}


def _write_json(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, indent=2) + "\n", "utf-8")
