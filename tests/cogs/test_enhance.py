"""`/enhance`: what comes back, and that only who asks sees it."""

import pytest

from tests.cogs.conftest import World, response

pytestmark = pytest.mark.simcord(settle_timeout=120)


async def test_a_picture_comes_back_beside_the_first(world: World, astronaut: bytes) -> None:
    result = await world.ann.slash(
        world.channel, "enhance", picture=("a.jpg", astronaut), strength=50
    )
    assert result.ephemeral
    shown = response(result)
    assert "Made better for what a simulated audience likes" in shown.content
    assert [file.filename for file in shown.attachments] == ["compared.png", "better.png"]


async def test_a_taste_that_is_not_known_is_said(world: World, astronaut: bytes) -> None:
    result = await world.ann.slash(
        world.channel, "enhance", picture=("a.jpg", astronaut), head="taste"
    )
    assert "I don't know your taste yet" in response(result).content
