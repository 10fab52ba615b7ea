"""`/help`, and words for everything that goes wrong with a command."""

import logging
from typing import Any

import aiohttp
import discord
import pytest
import simcord.interactions
from discord import app_commands

from bot.errors import Busy, NameTaken, NotAllowed, NotFound, PictureRefused, Reason
from bot.replying import LOCALES
from cogs.wording import wording
from tests.cogs.conftest import World, response

pytestmark = pytest.mark.simcord(settle_timeout=60)


class Response(aiohttp.ClientResponse):
    """As much of one as discord.py's errors look at."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.reason = "reason"


def http(kind: type[discord.HTTPException], status: int, code: int = 0) -> discord.HTTPException:
    return kind(Response(status), {"code": code, "message": "words of Discord"})


@pytest.mark.parametrize("locale", LOCALES)
def test_everything_that_goes_wrong_has_words_of_its_own(locale: str) -> None:
    errors: list[Exception] = [
        PictureRefused(Reason.EMPTY),
        Busy("queue"),
        app_commands.MissingPermissions(["manage_messages"]),
        app_commands.CommandOnCooldown(app_commands.Cooldown(1, 60), 30.2),
        NotAllowed("no"),
        NotFound("gone"),
        NameTaken("taken"),
        http(discord.Forbidden, 403, 50013),
        http(discord.HTTPException, 413),
        http(discord.DiscordServerError, 500),
    ]
    words = [wording(error, locale) for error in errors]
    assert len(set(words)) == len(errors)
    assert any("30" in each for each in words)
    assert wording(http(discord.HTTPException, 400, 40005), locale) == words[-2]
    assert wording(RuntimeError("a bug"), locale) == words[-1]


def test_a_bug_is_logged_with_its_trace_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        words = wording(RuntimeError("details"), "en")
    assert "details" not in words
    (record,) = caplog.records
    assert record.exc_info


async def test_help_names_every_way_to_ask(world: World) -> None:
    result = await world.bob.slash(world.channel, "help")
    assert result.ephemeral
    for way in ("Mention me", "Reply to", "Judge this picture", "/judge", "/privacy", "/people"):
        assert way in response(result).content
    for mark in ("✅", "🇦", "❌", "🚫", "❓", "🗑️"):
        assert mark in response(result).content


async def test_commands_speak_the_language_of_who_uses_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_english = simcord.interactions.base_payload

    def in_japanese(*given: Any, **named: Any) -> Any:
        record, payload = in_english(*given, **named)
        return record, {**payload, "locale": "ja"}

    monkeypatch.setattr(simcord.interactions, "base_payload", in_japanese)
    result = await world.bob.slash(world.channel, "help")
    assert "写真の顔を探して" in response(result).content


async def test_a_command_that_breaks_is_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(world.service, "privacy", broken)
    result = await world.bob.slash(world.channel, "privacy show")
    words = "Something went wrong here. It has been noted; please try again."
    assert words in [each.content for each in (response(result), *result.followups)]
