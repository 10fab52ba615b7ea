"""Open-set identification, measured: enrol some pictures, search for others and for strangers."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bot.errors import SettingsError
from bot.intake import Intake
from bot.judge_files import judge_file, nearest_to_centre, side_by_side
from bot.judging import Judge, Networks
from bot.settings import Settings
from bot.trials import (
    Shown,
    Trial,
    any_nesting,
    attempt,
    by_person,
    draw,
    enrol,
    percent,
    share,
)
from models.measures import bootstrap_share, dir_at_far, expected_calibration_error
from models.strangers import LEAST_UNKNOWNS
from models.types import Crop, Embedder, Kind, Vectors

HEAD = "idol"
FALSE_ALARM_RATES = (0.1, 0.01, 0.001)


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the pictures are.

    Attributes:
        gallery: a folder per person.
        strangers: anybody else, any nesting; they never calibrate.
        probes: a folder per person; None for each person's other pictures.
        cohort: unknown faces to set the thresholds by, any nesting.
    """

    gallery: Path
    strangers: Path | None
    probes: Path | None = None
    cohort: Path | None = None


@dataclass(frozen=True, slots=True)
class Protocol:
    """What is done with them.

    Attributes:
        shots: pictures that enrol a person, drawn anew in each of `repeats`.
        leave_one_person_out: each person in turn is a stranger to a gallery without them.
    """

    shots: int = 5
    seed: int = 0
    repeats: int = 5
    leave_one_person_out: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What `python -m bot.evaluate identify` measures; rates pool the repeats."""

    embedder: str
    calibrated_from: str
    people: int
    protocol: Protocol
    no_face: int
    trials: tuple[Trial, ...]
    ms_per_face: float

    def as_dict(self) -> dict[str, Any]:
        """For the JSON file; `probes` and `strangers` count searches in all repeats."""
        probes = [trial for trial in self.trials if trial.enrolled]
        strangers = [trial for trial in self.trials if not trial.enrolled]
        return {
            "embedder": self.embedder,
            "calibrated_from": self.calibrated_from,
            "people": self.people,
            "shots": self.protocol.shots,
            "repeats": self.protocol.repeats,
            "probes": len(probes),
            "strangers": len(strangers),
            "no_face": self.no_face,
            "rank1": share([trial.right for trial in probes]),
            "dir_at_far": {str(far): _dir(probes, strangers, far) for far in FALSE_ALARM_RATES},
            "operating_point": _operating_point(probes, strangers),
            "ece": _ece(probes, strangers),
            "ms_per_face": round(self.ms_per_face, 2),
        }

    def as_table(self) -> Table:
        """For people."""
        told = self.as_dict()
        point = told["operating_point"]
        table = Table(box=box.SIMPLE, show_header=False)
        for name, value in (
            ("embedder", self.embedder),
            ("calibrated from", self.calibrated_from),
            ("people, examples of each", f"{self.people}, {self.protocol.shots}"),
            ("searches for them", f"{told['probes']}"),
            ("searches for strangers", f"{told['strangers']}"),
            ("pictures without a face", f"{self.no_face}"),
            ("named rightly", percent(point["correct"], point["correct_interval95"])),
            ("named wrongly", percent(point["wrong_name"])),
            ("not named", percent(point["unknown"])),
            ("strangers named", percent(point["false_name_rate"], point["interval95"])),
            ("named rightly at 1 % of strangers named", percent(told["dir_at_far"]["0.01"])),
            ("most alike is right", percent(told["rank1"])),
            ("probability is off by", percent(told["ece"])),
            ("time for a face, found already", f"{self.ms_per_face:.0f} ms"),
        ):
            table.add_row(name, value)
        return table


async def identify(settings: Settings, folders: Folders, protocol: Protocol) -> Result:
    """Measure.

    Raises:
        SettingsError: a folder cannot be used, or there is nobody to search for.
        WeightsError: the embedder's weights are missing or damaged.
    """
    if folders.strangers is None and not protocol.leave_one_person_out:
        raise SettingsError("identify needs --strangers DIR, --leave-one-person-out, or both.")
    sets = _Sets.of(folders)
    console = Console(stderr=True)
    intake = Intake(settings.intake)
    try:
        with console.status("loading models …"):
            networks = await asyncio.to_thread(Networks, settings)
        remembering = _Remembering(networks.embedders[HEAD])
        networks.embedders[HEAD] = remembering
        try:
            async with Judge(settings, networks) as judge:
                found = await _see(judge, intake, settings, sets.all, console)
                trials, source = await _search(judge, sets.seen(found), protocol, console)
                if folders.cohort is not None and source != "unknowns":
                    console.print(
                        f"--cohort: fewer than {LEAST_UNKNOWNS} faces are in it, so that the "
                        f"thresholds come from elsewhere ({source})."
                    )
                return Result(
                    judge.fingerprint(HEAD),
                    source,
                    len({shown.person for shown in sets.gallery}),
                    protocol,
                    sum(shown.crop is None for shown in found.values()),
                    tuple(trials),
                    remembering.milliseconds + trials.milliseconds,
                )
        finally:
            await asyncio.to_thread(networks.close)
    finally:
        await intake.close()


@dataclass(frozen=True, slots=True, eq=False)
class _Sets:
    gallery: tuple[Shown, ...]
    strangers: tuple[Shown, ...]
    probes: tuple[Shown, ...] | None
    cohort: tuple[Shown, ...]

    @classmethod
    def of(cls, folders: Folders) -> "_Sets":
        return cls(
            by_person("--gallery", folders.gallery),
            any_nesting("--strangers", folders.strangers),
            by_person("--probes", folders.probes) if folders.probes else None,
            any_nesting("--cohort", folders.cohort),
        )

    @property
    def all(self) -> list[Shown]:
        return [*self.gallery, *self.strangers, *(self.probes or ()), *self.cohort]

    def seen(self, found: dict[Path, Shown]) -> "_Sets":
        def each(shown: Sequence[Shown]) -> tuple[Shown, ...]:
            return tuple(replace(found[one.file], person=one.person) for one in shown)

        return _Sets(
            each(self.gallery),
            each(self.strangers),
            None if self.probes is None else each(self.probes),
            each(self.cohort),
        )


class _Remembering:
    """An embedder that looks at each crop once, however often it is searched for."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[int, tuple[Crop, Vectors]] = {}
        self._seconds = 0.0

    @property
    def name(self) -> str:
        return self._embedder.name

    @property
    def fingerprint(self) -> str:
        return self._embedder.fingerprint

    @property
    def milliseconds(self) -> float:
        """Per face."""
        return 1000 * self._seconds / max(1, len(self._vectors))

    def embed(self, crops: Sequence[Crop]) -> Vectors:
        return np.concatenate([self._embed_one(crop) for crop in crops])

    def _embed_one(self, crop: Crop) -> Vectors:
        # By identity: the crop is kept beside its vector, so that its id stays its own.
        known = self._vectors.get(id(crop))
        if known is None:
            started = time.perf_counter()
            known = crop, self._embedder.embed([crop])
            self._seconds += time.perf_counter() - started
            self._vectors[id(crop)] = known
        return known[1]

    def close(self) -> None:
        self._embedder.close()


