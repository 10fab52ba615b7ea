"""A server with a bot and some people, and a client that is the bot."""

import io
from collections.abc import AsyncIterator

import aiohttp
import pytest
from PIL import Image

from tests.x import User, XServer
from tests.x.driving import Driver


@pytest.fixture
async def x() -> AsyncIterator[XServer]:
    async with XServer() as server:
        yield server


@pytest.fixture
def bot(x: XServer) -> User:
    return x.add_user("hantei", name="判定")


@pytest.fixture
def alice(x: XServer) -> User:
    return x.add_user("alice")


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def driver(x: XServer, bot: User, http: aiohttp.ClientSession) -> Driver:
    return Driver(http, x.url, x.keys(bot))


@pytest.fixture(scope="session")
def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6), "orange").save(buffer, "PNG")
    return buffer.getvalue()
