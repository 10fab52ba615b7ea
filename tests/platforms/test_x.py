"""X: who is answered, with what, how often, and what is learned from replies."""

import io
from collections.abc import AsyncIterator

import pytest
from PIL import Image

from bot.judging import Networks
from bot.platforms.x_text import weight
from bot.service import Service
from bot.settings import Settings
from tests.pixel_faces import PixelNetworks, face
from tests.platforms.x_bot import only, opened, png, running, settings_of, until
from tests.x import (
    User,
    XServer,
)

REPLY = "POST /2/tweets"
MENTIONS = "GET /2/users/:id/mentions"
TIMELINE = "GET /2/users/:id/tweets"
UPLOAD = "POST /2/media/upload"


@pytest.fixture(params=["tweet", "post"])
async def x(request: pytest.FixtureRequest) -> AsyncIterator[XServer]:
    """In the words that X had, and in those that it has now."""
    async with XServer(vocabulary=request.param) as server:
        yield server


@pytest.fixture
def bot(x: XServer) -> User:
    return x.add_user("hantei", name="判定")


@pytest.fixture
def ann(x: XServer) -> User:
    return x.add_user("ann")


@pytest.fixture
def bob(x: XServer) -> User:
    return x.add_user("bob")


@pytest.fixture
def settings(settings: Settings, x: XServer, bot: User) -> Settings:
    return settings_of(x, bot, settings, train=True)


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    async with opened(settings, PixelNetworks()) as service:
        yield service


@pytest.fixture(scope="session")
def mai() -> bytes:
    return png(face("Mai", 0, unlike=0.4))


async def test_a_real_photograph_is_answered(
    settings: Settings, x: XServer, bot: User, ann: User, networks: Networks, astronaut: bytes
) -> None:
    asked = x.post(ann, "@hantei who is this?", pictures=[astronaut], lang="en")
    async with opened(settings, networks) as service, running(settings, service):
        await until(service, lambda: bool(x.posted))
    reply = only(x.replies_to(asked))
    assert reply.author is bot
    assert "I found a face, but I don't know who it is." in reply.said
    picture = only_picture(reply.media)
    assert max(picture.size) == 536  # the face, and its caption below
    assert "face" in (reply.media[0].alt_text or "")


def only_picture(media: tuple) -> Image.Image:  # type: ignore[type-arg]
    (found,) = media
    return Image.open(io.BytesIO(found.data))


async def test_four_pictures_are_answered_by_one_post_with_letters(
    settings: Settings, service: Service, x: XServer, ann: User
) -> None:
    shots = [png(face(f"person {n}", 0)) for n in range(4)]
    asked = x.post(ann, "@hantei だれ？", pictures=shots)
    async with running(settings, service):
        await until(service, lambda: bool(x.posted))
    reply = only(x.replies_to(asked))
    assert len(reply.media) == 4
    assert len({each.data for each in reply.media}) == 4
    assert all(each.alt_text and len(each.alt_text) <= 1000 for each in reply.media)
    assert weight(reply.said) <= 280
    assert "「B2」" in reply.said  # says how to correct it
