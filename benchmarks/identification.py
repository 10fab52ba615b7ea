"""Who is it: the bot's gallery beside what people usually do, on the same pictures.

People are enrolled with some pictures each, drawn anew in every repeat, and searched for with their
others. Strangers are searched for too: people from LFW who had no part in the synthetic strangers
that ship, and each enrolled person once they are left out. `python -m bot.evaluate identify` says
the same of the whole way from the file on; here the embeddings are kept from one run to the next,
so that curves can be drawn.
"""

import importlib
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from benchmarks.contenders import PEERS
from benchmarks.door import files_in, settings_with
from benchmarks.faces import FaceSet, face_set
from benchmarks.fit_strangers import fitted_on
from benchmarks.report import CACHE, Cell, Table, arguments, parsed, percent, publish
from models.gallery import Example, Gallery, Rejection
from models.measures import bootstrap_share, dir_at_far
from models.strangers import choose
from models.types import Vectors

ROSTERS = ("faces/lfw_known", "faces/korea6")
STRANGERS = "faces/lfw_unknown"
SHOTS = (1, 2, 3, 5, 10)
REPEATS = 5
RATE = 0.01
TOLERANCE = 0.6
"""What face_recognition's `compare_faces` takes for the same person."""

TOGETHER = (3, 5)
"""Examples of each person where both rosters are one."""

CORRECTIONS = (0, 1, 2, 5, 10, 20)
PEOPLE = (10, 1_000, 10_000)

Draw = Mapping[str, list[int]]
Namer = Callable[[int], tuple[str | None, float]]
"""From a face's index to the nearest name and how near it is; more is nearer."""


@dataclass(frozen=True, slots=True)
class Searched:
    """One search: whose face, the nearest name and how sure it is."""

    person: str
    name: str | None
    score: float


@dataclass(frozen=True, slots=True)
class Tried:
    """All searches of one way to name, with one number of examples."""

    probes: list[Searched]
    strangers: list[Searched]
    left_out: list[Searched]

    def correct(self, least: float) -> float:
        """Share of probes named rightly where a name takes this score."""
        return float(np.mean([p.name == p.person and p.score >= least for p in self.probes]))

    def at_rate(self) -> float | None:
        """The same where `RATE` of the strangers are named: the oracle's threshold."""
        return dir_at_far(
            np.array([p.score for p in self.probes]),
            np.array([p.name == p.person for p in self.probes]),
            np.array([s.score for s in self.strangers]),
            RATE,
        )


class Ours:
    """The bot's gallery: a name's score is its margin, 0 or more names."""

    least = 0.0

    def __init__(self, faces: FaceSet) -> None:
        self._faces = faces
        self._strangers = choose(np.empty((0, 0), dtype=np.float32), faces.fingerprint)

    def enrol(self, enrolled: Draw, rejections: Sequence[Rejection] = ()) -> Namer:
        """A gallery of these faces."""
        faces = self._faces
        gallery = Gallery(
            faces.fingerprint,
            [
                Example(person, faces.vectors[i], faces.hashes[i])
                for person, indices in enrolled.items()
                for i in indices
            ],
            rejections,
            self._strangers,
            RATE,
        )

        def name(i: int) -> tuple[str | None, float]:
            matches = gallery.identify(faces.vectors[i], faces.hashes[i], most=1).matches
            return (matches[0].name, matches[0].margin) if matches else (None, -np.inf)

        return name


class NearestMean:
    """Cosine to the mean example, as most tutorials have it; no threshold of its own."""

    def __init__(self, faces: FaceSet) -> None:
        self._vectors = faces.vectors

    def enrol(self, enrolled: Draw) -> Namer:
        """Means of these faces."""
        names = list(enrolled)
        means = np.stack([self._vectors[enrolled[person]].mean(axis=0) for person in names])
        means /= np.linalg.norm(means, axis=1, keepdims=True)

        def name(i: int) -> tuple[str | None, float]:
            similarity = means @ self._vectors[i]
            best = int(similarity.argmax())
            return names[best], float(similarity[best])

        return name


class CompareFaces:
    """The face_recognition package: the nearest known face, if `compare_faces` lets it through."""

    least = -TOLERANCE

    def __init__(self, encodings: Sequence[Vectors | None]) -> None:
        self._encodings = encodings

    def enrol(self, enrolled: Draw) -> Namer:
        """These faces, as far as the package finds them."""
        found = [
            (person, self._encodings[i])
            for person, indices in enrolled.items()
            for i in indices
            if self._encodings[i] is not None
        ]
        known = np.stack([encoding for _, encoding in found])

        def name(i: int) -> tuple[str | None, float]:
            if self._encodings[i] is None:
                return None, -np.inf
            distance = np.linalg.norm(known - self._encodings[i], axis=1)
            return found[int(distance.argmin())][0], -float(distance.min())

        return name


