"""Open-set recognition: what `models.calibration.MEASURED` rests on.

People are enrolled with 1, 3 or 5 pictures, drawn ten times over, and searched for in the bot's
own gallery. Two kinds of people should not be named: strangers (a set of people who are not
enrolled), and each enrolled person once their own examples are taken out ("left out").
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.door import files_in, settings_with, spread
from benchmarks.faces import FaceSet, face_set
from benchmarks.measures import bootstrap_mean, fit_logistic, threshold_at
from benchmarks.report import Table, arguments, parsed, percent, publish
from models.calibration import Calibration, measured
from models.gallery import Example, Gallery

SHOTS = (1, 3, 5)
MIDDLE_SHOTS = 3
DRAWS = 10
FALSE_NAMES = 0.01
RESEARCH: tuple[tuple[str, str], ...] = (
    ("faces/lfw_known", "faces/lfw_unknown"),
    ("faces/korea6", "beauty"),
)
"""Rosters, each with the strangers that are searched for in it."""

NO_HASH = "0" * 16
"""Nothing was rejected in these galleries, so that the face's hash does not matter."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A search for a face whose person is enrolled.

    Attributes:
        best: name and similarity of the most similar person.
        left_out: the same once `person` is taken out.
    """

    file: str
    person: str
    best: tuple[str, float]
    left_out: tuple[str, float]

    @property
    def right(self) -> bool:
        """Whether the most similar person is who it is."""
        return self.best[0] == self.person


@dataclass(frozen=True, slots=True)
class Stranger:
    """A search for somebody who is not enrolled."""

    file: str
    best: tuple[str, float]


@dataclass(frozen=True, slots=True)
class Trial:
    """All searches of one roster with one number of examples a person."""

    roster: str
    strangers_from: str
    shots: int
    probes: Sequence[Probe]
    strangers: Sequence[Stranger]


def trial(faces: FaceSet, roster: str, strangers: str, shots: int) -> Trial:
    """Enrol the people below `roster`, search for their other pictures and for strangers."""
    rng = np.random.default_rng(shots)
    probes: list[Probe] = []
    unknown: list[Stranger] = []
    for _ in range(DRAWS):
        shuffled = {
            person: rng.permutation(indices).tolist()
            for person, indices in faces.people(roster).items()
        }
        gallery = Gallery(
            faces.fingerprint,
            (
                Example(person, faces.vectors[i])
                for person, indices in shuffled.items()
                for i in indices[:shots]
            ),
        )
        probes += [
            _probe(faces, gallery, i, person)
            for person, indices in shuffled.items()
            for i in indices[shots:]
        ]
        unknown += [
            Stranger(faces.files[i], _nearest(gallery, faces, i)[0]) for i in faces.below(strangers)
        ]
    return Trial(roster, strangers, shots, probes, unknown)


def main() -> None:
    """Print the tables."""
    parser = arguments(__doc__ or "")
    parser.add_argument(
        "--embedder", default="dlib", help="`dlib`, `facenet` or an ONNX file (default: dlib)"
    )
    parser.add_argument(
        "--roster",
        help="measure on people of your own instead: a folder below --data, with one a person",
    )
    parser.add_argument("--strangers", help="the folder below --data of people not among them")
    given = parsed(parser)
    if (given.roster is None) != (given.strangers is None):
        parser.error("--roster and --strangers go together")
    if given.roster is None:
        pairs, chosen = RESEARCH, files(given.data)
    else:
        pairs = ((str(Path(given.roster)), str(Path(given.strangers))),)
        chosen = [file for folder in pairs[0] for file in files_in(given.data / folder)]
    faces = face_set(settings_with(given.embedder), given.data, chosen)
    trials = [
        trial(faces, roster, strangers, shots)
        for roster, strangers in pairs
        for shots in SHOTS
        if enough(faces, roster, strangers, shots)
    ]
    if not trials:
        parser.error("that needs two people with two pictures each, and a stranger")
    publish(tables(faces, trials, measured(_family(given))), given.json)


def enough(faces: FaceSet, roster: str, strangers: str, shots: int) -> bool:
    """Whether there is somebody to search for, somebody else to confuse them with, a stranger."""
    pictures = [len(indices) for indices in faces.people(roster).values()]
    return len(pictures) > 1 and max(pictures) > shots and bool(faces.below(strangers))


def files(data: Path) -> list[Path]:
    """All of faces/, and 400 East Asian strangers from SCUT-FBP5500."""
    scut = sorted((data / "beauty" / "scut5500_train" / "images").glob("A[FM]*.jpg"))
    return [*files_in(data / "faces"), *spread(scut, 400)]


def tables(faces: FaceSet, trials: Sequence[Trial], shipped: Calibration) -> list[Table]:
    """Everything that is printed."""
    middle = [tried for tried in trials if tried.shots == MIDDLE_SHOTS]
    at_others = [_at(threshold, middle) for threshold in _around(shipped.threshold)]
    return [
        Table(
            f"Thresholds at which {percent(FALSE_NAMES)} are given a false name",
            ("roster", "strangers", "shots", "rank-1", "threshold by strangers", "named rightly",
             "threshold by left out", "then named rightly"),
            [_thresholds(tried) for tried in trials],
            f"{faces.fingerprint}: {len(faces.files)} faces, "
            f"{len(faces.faceless)} pictures without a face; {DRAWS} draws of examples",
        ),
        Table(
            f"At the shipped threshold {shipped.threshold} ({shipped.source})",
            ("roster", "strangers", "shots", "named rightly", "named wrongly",
             "strangers named", "95 % interval", "left out named", "its 95 % interval"),
            [_at_shipped(tried, shipped.threshold) for tried in trials],
            "intervals by drawing people",
        ),
        Table(
            f"At other thresholds, {MIDDLE_SHOTS} shots",
            tuple(at_others[0]),
            [list(row.values()) for row in at_others],
        ),
        Table(
            "Probability that a name is right: logistic fit",
            ("fitted on", "midpoint", "slope", "at the shipped threshold"),
            [_fit(name, chosen, shipped) for name, chosen in _groups(trials)],
            "each probe with and without its person enrolled; 3 and 5 shots",
        ),
        Table(
            f"The surest false names, {max(SHOTS)} shots",
            ("picture", "called", "similarity", "whose"),
            _worst(trials),
            "look at them: a surest false name may be a wrong label",
        ),
    ]  # fmt: skip


def _thresholds(tried: Trial) -> list[str | int | float]:
    row: list[str | int | float] = [_label(tried.roster), _label(tried.strangers_from), tried.shots]
    row.append(percent(float(np.mean([probe.right for probe in tried.probes]))))
    for wrong in (
        [stranger.best[1] for stranger in tried.strangers],
        [probe.left_out[1] for probe in tried.probes],
    ):
        threshold = threshold_at(np.array(wrong), FALSE_NAMES)
        row += [threshold, percent(_named_rightly(tried, threshold))]
    return row


def _at_shipped(tried: Trial, threshold: float) -> list[str | int]:
    strangers, left_out = _false_names(tried, threshold)
    wrong = [not probe.right and probe.best[1] >= threshold for probe in tried.probes]
    return [
        _label(tried.roster),
        _label(tried.strangers_from),
        tried.shots,
        percent(_named_rightly(tried, threshold)),
        percent(float(np.mean(wrong))),
        *_with_interval(strangers, [stranger.file for stranger in tried.strangers]),
        *_with_interval(left_out, [probe.person for probe in tried.probes]),
    ]


def _at(threshold: float, trials: Sequence[Trial]) -> dict[str, str]:
    """A row by its columns' names."""
    row = {"threshold": f"{threshold:.3f}"}
    for tried in trials:
        roster = _label(tried.roster)
        strangers, left_out = _false_names(tried, threshold)
        row[f"{roster}: named rightly"] = percent(_named_rightly(tried, threshold))
        row[f"{_label(tried.strangers_from)} named"] = percent(float(np.mean(strangers)))
        row[f"{roster}: left out named"] = percent(float(np.mean(left_out)))
    return row


