"""`python bot.py judge`: files in, a table or JSON out. Needs no database and no account."""

import asyncio
import json
import math
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from bot import replying
from bot.domain import Attachment
from bot.errors import PictureRefused, SettingsError
from bot.intake import Intake
from bot.judging import FaceJudgement, Judge, Judgement
from bot.scoring import ONES_OWN
from bot.settings import Settings
from datasets.folders import FolderError, people
from models.gallery import Example, Gallery
from models.heads import HEADS, NAMING_HEADS
from models.strangers import choose
from models.types import Context, Guess, Named, Picture, Refused, Scope, Scored

SCOPE = "cli"

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, eq=False)
class JudgedFile:
    """One file and what was made of it: a judgement, or the reason why there is none.

    Attributes:
        error: the reason as programs read it; `words` says it to people.
    """

    file: Path
    picture: Picture | None = None
    judgement: Judgement | None = None
    error: str | None = None
    words: str = ""


async def judge_files(
    settings: Settings,
    files: Sequence[Path],
    *,
    gallery: Path | None,
    heads: Sequence[str] | None,
    out: Path | None,
    as_json: bool,
    agreed: bool = False,
) -> int:
    """Judge files and print the result.

    Args:
        gallery: a folder per person, or None: nobody is known.
        heads: names of heads, or None for those of the settings.
        out: where annotated crops go, or None for nowhere.
        agreed: the pictures show whoever asks, or who agreed, and adults: see `bot.scoring`.

    Returns:
        0 when every file was judged, else 1.

    Raises:
        SettingsError: there is no such head, or a folder cannot be used.
    """
    unknown = sorted(set(heads or ()) - set(HEADS))
    if unknown:
        raise SettingsError(
            f"--heads {','.join(unknown)}: no such head; there are: {', '.join(HEADS)}."
        )
    if ONES_OWN in (heads or ()) and not agreed:
        raise SettingsError(
            f"--heads {ONES_OWN}: it is scored only of yourself, or of somebody who agreed, and of "
            "an adult. Say with --agreed that this is so of all these pictures."
        )
    heads = settings.judging.heads if heads is None else heads
    if heads is not None and not agreed:
        heads = [head for head in heads if head != ONES_OWN]
    enrolled = _people(gallery) if gallery is not None else []
    if out is not None:
        _make_folder(out)
    console, workers = Console(stderr=True), settings.judging.workers
    async with at_work(settings, console) as (intake, judge):
        if enrolled:
            await enroll(judge, intake, enrolled, workers, tuple(NAMING_HEADS), console)
        each = partial(judge_file, judge, intake, heads=heads)
        judged = await side_by_side(each, files, workers, "judging", console)

    if as_json:
        print(json.dumps([as_dict(each) for each in judged], ensure_ascii=False, indent=2))
    else:
        Console().print(as_table(judged))
    if out is not None:
        write_crops(judged, out, settings.locale)
    return 0 if all(each.error is None for each in judged) else 1


@asynccontextmanager
async def at_work(settings: Settings, console: Console) -> AsyncIterator[tuple[Intake, Judge]]:
    """What opens and judges pictures, for a command beside which nobody else asks.

    Raises:
        WeightsError: weights are missing or damaged.
    """
    # A place for every worker, and one to decode while the others judge.
    places = {"queue": max(settings.intake.queue, settings.judging.workers + 1)}
    intake = Intake(settings.intake.model_copy(update=places))
    try:
        with console.status("loading models …"):
            judge = Judge(settings)
            await judge.start()
        try:
            yield intake, judge
        finally:
            await judge.stop()
    finally:
        await intake.close()


async def judge_file(
    judge: Judge, intake: Intake, file: Path, heads: Sequence[str] | None = None
) -> JudgedFile:
    """Judge one file; what is wrong with it ends up in `error`."""
    try:
        data = await asyncio.to_thread(file.read_bytes)
    except OSError as error:
        reason = error.strerror or str(error)
        return JudgedFile(file, error=reason, words=reason)
    try:
        picture = await intake.picture(Attachment(file.name, data))
        judgement = await judge.judge(picture, Context(SCOPE), heads)
    except PictureRefused as refused:
        return JudgedFile(file, error=str(refused), words=replying.refusal("en", refused))
    return JudgedFile(file, picture, judgement)