class _Trials(list[Trial]):
    """Trials, and how long their matching took."""

    seconds = 0.0

    @property
    def milliseconds(self) -> float:
        """Per search."""
        return 1000 * self.seconds / max(1, len(self))

    async def search(
        self, judge: Judge, shown: Sequence[Shown], names: set[str], *, left_out: bool = False
    ) -> None:
        started = time.perf_counter()
        for each in shown:
            self.append(await attempt(judge, each, names, HEAD, left_out=left_out))
        self.seconds += time.perf_counter() - started


async def _see(
    judge: Judge, intake: Intake, settings: Settings, shown: Sequence[Shown], console: Console
) -> dict[Path, Shown]:
    """Find and embed the faces; a file is looked at once, in however many folders it is named."""
    once = list({each.file: each for each in shown}.values())
    see = partial(_see_one, judge, intake)
    workers = settings.judging.workers + 1  # keeps the judge's workers busy while one decodes
    seen = await side_by_side(see, once, workers, "looking at pictures", console)
    return {each.file: each for each in seen}


async def _see_one(judge: Judge, intake: Intake, shown: Shown) -> Shown:
    judged = await judge_file(judge, intake, shown.file, heads=())
    if judged.picture is None or judged.judgement is None or not judged.judgement.faces:
        return shown
    face = nearest_to_centre(judged.picture, judged.judgement.faces)
    (vector,) = await judge.embed([face.crop], HEAD)
    return replace(shown, crop=face.crop, face_hash=face.face_hash, vector=vector)


