"""How tokens are had of X: OAuth 2 with PKCE (RFC 6749, 7636), as a public or confidential client.

What X answers when it refuses is never repeated: it may hold what was sent. For the same reason no
error here has another one behind it.
"""

import secrets
import time
from urllib.parse import urlsplit

import aiohttp
from oauthlib.oauth2 import AccessDeniedError, OAuth2Error, WebApplicationClient
from oauthlib.oauth2.rfc6749.errors import MismatchingStateError, MissingCodeError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import SettingsError
from bot.platforms.x_tokens import Tokens
from bot.settings import X

SCOPES = ("tweet.read", "tweet.write", "users.read", "media.write", "offline.access")
"""To read mentions, answer them with pictures, and stay signed in."""

_EARLY = 0.9
"""The share of their life after which tokens are renewed."""
_PATIENCE = aiohttp.ClientTimeout(total=20)
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_NOT_THIS_APP = ("invalid_client", "unauthorized_client")


class NotSignedIn(SettingsError):
    """Somebody has to sign in, for the first time or again; `why` is half of the message."""

    def __init__(self, why: str) -> None:
        super().__init__(f"{why}: `python bot.py doctor x` signs in.")
        self.why = why


class SignIn:
    """One try to sign in: an address to open, and what X then sends the browser back with."""

    def __init__(self, x: X) -> None:
        self._x = x
        self._client = WebApplicationClient(x.client_id)
        self._verifier = self._client.create_code_verifier(64)
        self._state = secrets.token_urlsafe(24)

    @property
    def url(self) -> str:
        """Where somebody who is signed in to X as the bot says yes."""
        # oauthlib has the query, but does without https nowhere, not even on this machine.
        address = self._client.prepare_request_uri(
            "https://",
            redirect_uri=self._x.callback_url,
            scope=SCOPES,
            state=self._state,
            code_challenge=self._client.create_code_challenge(self._verifier, "S256"),
            code_challenge_method="S256",
        )
        return f"{self._x.authorize_url}?{urlsplit(address).query}"

    def code(self, address: str) -> str:
        """The code in the address that the browser was sent back to.

        Raises:
            ValueError: this is no answer to this try.
            SettingsError: the answer is no.
        """
        address = urlsplit(address)._replace(scheme="https").geturl()  # as above
        try:
            told = self._client.parse_request_uri_response(address, self._state)
        except (MismatchingStateError, MissingCodeError):
            raise ValueError("no answer to this try") from None
        except AccessDeniedError:
            raise SettingsError("the account did not authorize the app.") from None
        except OAuth2Error:
            raise SettingsError("X would not ask the account whether it allows that.") from None
        return str(told["code"])

    async def tokens(self, code: str) -> Tokens:
        """Exchange a code; it lives for 30 seconds.

        Raises:
            SettingsError: X does not take the code, or does not know the app.
            aiohttp.ClientError, TimeoutError: X is not reached.
        """
        body = self._client.prepare_request_body(
            code,
            redirect_uri=self._x.callback_url,
            code_verifier=self._verifier,
            include_client_id=self._x.client_secret is None,
        )
        try:
            return await _granted(self._x, body)
        except _NotTaken:
            raise SettingsError(
                "X did not take the code: it lives for 30 seconds, and x.callback_url has to be "
                "one of the app's, letter by letter."
            ) from None


async def renewed(x: X, tokens: Tokens) -> Tokens:
    """Exchange tokens for new ones; the old refresh token is worth nothing afterwards.

    Raises:
        NotSignedIn: they are worth nothing any more.
        SettingsError: X does not know the app.
        aiohttp.ClientError, TimeoutError: X is not reached.
    """
    if tokens.refresh is None:
        raise NotSignedIn("X gave nothing to renew the tokens with")
    public = x.client_id if x.client_secret is None else None
    body = WebApplicationClient(x.client_id).prepare_refresh_body(
        refresh_token=tokens.refresh, client_id=public
    )
    try:
        return await _granted(x, body, tokens)
    except _NotTaken:
        raise NotSignedIn("X takes the tokens no more") from None


class _NotTaken(Exception):
    """The code or the refresh token is worth nothing."""


class _Granted(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    access_token: str = Field(repr=False, pattern=r"^[!-~]+$")
    refresh_token: str | None = Field(None, repr=False)
    expires_in: float = Field(7200, gt=0)
    scope: str = ""


class _Refused(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    error: str = Field(repr=False)


async def _granted(x: X, body: str, before: Tokens | None = None) -> Tokens:
    """New tokens; what the answer leaves out stays as it was `before`."""
    asked = time.time()  # not by X's clock, which may be another
    status, text = await _post(x, body)
    try:
        if status in (400, 401):
            word = _Refused.model_validate_json(text).error
            raise _not_this_app() if word in _NOT_THIS_APP else _NotTaken
        granted = _Granted.model_validate_json(text)
    except ValidationError:
        raise aiohttp.ClientError(f"{x.api_url} answered {status}, without tokens") from None
    return Tokens(
        client_id=str(x.client_id),
        access=granted.access_token,
        refresh=granted.refresh_token or (before and before.refresh),
        scopes=tuple(granted.scope.split()) or (before.scopes if before else ()),
        renew_from=asked + _EARLY * granted.expires_in,
    )


async def _post(x: X, body: str) -> tuple[int, str]:
    headers = dict(_FORM)
    if x.client_secret is not None:
        secret = x.client_secret.get_secret_value()
        headers["Authorization"] = aiohttp.encode_basic_auth(str(x.client_id), secret)
    url = f"{x.api_url}/2/oauth2/token"
    async with (
        aiohttp.ClientSession(timeout=_PATIENCE) as session,
        session.post(url, data=body, headers=headers, allow_redirects=False) as response,
    ):
        return response.status, await response.text()


def _not_this_app() -> SettingsError:
    return SettingsError(
        "X does not know the app by x.client_id and x.client_secret: copy them again from its keys "
        "and tokens at console.x.com. A native app has no secret, a web app or bot needs it."
    )