async def side_by_side(
    work: Callable[[Item], Awaitable[Result]],
    items: Sequence[Item],
    most: int,
    doing: str,
    console: Console,
) -> list[Result]:
    """Do the work on all items, `most` at a time, with a progress bar; results in their order."""
    free = asyncio.Semaphore(most)
    with Progress(console=console, transient=True, disable=len(items) < 5) as bar:
        shown = bar.add_task(doing, total=len(items))

        async def one(item: Item) -> Result:
            async with free:
                result = await work(item)
            bar.advance(shown)
            return result

        return await asyncio.gather(*(one(item) for item in items))


async def enroll(
    judge: Judge,
    intake: Intake,
    files: Sequence[tuple[str, Path]],
    most: int,
    heads: Sequence[str],
    console: Console,
) -> None:
    """Make people and characters known by their names and pictures.

    A picture with several faces enrols the one nearest to its centre, to each of the heads that
    judge its kind.

    Args:
        most: pictures to work on side by side.

    Raises:
        SettingsError: none of the pictures shows a face.
    """

    async def seen(named: tuple[str, Path]) -> tuple[str, FaceJudgement] | None:
        name, file = named
        judged = await judge_file(judge, intake, file, heads=())
        if judged.picture is None or judged.judgement is None or not judged.judgement.faces:
            console.print(f"{escape(str(file))}: {escape(judged.words or 'no face')}; left out")
            return None
        return name, nearest_to_centre(judged.picture, judged.judgement.faces)

    found = await side_by_side(seen, files, most, "enrolling", console)
    faces = [each for each in found if each is not None]
    if not faces:
        raise SettingsError("--gallery: no picture in it has a face, so nobody could be enrolled.")
    for head in heads:
        await enroll_faces(judge, SCOPE, head, faces)


async def enroll_faces(
    judge: Judge, scope: Scope, head: str, faces: Sequence[tuple[str, FaceJudgement]]
) -> None:
    """Make faces of the kinds that a head judges known to it by their names."""
    fitting = [(name, face) for name, face in faces if face.crop.kind in NAMING_HEADS[head].kinds]
    examples = []
    for name, face in fitting:
        (vector,) = await judge.embed([face.crop], head)
        examples.append(Example(name, vector, face.face_hash, kind=face.crop.kind))
    fingerprint = judge.fingerprint(head)
    for kind in NAMING_HEADS[head].kinds:
        strangers = choose(np.empty((0, 0), dtype=np.float32), fingerprint, kind)
        rate = judge.false_name_rate
        gallery = Gallery(fingerprint, examples, (), strangers, rate, kind=kind)
        judge.set_gallery(scope, head, gallery)


def nearest_to_centre(picture: Picture, faces: Sequence[FaceJudgement]) -> FaceJudgement:
    """The face whose middle is nearest to the middle of the picture."""
    height, width = picture.pixels.shape[:2]

    def distance(judged: FaceJudgement) -> float:
        left, top, right, bottom = judged.face.box
        return math.hypot(left + right - width, top + bottom - height)

    return min(faces, key=distance)


def as_dict(judged: JudgedFile) -> dict[str, Any]:
    """One entry of the JSON list; boxes in pixels of the upright picture in the file."""
    judgement, picture = judged.judgement, judged.picture
    return {
        "file": str(judged.file),
        "route": judgement.route if judgement else None,
        "error": judged.error,
        "guesses": [_guess_dict(guess) for guess in judgement.whole.guesses]
        if judgement and judgement.whole
        else [],
        "faces": [
            {
                "box": [round(edge, 1) for edge in picture.in_file(each.face.box)],
                "kind": str(each.face.kind),
                "detection_score": round(each.face.score, 4),
                "guesses": [_guess_dict(guess) for guess in each.guesses],
            }
            for each in judgement.faces
        ]
        if judgement and picture
        else [],
    }


