"""Who may come in to the web page: names, origins, cookies, tokens and the password.

Four things turn strangers away. The Host header must be a name of ours, or a foreign domain that
was pointed at this machine could read the page (DNS rebinding). What changes something must come
from our own page: by its Origin, and with a token that only the page knows. The cookie is signed
and stays on this site. And there may be a password.
"""

import asyncio
import hashlib
import hmac
import secrets
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from itsdangerous import BadSignature, URLSafeTimedSerializer

from bot.settings import Web as WebSettings
from models.types import UserId

COOKIE = "hantei_visitor"
TOKEN_HEADER = "X-Hantei-Token"  # noqa: S105 - the header's name
LIFETIME = 365 * 24 * 3600
"""Seconds that a cookie lives after the last look at the page."""

MOST_TRIES, TRIES_SECONDS = 10, 60.0
"""So many wrong passwords from one address in so many seconds, and it has to wait."""

_WRONG_TRY_PAUSE = 0.5
"""Seconds that a wrong password takes."""


class Problem(Exception):
    """What went wrong, as an HTTP status and a message of `bot/locale` with its values."""

    def __init__(
        self, status: int, message: str, headers: dict[str, str] | None = None, **values: object
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}
        self.values = values


@dataclass(frozen=True, slots=True)
class Visitor:
    """One browser, known by its cookie.

    Attributes:
        proof: derived from the password that the visitor gave; empty if none was given.
    """

    id: str
    proof: str = ""

    @property
    def user(self) -> UserId:
        """Who this is to the service."""
        return f"web:{self.id}"


class Door:
    """Knows visitors again and turns away who may not come in.

    Args:
        key: signs the cookies; see `signing_key`.
    """

    def __init__(self, settings: WebSettings, key: bytes) -> None:
        self._key = key
        self._password = settings.password.get_secret_value() if settings.password else ""
        self._signer = URLSafeTimedSerializer(key, salt="visitor")
        local = ("localhost", "127.0.0.1", "::1")
        self._hosts = {host.lower() for host in (*local, settings.host, *settings.public_hosts)}
        self._wrong_tries: deque[tuple[float, str]] = deque()

    @property
    def has_lock(self) -> bool:
        """Whether a password is set."""
        return bool(self._password)

    # visitors

    def visitor(self, request: web.Request) -> Visitor | None:
        """Whose cookie came with the request, if it is one of ours."""
        try:
            told = self._signer.loads(request.cookies.get(COOKIE, ""), max_age=LIFETIME)
        except BadSignature:
            return None
        return Visitor(*told)

    @staticmethod
    def newcomer() -> Visitor:
        """A visitor who was never here."""
        return Visitor(secrets.token_urlsafe(16))

    def signed_in(self, visitor: Visitor) -> Visitor:
        """The same visitor after giving the password."""
        return Visitor(visitor.id, self._proof())

    def remember(
        self, request: web.Request, response: web.StreamResponse, visitor: Visitor
    ) -> None:
        """Give the visitor a cookie, or a fresh one."""
        # A proxy that ends TLS says so; whoever lies about it harms only their own cookie.
        secure = request.secure or request.headers.get("X-Forwarded-Proto") == "https"
        response.set_cookie(
            COOKIE,
            str(self._signer.dumps([visitor.id, visitor.proof])),
            max_age=LIFETIME,
            httponly=True,
            samesite="Strict",
            secure=secure,
        )

    def admits(self, visitor: Visitor | None) -> bool:
        """Whether there is no password, or the visitor has given the present one."""
        if not self.has_lock:
            return True
        return visitor is not None and _same(visitor.proof, self._proof())

    def token(self, visitor: Visitor) -> str:
        """What our own page can send along and a foreign page cannot know."""
        return self._digest("token", visitor.id)

    def _proof(self) -> str:
        """Changes with the password, which so signs everybody out."""
        return self._digest("proof", self._password)

    def _digest(self, purpose: str, text: str) -> str:
        return hmac.new(self._key, _bytes(f"{purpose}:{text}"), hashlib.sha256).hexdigest()

    # requests

    def check_host(self, request: web.Request) -> None:
        """Turn away names that are not ours.

        Raises:
            Problem: 421.
        """
        try:
            host = urlsplit(f"//{request.host}").hostname
        except ValueError:
            host = None
        if host not in self._hosts:
            raise Problem(421, "web-unknown-host", host=host or request.host)

    def check_origin(self, request: web.Request) -> None:
        """Turn away what a foreign page sends.

        Raises:
            Problem: 403.
        """
        origin = request.headers.get("Origin")
        # The scheme is left out: behind a proxy that ends TLS it differs from what we see.
        foreign = origin is not None and origin.partition("://")[2] != request.host
        if foreign or request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise Problem(403, "web-foreign")

    def check_token(self, visitor: Visitor | None, token: str) -> None:
        """Turn away who does not send the token of their own page.

        Raises:
            Problem: 403.
        """
        if visitor is None or not _same(token, self.token(visitor)):
            raise Problem(403, "web-reload")

    async def is_password(self, request: web.Request, given: str) -> bool:
        """Whether this is the password; saying no takes a moment.

        Raises:
            Problem: 429 after too many wrong ones from the same address.
        """
        address = request.remote or ""
        if wait := self._must_wait(address):
            raise Problem(429, "web-too-many-tries", {"Retry-After": str(wait)}, seconds=wait)
        if _same(given, self._password):
            return True
        # Noted before the pause, so that tries sent side by side count as well.
        self._wrong_tries.append((time.monotonic(), address))
        await asyncio.sleep(_WRONG_TRY_PAUSE)
        return False

    def _must_wait(self, address: str) -> int:
        """Seconds until this address may try again; 0 if it may now."""
        oldest = time.monotonic() - TRIES_SECONDS
        while self._wrong_tries and self._wrong_tries[0][0] < oldest:
            self._wrong_tries.popleft()
        tries = [moment for moment, whose in self._wrong_tries if whose == address]
        return 0 if len(tries) < MOST_TRIES else max(1, round(tries[0] - oldest))


def signing_key(data_dir: Path) -> bytes:
    """The key that signs cookies: made once, readable by the bot's own user only."""
    file = data_dir / "web.key"
    if not file.exists():
        with tempfile.NamedTemporaryFile(dir=data_dir, delete=False) as temporary:  # mode 0600
            temporary.write(secrets.token_hex(32).encode())
        Path(temporary.name).replace(file)
    return file.read_bytes()


def _same(given: str, right: str) -> bool:
    """Compare without telling, by the time it takes, how much is right."""
    return hmac.compare_digest(_bytes(given), _bytes(right))


def _bytes(text: str) -> bytes:
    """Of anything that can stand in a header or form, broken characters included."""
    return text.encode("utf-8", "surrogatepass")


def wants_page(request: web.Request) -> bool:
    """Whether a browser asks for a page, not a script for values."""
    return "text/html" in request.headers.get("Accept", "")
