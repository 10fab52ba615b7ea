"""`python -m bot.collect posts`: pictures with how they were received, into the label store.

Whoever collects them states that their authors agreed; what is learned from them is the scope's.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from bot import replying
from bot.collecting import key_of, user_of
from bot.domain import Attachment, Post
from bot.errors import PictureRefused, SettingsError
from bot.intake import Intake
from bot.judge_files import at_work, side_by_side
from bot.named_files import refuse_missing
from bot.settings import Settings
from bot.store import Store
from bot.taught_scores import TaughtScores
from bot.verdicts import whole_of
from datasets.receptions import Reception, ReceptionsError, read
from models.photogenic import LEAST_AUTHORS, LEAST_OF_AUTHOR, LEAST_POSTS, Evidence
from models.types import Kind, Scope


class Outcome(StrEnum):
    """What became of one picture, in the words of the summary."""

    ADDED = "added"
    COUNTED = "there already, counted anew"
    REFUSED = "refused"


async def receive(settings: Settings, folder: Path, counts: Path, scope: Scope) -> str:
    """Add pictures and their counts, and learn from all there are. Repeating it adds nothing twice.

    Args:
        folder: of the pictures.
        counts: see `datasets.receptions`.

    Returns:
        What was done, and what has been learned.

    Raises:
        SettingsError: the counts cannot be read, or pictures are missing.
        WeightsError: weights are missing or damaged.
    """
    received = _read(folder, counts)
    console = Console(stderr=True)
    async with (
        at_work(settings, console) as (intake, judge),
        Store(settings.store.data_dir) as store,
    ):
        add = partial(_add, store, intake, folder, scope, console)
        workers = settings.judging.workers
        outcomes = await side_by_side(add, received, workers, "reading", console)
        for author in sorted({each.author for each in received}):
            await store.set_allowed(scope, user_of(author), True)
        with console.status("learning …"):
            learned = await TaughtScores(store, judge).rebuild_photogenic(scope)
    return f"{scope}: {_told(outcomes)}.\n{evidence_in_words(learned)}"


def _read(folder: Path, counts: Path) -> list[Reception]:
    try:
        received = read(counts)
    except ReceptionsError as error:
        raise SettingsError(f"--counts: {error}") from error
    refuse_missing("--counts", (each.file for each in received), folder)
    return received


async def _add(
    store: Store,
    intake: Intake,
    folder: Path,
    scope: Scope,
    console: Console,
    received: Reception,
) -> Outcome:
    file = folder / received.file
    try:
        data = await asyncio.to_thread(file.read_bytes)
        picture = await intake.picture(Attachment(file.name, data))
    except PictureRefused as refused:
        console.print(f"{escape(str(file))}: {escape(replying.refusal('en', refused))}")
        return Outcome.REFUSED
    user = user_of(received.author)
    key = f"{key_of(scope, user)}:{picture.sha256}"
    new = await store.claim(Post(scope, key, user, user, "en", ()))
    if new:
        (verdict,) = await store.answered(key, "", [whole_of(picture, Kind.PHOTO)])
    else:
        (verdict,) = await store.verdicts_of(key)
    await store.receptions.count(verdict.id, received.reactions, received.audience)
    return Outcome.ADDED if new else Outcome.COUNTED


def _told(outcomes: Sequence[Outcome]) -> str:
    counts = Counter(outcomes)
    return ", ".join(f"{counts[each]} {each}" for each in Outcome if counts[each])


def evidence_in_words(evidence: Evidence) -> str:
    """Whether photogenic scores are given now, and by what right."""
    told = f"{evidence.posts} pictures by {evidence.authors} people with {LEAST_OF_AUTHOR} or more"
    if evidence.spearman is None:
        return (
            f"Photogenic has not learned yet: it takes {LEAST_POSTS} pictures by {LEAST_AUTHORS} "
            f"people, and there are {told}."
        )
    figure = (
        f"rank correlation {evidence.spearman:.2f} ({evidence.low:.2f} to {evidence.high:.2f}, "
        "95 %) for people it did not learn from"
    )
    if evidence.learned:
        return f"Photogenic scores now: {figure}; {told}. A running bot notices within the hour."
    return f"Photogenic gives no scores: it has learned nothing measurable. {figure}; {told}."
