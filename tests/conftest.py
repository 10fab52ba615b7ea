"""Fixtures that many tests share: real pictures, real weights loaded once, real databases."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.domain import Attachment, Post
from bot.intake import Intake
from bot.judging import Judge, Networks
from bot.service import Service
from bot.settings import Settings
from bot.store import Store

FIXTURES = Path(__file__).parent / "fixtures"
DATA = Path(os.environ.get("HANTEI_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def astronaut() -> bytes:
    """Eileen Collins, a photograph by NASA in the public domain: one face, 512 x 512."""
    return (FIXTURES / "astronaut.jpg").read_bytes()


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data sets; tests that need it skip where it is absent."""
    if not DATA.is_dir():
        pytest.skip(f"no data sets at {DATA}; set HANTEI_TEST_DATA to their folder")
    return DATA


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The defaults, with a data folder of the test's own."""
    return Settings.model_validate({"store": {"data_dir": tmp_path / "data"}})


@pytest.fixture(scope="session")
def networks() -> Iterator[Networks]:
    """The real weights, loaded once for all tests."""
    loaded = Networks(Settings())
    yield loaded
    loaded.close()


@pytest.fixture(scope="session")
def intake() -> Iterator[Intake]:
    """One decoder process for all tests."""
    shared = Intake(Settings().intake)
    yield shared
    asyncio.run(shared.close())


@pytest.fixture
async def judge(settings: Settings, networks: Networks) -> AsyncIterator[Judge]:
    async with Judge(settings, networks) as started:
        yield started


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    async with Store(settings.store.data_dir) as opened:
        yield opened


@pytest.fixture
async def service(
    settings: Settings, store: Store, intake: Intake, judge: Judge
) -> AsyncIterator[Service]:
    async with Service(settings, store, intake, judge) as started:
        yield started


def post_of(*pictures: bytes, key: str = "1", author: str = "web:ann", scope: str = "web") -> Post:
    """A post by `author`, who also asks, in English."""
    attachments = tuple(Attachment(f"{n}.jpg", data) for n, data in enumerate(pictures))
    return Post(scope, key, author, author, "en", attachments)
