"""`python -m bot.collect discord`: the history of channels in a simulated Discord."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console
from simcord.backend import serializers
from simcord.builders import ChannelHandle

from bot import collect
from bot.collected_store import Collected
from bot.collecting import Collector, Terms
from bot.errors import SettingsError
from bot.platforms.discord_history import ChannelSource, Room
from bot.platforms.discord_reactions import Outcome, count
from tests.cogs.conftest import World
from tests.test_collecting import noise

pytestmark = pytest.mark.simcord(settle_timeout=60)


async def room(world: World, channel: ChannelHandle) -> Room:
    bot = world.media.bot
    assert bot is not None
    bot._connection._intents.members = True  # as the command asks for
    return await Room.open(bot, channel.id)


async def collecting(
    world: World,
    channel: ChannelHandle | None = None,
    *,
    members: bool = True,
    since: datetime | None = None,
    **terms: Any,
) -> str:
    """Collect from a channel, as the command does once it is signed in."""
    service: Any = world.service
    collector = Collector(
        world.settings,
        service._store,
        service._intake,
        service._judge,
        Terms(**terms),
        Console(file=io.StringIO()),
    )
    where = await room(world, channel or world.channel)
    if not members:
        where.audience = None
    source = ChannelSource(where, 10**7, since)
    return await collector.run(source, source.scope)


async def kept(world: World, channel: ChannelHandle | None = None) -> list[Collected]:
    source = f"discord:{(channel or world.channel).id}"
    service: Any = world.service
    found: list[Collected] = await service._store.collected.of(f"discord:{world.guild.id}", source)
    return found


async def test_what_people_posted_is_kept_with_how_it_was_received(
    world: World, astronaut: bytes
) -> None:
    posted = await world.ann.send(
        world.channel,
        "at the sea",
        attachments=[("a.jpg", astronaut), ("SPOILER_b.png", noise(1)), ("c.txt", b"words")],
    )
    await world.bob.react(posted, "😍")
    await world.bob.react(posted, "🎉")  # the same person
    await world.ann.react(posted, "😍")  # her own
    assert "2 added. 1 show one face. To 2 of them nobody agreed" in await collecting(world)

    face, hidden = await kept(world)
    assert face.author == f"discord:{world.ann.id}"
    assert (face.origin.likes, face.origin.audience) == (1, 3)  # Bob, of Bob, Mod and the owner
    assert face.origin.url == posted.jump_url
    assert (face.origin.author_name, face.origin.text) == ("ann", "at the sea")
    assert face.origin.posted is not None
    assert posted.created_at - face.origin.posted.replace(tzinfo=UTC) < timedelta(seconds=1)
    verdicts = [await world.service.verdict(each.whole) for each in (face, hidden)]
    assert [each.spoiler for each in verdicts] == [False, True]
    assert {each.place for each in verdicts} == {f"discord:{world.channel.id}"}

    assert await collecting(world) == f"discord:{world.channel.id}: nothing new."
    await world.bob.send(world.channel, "hill", attachments=[("d.png", noise(2))])
    assert "1 added." in await collecting(world)


async def test_only_the_word_of_the_poster_is_consent(world: World, astronaut: bytes) -> None:
    scope = f"discord:{world.guild.id}"
    await world.service.allow(scope, f"discord:{world.ann.id}")
    await world.ann.send(world.channel, "", attachments=[("a.jpg", astronaut)])
    await world.bob.send(world.channel, "", attachments=[("b.png", noise(1))])
    await collecting(world)
    assert [each.agreed for each in await kept(world)] == [True, False]
    assert len(await world.service._store.questions.open(scope)) == 1
    assert len(await world.service._store.receptions.of(scope)) == 1


async def test_bots_answers_and_age_restricted_channels_are_left_out(
    world: World, astronaut: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.ask(astronaut)
    hook = world.guild.create_webhook(world.channel)
    await hook.send("from elsewhere", attachments=[("b.png", noise(1))])
    assert await collecting(world) == f"discord:{world.channel.id}: 1 there already."
    adults = world.guild.create_text_channel("adults")
    payload = serializers.channel_payload

    def restricted(backend: Any, channel: Any) -> Any:
        """simcord knows nothing of age restriction."""
        return {**payload(backend, channel), "nsfw": channel.id == adults.id}

    monkeypatch.setattr(serializers, "channel_payload", restricted)
    with pytest.raises(SettingsError, match="age-restricted"):
        await room(world, adults)
    with pytest.raises(SettingsError, match="age-restricted"):
        await room(world, world.thread(adults))


async def test_threads_are_read_and_others_are_told_of(world: World) -> None:
    thread = world.thread(world.channel)
    await world.ann.send(thread, "", attachments=[("a.png", noise(1))])
    assert "1 added." in await collecting(world, thread)
    closed = world.channel_without(read_message_history=False)
    with pytest.raises(SettingsError, match="give it View Channel and Read Message History"):
        await room(world, closed)
    with pytest.raises(SettingsError, match="channel 5: there is none that the bot can see"):
        await Room.open(world.media.bot, 5)
    forum = world.guild.create_forum_channel("forum")
    with pytest.raises(SettingsError, match="name its threads instead"):
        await room(world, forum)


async def test_without_a_list_of_members_the_audience_is_unknown(world: World) -> None:
    posted = await world.ann.send(world.channel, "", attachments=[("a.png", noise(1))])
    await world.bob.react(posted, "😍")
    await collecting(world, members=False)
    (one,) = await kept(world)
    assert (one.origin.likes, one.origin.audience) == (1, None)


async def test_a_day_to_begin_with(world: World) -> None:
    await world.ann.send(world.channel, "", attachments=[("a.png", noise(1))])
    later = datetime.now(UTC) + timedelta(days=1)
    assert "nothing new" in await collecting(world, since=later)
    assert "1 added" in await collecting(world)


async def test_it_goes_on_in_the_middle_of_a_message(world: World) -> None:
    await world.ann.send(world.channel, "", attachments=[(f"{n}.png", noise(n)) for n in (1, 2, 3)])
    assert "1 added." in await collecting(world, most=1)
    assert "2 added, 1 there already." in await collecting(world)


async def test_what_is_deleted_or_forgotten_goes(world: World, astronaut: bytes) -> None:
    gone = await world.ann.send(world.channel, "", attachments=[("a.jpg", astronaut)])
    await world.ann.send(world.channel, "", attachments=[("b.png", noise(1))])
    await collecting(world)
    await world.ann.delete(gone)
    assert len(await kept(world)) == 1
    await world.service.forget_user(f"discord:{world.guild.id}", f"discord:{world.ann.id}")
    assert await kept(world) == []
    assert world.crops() == []


async def test_reactions_are_counted_anew_later(world: World) -> None:
    """By `collect reactions`, which knows the message of what was collected."""
    scope = f"discord:{world.guild.id}"
    await world.service.allow(scope, f"discord:{world.ann.id}")
    posted = await world.ann.send(world.channel, "", attachments=[("a.png", noise(1))])
    await collecting(world, members=False)
    await world.bob.react(posted, "😍")
    bot: Any = world.media.bot
    bot._connection._intents.members = True
    done = await count(world.service._store, bot, timedelta(0), lambda *_: None)
    assert dict(done) == {Outcome.COUNTED: 1}
    (seen,) = await world.service._store.receptions.of(scope)
    assert (seen.reactions, seen.audience) == (1, 3)


def test_without_a_token_it_says_so(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(str(tmp_path))
    assert collect.main(["discord", "1"]) == collect.USAGE_ERROR
    assert "discord.token is not set" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        collect.main(["discord", "1", "--since", "yesterday"])
    assert "'yesterday' is no date like 2026-11-03" in capsys.readouterr().err
