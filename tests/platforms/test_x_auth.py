"""Signing in to X, over real HTTP."""

import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from oauthlib import oauth1

from bot.platforms.x_auth import auth_of
from bot.settings import Settings

KEYS = {
    "consumer_key": "a-consumer-key",
    "consumer_secret": "a consumer's secret",
    "access_token": "7-an-access-token",
    "access_token_secret": "an access token's secret",
}


def settings_of(folder: Path, **x: Any) -> Settings:
    return Settings.model_validate({"store": {"data_dir": folder / "data"}, "x": x})


class Verifier(oauth1.RequestValidator):
    """Knows one client and one account."""

    enforce_ssl = False
    dummy_client = dummy_access_token = "dummy"

    @property
    def allowed_signature_methods(self) -> tuple[str, ...]:
        return ("HMAC-SHA1",)

    def check_client_key(self, client_key: str) -> bool:
        return client_key == KEYS["consumer_key"]

    def check_access_token(self, request_token: str) -> bool:
        return request_token == KEYS["access_token"]

    def check_nonce(self, nonce: str) -> bool:
        return bool(re.fullmatch(r"\w{16,}", nonce))

    def validate_timestamp_and_nonce(self, *given: Any, **named: Any) -> bool:
        return True

    def validate_client_key(self, client_key: str, request: Any) -> bool:
        return self.check_client_key(client_key)

    def validate_access_token(self, client_key: str, token: str, request: Any) -> bool:
        return self.check_access_token(token)

    def validate_realms(self, *given: Any, **named: Any) -> bool:
        return True

    def get_client_secret(self, client_key: str, request: Any) -> str:
        return KEYS["consumer_secret"]

    def get_access_token_secret(self, client_key: str, token: str, request: Any) -> str:
        return KEYS["access_token_secret"]


@pytest.mark.parametrize(
    "query",
    ["", "?ids=1,2&post.fields=text", "?query=%23絵 from:a OR [b]&next_token=", "?a=1+2&a=1%2B2"],
)
async def test_a_server_that_knows_the_keys_accepts_the_signature(
    tmp_path: Path, query: str
) -> None:
    verifier = oauth1.ResourceEndpoint(Verifier())

    async def answer(request: web.Request) -> web.Response:
        shown = {"Authorization": request.headers["Authorization"]}
        asked = str(request.url.origin()) + request.raw_path
        right, _ = verifier.validate_protected_resource_request(asked, "GET", None, shown, [])
        return web.json_response({"right": right})

    app = web.Application()
    app.router.add_get("/2/tweets", answer)
    async with TestServer(app) as server:
        url = server.make_url("/2/tweets" + query)
        auth = auth_of(settings_of(tmp_path, **KEYS))
        async with aiohttp.ClientSession() as session:
            headers = await auth.headers("GET", str(url))
            async with session.get(url, headers=headers) as response:
                assert await response.json() == {"right": True}
        assert not await auth.renew()
        await auth.close()
