"""Clusters of people whom nobody named: what `models.clustering.MEASURED` rests on.

People with several pictures and strangers with one are clustered together, as the bot does it. The
people are cut in half: one half chooses how alike faces must be, the other says how good that is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.door import settings_with
from benchmarks.faces import FaceSet, face_set, portraits
from benchmarks.report import Table, arguments, parsed, percent, publish
from models.clustering import LEAST, NOWHERE, Measure, Pool, measured, recluster

LFW, KOREA, STRANGERS = "faces/lfw_known", "faces/korea6", "faces/lfw_unknown"
ALIKE = {"dlib": (0.5, 0.55, 0.58, 0.6, 0.62, 0.64, 0.66), "onnx": (0.3, 0.34, 0.38, 0.42, 0.46)}
SMALL = ((1, 7, 0), (1, 7, 10), (3, 7, 10), (10, 5, 40))
"""People, pictures of each, and strangers, in a place where not much is posted."""

DRAWS = 30

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Score:
    """What clustering made of faces whose people are known.

    Attributes:
        right: pairs in one cluster that are one person's.
        joined: pairs in one cluster.
        same: pairs of one person.
        clusters: how many there are.
        mixed: how many of them have two people or more.
        found: people who have a cluster of their own alone.
        people: with `LEAST` pictures or more.
    """

    right: int
    joined: int
    same: int
    clusters: int
    mixed: int
    found: int
    people: int

    @property
    def precision(self) -> float | None:
        """Share of the joined pairs that are right; None if there are none."""
        return self.right / self.joined if self.joined else None

    @property
    def recall(self) -> float | None:
        """Share of one person's pairs that are joined."""
        return self.right / self.same if self.same else None


def score(found: Rows, people: Sequence[str]) -> Score:
    """Compare clusters, `NOWHERE` for none, with who it is."""
    _, person = np.unique(np.asarray(people), return_inverse=True)
    pairs = np.triu_indices(len(found), 1)
    joined = ((found[:, None] == found) & (found[:, None] != NOWHERE))[pairs]
    same = (person[:, None] == person)[pairs]
    inside = [set(person[found == each].tolist()) for each in set(found.tolist()) - {NOWHERE}]
    often = {each for each in set(person.tolist()) if (person == each).sum() >= LEAST}
    alone = {next(iter(each)) for each in inside if len(each) == 1}
    return Score(
        right=int((joined & same).sum()),
        joined=int(joined.sum()),
        same=int(same.sum()),
        clusters=len(inside),
        mixed=sum(len(each) > 1 for each in inside),
        found=len(alone & often),
        people=len(often),
    )


def clustered(faces: FaceSet, rows: Sequence[int], measure: Measure) -> Score:
    """Cluster some faces from nothing."""
    nowhere = np.full(len(rows), NOWHERE, dtype=np.intp)
    pool = Pool(faces.vectors[list(rows)], nowhere, np.zeros(len(rows), dtype=np.bool_))
    return score(recluster(pool, measure), [_person(faces, row) for row in rows])


def half(faces: FaceSet, which: int, folders: Iterable[str] = (LFW, KOREA, STRANGERS)) -> list[int]:
    """Faces of every second person below these folders."""
    rows: list[int] = []
    for folder in folders:
        people = faces.people(folder) if folder != STRANGERS else _each_by_itself(faces)
        shuffled = np.random.default_rng(0).permutation(sorted(people)).tolist()
        rows += [row for person in shuffled[which::2] for row in people[person]]
    return rows


def small(faces: FaceSet, folder: str, place: tuple[int, int, int], measure: Measure) -> Score:
    """The sum of many drawn places; see `SMALL`. From the second half."""
    people, shots, strangers = place
    rng = np.random.default_rng(0)
    by_person: dict[str, list[int]] = {}
    for row in half(faces, 1, [folder]):
        by_person.setdefault(_person(faces, row), []).append(row)
    enough = sorted(person for person, rows in by_person.items() if len(rows) >= shots)
    crowd = half(faces, 1, [STRANGERS])
    scores = []
    for _ in range(DRAWS):
        chosen = rng.permutation(enough)[:people].tolist()
        rows = [row for each in chosen for row in rng.permutation(by_person[each])[:shots].tolist()]
        rows += rng.permutation(crowd)[:strangers].tolist()
        scores.append(clustered(faces, rows, measure))
    return _sum(scores)


def main() -> None:
    """Print the tables."""
    parser = arguments(__doc__ or "")
    parser.add_argument(
        "--embedder", default="dlib", help="`dlib`, `facenet` or an ONNX file (default: dlib)"
    )
    given = parsed(parser)
    family = given.embedder if given.embedder in ("dlib", "facenet") else "onnx"
    faces = face_set(settings_with(given.embedder), given.data, portraits(given.data))
    publish(tables(faces, family), given.json)


def tables(faces: FaceSet, family: str) -> list[Table]:
    """Everything that is printed."""
    shipped = measured(family)
    first = half(faces, 0)
    columns = ("precision", "recall", "clusters", "mixed", "people found")
    return [
        Table(
            "Choosing how alike: the first half",
            ("alike", *columns),
            [
                [f"{each:.2f}", *_cells(clustered(faces, first, replace(shipped, alike=each)))]
                for each in ALIKE.get(family, (shipped.alike,))
            ],
            f"{faces.fingerprint}; {len(first)} faces; shipped: {shipped.alike}",
        ),
        Table(
            f"At {shipped.alike}: the second half",
            ("faces", *columns),
            [
                [name, *_cells(clustered(faces, half(faces, 1, folders), shipped))]
                for name, folders in {
                    "LFW and strangers": (LFW, STRANGERS),
                    "Korea": (KOREA,),
                    "all": (LFW, KOREA, STRANGERS),
                }.items()
            ],
            "precision and recall of pairs",
        ),
        Table(
            f"At {shipped.alike}: small places, drawn {DRAWS} times from the second half",
            ("people x pictures + strangers", "of", *columns),
            [
                [
                    f"{place[0]} x {place[1]} + {place[2]}",
                    Path(folder).name,
                    *_cells(small(faces, folder, place, shipped)),
                ]
                for folder in (LFW, KOREA)
                for place in SMALL
                if folder == LFW or place[0] <= len(faces.people(KOREA)) // 2
            ],
        ),
    ]


def _cells(told: Score) -> list[str | int]:
    shares = [percent(each) if each is not None else "-" for each in (told.precision, told.recall)]
    return [*shares, told.clusters, told.mixed, f"{told.found} of {told.people}"]


def _sum(scores: Sequence[Score]) -> Score:
    fields = Score.__dataclass_fields__
    return Score(**{name: sum(getattr(each, name) for each in scores) for name in fields})


def _person(faces: FaceSet, row: int) -> str:
    file = faces.files[row]
    return file if file.startswith(STRANGERS + "/") else Path(file).parent.name


def _each_by_itself(faces: FaceSet) -> dict[str, list[int]]:
    return {faces.files[row]: [row] for row in faces.below(STRANGERS)}


if __name__ == "__main__":
    main()
