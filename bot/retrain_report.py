"""What a training measured, as one page for the operator: plots, confusions, doubtful labels.

It shows names and faces, so only its owner may read it, and nothing is fetched from anywhere.
"""

import asyncio
import io
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from bot import drawing, page_files, replying
from bot.errors import SettingsError
from bot.learning import Report, Trained
from bot.store import Store
from datasets import split
from datasets.samples import Sample
from models import mislabelled
from models.calibration import probability
from models.measures import Bools, Floats, expected_calibration_error, reliability
from models.training import Part, Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_PICTURES = 24
"""Shown of the worst answers, and of the doubtful labels."""

_MOST_CONFUSIONS = 20
_BINS = 10
_COLOURS = {"before": "#8a8f98", "new": "#2f6fde"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A face with what there is to say of it; `picture` is a data URL, or empty if it is gone."""

    picture: str
    title: str
    words: str


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often a name was given, or nearest, to another's faces."""

    who: str
    taken_for: str
    named: int
    nearest: int


def make_folder(folder: Path) -> None:
    """Where pages are to go; a new folder is for its owner alone.

    Raises:
        SettingsError: it cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SettingsError(f"--report {folder} cannot be written: {error.strerror}.") from error


async def write(report: Report, folder: Path, store: Store) -> Path:
    """Write the page of one scope and head; returns its file."""
    doubtful = await asyncio.to_thread(_doubtful, report.samples)
    trained = report.trained
    context: dict[str, Any] = {
        "report": report,
        "people": _people(report.samples),
        "unknowns": sum(each.name is None for each in report.samples),
        "doubtful": [await _shown(store, *each) for each in doubtful],
        "trained": trained,
    }
    if trained is not None:
        context |= await asyncio.to_thread(_measured, trained)
        context["worst"] = [await _shown(store, *each) for each in _worst(trained)]
    page = await asyncio.to_thread(page_files.render, "report.html", context)
    file = folder / f"{quote(report.scope, safe='')}-{report.head}.html"
    await asyncio.to_thread(page_files.write, file, page)
    return file


def _measured(trained: Trained) -> dict[str, Any]:
    comparison = trained.comparison
    changed = [part for part in comparison.parts if part.old != part.new]
    return {
        "tallies": {"before": comparison.old, "new": comparison.new},
        "curve": _plot(_draw_curve, trained),
        "reliability": _plot(_draw_reliability, trained),
        "errors": {
            "before": expected_calibration_error(*_stated(trained.old), _BINS),
            "new": expected_calibration_error(*_stated(trained.new), _BINS),
        },
        "changed": sorted(changed, key=_change),
        "unchanged": len(comparison.parts) - len(changed),
        "confusions": _confusions(trained.new),
    }


def _change(part: Part) -> float:
    return (part.new - part.old) / part.faces


def _people(samples: Iterable[Sample]) -> Counter[str]:
    return Counter(sample.name for sample in samples if sample.name is not None)


# plots


def _plot(draw: Any, trained: Trained) -> str:
    """An SVG element."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # No words but our own are in the plots, and these every font has.
    style: dict[Any, Any] = {
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "svg.hashsalt": "report",
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(5.2, 4.2), layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#e6e8eb")
        axes.set_axisbelow(True)
        draw(axes, trained)
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()[drawn.getvalue().index("<svg") :]


def _draw_curve(axes: "Axes", trained: Trained) -> None:
    """The detection and identification rate over the false alarm rate (Grother & Phillips 2004)."""
    axes.set_xscale("symlog", linthresh=0.001)
    for label, trials in (("before", trained.old), ("new", trained.new)):
        known = np.array([t.margin if t.best == t.name else -np.inf for t in trials if t.name])
        strange = np.array([trial.margin for trial in trials if trial.name is None])
        if not len(known) or not len(strange):
            continue
        thresholds = np.unique(np.concatenate([strange[np.isfinite(strange)], [0.0, np.inf]]))
        rates = [_share(strange, each) for each in thresholds]
        axes.step(
            rates,
            [_share(known, each) for each in thresholds],
            where="pre",
            color=_COLOURS[label],
            label=label,
        )
        axes.plot(_share(strange, 0), _share(known, 0), "o", color=_COLOURS[label])
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.001, 0.01, 0.1, 1], ["0", "0.1 %", "1 %", "10 %", "100 %"])
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    axes.set_xlabel("strangers given a name")
    axes.set_ylabel("people given their name")
    axes.legend(loc="lower right", frameon=False)