def _around(threshold: float) -> list[float]:
    """Thresholds around one, in steps that suit how near it is to 1; more below than above."""
    step = round((1 - threshold) / 16, 3)
    return [threshold + i * step for i in range(-8, 5)]


def _label(folder: str) -> str:
    return {"beauty": "SCUT"}.get(folder, Path(folder).name)


def _false_names(tried: Trial, threshold: float) -> tuple[list[float], list[float]]:
    """1 for each stranger, and for each left-out probe, that is given a name; else 0."""
    return (
        [float(stranger.best[1] >= threshold) for stranger in tried.strangers],
        [float(probe.left_out[1] >= threshold) for probe in tried.probes],
    )


def _named_rightly(tried: Trial, threshold: float) -> float:
    """Share of probes that are named, and rightly."""
    return float(np.mean([p.right and p.best[1] >= threshold for p in tried.probes]))


def _with_interval(values: Sequence[float], groups: Sequence[str]) -> tuple[str, str]:
    low, high = bootstrap_mean(values, groups)
    return percent(float(np.mean(values))), f"{100 * low:.1f}-{100 * high:.1f} %"


def _groups(trials: Sequence[Trial]) -> list[tuple[str, list[Trial]]]:
    """The fits: each roster alone, and both together."""
    several = [tried for tried in trials if tried.shots > 1] or list(trials)
    rosters = list(dict.fromkeys(tried.roster for tried in several))
    return [
        *((_label(name), [t for t in several if t.roster == name]) for name in rosters),
        ("both, equally", several),
    ]