def _guess_dict(guess: Guess) -> dict[str, Any]:
    named = guess if isinstance(guess, Named) else None
    scored = guess if isinstance(guess, Scored) else None
    return {
        "head": guess.head,
        "answer": named.answer if named else "scored" if scored else "refused",
        "reason": None if named or scored else getattr(guess, "reason", None),
        "candidates": [asdict(each) for each in named.candidates] if named else [],
        "value": scored.value if scored else None,
        "low": scored.low if scored else None,
        "high": scored.high if scored else None,
    }


def as_table(judged: Sequence[JudgedFile]) -> Table:
    """A row a face; a row a file where there is none."""
    table = Table("file", "face", "box", "answer", "how sure")
    table.columns[0].overflow = "fold"
    for each in judged:
        table.add_section()
        file = escape(str(each.file))
        if each.judgement is None or each.picture is None:
            table.add_row(file, "", "", f"[red]not judged: {escape(each.words)}[/]", "")
        else:
            rows = _rows(each.picture, each.judgement) or [("", "", "no face", "")]
            for number, row in enumerate(rows):
                table.add_row("" if number else file, *row)
    return table


def _rows(picture: Picture, judgement: Judgement) -> list[tuple[str, str, str, str]]:
    """Number, box, answer and how sure: of each face, and of the picture if that was judged.

    A row an answer, the first of a face with its number and box.
    """
    seen = [
        (str(number), " ".join(f"{edge:.0f}" for edge in picture.in_file(face.face.box)), face)
        for number, face in enumerate(judgement.faces, start=1)
    ]
    whole = [("picture", "", judgement.whole)] if judgement.whole else []
    return [
        (*(("", "") if n else (number, box)), *answer)
        for number, box, judged in seen + whole
        for n, answer in enumerate(_answers(judged.guesses))
    ]


def _answers(guesses: Sequence[Guess]) -> list[tuple[str, str]]:
    """What was said and how sure that is: one line for all names, and one a score."""
    scores = [_score(guess) for guess in guesses if not isinstance(guess, Named)]
    return scores if scores and len(scores) == len(guesses) else [_name(guesses), *scores]


def _score(guess: Scored | Refused) -> tuple[str, str]:
    if isinstance(guess, Refused):
        return f"{guess.head}: not scored ({guess.reason.replace('-', ' ')})", ""
    return f"{guess.head}: {guess.value:.1f} of 5", f"90 %: {guess.low:.1f} to {guess.high:.1f}"


def _name(guesses: Sequence[Guess]) -> tuple[str, str]:
    names = [g for g in guesses if isinstance(g, Named) and g.answer != "unknown"]
    if names:
        told = [escape(g.candidates[0].name) + "?" * (g.answer == "maybe") for g in names]
        sure = [replying.percent(g.candidates[0].probability) for g in names]
        return f"[green]{', '.join(told)}[/]", ", ".join(sure)
    for guess in guesses:
        if isinstance(guess, Named) and guess.candidates:
            best = guess.candidates[0]
            return f"I don't know (nearest: {escape(best.name)})", replying.percent(
                best.probability
            )
        if isinstance(guess, Named) and guess.why_not is not None:
            return f"I don't know: {guess.why_not.replace('-', ' ')}", ""
    return "I don't know", ""


def write_crops(judged: Sequence[JudgedFile], out: Path, locale: str) -> None:
    """An annotated crop a face: OUT/NAME-face1.jpg; OUT/NAME-2-face1.jpg for a second NAME.

    OUT/NAME-picture.jpg for a picture that was judged as a whole.
    """
    seen: Counter[str] = Counter()
    for each in judged:
        if each.judgement is None:
            continue
        seen[each.file.stem] += 1
        again = seen[each.file.stem]
        name = each.file.stem if again == 1 else f"{each.file.stem}-{again}"
        for number, face in enumerate(each.judgement.faces, start=1):
            image = replying.annotated(locale, face.guesses, face.crop)
            (out / f"{name}-face{number}.jpg").write_bytes(image)
        if whole := each.judgement.whole:
            image = replying.annotated(locale, whole.guesses, whole.crop)
            (out / f"{name}-picture.jpg").write_bytes(image)


def _people(folder: Path) -> list[tuple[str, Path]]:
    try:
        return list(people(folder))
    except FolderError as error:
        raise SettingsError(f"--gallery: {error}") from error


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"--out {out}: {error.strerror}.") from error
