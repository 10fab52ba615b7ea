"""Weights that do not come with a package: fetched once, resumably, and checked ever after."""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

import aiohttp

from bot.errors import WeightsError
from models.embedders import digest_file, verify

log = logging.getLogger(__name__)

_CHUNK = 2**18

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are here and the bytes there are, if known."""


Check = Callable[[Path], object]
"""Raises ValueError if a file does not hold the weights that it should."""


async def fetch_weights(url: str, file: Path, progress: Progress, check: Check) -> None:
    """Download `url` to `file`, going on where an earlier try broke off.

    The SHA-256 of the first complete download that passes `check` is recorded beside the file; a
    later download must have the same.

    Raises:
        WeightsError: it cannot be had, holds no such weights, or is not what was recorded.
    """
    if file.is_file():
        try:
            await asyncio.to_thread(verify, file)
        except ValueError as error:
            raise WeightsError(str(error)) from error
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(file.name + ".part")
    try:
        await _download(url, partial, progress)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise WeightsError(
            f"could not fetch {url} ({type(error).__name__}: {error}); what has arrived is kept, "
            "run `python bot.py doctor --fetch` again to go on"
        ) from error
    await asyncio.to_thread(_accept, url, partial, file, check)


async def _download(url: str, partial: Path, progress: Progress) -> None:
    have = partial.stat().st_size if partial.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=60)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(url, headers=headers) as response,
    ):
        nothing_left = have > 0 and response.status == 416
        if not nothing_left:
            await _save(response, partial, have, progress)
            return
        complete = response.headers.get("Content-Range", "").endswith(f"/{have}")
    if not complete:  # then the part is of something else
        partial.unlink()
        await _download(url, partial, progress)


async def _save(
    response: aiohttp.ClientResponse, partial: Path, have: int, progress: Progress
) -> None:
    response.raise_for_status()
    resumed = response.status == 206
    here = have if resumed else 0
    total = here + response.content_length if response.content_length else None
    with partial.open("ab" if resumed else "wb") as stream:
        async for chunk in response.content.iter_chunked(_CHUNK):
            await asyncio.to_thread(stream.write, chunk)
            here += len(chunk)
            progress(here, total)
    if total is not None and here != total:
        raise aiohttp.ClientPayloadError(f"{here} of {total} bytes arrived")


def _accept(url: str, partial: Path, file: Path, check: Check) -> None:
    try:
        check(partial)
    except ValueError as error:  # the login page of a hotel, say
        partial.unlink()
        raise WeightsError(f"what {url} sent was not kept: {error}") from error
    digest = hashlib.sha256(partial.read_bytes()).hexdigest()
    recorded = digest_file(file)
    if recorded.is_file() and recorded.read_text().strip() != digest:
        partial.unlink()
        raise WeightsError(
            f"what was fetched has SHA-256 {digest}, but {recorded} says "
            f"{recorded.read_text().strip()}: it was not kept"
        )
    recorded.write_text(digest + "\n")
    partial.replace(file)
    log.info("%s: SHA-256 %s", file, digest)
