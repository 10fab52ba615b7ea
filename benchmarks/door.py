"""Files through the bot's own doors, so that what is measured is what answers."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from bot.domain import Attachment
from bot.intake import Intake
from bot.judge_files import side_by_side
from bot.judging import FaceJudgement, Judge
from bot.settings import Settings
from models.types import Context, Picture

Item = TypeVar("Item")
Result = TypeVar("Result")

CONTEXT = Context("bench", allow_explicit=True)
"""Without the safety gate, which `benchmarks.gate` measures by itself."""

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


@dataclass(frozen=True, slots=True)
class Door:
    """The way in: files to pictures, pictures to faces."""

    intake: Intake
    judge: Judge

    async def picture(self, file: Path) -> Picture:
        """Decode in the child process, as the bot does."""
        return await self.intake.picture(Attachment(file.name, file.read_bytes()))

    async def faces(self, picture: Picture) -> tuple[FaceJudgement, ...]:
        """The faces that the bot sees, largest first."""
        return (await self.judge.judge(picture, CONTEXT)).faces


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Door]:
    """Start intake and judge, and stop them at the end."""
    intake = Intake(settings.intake)
    try:
        async with Judge(settings) as judge:
            yield Door(intake, judge)
    finally:
        await intake.close()


def settings_with(embedder: str = "dlib", **sections: dict[str, Any]) -> Settings:
    """The shipped defaults with an embedder of choice.

    Args:
        embedder: `dlib`, `facenet`, or the path of an ONNX file.
        sections: other settings by section.
    """
    chosen = (
        {"name": embedder}
        if embedder in ("dlib", "facenet")
        else {"name": "onnx", "onnx_file": embedder}
    )
    return Settings.model_validate({"embedder": chosen, **sections})


def files_in(folder: Path) -> list[Path]:
    """All pictures below a folder, in a fixed order."""
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in PICTURES)


def spread(files: Sequence[Path], most: int) -> list[Path]:
    """At most `most` of the files, evenly spread, always the same."""
    step = max(1.0, len(files) / most)
    return [files[int(i * step)] for i in range(min(most, len(files)))]


async def each(
    items: Sequence[Item],
    work: Callable[[Item], Awaitable[Result]],
    doing: str,
    at_once: int = 3,  # one more than the judge's workers keeps them all busy
) -> list[Result]:
    """Do `work` for each item, a few at a time, with a progress bar; results in order."""
    return await side_by_side(work, items, at_once, doing, Console(stderr=True))
