"""`python -m bot.collect folder`: the pictures of a folder."""

import asyncio
import unicodedata
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path

from bot.collect_command import at_work
from bot.collected_store import Origin
from bot.collecting import Found, Reached, Terms, read_file, user_of
from bot.errors import SettingsError
from bot.settings import Settings
from datasets.folders import FolderError, pictures
from models.types import Scope


async def collect(
    settings: Settings,
    terms: Terms,
    scope: Scope,
    folder: Path,
    licence: str | None,
    author: str | None,
) -> str:
    """Add the pictures of a folder; see `FolderSource`.

    Returns:
        What was done.

    Raises:
        SettingsError: the folder holds no pictures.
        WeightsError: weights are missing or damaged.
    """
    most_bytes = settings.intake.max_bytes
    source = FolderSource(folder, licence or _licence(terms), author, most_bytes)
    async with at_work(settings, terms) as collector:
        return await collector.run(source, scope)


class FolderSource:
    """Every picture at any depth. It needs no cursor: what is there already is known by its hash.

    Args:
        licence: by whose right the pictures are used.
        author: of all pictures; by default the sub-folder that each is in, or else the folder.
        most_bytes: of which no more are read.

    Raises:
        SettingsError: the folder holds no pictures.
    """

    def __init__(self, folder: Path, licence: str, author: str | None, most_bytes: int) -> None:
        try:
            self._files = list(pictures(folder))
        except FolderError as error:
            raise SettingsError(str(error)) from error
        self._folder = folder
        self._licence = licence
        self._author = author
        self._most_bytes = most_bytes
        self._called = unicodedata.normalize("NFC", folder.resolve().name)
        self.name = f"folder:{self._called}"
        self.total = len(self._files)

    async def found(self, _: str | None) -> AsyncGenerator[Found | Reached, None]:
        """See `bot.collecting.Source`."""
        for file in self._files:
            author = self._author or self._author_of(file)
            origin = Origin(self.name, None, self._licence, author)
            read = partial(asyncio.to_thread, read_file, file, self._most_bytes)
            yield Found(str(file), user_of(author), origin, read)

    def _author_of(self, file: Path) -> str:
        first, *rest = file.relative_to(self._folder).parts
        return unicodedata.normalize("NFC", first) if rest else self._called


def _licence(terms: Terms) -> str:
    return "the operator states that the authors agreed" if terms.agreed else "not stated"
