"""Who asks: OAuth 1.0a signatures and OAuth 2 tokens, and how an app gets the latter."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from types import SimpleNamespace
from urllib.parse import urlencode

from aiohttp import web
from oauthlib.oauth1.rfc5849 import signature

from tests.x.clock import Clock
from tests.x.problems import plain, unauthorized
from tests.x.world import User

TOKEN_LIFE = 7200  # seconds
_CODE_LIFE = 30  # seconds
_KNOWN_AS = ("https://api.x.com", "https://api.twitter.com")


@dataclass(frozen=True)
class Keys:
    """The four keys of OAuth 1.0a."""

    consumer_key: str
    consumer_secret: str
    access_token: str
    access_token_secret: str


@dataclass(frozen=True)
class Caller:
    """Who a request comes from: a user through the app, or (`user` None) the app itself."""

    user: User | None
    scopes: frozenset[str] | None
    """None: everything the app may do (OAuth 1.0a)."""

    @property
    def name(self) -> str:
        return self.user.id if self.user else "app"

    def must_be_a_user(self) -> User:
        if self.user is None:
            raise plain(
                403,
                "Unsupported Authentication",
                "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.  "
                "Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 User "
                "Context].",
                "unsupported-authentication",
            )
        return self.user

    def must_have(self, scopes: frozenset[str]) -> None:
        if self.scopes is not None and not scopes <= self.scopes:
            raise plain(403, "Forbidden")


@dataclass(frozen=True)
class _Grant:
    user: User
    scopes: frozenset[str]
    ends: float


@dataclass(frozen=True)
class _Code:
    user: User
    scopes: frozenset[str]
    redirect_uri: str
    challenge: str
    method: str
    ends: float


class TokenError(Exception):
    """The token endpoint refuses: `error` and `error_description` of OAuth 2."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.body = {"error": error, "error_description": description}


