"""Which character, measured: enrol some pictures, search for others and for strangers."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bot.domain import Attachment
from bot.errors import PictureRefused, SettingsError
from bot.intake import Intake
from bot.judge_files import judge_file, side_by_side
from bot.judging import Judge, Networks
from bot.settings import Settings
from bot.trials import Shown, Trial, any_nesting, attempt, by_person, draw, enrol, percent, share
from models.crops import face_hash, whole
from models.measures import auroc
from models.types import Crop, Kind

HEAD = "character"


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the pictures are.

    Attributes:
        gallery: a folder per character.
        test: a folder per character; who is not in the gallery is a stranger.
        strangers: other characters, any nesting.
    """

    gallery: Path
    test: Path
    strangers: Path


@dataclass(frozen=True, slots=True)
class Protocol:
    """What is done with them.

    Attributes:
        shots: pictures that enrol a character, drawn by `seed`; None for all.
        detect: look for faces and take the largest drawn one; else each picture is a head.
    """

    shots: int | None = None
    seed: int = 0
    detect: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What `python -m bot.evaluate match` measures."""

    embedder: str
    calibrated_from: str
    characters: int
    enrolled: int
    trials: tuple[Trial, ...]

    def as_dict(self) -> dict[str, Any]:
        """For the JSON file; docs/quality.md defines each figure."""
        known = [trial for trial in self.trials if trial.enrolled]
        strangers = [trial for trial in self.trials if not trial.enrolled]
        none = [trial.looked and trial.answered is None for trial in strangers]
        return {
            "embedder": self.embedder,
            "calibrated_from": self.calibrated_from,
            "characters": self.characters,
            "enrolled": self.enrolled,
            "tests": len(known),
            "strangers": len(strangers),
            "no_face": sum(not trial.looked for trial in self.trials),
            "accuracy": share([trial.right for trial in known]),
            "macro_f1": _macro_f1(self.trials),
            "auroc_known_vs_stranger": auroc(_sureness(known), _sureness(strangers)),
            "named_wrongly_at_operating_point": share(
                [trial.answered is not None for trial in strangers]
            ),
            "none_of_these_recall": share(none),
            "known_named_rightly": share([trial.answered == trial.person for trial in known]),
            "known_named_wrongly": share(
                [trial.answered not in (None, trial.person) for trial in known]
            ),
        }

    def as_table(self) -> Table:
        """For people."""
        told = self.as_dict()
        table = Table(box=box.SIMPLE, show_header=False)
        rightly, wrongly = told["known_named_rightly"], told["known_named_wrongly"]
        for name, value in (
            ("embedder", self.embedder),
            ("calibrated from", self.calibrated_from),
            ("characters, pictures that enrol them", f"{self.characters}, {self.enrolled}"),
            ("searches for them, for strangers", f"{told['tests']}, {told['strangers']}"),
            ("pictures without a face", f"{told['no_face']}"),
            ("most alike is right", percent(told["accuracy"])),
            ("named rightly, wrongly", f"{percent(rightly)}, {percent(wrongly)}"),
            ("strangers named", percent(told["named_wrongly_at_operating_point"])),
            ("strangers called none of these", percent(told["none_of_these_recall"])),
            ("mean F1", percent(told["macro_f1"])),
            ("a known one is surer than a stranger", percent(told["auroc_known_vs_stranger"])),
        ):
            table.add_row(name, value)
        return table


async def match(settings: Settings, folders: Folders, protocol: Protocol) -> Result:
    """Measure.

    Raises:
        SettingsError: a folder cannot be used.
        WeightsError: an embedder's weights are missing or damaged.
    """
    gallery = by_person("--gallery", folders.gallery)
    if protocol.shots is not None:
        gallery = tuple(draw(np.random.default_rng(protocol.seed), gallery, protocol.shots)[0])
    tests = by_person("--test", folders.test)
    strangers = any_nesting("--strangers", folders.strangers)
    console = Console(stderr=True)
    intake = Intake(settings.intake)
    try:
        with console.status("loading models …"):
            networks = await asyncio.to_thread(Networks, settings)
        try:
            async with Judge(settings, networks) as judge:
                see = partial(_see, judge, intake, protocol.detect)
                workers = settings.judging.workers + 1  # one decodes while the others embed
                enrolled = await side_by_side(
                    partial(_embedded, judge, see), gallery, workers, "enrolling", console
                )
                source = await enrol(judge, enrolled, HEAD, Kind.ILLUSTRATION)
                names = {shown.person for shown in enrolled if shown.vector is not None}
                if not names:
                    raise SettingsError("--gallery: no face was found in it.")
                asked = [*tests, *strangers]
                seen = await side_by_side(see, asked, workers, "looking at pictures", console)
                trials = [
                    await attempt(judge, shown, names, HEAD)
                    for shown in track(seen, "searching", console=console, transient=True)
                ]
                return Result(
                    judge.fingerprint(HEAD), source, len(names), len(enrolled), tuple(trials)
                )
        finally:
            await asyncio.to_thread(networks.close)
    finally:
        await intake.close()


async def _embedded(judge: Judge, see: Any, shown: Shown) -> Shown:
    seen: Shown = await see(shown)
    if seen.crop is None:
        return seen
    (vector,) = await judge.embed([seen.crop], HEAD)
    return replace(seen, vector=vector)


async def _see(judge: Judge, intake: Intake, detect: bool, shown: Shown) -> Shown:
    crop = await (_largest(judge, intake, shown) if detect else _as_it_is(intake, shown))
    if crop is None:
        return shown
    return replace(shown, crop=crop, face_hash=await asyncio.to_thread(face_hash, crop))


async def _largest(judge: Judge, intake: Intake, shown: Shown) -> Crop | None:
    judged = await judge_file(judge, intake, shown.file, heads=())
    faces = judged.judgement.faces if judged.judgement is not None else ()
    drawn = (face.crop for face in faces if face.crop.kind is Kind.ILLUSTRATION)
    return next(drawn, None)


async def _as_it_is(intake: Intake, shown: Shown) -> Crop | None:
    try:
        picture = await intake.picture(Attachment(shown.file.name, shown.file.read_bytes()))
    except PictureRefused:
        return None
    return whole(picture.pixels, Kind.ILLUSTRATION)


def _sureness(trials: Sequence[Trial]) -> Any:
    return np.array([trial.probability for trial in trials], dtype=np.float64)


def _macro_f1(trials: Sequence[Trial]) -> float | None:
    """Mean F1 of what was answered, over the characters searched for and, for strangers, none."""
    truths = [trial.person if trial.enrolled else None for trial in trials]
    right = Counter(t for t, trial in zip(truths, trials, strict=True) if t == trial.answered)
    there, said = Counter(truths), Counter(trial.answered for trial in trials)
    scores = [2 * right[each] / (there[each] + said[each]) for each in there]
    return float(np.mean(scores)) if scores else None