async def _search(
    judge: Judge, sets: _Sets, protocol: Protocol, console: Console
) -> tuple[_Trials, str]:
    unknowns = _vectors(sets.cohort)
    trials = _Trials()
    source = "nothing"
    names = sorted({shown.person for shown in sets.gallery})
    rounds = protocol.repeats * (1 + protocol.leave_one_person_out * len(names))
    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task("searching", total=rounds)
        for repeat in range(protocol.repeats):
            rng = np.random.default_rng([protocol.seed, repeat])
            enrolled, others = draw(rng, sets.gallery, protocol.shots)
            probes = others if sets.probes is None else list(sets.probes)
            source = await enrol(judge, enrolled, HEAD, Kind.PHOTO, unknowns)
            await trials.search(judge, [*probes, *sets.strangers], set(names))
            progress.advance(bar)
            for out in names if protocol.leave_one_person_out else ():
                rest = [shown for shown in enrolled if shown.person != out]
                await enrol(judge, rest, HEAD, Kind.PHOTO, unknowns)
                own = [shown for shown in sets.gallery if shown.person == out]
                await trials.search(judge, own, set(names) - {out}, left_out=True)
                progress.advance(bar)
    if not any(trial.enrolled for trial in trials):
        raise SettingsError(
            f"nobody in the gallery has more than {protocol.shots} pictures, so there is nobody to "
            "search for; take fewer --shots, or name --probes."
        )
    return trials, source


def _operating_point(probes: Sequence[Trial], strangers: Sequence[Trial]) -> dict[str, Any]:
    correct = [trial.answered == trial.person for trial in probes]
    named = [trial.answered is not None for trial in strangers]
    wrong = [trial.answered not in (None, trial.person) for trial in probes]
    by_kind = {
        kind: share([trial.answered is not None for trial in strangers if trial.left_out is out])
        for kind, out in (("strangers", False), ("left_out", True))
    }
    return {
        "false_name_rate": share(named),
        "interval95": _interval(named, strangers),
        "false_name_rate_by_kind": by_kind,
        "correct": share(correct),
        "correct_interval95": _interval(correct, probes),
        "wrong_name": share(wrong),
        "unknown": share([trial.answered is None for trial in probes]),
    }


def _dir(probes: Sequence[Trial], strangers: Sequence[Trial], far: float) -> float | None:
    return dir_at_far(
        np.array([trial.probability for trial in probes]),
        np.array([trial.right for trial in probes], dtype=np.bool_),
        np.array([trial.probability for trial in strangers]),
        far,
    )


def _ece(probes: Sequence[Trial], strangers: Sequence[Trial]) -> float | None:
    """Known people and strangers weigh the same in sum, as the probability takes for granted."""
    trials = [each for each in (*probes, *strangers) if each.best is not None]
    known = sum(trial.enrolled for trial in trials)
    if not known or known == len(trials):
        return None
    weights = [1 / known if t.enrolled else 1 / (len(trials) - known) for t in trials]
    return expected_calibration_error(
        np.array([trial.probability for trial in trials]),
        np.array([trial.right for trial in trials], dtype=np.bool_),
        np.array(weights),
    )


def _interval(happened: Sequence[bool], trials: Sequence[Trial]) -> list[float] | None:
    if not happened:
        return None
    return list(bootstrap_share(happened, [trial.person for trial in trials]))


def _vectors(shown: Sequence[Shown]) -> Vectors:
    found = [each.vector for each in shown if each.vector is not None]
    return np.stack(found) if found else np.empty((0, 0), dtype=np.float32)