class Auth:
    """The app that the tests have registered at X, and the tokens it has been given.

    Attributes:
        client_secret: None for a public client, which says its `client_id` in the form instead.
        app_token: a bearer token of the app itself.
        logged_in: the account that agrees at the authorize page.
        declines: whether that account says no.
    """

    def __init__(self, clock: Clock, client_secret: str | None) -> None:
        self._clock = clock
        self.client_id = "hantei-client"
        self.client_secret = client_secret
        self.consumer_key = "consumer-key"
        self.consumer_secret = "consumer-secret"
        self.app_token = "app-only-token"
        self.logged_in: User | None = None
        self.declines = False
        self._secrets: dict[str, tuple[User, str]] = {}
        self._nonces: set[str] = set()
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, _Grant] = {}
        self._refresh: dict[str, _Grant] = {}

    # OAuth 1.0a

    def keys(self, user: User) -> Keys:
        """The keys with which the app acts for `user`; the same each time."""
        token, secret = f"{user.id}-token", f"{user.id}-secret"
        self._secrets[token] = (user, secret)
        return Keys(self.consumer_key, self.consumer_secret, token, secret)

    def identify(self, request: web.Request) -> Caller:
        """Who sent this.

        Raises:
            Problem: 401, the request does not show it.
        """
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme == "OAuth":
            return Caller(self._signer(request), None)
        if scheme == "Bearer" and secrets.compare_digest(token, self.app_token):
            return Caller(None, None)
        grant = self._access.get(token) if scheme == "Bearer" else None
        if grant is None or self._clock() >= grant.ends:
            raise unauthorized()
        return Caller(grant.user, grant.scopes)

    def _signer(self, request: web.Request) -> User:
        header = {"Authorization": request.headers["Authorization"]}
        path, _, query = request.raw_path.partition("?")
        try:
            given = dict(
                signature.collect_parameters(headers=header, exclude_oauth_signature=False)
            )
            signed = signature.collect_parameters(uri_query=query, headers=header)
        except ValueError as error:
            raise unauthorized() from error
        user, secret = self._secrets.get(given.get("oauth_token", ""), (None, ""))
        nonce = given.get("oauth_nonce", "")
        if (
            user is None
            or given.get("oauth_consumer_key") != self.consumer_key
            or given.get("oauth_signature_method") != "HMAC-SHA1"
            or nonce in self._nonces
        ):
            raise unauthorized()
        if not any(
            signature.verify_hmac_sha1(
                SimpleNamespace(
                    uri=base + path,
                    http_method=request.method,
                    params=signed,
                    signature=given.get("oauth_signature", ""),
                ),
                self.consumer_secret,
                secret,
            )
            for base in (f"{request.scheme}://{request.host}", *_KNOWN_AS)
        ):
            raise unauthorized()
        self._nonces.add(nonce)
        return user

    # OAuth 2

    def authorize(self, request: web.Request) -> web.Response:
        """GET /i/oauth2/authorize: the account that is logged in agrees, or declines, at once."""
        query = request.query
        known = query.get("response_type") == "code" and query.get("client_id") == self.client_id
        if not known or self.logged_in is None or not query.get("code_challenge"):
            return web.Response(status=400, text="Something went wrong")
        answer = {"state": query.get("state", "")}
        if self.declines:
            answer["error"] = "access_denied"
        else:
            code = answer["code"] = secrets.token_urlsafe(24)
            self._codes[code] = _Code(
                self.logged_in,
                frozenset(query.get("scope", "").split()),
                query["redirect_uri"],
                query["code_challenge"],
                query.get("code_challenge_method", "plain"),
                self._clock() + _CODE_LIFE,
            )
        separator = "&" if "?" in query["redirect_uri"] else "?"
        location = f"{query['redirect_uri']}{separator}{urlencode(answer)}"
        return web.Response(status=302, headers={"Location": location})

    async def token(self, request: web.Request) -> web.Response:
        """POST /2/oauth2/token."""
        try:
            form = {name: str(value) for name, value in (await request.post()).items()}
            self._check_client(request, form)
            return web.json_response(self._exchange(form))
        except TokenError as refused:
            return web.json_response(refused.body, status=refused.status)

    def issue(self, user: User, scopes: str, life: float = TOKEN_LIFE) -> dict[str, str | int]:
        """Tokens as the token endpoint answers them; `scopes` separated by spaces."""
        granted = frozenset(scopes.split())
        access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._access[access] = _Grant(user, granted, self._clock() + life)
        answer: dict[str, str | int] = {
            "token_type": "bearer",
            "expires_in": int(life),
            "access_token": access,
            "scope": scopes,
        }
        if "offline.access" in granted:
            self._refresh[refresh] = _Grant(user, granted, float("inf"))
            answer["refresh_token"] = refresh
        return answer

    def revoke(self, token: str) -> None:
        """Make a token worthless, as a user does who withdraws the app's access."""
        self._access.pop(token, None)
        self._refresh.pop(token, None)

    def _check_client(self, request: web.Request, form: dict[str, str]) -> None:
        if self.client_secret is None:
            if form.get("client_id") != self.client_id:
                raise TokenError(400, "invalid_request", "Missing required parameter [client_id].")
            return
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {basic}":
            raise TokenError(401, "unauthorized_client", "Missing valid authorization header")

    def _exchange(self, form: dict[str, str]) -> dict[str, str | int]:
        if form.get("grant_type") == "authorization_code":
            return self._redeem(form)
        if form.get("grant_type") == "refresh_token":
            grant = self._refresh.pop(form.get("refresh_token", ""), None)
            if grant is None:
                raise TokenError(400, "invalid_request", "Value passed for the token was invalid.")
            return self.issue(grant.user, " ".join(sorted(grant.scopes)))
        raise TokenError(400, "unsupported_grant_type", "Unsupported grant type.")

    def _redeem(self, form: dict[str, str]) -> dict[str, str | int]:
        code = self._codes.pop(form.get("code", ""), None)
        if (
            code is None
            or self._clock() >= code.ends
            or form.get("redirect_uri") != code.redirect_uri
            or _challenge(form.get("code_verifier", ""), code.method) != code.challenge
        ):
            raise TokenError(
                400, "invalid_request", "Value passed for the authorization code was invalid."
            )
        return self.issue(code.user, " ".join(sorted(code.scopes)))


def _challenge(verifier: str, method: str) -> str:
    """What a client must have sent to show now that it knows `verifier` (RFC 7636)."""
    if method == "plain":
        return verifier
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