def main() -> None:
    """Print the tables."""
    parser = arguments(__doc__ or "")
    parser.add_argument(
        "--embedder", default="dlib", help="`dlib`, `facenet` or an ONNX file (default: dlib)"
    )
    given = parsed(parser)
    folders = (*ROSTERS, STRANGERS)
    files = [file for folder in folders for file in files_in(given.data / folder)]
    faces = face_set(settings_with(given.embedder), given.data, files)
    ways: dict[str, Any] = {"ours": Ours(faces), "nearest mean": NearestMean(faces)}
    if given.embedder == "dlib" and (PEERS / "face_recognition").is_dir():
        ways["compare_faces"] = CompareFaces(_encodings(given.data, faces))
    publish(
        [_curve(faces, ways, roster) for roster in ROSTERS]
        + [_together(faces), _corrections(faces), _costs(faces)],
        given.json,
    )


def draw(faces: FaceSet, roster: str, shots: int, repeat: int) -> tuple[Draw, Draw]:
    """Faces to enrol and faces to search for, by person."""
    rng = np.random.default_rng([shots, repeat])
    shuffled = {
        person: rng.permutation(indices).tolist()
        for person, indices in faces.people(roster).items()
    }
    return (
        {person: indices[:shots] for person, indices in shuffled.items()},
        {person: indices[shots:] for person, indices in shuffled.items()},
    )


def try_way(way: Any, faces: FaceSet, rosters: Sequence[str], shots: int) -> Tried:
    """Search for everybody under one way to name, in one gallery of these rosters."""
    tried = Tried([], [], [])
    strangers = [i for i in faces.below(STRANGERS) if not fitted_on(faces.files[i])]
    for repeat in range(REPEATS):
        drawn = [draw(faces, roster, shots, repeat) for roster in rosters]
        enrolled = {person: some for known, _ in drawn for person, some in known.items()}
        others = {person: some for _, rest in drawn for person, some in rest.items()}
        name = way.enrol(enrolled)
        tried.probes.extend(
            Searched(person, *name(i)) for person, indices in others.items() for i in indices
        )
        tried.strangers.extend(Searched(faces.files[i], *name(i)) for i in strangers)
        for out in enrolled if repeat == 0 else ():
            rest = {person: indices for person, indices in enrolled.items() if person != out}
            name = way.enrol(rest)
            own = [*enrolled[out], *others[out]]
            tried.left_out.extend(Searched(out, *name(i)) for i in own)
    return tried


def _curve(faces: FaceSet, ways: Mapping[str, Any], roster: str) -> Table:
    rows: list[Sequence[Cell]] = []
    most = max(len(indices) for indices in faces.people(roster).values())
    possible = [shots for shots in SHOTS if shots < most]
    for shots in track(possible, f"searching, {roster}", console=Console(stderr=True)):
        for named, way in ways.items():
            tried = try_way(way, faces, [roster], shots)
            least = getattr(way, "least", None)
            oracle = tried.at_rate()
            rows.append(
                (
                    shots,
                    named,
                    None if least is None else percent(tried.correct(least)),
                    None if least is None else _rate(tried.strangers, least),
                    None if least is None else _rate(tried.left_out, least),
                    None if oracle is None else percent(oracle),
                )
            )
    return Table(
        f"{Path(roster).name}: who is named",
        ("examples", "way", "named rightly", "strangers named", "left out named",
         "rightly, where 1 % of strangers are"),
        rows,
        f"{faces.fingerprint}; the last column sets the threshold on the very strangers that are "
        "counted, which nobody can do in earnest",
    )  # fmt: skip


def _together(faces: FaceSet) -> Table:
    """Everybody on one roster: whom the embedder cannot tell apart must not harm the others."""
    rows: list[Sequence[Cell]] = []
    way = Ours(faces)
    for shots in track(TOGETHER, "searching, on one roster", console=Console(stderr=True)):
        tried = try_way(way, faces, ROSTERS, shots)
        for roster in ROSTERS:
            people = faces.people(roster).keys()
            of_roster = Tried(
                [each for each in tried.probes if each.person in people],
                tried.strangers,
                [each for each in tried.left_out if each.person in people],
            )
            rows.append(
                (
                    shots,
                    Path(roster).name,
                    percent(of_roster.correct(way.least)),
                    _rate(of_roster.strangers, way.least),
                    _rate(of_roster.left_out, way.least),
                )
            )
    return Table(
        "Both on one roster: who is named",
        ("examples", "people of", "named rightly", "strangers named", "left out named"),
        rows,
        faces.fingerprint,
    )


