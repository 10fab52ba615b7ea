"""Who the bot is to X: the Authorization header of every request.

With the four keys of OAuth 1.0a each request is signed (RFC 5849).
"""

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from oauthlib import oauth1
from pydantic import SecretStr

from bot.errors import SettingsError
from bot.settings import Settings, X


class Auth(Protocol):
    """One way to sign in."""

    async def headers(self, method: str, url: str) -> Mapping[str, str]:
        """The Authorization header for one request.

        Args:
            method: such as GET.
            url: with its query, exactly as it is sent.

        Raises:
            SettingsError: one has to sign in (again).
        """
        ...

    async def renew(self) -> bool:
        """Get a new token after a 401; False if there is none to be had that way.

        Raises:
            SettingsError: one has to sign in again.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


def auth_of(settings: Settings) -> Auth:
    """The way to sign in that the settings have keys for; OAuth 1.0a goes before OAuth 2.

    Raises:
        SettingsError: there are no keys.
    """
    if settings.x.signs_requests:
        return Signing(settings.x)
    raise SettingsError("X has no keys: `python bot.py doctor x` says where to get them.")


class Signing:
    """OAuth 1.0a with the four keys of one account; they do not expire."""

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
        _, headers, _ = self._client.sign(_strictly_encoded(url), method)
        return {"Authorization": headers["Authorization"]}

    async def renew(self) -> bool:
        """There is no other token."""
        return False

    async def close(self) -> None:
        """Nothing is open."""


def _strictly_encoded(url: str) -> str:
    """The same address for oauthlib, which takes none that leaves, say, a bracket as it is."""
    parts = urlsplit(url)
    query = urlencode(parse_qsl(parts.query, keep_blank_values=True), quote_via=quote)
    return parts._replace(query=query).geturl()


def _told(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()
