"""A simulated community teaches the bot from nothing: how fast, and what hostile voters can do.

The faces are real, the people who answer are not (`datasets.simulated_community`). Votes, quorum,
reliability, order of questions, galleries and training are the bot's own. A part of the pictures,
whole groups of near duplicates, is shown to nobody: on these it is measured. With `--tune` that
part is left alone, and another is cut from the rest.

Portraits are LFW's, with its strangers. Drawings are heads of ten characters, of whom three, other
ones with each seed, are known to nobody; the features that tell them apart were trained on the
pictures that are shown, though not on those that are measured on.
"""

import asyncio
import os

os.environ["OMP_THREAD_LIMIT"] = "1"  # before torch is imported: two threads wait for each other

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from scipy.stats import t as student

from benchmarks.course import Point, Way, teach
from benchmarks.door import each, files_in, opened, settings_with
from benchmarks.faces import face_set
from benchmarks.report import CACHE, ROOT, Cell, Table, arguments, parsed, percent, publish
from benchmarks.taught_bot import Posted
from bot.domain import Attachment
from datasets.simulated_community import Habits
from datasets.split import copies, first_aside
from models.crops import face_hash, whole
from models.types import Kind

ASIDE, STRANGERS_ASIDE = 0.25, 0.5
"""Shares of the pictures that are shown to nobody."""

UNKNOWN_CHARACTERS = 3
HOSTILE, TURNING, TURNING_EARLY = 0.2, 50, 15
"""Share of voters; honest votes first, and that where every vote acts: there nobody casts fifty."""

ASKED, AT_RANDOM = Way(True, True), Way(True, False)
BELIEVED, BELIEVED_AT_RANDOM = Way(False, True), Way(False, False)
WAYS = {
    "consensus, what teaches most first": ASKED,
    "consensus, any order": AT_RANDOM,
    "every vote acts, what teaches most first": BELIEVED,
    "every vote acts, any order": BELIEVED_AT_RANDOM,
}
HOSTILITY = {
    "nobody": Habits(),
    "every face, from the start": Habits(hostile=HOSTILE),
    "every face, after honest votes": Habits(hostile=HOSTILE, honest_first=TURNING),
    "a victim's faces, from the start": Habits(hostile=HOSTILE, of_a_victim=True),
    "a victim's faces, after honest votes": Habits(
        hostile=HOSTILE, honest_first=TURNING, of_a_victim=True
    ),
}


_SOURCES = (
    "benchmarks/course.py", "benchmarks/taught_bot.py", "bot/consensus.py", "bot/correcting.py",
    "bot/galleries.py", "bot/learning.py", "bot/ordering.py", "bot/reliability.py",
    "datasets/simulated_community.py", "models/calibration.py", "models/gallery.py",
    "models/training.py",
)  # fmt: skip
"""What a course depends on, beside the faces."""


@dataclass(frozen=True, slots=True)
class Run:
    """One community and one bot."""

    faces: str
    way: Way
    habits: Habits
    seed: int
    tune: bool
    data: Path

    def course(self) -> list[Point]:
        """How it goes, or went when it was last run with this code."""
        digest = hashlib.sha256(repr(self).encode())
        for source in _SOURCES:
            digest.update((ROOT / source).read_bytes())
        kept = CACHE / f"course-{digest.hexdigest()[:16]}.json"
        if not kept.is_file():
            kept.write_text(json.dumps([asdict(point) for point in self._taught()]))
        return [Point(**point) for point in json.loads(kept.read_text())]

    def _taught(self) -> list[Point]:
        posted, aside = _posted(self.faces, self.data, self.tune)
        shown, held_out = _divided(posted, aside, self.faces == "drawings", self.seed)
        habits = self.habits
        if habits.honest_first and not self.way.consensus:
            habits = replace(habits, honest_first=TURNING_EARLY)
        return teach(shown, held_out, habits, self.way, self.seed)[0]


