"""Who may come in to the web page: names, origins, cookies, tokens and passwords.

Four things turn strangers away. The Host header must be a name of ours, or a foreign domain that
was pointed at this machine could read the page (DNS rebinding). What changes something must come
from our own page: by its Origin, and with a token that only the page knows. The cookie is signed
and stays on this site. And there may be passwords, one for each role; what who came in may do is
for `bot.members` to say.
"""

import asyncio
import hashlib
import hmac
import secrets
import tempfile
import time
from collections import deque
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from itsdangerous import BadSignature, URLSafeTimedSerializer

from bot.domain import Role
from bot.settings import LOCAL_HOSTS
from bot.settings import Web as WebSettings
from models.types import Scope, UserId

COOKIE = "hantei_visitor"
TOKEN_HEADER = "X-Hantei-Token"  # noqa: S105 - the header's name
LIFETIME = 365 * 24 * 3600
"""Seconds that a cookie lives after the last look at the page."""

GUEST_SECONDS = 7 * 24 * 3600
"""For which who came by a link of another platform stays signed in."""

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
        scope: of another platform, whose link let the visitor in; empty for who is at home here.
        guest: who they are there.
        since: when the link let them in, in seconds since 1970.
    """

    id: str
    proof: str = ""
    scope: Scope = ""
    guest: UserId = ""
    since: float = 0.0

    @property
    def user(self) -> UserId:
        """Who this is to the service."""
        return self.guest or f"web:{self.id}"


class Door:
    """Knows visitors again and turns away who may not come in.

    Args:
        key: signs the cookies; see `signing_key`.
    """

    def __init__(self, settings: WebSettings, key: bytes) -> None:
        self._key = key
        self._passwords = settings.passwords
        self._signer = URLSafeTimedSerializer(key, salt="visitor")
        names = (*LOCAL_HOSTS, settings.host, *settings.public_hosts, settings.public_host or "")
        self._hosts = {name.lower() for name in names if name}
        self._wrong_tries: deque[tuple[float, str]] = deque()

    @property
    def has_lock(self) -> bool:
        """Whether a password is set."""
        return bool(self._passwords)

    # visitors

    def visitor(self, request: web.Request) -> Visitor | None:
        """Whose cookie came with the request, if it is one of ours."""
        try:
            told = self._signer.loads(request.cookies.get(COOKIE, ""), max_age=LIFETIME)
        except BadSignature:
            return None
        visitor = Visitor(*told)
        lapsed = visitor.scope and visitor.since + GUEST_SECONDS < time.time()
        return None if lapsed else visitor

    @staticmethod
    def newcomer() -> Visitor:
        """A visitor who was never here."""
        return Visitor(secrets.token_urlsafe(16))

    def signed_in(self, visitor: Visitor, role: Role) -> Visitor:
        """The visitor after giving the password of a role."""
        return Visitor(visitor.id, self._proof(role))

    def guest(self, scope: Scope, user: UserId) -> Visitor:
        """Somebody whom a link of another platform let in, as a visitor who was never here."""
        return replace(self.newcomer(), scope=scope, guest=user, since=time.time())

    def remember(
        self, request: web.Request, response: web.StreamResponse, visitor: Visitor
    ) -> None:
        """Give the visitor a cookie, or a fresh one."""
        # A proxy that ends TLS says so; whoever lies about it harms only their own cookie.
        secure = request.secure or request.headers.get("X-Forwarded-Proto") == "https"
        response.set_cookie(
            COOKIE,
            str(self._signer.dumps(astuple(visitor))),
            max_age=LIFETIME,
            httponly=True,
            samesite="Strict",
            secure=secure,
        )

    def admits(self, visitor: Visitor | None) -> bool:
        """Whether no password is asked for, or the visitor has given a present one."""
        if not self.has_lock or (visitor is not None and visitor.scope):
            return True
        proofs = [self._proof(role) for role in self._passwords]
        return visitor is not None and any(_same(visitor.proof, proof) for proof in proofs)

    def token(self, visitor: Visitor) -> str:
        """What our own page can send along and a foreign page cannot know."""
        return self._digest("token", visitor.id)

    def _proof(self, role: Role) -> str:
        """Changes with the password of the role, which so signs out all who gave it."""
        return self._digest("proof", f"{role.name}:{self._passwords[role]}")

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

    async def role_for(self, request: web.Request, given: str) -> Role | None:
        """Whose password this is, or None; saying no takes a moment.

        Raises:
            Problem: 429 after too many wrong ones from the same address.
        """
        address = request.remote or ""
        if wait := self._must_wait(address):
            raise Problem(429, "web-too-many-tries", {"Retry-After": str(wait)}, seconds=wait)
        whose = [role for role, right in self._passwords.items() if _same(given, right)]
        if whose:
            return whose[0]
        # Noted before the pause, so that tries sent side by side count as well.
        self._wrong_tries.append((time.monotonic(), address))
        await asyncio.sleep(_WRONG_TRY_PAUSE)
        return None

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
