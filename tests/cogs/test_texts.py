"""What is written beside a picture on Discord, as the bot keeps it where words count."""

import pytest

from bot.store import Store
from cogs.judge import LONGEST_TEXT
from tests.cogs.conftest import World
from tests.cogs.tasting import picture, post
from tests.pixel_faces import PixelNetworks
from tests.test_texts import texts

pytestmark = [
    pytest.mark.simcord(settle_timeout=60),
    pytest.mark.parametrize("settings", [{"judging": {"text": True}}], indirect=True),
]


@pytest.fixture
def networks() -> PixelNetworks:
    return PixelNetworks()


async def test_words_are_kept_without_mentions_and_cut(world: World, store: Store) -> None:
    where = world.channel
    pointers = f"{world.me} <@!{world.bob.id}> <#{where.id}> </taste show:1> @everyone"
    for words in ("", " my <cat> :3", "x" * 1500):
        upload = [("a.png", picture(len(words), 150))]
        await world.ann.send(where, pointers + words, attachments=upload)
    assert await texts(store) == [None, "my <cat> :3", "x" * LONGEST_TEXT]


async def test_whoever_asks_it_is_what_stands_beside_the_picture(
    world: World, store: Store
) -> None:
    posted = await post(world, picture(1, 150))
    await world.bob.send(world.channel, f"{world.me} well?", reply_to=posted)
    await world.bob.context_menu(world.channel, "Judge this picture", posted)
    assert await texts(store) == ["look", "look"]