def main() -> None:
    """Print the tables, draw the curves."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--faces", choices=("portraits", "drawings"), default="portraits")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--tune", action="store_true", help="leave what is reported on alone")
    parser.add_argument("--plots", type=Path, default=CACHE, metavar="DIR")
    given = parsed(parser)
    _posted(given.faces, given.data, given.tune)  # embedded once, not by every process
    runs = {
        (way, hostility): [
            Run(given.faces, WAYS[way], HOSTILITY[hostility], seed, given.tune, given.data)
            for seed in range(given.seeds)
        ]
        for way in WAYS
        for hostility in HOSTILITY
        if WAYS[way].active or hostility == "nobody"
    }
    courses = _all(runs, given.processes)
    told = [_speed(courses), _harm(courses)]
    publish(told, given.json)
    given.plots.mkdir(parents=True, exist_ok=True)
    kept = {" / ".join(key): [[asdict(p) for p in one] for one in c] for key, c in courses.items()}
    (given.plots / f"learning-{given.faces}.json").write_text(json.dumps(kept))
    draw(courses, given.plots / f"learning-{given.faces}.png")


Key = tuple[str, str]
Courses = dict[Key, list[list[Point]]]


def _all(runs: dict[Key, list[Run]], processes: int) -> Courses:
    flat = [run for some in runs.values() for run in some]
    console = Console(stderr=True)
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        done = iter(list(track(pool.map(Run.course, flat), "teaching", len(flat), console=console)))
    return {key: [next(done) for _ in some] for key, some in runs.items()}


# pictures


@cache
def _posted(faces: str, data: Path, tune: bool) -> tuple[Posted, NDArray[np.bool_]]:
    """All faces, and which are shown to nobody."""
    files, posted = (_portraits if faces == "portraits" else _drawings)(data)
    aside = _aside(files, posted)
    if not tune:
        return posted, aside
    rest = np.flatnonzero(~aside).tolist()
    posted = posted.only(rest)
    return posted, _aside([files[row] for row in rest], posted)


def _aside(files: Sequence[str], posted: Posted) -> NDArray[np.bool_]:
    aside = np.zeros(len(files), dtype=np.bool_)
    strange = np.array([person is None for person in posted.people])
    for rows, share in ((~strange, ASIDE), (strange, STRANGERS_ASIDE)):
        some = np.flatnonzero(rows)
        groups = copies([posted.hashes[row] for row in some.tolist()])
        names = [files[row] for row in some.tolist()]
        aside[some] = first_aside(names, groups, round(share * len(some)))
    return aside


def _divided(
    posted: Posted, aside: NDArray[np.bool_], choose: bool, seed: int
) -> tuple[Posted, Posted]:
    people = posted.people
    if choose:
        everybody = sorted({person for person in people if person is not None})
        unknown = np.random.default_rng(seed).permutation(everybody)[:UNKNOWN_CHARACTERS].tolist()
        people = tuple(None if person in unknown else person for person in people)
    named = Posted(posted.fingerprint, posted.kind, posted.vectors, posted.hashes, people)
    shown, held_out = np.flatnonzero(~aside).tolist(), np.flatnonzero(aside).tolist()
    return named.only(shown), named.only(held_out)


def _portraits(data: Path) -> tuple[list[str], Posted]:
    found = face_set(settings_with("dlib"), data, files_in(data / "faces"))
    rows = [*found.below("faces/lfw_known"), *found.below("faces/lfw_unknown")]
    everybody = Posted(
        found.fingerprint,
        Kind.PHOTO,
        found.vectors,
        found.hashes,
        tuple(None if "lfw_unknown" in file else Path(file).parent.name for file in found.files),
    )
    return [found.files[row] for row in rows], everybody.only(rows)


def _drawings(data: Path) -> tuple[list[str], Posted]:
    files = files_in(data / "anime" / "char_moe10")
    vectors, hashes, fingerprint = asyncio.run(_embedded(files))
    people = tuple(file.parent.name for file in files)
    posted = Posted(fingerprint, Kind.ILLUSTRATION, vectors, hashes, people)
    return [str(file.relative_to(data)) for file in files], posted


async def _embedded(files: Sequence[Path]) -> tuple[NDArray[np.float32], tuple[str, ...], str]:
    """Each picture is a head; through the bot's intake and judge, or as an earlier run kept it."""
    async with opened(settings_with("dlib")) as door:
        fingerprint = door.judge.fingerprint("character")
        cache = CACHE / f"heads-{fingerprint}.npz"
        if not cache.is_file():

            async def one(file: Path) -> tuple[NDArray[np.float32], str]:
                picture = await door.intake.picture(Attachment(file.name, file.read_bytes()))
                crop = whole(picture.pixels, Kind.ILLUSTRATION)
                return (await door.judge.embed([crop], "character"))[0], face_hash(crop)

            found = await each(files, one, "embedding heads")
            CACHE.mkdir(parents=True, exist_ok=True)
            np.savez(cache, vectors=[v for v, _ in found], hashes=[h for _, h in found])
    with np.load(cache) as kept:
        return kept["vectors"], tuple(kept["hashes"].tolist()), fingerprint


# figures


def reached(course: Sequence[Point], right: float) -> int | None:
    """Votes after which so large a share of names was right for the first time; None if never."""
    return next((point.votes for point in course if point.right >= right), None)


def _speed(courses: Courses) -> Table:
    rows: list[list[Cell]] = []
    for way in WAYS:
        last = [course[-1] for course in courses[way, "nobody"]]
        rows.append(
            [
                way,
                _spread(_votes(courses, way)),
                _spread([point.votes for point in last]),
                percent(_mean(last, "right")),
                percent(_mean(last, "wrong")),
                percent(_mean(last, "strangers")),
                f"{np.mean([max(map(_false, course)) for course in courses[way, 'nobody']]):.1f} %",
                f"{_mean(last, 'mislabelled'):.1f} of {_mean(last, 'labels'):.0f}",
                f"{_mean(last, 'promoted'):.1f}",
            ]
        )
    columns = ("way", "votes to 90 %", "votes in all", "named rightly", "named wrongly",
               "strangers named", "wrong names at worst", "wrong labels", "promoted")  # fmt: skip
    note = "90 % of what the first way reaches in the end; mean (range) over seeds"
    return Table("Without hostile voters", columns, rows, note)


