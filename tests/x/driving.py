"""A plain client of the server: aiohttp, and oauthlib for signatures."""

from dataclasses import dataclass
from typing import Any

import aiohttp
from oauthlib.oauth1 import Client
from yarl import URL

from tests.x.auth import Keys


@dataclass(frozen=True)
class Answer:
    status: int
    json: Any
    headers: dict[str, str]

    @property
    def message(self) -> str:
        """Why it was refused."""
        return str(
            self.json["errors"][0]["message"] if "errors" in self.json else self.json["detail"]
        )


class Driver:
    """Signs with OAuth 1.0a, or sends a bearer token."""

    def __init__(self, http: aiohttp.ClientSession, url: str, who: Keys | str) -> None:
        self.http = http
        self.url = url
        self.who = who

    async def get(self, path: str, **query: str) -> Answer:
        return await self.send("GET", path, query)

    async def post(self, path: str, body: object) -> Answer:
        return await self.send("POST", path, {}, json=body)

    async def send(self, method: str, path: str, query: dict[str, str], **how: Any) -> Answer:
        url = str(URL(self.url + path).with_query(query))
        headers = {"Authorization": f"Bearer {self.who}"}
        if isinstance(self.who, Keys):
            signer = Client(
                self.who.consumer_key,
                self.who.consumer_secret,
                self.who.access_token,
                self.who.access_token_secret,
            )
            _, headers, _ = signer.sign(url, method)
        async with self.http.request(
            method, URL(url, encoded=True), headers=headers, **how
        ) as response:
            return Answer(response.status, await response.json(), dict(response.headers))