def _rate(searched: Sequence[Searched], least: float) -> str:
    named = [each.name is not None and each.score >= least for each in searched]
    low, high = bootstrap_share(named, [each.person for each in searched])
    return f"{percent(float(np.mean(named)))} ({100 * low:.1f}-{100 * high:.1f})"


def _corrections(faces: FaceSet) -> Table:
    """Start with one example each; people correct the first wrong answers, then look again."""
    rows: list[Sequence[Cell]] = [
        (Path(roster).name, *(_corrected(faces, roster, count) for count in CORRECTIONS))
        for roster in ROSTERS
    ]
    return Table(
        "Effect of corrections: named rightly of the same last half of the pictures",
        ("roster", *(f"{count} corrections" for count in CORRECTIONS)),
        rows,
        "20 people at the most, one example each to begin with; every correction names a picture "
        "of the first half that was not named, or wrongly",
    )


def _corrected(faces: FaceSet, roster: str, corrections: int) -> str:
    shares = [_after(faces, roster, corrections, repeat) for repeat in range(REPEATS)]
    return percent(float(np.mean(shares)))


def _after(faces: FaceSet, roster: str, corrections: int, repeat: int) -> float:
    way = Ours(faces)
    enrolled, others = draw(faces, roster, 1, repeat)
    chosen = list(enrolled)[:20]
    examples = {person: list(enrolled[person]) for person in chosen}
    seen = [(p, i) for p in chosen for i in others[p][: len(others[p]) // 2]]
    rest = [(p, i) for p in chosen for i in others[p][len(others[p]) // 2 :]]
    name_of, left = way.enrol(examples), corrections
    for place in np.random.default_rng(repeat).permutation(len(seen)).tolist():
        person, i = seen[place]
        name, margin = name_of(i)
        if left and (name != person or margin < way.least):
            examples[person].append(i)
            name_of, left = way.enrol(examples), left - 1
    found = [(person, *name_of(i)) for person, i in rest]
    return float(np.mean([name == p and margin >= way.least for p, name, margin in found]))


def _costs(faces: FaceSet) -> Table:
    """Calibration of a gallery and matching of one face, by the number of people."""
    rng = np.random.default_rng(0)
    strangers = choose(np.empty((0, 0), dtype=np.float32), faces.fingerprint)
    dimensions = faces.vectors.shape[1]
    rows: list[Sequence[Cell]] = []
    for people in PEOPLE:
        looks = _unit(rng.standard_normal((people, dimensions)))
        pictures = _unit(np.repeat(looks, 5, axis=0) + 0.05 * rng.standard_normal((1, dimensions)))
        examples = [Example(f"p{i // 5}", vector) for i, vector in enumerate(pictures)]
        started = time.perf_counter()
        gallery = Gallery(faces.fingerprint, examples, (), strangers, RATE)
        built = time.perf_counter() - started
        started = time.perf_counter()
        for vector in pictures[:50]:
            gallery.identify(vector, "0" * 16)
        matched = (time.perf_counter() - started) / 50
        rows.append((people, 5 * people, f"{1000 * built:.0f} ms", f"{1000 * matched:.2f} ms"))
    return Table(
        "Cost of calibration and of matching one face",
        ("people", "examples", "calibration, at each change of the gallery", "matching a face"),
        rows,
        f"{len(strangers.vectors)} strangers, {dimensions} dimensions, drawn people; on one thread "
        "beside whatever else the machine does",
    )


def _unit(vectors: NDArray[np.float64]) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def _encodings(data: Path, faces: FaceSet) -> list[Vectors | None]:
    """What face_recognition makes of the same files, with a cache; the nearest to the centre."""
    cache = CACHE / "face_recognition-encodings.npz"
    if not cache.is_file():
        sys.path.append(str(PEERS))
        package = importlib.import_module("face_recognition")
        files = track(faces.files, "face_recognition", console=Console(stderr=True))
        found = [_encoding(package, data / file) for file in files]
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.savez(cache, files=np.array(faces.files), encodings=np.stack(found))
    with np.load(cache) as kept:
        by_file = dict(zip(kept["files"].tolist(), kept["encodings"], strict=True))
    encodings = [by_file[file] for file in faces.files]
    return [None if np.isnan(encoding).any() else encoding for encoding in encodings]


def _encoding(package: Any, file: Path) -> Vectors:
    picture = package.load_image_file(file)
    boxes = package.face_locations(picture)
    if not boxes:
        return np.full(128, np.nan, dtype=np.float32)
    height, width = picture.shape[:2]

    def off_centre(place: tuple[int, int, int, int]) -> float:
        top, right, bottom, left = place
        return float(np.hypot(left + right - width, top + bottom - height))

    (encoding,) = package.face_encodings(picture, [min(boxes, key=off_centre)])
    return np.asarray(encoding, dtype=np.float32)


if __name__ == "__main__":
    main()