def _votes(courses: Courses, way: str) -> list[int | None]:
    """Until nine tenths of what a community reaches that is asked and believed as the bot does."""
    ends = [course[-1].right for course in courses[next(iter(WAYS)), "nobody"]]
    several = courses[way, "nobody"]
    return [reached(course, 0.9 * end) for course, end in zip(several, ends, strict=True)]


def _harm(courses: Courses) -> Table:
    rows: list[list[Cell]] = []
    for (way, hostility), several in courses.items():
        if hostility == "nobody":
            continue
        honest = [course[-1] for course in courses[way, "nobody"]]
        last = [course[-1] for course in several]
        rows.append(
            [
                f"{way.partition(',')[0]}: {hostility}",
                *(_change(honest, last, what) for what in ("right", "wrong", "strangers")),
                f"{np.mean([max(map(_false, course)) for course in several]):.1f} %",
                f"{_mean(last, 'mislabelled'):.1f} of {_mean(last, 'labels'):.0f}",
                _spread([point.votes for point in last]),
            ]
        )
    columns = ("lies, from when", "named rightly", "named wrongly", "strangers named",
               "wrong names at worst", "wrong labels", "votes in all")  # fmt: skip
    note = (
        "points in the end against the same community without lies, with 95 % intervals over seeds "
        "(t); at worst on the way, of as many known people's faces as strangers'"
    )
    return Table("A fifth of the voters have agreed on one wrong name", columns, rows, note)


def _change(before: Sequence[Point], after: Sequence[Point], what: str) -> str:
    points = 100 * np.array(
        [getattr(b, what) - getattr(a, what) for a, b in zip(before, after, strict=True)]
    )
    if len(points) < 2:
        return f"{points.mean():+.1f}"
    error = student.ppf(0.975, len(points) - 1) * points.std(ddof=1) / np.sqrt(len(points))
    return f"{points.mean():+.1f} ± {error:.1f}"


def _mean(points: Sequence[Point], what: str) -> float:
    return float(np.mean([getattr(point, what) for point in points]))


def _spread(values: Sequence[int | None]) -> str:
    found = [value for value in values if value is not None]
    if len(found) < len(values):
        return f"never in {len(values) - len(found)} of {len(values)}"
    return f"{np.mean(found):.0f} ({min(found)}-{max(found)})"


# curves


def draw(courses: Courses, file: Path) -> None:
    """Right names above, wrong ones below; without lies on the left, with lies on the right.

    Lines are means over seeds, in a band from the least to the most.
    """
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(13, 8), sharex="col", sharey="row")
    asked, _, believed, _ = WAYS
    lies = [
        (f"{way.partition(',')[0]}: {hostility}", courses[way, hostility])
        for hostility in list(HOSTILITY)[1:]
        for way in (asked, believed)
    ]
    honest = [(way, courses[way, "nobody"]) for way in WAYS]
    shown: list[tuple[str, Callable[[Point], float]]] = [
        ("known people named rightly, %", lambda point: 100 * point.right),
        ("wrong names, known people and strangers, %", _false),
    ]
    for row, (label, value) in enumerate(shown):
        axes[row][0].set_ylabel(label)
        for column, curves in enumerate((honest, lies)):
            for number, (name, several) in enumerate(curves):
                votes, lines = _line(several, value)
                look = {"color": f"C{number // 2}", "linestyle": "-" if number % 2 == 0 else "--"}
                axes[row][column].plot(votes, lines.mean(axis=0), label=name, **look)
                low, high = lines.min(axis=0), lines.max(axis=0)
                axes[row][column].fill_between(votes, low, high, color=look["color"], alpha=0.12)
    for column, title in enumerate(("everybody honest", "a fifth have agreed on a wrong name")):
        axes[0][column].set_title(title)
        axes[0][column].legend(fontsize=8, loc="lower right")
        axes[1][column].set_xlabel("votes cast")
    for ax in axes.flat:
        ax.grid(alpha=0.3)
        ax.set_ylim(bottom=0)
    figure.tight_layout()
    figure.savefig(file, dpi=110)
    plt.close(figure)


def _line(
    several: Sequence[Sequence[Point]], value: Callable[[Point], float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Votes, and the values then: shape (seeds, votes), as far as the shortest course goes."""
    votes = np.linspace(0, min(course[-1].votes for course in several), 80)
    lines = [np.interp(votes, [p.votes for p in c], [value(p) for p in c]) for c in several]
    return votes, np.stack(lines)


def _false(point: Point) -> float:
    """In percent, of as many known people's faces as strangers'."""
    return 50 * (point.wrong + point.strangers)


if __name__ == "__main__":
    main()
