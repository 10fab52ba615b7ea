"""Pictures that a page sends, read into memory no further than allowed."""

import asyncio

from aiohttp import BodyPartReader, web

from bot.domain import Attachment
from bot.platforms.web_door import Problem
from bot.platforms.web_pages import MOST_PICTURES
from bot.settings import Settings

_STALLED = 30.0
"""Seconds without a byte after which an upload is given up."""


class Uploads:
    """Reads the pictures of a request."""

    def __init__(self, settings: Settings) -> None:
        self._megabytes = settings.intake.max_megabytes

    async def read(self, request: web.Request) -> tuple[Attachment, ...]:
        """One picture or several.

        Raises:
            Problem: 400, 408 or 413 for what is none, too slow, too many or too large.
        """
        if request.content_type != "multipart/form-data":
            raise Problem(400, "web-bad-request")
        spoiler = request.query.get("spoiler") == "1"
        pictures: list[Attachment] = []
        try:
            async for field in await request.multipart():
                if not isinstance(field, BodyPartReader) or field.name != "picture":
                    raise Problem(400, "web-bad-request")
                if len(pictures) == MOST_PICTURES:
                    raise Problem(413, "web-too-many", most=MOST_PICTURES)
                # By number: what visitors call their files belongs in no log.
                name = f"picture {len(pictures) + 1}"
                pictures.append(Attachment(name, await self._field(field), spoiler=spoiler))
        except ValueError as error:  # what aiohttp raises for a malformed body
            raise Problem(400, "web-bad-request") from error
        if not pictures:
            raise Problem(400, "web-bad-request")
        return tuple(pictures)

    async def _field(self, field: BodyPartReader) -> bytes:
        data = bytearray()
        while not field.at_eof():
            try:
                async with asyncio.timeout(_STALLED):
                    data += await field.read_chunk(64 * 1024)
            except (TimeoutError, ConnectionError) as error:  # or the visitor has left
                raise Problem(408, "web-stalled") from error
            if len(data) > self._megabytes * 1_000_000:
                raise Problem(413, "web-too-large", megabytes=self._megabytes)
        return bytes(data)