def _share(margins: Floats, threshold: float) -> float:
    return float((margins >= threshold).mean())


def _draw_reliability(axes: "Axes", trained: Trained) -> None:
    axes.plot([0, 1], [0, 1], color="#c3c7cd", linewidth=1)
    for label, trials in (("before", trained.old), ("new", trained.new)):
        said, right, weight = reliability(*_stated(trials), _BINS)
        there = weight > 0
        size = 20 + 380 * weight[there]  # a bin with one face in it is no more than a hint
        colour = _COLOURS[label]
        axes.scatter(said[there], right[there], size, color=colour, label=label, alpha=0.75)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("how sure it says it is")
    axes.set_ylabel("how often it is right")
    axes.legend(loc="upper left", frameon=False)


def _stated(trials: Sequence[Trial]) -> tuple[Floats, Bools, Floats]:
    """Probability, rightness and weight of each trial, as `models.measures` takes them.

    People and strangers weigh the same in sum, which is what the probabilities are meant for.
    """
    said = np.array([probability(trial.margin) for trial in trials])
    right = np.array([trial.best == trial.name and trial.name is not None for trial in trials])
    stranger = np.array([trial.name is None for trial in trials])
    weight = np.where(stranger, 0.5 / max(stranger.sum(), 1), 0.5 / max((~stranger).sum(), 1))
    return said, right, weight


# what went wrong


def _confusions(trials: Iterable[Trial]) -> list[Confusion]:
    named: Counter[tuple[str, str]] = Counter()
    nearest: Counter[tuple[str, str]] = Counter()
    for trial in trials:
        if trial.name is not None and trial.best and trial.best != trial.name:
            counted = named if trial.named else nearest
            counted[trial.name, trial.best] += 1
    pairs = sorted(named | nearest, key=lambda pair: (-named[pair], -nearest[pair], pair))
    return [Confusion(*pair, named[pair], nearest[pair]) for pair in pairs[:_MOST_CONFUSIONS]]


def _worst(trained: Trained) -> list[tuple[Sample, str, str]]:
    """The faces that the new version is furthest off with, each once."""
    off = sorted(
        (trial for trial in trained.new if not trial.right and (trial.named or trial.name)),
        key=lambda trial: (
            not trial.false,
            trial.name is None,  # last, what went wrong only with the person left out
            -trial.margin if trial.false else trial.margin,
        ),
    )
    first = {trial.face: trial for trial in reversed(off)}
    chosen = [trial for trial in off if first[trial.face] is trial][:MOST_PICTURES]
    return [(trained.held_out[each.face], *_words(each, trained)) for each in chosen]


def _words(trial: Trial, trained: Trained) -> tuple[str, str]:
    who = trained.held_out[trial.face].name or "nobody known"
    if trial.name is None:
        absent = "with this person left out, " if trained.held_out[trial.face].name else ""
        return who, f"{absent}named {trial.best} ({_percent(trial)})"
    if trial.named:
        return who, f"named {trial.best} ({_percent(trial)})"
    nearest = f"; nearest is {trial.best} ({_percent(trial)})" if trial.best else ""
    return who, f"not recognised{nearest}"


def _percent(trial: Trial) -> str:
    return replying.percent(probability(trial.margin))


def _doubtful(samples: Sequence[Sample]) -> list[tuple[Sample, str, str]]:
    """The labels that look wrong."""
    if not samples:
        return []
    sources = split.groups(samples)
    known = [i for i, sample in enumerate(samples) if sample.name is not None]
    if not known:
        return []
    found = mislabelled.suspicious(
        np.stack([samples[i].vector for i in known]),
        [samples[i].name or "" for i in known],
        sources[known],
    )
    return [
        (
            samples[known[each.face]],
            samples[known[each.face]].name or "",
            f"looks like {each.likely}",
        )
        for each in found[:MOST_PICTURES]
    ]


async def _shown(store: Store, sample: Sample, title: str, words: str) -> Shown:
    crop = await store.crop(sample.crop)
    if crop is None:
        return Shown("", title, words)
    picture = await asyncio.to_thread(drawing.square, crop)
    return Shown(drawing.data_url(picture), title, words)