def _fit(name: str, trials: Sequence[Trial], shipped: Calibration) -> list[str | float]:
    similarity, right, weight = [], [], []
    for tried in trials:
        for probe in tried.probes:
            similarity += [probe.best[1], probe.left_out[1]]
            right += [float(probe.right), 0.0]
            weight += [1 / len(tried.probes)] * 2
    midpoint, slope = fit_logistic(np.array(similarity), np.array(right), np.array(weight))
    fitted = Calibration(shipped.threshold, midpoint, slope, name)
    return [name, f"{midpoint:.3f}", slope, percent(fitted.probability(shipped.threshold))]


def _worst(trials: Sequence[Trial], most: int = 12) -> list[tuple[str, str, float, str]]:
    """Each pair of picture and false name once, at its highest similarity."""
    surest: dict[tuple[str, str], tuple[float, str]] = {}
    for tried in trials:
        if tried.shots != max(SHOTS):
            continue
        wrong = [(each.file, each.best, "stranger") for each in tried.strangers]
        wrong += [(each.file, each.left_out, "left out") for each in tried.probes]
        wrong += [(each.file, each.best, "enrolled") for each in tried.probes if not each.right]
        for file, (name, similarity), whose in wrong:
            before = surest.get((file, name), (-1.0, ""))
            surest[file, name] = max(before, (similarity, whose))
    ordered = sorted(surest.items(), key=lambda pair: pair[1], reverse=True)[:most]
    return [(file, name, similarity, whose) for (file, name), (similarity, whose) in ordered]


def _probe(faces: FaceSet, gallery: Gallery, index: int, person: str) -> Probe:
    nearest = _nearest(gallery, faces, index)
    others = [match for match in nearest if match[0] != person]
    return Probe(faces.files[index], person, nearest[0], others[0])


def _nearest(gallery: Gallery, faces: FaceSet, index: int) -> list[tuple[str, float]]:
    matches = gallery.search(faces.vectors[index], NO_HASH, most=2)
    return [(match.name, match.similarity) for match in matches]


def _family(given: argparse.Namespace) -> str:
    return given.embedder if given.embedder in ("dlib", "facenet") else "onnx"


if __name__ == "__main__":
    main()
