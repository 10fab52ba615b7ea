"""Bytes or URL → Picture, or a named refusal.

Every file is hostile until it is decoded: that happens in a child process with a memory limit
(`bot.decoding`), which is killed when it takes too long and started again for the next file.
URLs are followed only to the platforms' own media hosts, without redirects, and never to an
address inside the operator's network.
"""

import asyncio
import hashlib
import ipaddress
import json
import socket
import ssl
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohttp
import safetensors.numpy
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from bot import decoding
from bot.domain import Attachment
from bot.errors import Busy, PictureRefused, Reason
from bot.settings import Intake as IntakeSettings
from bot.settings import Settings
from models.process import ChildProcess, ProcessDied, ProcessFailed, ProcessTimeout
from models.types import Picture


class Fetcher(Protocol):
    """Gets the bytes behind a URL; a platform's tests bring their own."""

    async def fetch(self, url: str, max_bytes: int) -> bytes:
        """The body.

        Raises:
            PictureRefused: the host is not allowed, the file is too large, or it cannot be had.
        """
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...


class HttpFetcher:
    """Fetches over HTTPS from the hosts named in the settings, and from nowhere else.

    Args:
        origins: servers (scheme, host and port) that the operator chose: these may be on a private
            network, and speak HTTP.
        resolver: what turns host names into addresses; by default into public ones only.
        tls: what certificates to trust; by default those the system trusts.
    """

    def __init__(
        self,
        settings: IntakeSettings,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
        origins: Collection[str] = (),
    ) -> None:
        self._origins = frozenset(URL(each).origin() for each in origins)
        self._hosts = frozenset(host.lower() for host in settings.media_hosts)
        self._timeout = aiohttp.ClientTimeout(total=settings.download_seconds)
        self._resolver = resolver
        self._tls = tls
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def fetch(self, url: str, max_bytes: int) -> bytes:
        """See `Fetcher`."""
        chosen = self._is_chosen(url)
        if not chosen:
            self._check(url)
        try:
            async with self._session(chosen).get(url, allow_redirects=False) as response:
                if response.status != 200:
                    raise PictureRefused(Reason.DOWNLOAD, f"HTTP {response.status}")
                return await read_limited(response.content, max_bytes)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise PictureRefused(Reason.DOWNLOAD, type(error).__name__) from error

    def _is_chosen(self, url: str) -> bool:
        """Whether it is on a server that the operator chose."""
        try:
            return URL(url).origin() in self._origins
        except ValueError:
            return False

    def _session(self, chosen: bool) -> aiohttp.ClientSession:
        """For servers that the operator chose, or for all others, which must be public."""
        if chosen not in self._sessions:
            public = None if chosen else self._resolver or PublicResolver()
            connector = aiohttp.TCPConnector(resolver=public, ssl=self._tls or True)
            self._sessions[chosen] = aiohttp.ClientSession(
                connector=connector, timeout=self._timeout
            )
        return self._sessions[chosen]

    def _check(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            allowed = parts.scheme == "https" and parts.hostname in self._hosts and not parts.port
        except ValueError as error:
            raise PictureRefused(Reason.HOST, url[:100]) from error
        # An address written out is never resolved, so the resolver could not refuse it.
        if not allowed or _is_address(parts.hostname or ""):
            raise PictureRefused(Reason.HOST, parts.hostname or url[:100])

    async def close(self) -> None:
        """See `Fetcher`."""
        for session in self._sessions.values():
            await session.close()


class PublicResolver(AbstractResolver):
    """Resolves names, and refuses those that lead into a private network."""

    def __init__(self) -> None:
        self._inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """See aiohttp's AbstractResolver."""
        found = await self._inner.resolve(host, port, family)
        public = [each for each in found if ipaddress.ip_address(each["host"]).is_global]
        if not public:
            raise OSError(f"{host} has no public address")
        return public

    async def close(self) -> None:
        """See aiohttp's AbstractResolver."""
        await self._inner.close()


class Intake:
    """Turns what people send into pictures."""

    @classmethod
    def of(cls, settings: Settings) -> "Intake":
        """One that may fetch from the operator's own server for X as well."""
        return cls(settings.intake, HttpFetcher(settings.intake, origins=[settings.x.api_url]))

    def __init__(self, settings: IntakeSettings, fetcher: Fetcher | None = None) -> None:
        self._settings = settings
        self._fetcher = fetcher or HttpFetcher(settings)
        self._max_bytes = settings.max_bytes
        self._limits = decoding.Limits(
            max_pixels=int(settings.max_megapixels * 1_000_000), max_side=settings.max_side
        )
        self._decoder = ChildProcess("bot.decoding:decode_bytes", settings.decode_memory_mb)
        # Its own, or pictures that wait for the decoder would use up everybody's threads.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="decode")
        self._most = 1 + settings.queue
        self._admitted = 0

    async def picture(self, attachment: Attachment) -> Picture:
        """Fetch (if need be) and decode.

        Raises:
            Busy: as many pictures as may are being fetched or decoded, or wait for it.
            PictureRefused: with the reason.
        """
        if self._admitted >= self._most:
            raise Busy(f"{self._admitted} pictures are being opened or waiting")
        self._admitted += 1
        try:
            data = await self._bytes(attachment)
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self.decode, data)
        finally:
            self._admitted -= 1

    async def _bytes(self, attachment: Attachment) -> bytes:
        data = attachment.data
        if data is None:
            if attachment.url is None:
                raise PictureRefused(Reason.EMPTY, attachment.name)
            data = await self._fetcher.fetch(attachment.url, self._max_bytes)
        return data

    def decode(self, data: bytes) -> Picture:
        """Decode in the child process; blocks, so call it from a thread.

        Raises:
            PictureRefused: with the reason.
        """
        if len(data) > self._max_bytes:
            raise PictureRefused(Reason.TOO_MANY_BYTES, f"{len(data) / 1e6:.0f}")
        seconds = self._settings.decode_seconds
        try:
            answer = self._decoder.call(decoding.request_bytes(data, self._limits), seconds)
        except ProcessTimeout as error:
            raise PictureRefused(Reason.TOOK_TOO_LONG, f"{seconds:g}") from error
        except ProcessDied as error:
            raise PictureRefused(Reason.DECODER_CRASHED) from error
        except ProcessFailed as error:
            memory = str(error).startswith("MemoryError")
            reason = Reason.TOO_MUCH_MEMORY if memory else Reason.DECODER_CRASHED
            raise PictureRefused(reason, str(error)[:200]) from error
        told = _metadata(answer)
        if "reason" in told:
            raise PictureRefused(Reason(told["reason"]), told["detail"])
        width, height = json.loads(told["size"])
        return Picture(
            pixels=safetensors.numpy.load(answer)["pixels"],
            full_size=(width, height),
            sha256=hashlib.sha256(data).hexdigest(),
            phash=told["phash"],
        )

    async def close(self) -> None:
        """Stop the child process and let connections go."""
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)
        await asyncio.to_thread(self._decoder.close)
        await self._fetcher.close()


async def read_limited(stream: aiohttp.StreamReader, max_bytes: int) -> bytes:
    """Read to the end, or refuse as soon as it is more than `max_bytes`."""
    body = bytearray()
    async for chunk in stream.iter_any():
        body += chunk
        if len(body) > max_bytes:
            raise PictureRefused(Reason.TOO_MANY_BYTES, f"{max_bytes / 1e6:.0f}")
    return bytes(body)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _metadata(answer: bytes) -> dict[str, Any]:
    """The strings that travel in the header of a safetensors message."""
    length = int.from_bytes(answer[:8], "little")
    header: dict[str, Any] = json.loads(answer[8 : 8 + length])
    metadata: dict[str, Any] = header["__metadata__"]
    return metadata
