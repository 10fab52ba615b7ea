"""Digests by direct message and in a channel: what is in them, when they come, and what never."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import discord
import pytest

from bot.digests import MOST_FAILURES
from bot.scheduling import Schedule
from bot.service import Service
from bot.settings import Settings
from bot.store import Store
from cogs.digests import LOOK
from tests.cogs.conftest import World, response
from tests.cogs.tasting import (
    READING,
    Clock,
    digests,
    link,
    picture,
    post,
    send_digests,
    shown,
)
from tests.pixel_faces import PixelNetworks

pytestmark = pytest.mark.simcord(settle_timeout=60)

MIDNIGHT = Schedule(0, "UTC")


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """With leave to look at what nobody shows it, unless a test gives others."""
    given = dict(getattr(request, "param", READING))
    return Settings.model_validate({**given, "store": {"data_dir": tmp_path / "data"}})


@pytest.fixture
def networks() -> PixelNetworks:
    return PixelNetworks()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("bot.store._now", clock)
    monkeypatch.setattr("bot.digests._now", clock)
    return clock


async def subscribe(world: World, command: str = "taste digest", **options: object) -> str:
    """Bob does; returns what he is told."""
    by = world.bob if command.startswith("taste") else world.mod
    result = await by.slash(world.channel, command, **options)
    assert result.ephemeral
    return response(result).content


def scope(world: World) -> str:
    return f"discord:{world.guild.id}"


async def test_the_best_comes_by_direct_message_best_first_and_only_once(
    world: World, clock: Clock
) -> None:
    told = await subscribe(world)
    assert told.startswith(
        f"The best of what is posted in {world.channel.mention} comes once a day"
    )
    people = (world.ann, world.mod, world.ann)
    posted = [
        await post(world, picture(n, 60 + 30 * n), by=by)
        for n, by in zip((1, 3, 2), people, strict=True)
    ]
    assert world.answers() == []  # it is looked at without a word
    await send_digests(world, clock)
    (digest,) = digests(world, world.bob)
    assert shown(digest) == [link(posted[n]) for n in (1, 2, 0)]
    assert "by your taste" in digest.content
    assert "/taste digest" in digest.content
    assert digest.attachments[0].filename == "digest.jpg"
    assert digests(world, world.ann) == []
    await send_digests(world, clock)
    assert len(digests(world, world.bob)) == 1  # nothing is new, so nothing is sent
    new = await post(world, picture(4, 50))
    await send_digests(world, clock)
    assert shown(digests(world, world.bob)[-1]) == [link(new)]


async def test_what_is_never_in_a_digest(world: World, clock: Clock) -> None:
    elsewhere = world.guild.create_text_channel("elsewhere")
    await post(world, picture(1, 200))  # before anybody wanted to know
    await subscribe(world)
    await post(world, picture(2, 250), by=world.bob)  # his own
    await post(world, picture(3, 240), channel=elsewhere)
    await post(world, picture(4, 230), name="SPOILER_a.png")
    deleted = await post(world, picture(5, 220))
    await world.ann.delete(deleted)
    missed = await post(world, picture(6, 210))
    with world.away():
        await world.ann.delete(missed)
    kept = await post(world, picture(7, 100))
    copy = await post(world, picture(7, 110), by=world.mod)  # the same, a little brighter
    await send_digests(world, clock)
    (digest,) = digests(world, world.bob)
    assert shown(digest) == [link(copy)]
    again = await post(world, picture(7, 120))  # and the same was shown to him already
    await send_digests(world, clock)
    assert len(digests(world, world.bob)) == 1
    assert link(kept) != link(again)


async def test_the_bot_never_likes_anything(world: World, clock: Clock) -> None:
    await subscribe(world)
    await subscribe(world, "setup digest")
    posted = await post(world, picture(1, 200))
    await send_digests(world, clock)
    assert digests(world, world.bob)
    reactions = [each for each in world.env.http_requests if "/reactions/" in each.path]
    assert reactions == []
    assert world.now(posted).reactions == []


async def test_a_watched_channel_is_answered_as_ever_and_followed(
    world: World, clock: Clock
) -> None:
    watched = world.guild.create_text_channel("watched")
    watching = world.settings.discord.model_copy(update={"watch_channels": (watched.id,)})
    await world.restart(world.settings.model_copy(update={"discord": watching}))
    await subscribe(world)
    await subscribe(world, channel=watched)
    seen, answered = await post(world, picture(1, 90)), await post(
        world, picture(2, 120), channel=watched
    )  # fmt: skip
    assert world.answers() == []
    assert len(world.answers(watched)) == 1
    await send_digests(world, clock)
    assert shown(digests(world, world.bob)[0]) == [link(answered), link(seen)]


async def test_what_was_only_looked_at_is_not_answered_later(
    world: World, clock: Clock, service: Service
) -> None:
    await subscribe(world)
    seen = await post(world, picture(1, 90))
    watching = world.settings.discord.model_copy(update={"watch_channels": (world.channel.id,)})
    service._started = clock() + timedelta(hours=1)  # as in a later process
    await world.restart(world.settings.model_copy(update={"discord": watching}))
    world.env.backend.announce_message_create(
        world.env.backend.get_message(world.channel.id, seen.id)
    )
    await world.env.settle()
    assert world.answers() == []
    await world.bob.send(world.channel, f"{world.me} who?", reply_to=seen)  # but whoever asks is
    assert len(world.answers()) == 1


@pytest.mark.parametrize("settings", [{}], indirect=True)
async def test_without_leave_to_read_along_only_what_it_was_shown_counts(
    world: World, clock: Clock
) -> None:
    assert "read_along" in await subscribe(world)
    await post(world, picture(1, 250))
    asked = await world.ask(picture(2, 100))
    await send_digests(world, clock)
    assert shown(digests(world, world.bob)[0]) == [link(asked)]


async def test_forgetting_a_picture_takes_the_digest_with_it(world: World, clock: Clock) -> None:
    await subscribe(world)
    posted = await post(world, picture(1, 90))
    await send_digests(world, clock)
    assert len(digests(world, world.bob)) == 1
    await world.ann.delete(posted)
    assert digests(world, world.bob) == []


async def test_a_channel_that_somebody_may_not_read_is_not_shown_to_them(
    world: World, clock: Clock
) -> None:
    overwrite = discord.PermissionOverwrite(view_channel=False)
    secret = world.guild.create_text_channel("secret", overwrites={world.bob: overwrite})
    member = f"discord:{world.bob.id}"
    digest = await world.service.digests.subscribe(
        scope(world), f"discord:{secret.id}", MIDNIGHT, "en", user=member
    )
    await post(world, picture(1, 200), channel=secret, by=world.mod)
    await send_digests(world, clock)
    assert digests(world, world.bob) == []
    assert digest.places == (f"discord:{secret.id}",)
    hidden = world.channel_without(read_message_history=False)
    assert "both be able to read" in await subscribe(world, channel=hidden)


async def test_a_private_thread_is_not_looked_at_nor_shown(world: World, clock: Clock) -> None:
    await subscribe(world)
    thread = world.thread(world.channel)
    seen = await post(world, picture(1, 200), channel=thread)
    private = world.thread(world.channel)
    world.env.backend.get_channel(private.id).type = discord.ChannelType.private_thread.value
    assert world.media.bot is not None
    cached = world.media.bot.get_channel(private.id)
    assert isinstance(cached, discord.Thread)
    cached._type = discord.ChannelType.private_thread  # type: ignore[attr-defined]
    await post(world, picture(2, 220), channel=private)
    assert len(world.crops()) == 1
    await world.ask(picture(3, 240), channel=private)
    await send_digests(world, clock)
    assert shown(digests(world, world.bob)[0]) == [link(seen)]


async def test_a_closed_direct_message_is_tried_again_and_then_given_up(
    world: World, clock: Clock
) -> None:
    await subscribe(world)
    posted = await post(world, picture(1, 90))
    world.env.inject_error("POST", "/users/@me/channels", status=403, code=50007, times=1)
    await send_digests(world, clock)
    assert digests(world, world.bob) == []
    await send_digests(world, clock)
    assert shown(digests(world, world.bob)[0]) == [link(posted)]  # nothing is lost
    path = f"/channels/{world.bob.user.dm_channel.id}/messages"
    world.env.inject_error("POST", path, status=403, code=50007, times=None)
    for number in range(MOST_FAILURES):
        assert await world.service.digests.of(f"discord:{world.bob.id}")
        await post(world, picture(10 + number, 90))
        await send_digests(world, clock)
    assert await world.service.digests.of(f"discord:{world.bob.id}") == []


async def test_who_leaves_the_server_gets_no_more(world: World, clock: Clock) -> None:
    await subscribe(world)
    await post(world, picture(1, 90))
    world.guild.remove_member(world.bob)
    await send_digests(world, clock)
    assert await world.service.digests.of(f"discord:{world.bob.id}") == []


async def test_a_digest_comes_by_itself_once_after_any_time_away(
    world: World, store: Store
) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    posted = await _subscribed_days_ago(world, store, now)
    await world.env.advance_time(LOOK + 1)
    assert [shown(each) for each in digests(world, world.bob)] == [[link(posted)]]
    await post(world, picture(2, 90))
    await world.restart()
    await world.env.advance_time(LOOK + 1)
    assert len(digests(world, world.bob)) == 1


async def test_a_channel_gets_what_those_who_rate_like(world: World, clock: Clock) -> None:
    told = await subscribe(world, "setup digest", time="19:30", zone="Europe/Berlin", days="weekly")
    assert "once a week" in told
    assert "Europe/Berlin" in told
    await world.service.allow(scope(world), f"discord:{world.ann.id}")
    for number in range(12):
        await world.ask(picture(100 + number, 100))
        if number == 11:
            await send_digests_weekly(world, clock)
            assert not [each for each in world.answers() if "posted since" in each.content]
        await world.bob.react(world.answer(), "4️⃣")
    best = await post(world, picture(1, 220))
    await send_digests_weekly(world, clock)
    digest = world.answer()
    assert "by the taste of those who rate here" in digest.content
    assert shown(digest)[0] == link(best)
    assert "/setup digest" in digest.content
    assert await subscribe(world, "setup digest", off=True) == "There will be no more digests."


async def test_only_moderators_set_up_that_of_a_channel(world: World) -> None:
    result = await world.bob.slash(world.channel, "setup digest")
    assert response(result).content.startswith("Only people who may manage")


async def send_digests_weekly(world: World, clock: Clock) -> None:
    clock.pass_by(days=6)
    await send_digests(world, clock)


async def _subscribed_days_ago(world: World, store: Store, now: datetime) -> discord.Message:
    """Bob did, and the bot was away for days after that."""
    await subscribe(world)
    posted = await post(world, picture(1, 90))
    (subscription,) = await store.digests.subscriptions()
    await store.digests.save(replace(subscription, tried=now - timedelta(days=5)))
    return posted
