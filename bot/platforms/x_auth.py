"""Who the bot is to X: the Authorization header of every request.

With the four keys of OAuth 1.0a each request is signed (RFC 5849). With OAuth 2 somebody signs in
once, by `python bot.py doctor x`, and the tokens that X gives are renewed for as long as it likes.
"""

import asyncio
import math
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

import aiohttp
from oauthlib import oauth1
from pydantic import SecretStr

from bot.errors import SettingsError
from bot.platforms.x_oauth2 import NotSignedIn, renewed
from bot.platforms.x_tokens import TokenFile, Tokens
from bot.settings import Settings, X

_JUST_NOW = 30.0
"""Seconds in which a request may be refused that was sent with the tokens before these."""


class Auth(Protocol):
    """One way to sign in."""

    async def headers(self, method: str, url: str) -> Mapping[str, str]:
        """The Authorization header for one request.

        Args:
            method: such as GET.
            url: with its query, encoded, exactly as it is sent.

        Raises:
            SettingsError: one has to sign in (again).
        """
        ...

    async def renew(self) -> bool:
        """Get a new token after a 401; False if there is none to be had that way.

        Raises:
            SettingsError: one has to sign in again.
            aiohttp.ClientError, TimeoutError: X is not reached; the next try may do.
        """
        ...

    async def close(self) -> None:
        """Finish what must not be broken off."""
        ...


def auth_of(settings: Settings) -> Auth:
    """The way to sign in that the settings have keys for; OAuth 1.0a goes before OAuth 2.

    Raises:
        NotSignedIn: nobody has, and requests are not signed.
        SettingsError: there are no keys, or the file with the tokens is refused.
    """
    if settings.x.signs_requests:
        return OAuth1(settings.x)
    if settings.x.client_id is not None:
        return OAuth2(settings.x, TokenFile(settings.store.data_dir))
    raise SettingsError("there are no keys for X: `python bot.py doctor x` says where to get them.")


class OAuth1:
    """Signs requests with the four keys of one account; they do not expire."""

    def __init__(self, keys: X) -> None:
        self._client = oauth1.Client(
            _told(keys.consumer_key),
            _told(keys.consumer_secret),
            _told(keys.access_token),
            _told(keys.access_token_secret),
            signature_method=oauth1.SIGNATURE_HMAC_SHA1,
        )

    async def headers(self, method: str, url: str) -> Mapping[str, str]:
        """See `Auth`. JSON and multipart bodies are not signed."""
        _, headers, _ = self._client.sign(url, method)
        return {"Authorization": headers["Authorization"]}

    async def renew(self) -> bool:
        """There is no other token."""
        return False

    async def close(self) -> None:
        """Nothing is under way."""


class OAuth2:
    """The tokens of one account. They expire after two hours, and are renewed before.

    Raises:
        NotSignedIn: nobody has.
        SettingsError: see `TokenFile.read`.
    """

    def __init__(self, x: X, file: TokenFile) -> None:
        self._x = x
        self._file = file
        self._tokens = self._on_disk()
        self._renewing: asyncio.Task[None] | None = None
        self._renewed = -math.inf

    async def headers(self, method: str, url: str) -> Mapping[str, str]:  # noqa: ARG002
        """See `Auth`."""
        if time.time() >= self._tokens.renew_from:
            # There is a while left; when it is over, X refuses them, and `renew` says why.
            with suppress(aiohttp.ClientError, TimeoutError):
                await self._renew()
        return {"Authorization": f"Bearer {self._tokens.access}"}

    async def renew(self) -> bool:
        """See `Auth`: whatever the clock says, X knows better which tokens it takes."""
        if time.monotonic() - self._renewed > _JUST_NOW:
            await self._renew()
        return True

    async def close(self) -> None:
        """See `Auth`."""
        if self._renewing is not None:
            await asyncio.wait([self._renewing])

    async def _renew(self) -> None:
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._replace(self._tokens))
        # Who waits may be cancelled, but tokens that X has given must be written down.
        await asyncio.shield(self._renewing)

    async def _replace(self, used: Tokens) -> None:
        async with self._file.locked():
            tokens = self._on_disk()
            if tokens.access == used.access:  # else another process was faster
                tokens = await renewed(self._x, tokens)
                self._file.write(tokens)
        self._tokens = tokens
        self._renewed = time.monotonic()

    def _on_disk(self) -> Tokens:
        tokens = self._file.read()
        if tokens is None or tokens.client_id != self._x.client_id:
            raise NotSignedIn("nobody has signed in to X yet")
        return tokens


def _told(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()
