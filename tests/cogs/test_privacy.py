"""`/privacy`: what is kept is shown, allowed and forgotten, by and for one user only."""

import pytest

from tests.cogs.conftest import World, response

pytestmark = pytest.mark.simcord(settle_timeout=60)


async def test_what_is_kept_is_shown_to_the_one_it_is_about(world: World, astronaut: bytes) -> None:
    await world.ask(astronaut)
    await world.ann.send(world.channel, "Eileen", reply_to=world.answer())
    result = await world.ann.slash(world.channel, "privacy show")
    assert result.ephemeral
    assert response(result).content == (
        "Kept of you here: one post with one face, 1 of them learned, and one vote.\n"
        "I learn only from pictures of yours that you confirm with ✅, a letter or a name."
    )
    result = await world.bob.slash(world.channel, "privacy show")
    assert "0 posts with 0 faces" in response(result).content


async def test_allowing_lets_a_moderators_word_teach(world: World, astronaut: bytes) -> None:
    await world.ask(astronaut)
    answer = world.answer()
    await world.mod.send(world.channel, "Eileen", reply_to=answer)
    assert await world.people() == {}
    result = await world.ann.slash(world.channel, "privacy allow")
    assert result.ephemeral
    assert response(result).content.startswith("Thank you.")
    assert await world.people() == {"Eileen": 1}
    shown = await world.ann.slash(world.channel, "privacy show")
    assert "You let me learn from all your pictures here." in response(shown).content
    result = await world.ann.slash(world.channel, "privacy allow", agree=False)
    assert response(result).content.startswith("Noted.")
    assert await world.people() == {}


async def test_forgetting_asks_first_and_deletes_the_answers_too(
    world: World, astronaut: bytes
) -> None:
    await world.ask(astronaut)
    await world.ann.send(world.channel, "Eileen", reply_to=world.answer())
    await world.ask(astronaut, by=world.bob)
    bobs = world.answer()

    asked = await world.ann.slash(world.channel, "privacy forget")
    assert asked.ephemeral
    await world.ann.click(response(asked), label="No")
    assert len(world.answers()) == 2

    asked = await world.ann.slash(world.channel, "privacy forget")
    await world.ann.click(response(asked), label="Yes")
    assert response(asked).content == "Forgotten. I am deleting one of my messages."
    assert [each.id for each in world.answers()] == [bobs.id]
    assert await world.people() == {}
    shown = await world.ann.slash(world.channel, "privacy show")
    assert "0 posts with 0 faces, 0 of them learned, and 0 votes" in response(shown).content
