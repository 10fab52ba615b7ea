"""X: who is answered, with what, how often, and what is learned from replies."""

import asyncio
import io
from collections.abc import AsyncIterator

import pytest
from PIL import Image
from pydantic import SecretStr

from bot.domain import Action, Verdict
from bot.errors import SettingsError, Unavailable
from bot.judging import Networks
from bot.platforms.x import XPlatform
from bot.platforms.x_budget import Budget, month
from bot.platforms.x_text import weight
from bot.service import Service
from bot.settings import Settings
from tests.pixel_faces import PixelNetworks, face, teach
from tests.platforms.x_bot import (
    ANSWERS_WITHIN,
    dealt_with,
    only,
    opened,
    png,
    running,
    settings_of,
    until,
    until_true,
)
from tests.x import (
    Fault,
    User,
    XServer,
    deleting_first,
    done_then_failing,
    done_then_hanging_up,
    failing,
    hanging_up,
    limiting,
    repeating,
    repeating_later,
    silent,
)

REPLY = "POST /2/tweets"
MENTIONS = "GET /2/users/:id/mentions"
TIMELINE = "GET /2/users/:id/tweets"
UPLOAD = "POST /2/media/upload"


BOTH_VOCABULARIES = pytest.mark.parametrize("x", ["tweet", "post"], indirect=True)
"""The words that X had until August 2026, and those that it has now."""


@pytest.fixture
async def x(request: pytest.FixtureRequest) -> AsyncIterator[XServer]:
    async with XServer(vocabulary=getattr(request, "param", "tweet")) as server:
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


@BOTH_VOCABULARIES
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


async def answered_verdicts(service: Service, reply_id: str) -> list[Verdict]:
    return await service.verdicts_at(f"x:{reply_id}")


@BOTH_VOCABULARIES
async def test_the_picture_above_is_meant_and_its_author_is_who_can_agree(
    settings: Settings, service: Service, x: XServer, ann: User, bob: User, mai: bytes
) -> None:
    above = x.post(bob, "いい写真", pictures=[mai])
    asked = x.post(ann, "@hantei だれ？", reply_to=above)
    async with running(settings, service):
        await dealt_with(service, asked)
    reply = only(x.replies_to(asked))
    assert not x.replies_to(above, "hantei")
    (verdict,) = await answered_verdicts(service, reply.id)
    assert verdict.author == f"x:{bob.id}"


@BOTH_VOCABULARIES
async def test_a_quoted_picture_is_meant(
    settings: Settings, service: Service, x: XServer, ann: User, bob: User, mai: bytes
) -> None:
    quoted = x.post(bob, "いい写真", pictures=[mai])
    asked = x.post(ann, "@hantei だれ？", quotes=quoted)
    async with running(settings, service):
        await dealt_with(service, asked)
    (verdict,) = await answered_verdicts(service, only(x.replies_to(asked)).id)
    assert verdict.author == f"x:{bob.id}"


async def test_who_does_not_ask_is_not_answered(
    settings: Settings, service: Service, x: XServer, bot: User, ann: User, bob: User, mai: bytes
) -> None:
    hidden = x.add_user("hidden", protected=True)
    asked = x.post(ann, "@hantei だれ？", pictures=[mai])
    for talk in (
        x.post(bot, "@hantei だれ？", pictures=[mai]),
        x.post(hidden, "@hantei だれ？", pictures=[mai]),
        x.post(bob, "@hantei っておもしろい"),
        x.post(bob, "わたしもこれ好き", pictures=[mai], reply_to=asked),  # X tags the bot by itself
        x.repost(bob, asked),
    ):
        assert talk
    last = x.post(bob, "@hantei もういちど")
    async with running(settings, service):
        await dealt_with(service, last)
    assert [reply.reply_to for reply in x.posted] == [asked]


async def test_who_says_stop_is_left_alone_for_good(
    settings: Settings, service: Service, x: XServer, ann: User, bob: User, mai: bytes
) -> None:
    picture = x.post(ann, "海", pictures=[mai])
    stop = x.post(ann, "@hantei やめて。")
    async with running(settings, service):
        await dealt_with(service, stop)
        x.post(ann, "@hantei だれ？", pictures=[mai])
        last = x.post(bob, "@hantei だれ？", reply_to=picture)  # the answer would be below it
        await dealt_with(service, last)
    assert not x.posted
    async with running(settings, service):
        again = x.post(ann, "@hantei だれ？", pictures=[mai])
        await dealt_with(service, again)
    assert not x.posted


async def test_what_is_marked_as_sensitive_is_refused_politely(
    settings: Settings, service: Service, x: XServer, ann: User, mai: bytes
) -> None:
    asked = x.post(ann, "@hantei だれ？", pictures=[mai], possibly_sensitive=True)
    async with running(settings, service):
        await dealt_with(service, asked)
    reply = only(x.replies_to(asked))
    assert "センシティブ" in reply.said
    assert not reply.media
    assert not x.requests_to("GET /media/:name")  # it was not even fetched


# corrections


async def roster(service: Service, scope: str) -> list[str]:
    names = ["Mai", "Nanase", "Erika"]
    for name in names:
        for shot in range(6):
            await teach(
                service._store, face(name, shot, unlike=0.4), name, key=f"{name}{shot}", scope=scope
            )
    return names


async def test_a_reply_by_letter_corrects_a_face_and_is_not_answered(
    settings: Settings, service: Service, x: XServer, ann: User, bob: User
) -> None:
    shots = [png(face(f"somebody {n}", 0)) for n in range(2)]
    asked = x.post(ann, "@hantei だれ？", pictures=shots)
    async with running(settings, service):
        await dealt_with(service, asked)
        reply = only(x.replies_to(asked))
        x.post(bob, "2", reply_to=reply.id)  # of which face?
        x.post(bob, "ちがう", reply_to=reply.id)
        x.post(bob, "ありがとう！", reply_to=reply.id)
        last = x.post(ann, "B 白石麻衣さんです", reply_to=reply.id)
        await dealt_with(service, last)
    first, second = await answered_verdicts(service, reply.id)
    assert await service.votes_of(first, f"x:{bob.id}") == []
    assert await service.votes_of(first, f"x:{ann.id}") == []
    (vote,) = await service.votes_of(second, f"x:{ann.id}")
    assert (vote.name, vote.head, vote.place) == ("白石麻衣", "idol", "x")
    assert len(x.posted) == 1
    labels = await service._store.live_labels("x", "idol")
    assert [(each.verdict_id, each.names) for each in labels] == [(second.id, ("白石麻衣",))]


@pytest.mark.parametrize(
    ("said", "action"),
    [
        ("none", Action.NONE_OF_THESE),
        ("A ちがう", Action.NONE_OF_THESE),
        ("正解", Action.RIGHT),
        ("1", Action.RIGHT),
        ("顔じゃない", Action.NOT_A_FACE),
        ("thanks", None),
        ("B none", None),
    ],
)
async def test_with_one_face_the_letter_may_be_left_out(
    settings: Settings,
    service: Service,
    x: XServer,
    ann: User,
    bob: User,
    mai: bytes,
    said: str,
    action: Action | None,
) -> None:
    await roster(service, "x")
    asked = x.post(ann, "@hantei だれ？", pictures=[mai])
    async with running(settings, service):
        await dealt_with(service, asked)
        reply = only(x.replies_to(asked))
        assert "Mai" in reply.said
        last = x.post(bob, said, reply_to=reply.id)
        await dealt_with(service, last)
    (verdict,) = await answered_verdicts(service, reply.id)
    votes = await service.votes_of(verdict, f"x:{bob.id}")
    assert [vote.action for vote in votes if vote.head == "idol"] == [action][: action is not None]
    assert len(x.posted) == 1


async def test_moderators_are_those_of_the_settings(
    settings: Settings, x: XServer, bot: User, ann: User, bob: User, mai: bytes
) -> None:
    settings = settings_of(x, bot, settings, train=True, moderators=[int(bob.id)])
    async with opened(settings, PixelNetworks()) as service, running(settings, service):
        asked = x.post(ann, "@hantei だれ？", pictures=[mai])
        await dealt_with(service, asked)
        reply = only(x.replies_to(asked))
        last = x.post(bob, "白石麻衣です", reply_to=reply.id)
        await dealt_with(service, last)
        (verdict,) = await answered_verdicts(service, reply.id)
        (vote,) = await service.votes_of(verdict, f"x:{bob.id}")
    assert vote.trusted


# what may be learned, and forgetting


async def test_nothing_is_learned_from_x_unless_the_operator_allows_it(
    settings: Settings, x: XServer, bot: User, ann: User, mai: bytes
) -> None:
    by_default = settings_of(x, bot, settings)
    async with opened(by_default, PixelNetworks()) as service, running(by_default, service):
        asked = x.post(ann, "@hantei だれ？", pictures=[mai])
        await dealt_with(service, asked)
        reply = only(x.replies_to(asked))
        assert "覚えます" not in reply.said  # what is not learned is not asked for
        last = x.post(ann, "白石麻衣です", reply_to=reply.id)
        await dealt_with(service, last)
        (verdict,) = await answered_verdicts(service, reply.id)
        assert len(await service.votes_of(verdict, f"x:{ann.id}")) == 1  # it is kept all the same
        assert not await service._store.live_labels("x", "idol")


async def test_turned_off_again_what_was_learned_from_x_goes(
    settings: Settings, x: XServer, bot: User, ann: User, mai: bytes
) -> None:
    async with opened(settings, PixelNetworks()) as service, running(settings, service):
        asked = x.post(ann, "@hantei だれ？", pictures=[mai])
        await dealt_with(service, asked)
        reply = only(x.replies_to(asked))
        x.post(ann, "白石麻衣です", reply_to=reply.id)
        last = x.post(ann, "@hantei 許可します")
        await dealt_with(service, last)
        assert len(await service._store.live_labels("x", "idol")) == 1
        assert await service.allowed("x", f"x:{ann.id}")
    off = settings_of(x, bot, settings, train=False)
    async with opened(off, PixelNetworks()) as service:
        assert not await service._store.live_labels("x", "idol")
        assert not await service.allowed("x", f"x:{ann.id}")


async def test_an_answer_without_a_face_can_be_deleted_as_well(
    settings: Settings, x: XServer, ann: User, networks: Networks
) -> None:
    sky = io.BytesIO()
    Image.new("RGB", (320, 240), "skyblue").save(sky, "PNG")
    asked = x.post(ann, "@hantei だれ？", pictures=[sky.getvalue()])
    async with opened(settings, networks) as service, running(settings, service):
        await dealt_with(service, asked)
        x.post(ann, "消して", reply_to=only(x.replies_to(asked)).id)
        await until_true(lambda: not x.posted)
        assert (await service.privacy("x", f"x:{ann.id}")).posts == 0


async def test_somebody_can_have_an_answer_deleted_and_be_forgotten(
    settings: Settings, service: Service, x: XServer, ann: User, bob: User, mai: bytes
) -> None:
    asked = [x.post(ann, "@hantei だれ？", pictures=[mai]) for _ in range(2)]
    async with running(settings, service):
        await dealt_with(service, asked[1])
        first = only(x.replies_to(asked[0]))
        await dealt_with(service, x.post(bob, "消して", reply_to=first.id))
        assert len(x.posted) == 2  # only the poster may
        x.faults.next("DELETE /2/tweets/:id", failing(503))  # it is not forgotten for that
        x.post(ann, "消して", reply_to=first.id)
        await until_true(lambda: [reply.reply_to for reply in x.posted] == [asked[1]])
        await dealt_with(service, x.post(ann, "@hantei 忘れて"))
        await until_true(lambda: not x.posted)
    report = await service.privacy("x", f"x:{ann.id}")
    assert (report.posts, report.crops) == (0, 0)


# exactly once


async def test_a_restart_answers_nothing_twice_and_loses_nothing(
    settings: Settings, x: XServer, ann: User, mai: bytes
) -> None:
    asked = [x.post(ann, "@hantei だれ？", pictures=[mai])]
    async with opened(settings, PixelNetworks()) as service, running(settings, service):
        await dealt_with(service, asked[0])
    asked += [x.post(ann, f"@hantei だれ？ {n}", pictures=[mai]) for n in range(3)]
    x.faults.next(MENTIONS, repeating(), repeating_later())
    async with opened(settings, PixelNetworks()) as service, running(settings, service):
        await dealt_with(service, asked[-1])
    assert sorted(str(reply.reply_to) for reply in x.posted) == asked


@pytest.mark.parametrize("fault", [done_then_failing(), done_then_hanging_up()])
async def test_a_reply_that_was_sent_without_our_knowing_is_found(
    settings: Settings, service: Service, x: XServer, ann: User, mai: bytes, fault: Fault
) -> None:
    x.faults.next(REPLY, fault)
    x.faults.own_timeline_lag = 2
    asked = x.post(ann, "@hantei だれ？", pictures=[mai])
    async with running(settings, service):
        await dealt_with(service, asked)
    reply = only(x.replies_to(asked))
    assert len(await answered_verdicts(service, reply.id)) == 1  # corrections find their face


async def test_a_crash_after_the_reply_went_out_does_not_repeat_it(
    settings: Settings, x: XServer, ann: User, mai: bytes
) -> None:
    x.faults.next(REPLY, done_then_hanging_up())
    asked = x.post(ann, "@hantei だれ？", pictures=[mai])
    settings = settings.model_copy(
        update={"x": settings.x.model_copy(update={"poll_seconds": 0.02})}
    )
    async with opened(settings, PixelNetworks()) as service:
        async with running(settings, service):
            await until_true(lambda: bool(x.posted))
        assert await service.x.open() == 1  # the process dies here
    async with opened(settings, PixelNetworks()) as service, running(settings, service):
        await dealt_with(service, asked)
        reply = only(x.replies_to(asked))
        assert len(await answered_verdicts(service, reply.id)) == 1


async def test_a_post_that_is_deleted_meanwhile_is_forgotten(
    settings: Settings, service: Service, x: XServer, ann: User, mai: bytes
) -> None:
    x.faults.next(REPLY, deleting_first())
    asked = x.post(ann, "@hantei だれ？", pictures=[mai])
    async with running(settings, service):
        await dealt_with(service, asked)
    assert not x.posted
    assert (await service.privacy("x", f"x:{ann.id}")).posts == 0


@pytest.mark.parametrize("fault", [failing(503), hanging_up(), done_then_failing()])
async def test_what_is_forgotten_before_it_is_certain_to_be_out_is_not_said(
    settings: Settings,
    service: Service,
    x: XServer,
    ann: User,
    bob: User,
    mai: bytes,
    fault: Fault,
) -> None:
    picture = x.post(ann, "海", pictures=[mai])
    asked = x.post(bob, "@hantei だれ？", reply_to=picture)
    x.faults.next(REPLY, fault)
    async with running(settings, service):
        await until_true(lambda: bool(x.requests_to(REPLY)))
        x.faults.sometimes(REPLY, failing(503), 1.0)  # it is tried again and again
    await service.forget_user("x", f"x:{ann.id}")
    x.faults.clear()
    async with running(settings, service):
        await dealt_with(service, asked)
        await until_true(lambda: not x.posted)
    assert not x.replies_to(asked)


async def test_at_the_first_start_old_mentions_can_be_left_out(
    settings: Settings, x: XServer, bot: User, ann: User, mai: bytes
) -> None:
    x.post(ann, "@hantei だれ？", pictures=[mai])
    settings = settings_of(x, bot, settings, answer_waiting=False)
    async with opened(settings, PixelNetworks()) as service, running(settings, service):
        await until_true(lambda: bool(x.requests_to(MENTIONS)))
        async with asyncio.timeout(ANSWERS_WITHIN):
            while await service.x.cursor() is None:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        asked = x.post(ann, "@hantei これは？", pictures=[mai])
        await dealt_with(service, asked)
    assert [reply.reply_to for reply in x.posted] == [asked]


# limits, failures and money


async def test_limits_are_waited_out_while_everything_else_goes_on(
    settings: Settings, service: Service, x: XServer, ann: User, bob: User, mai: bytes
) -> None:
    x.clock.ahead = -3600  # X's clock is an hour behind ours
    x.faults.next(REPLY, limiting(1))
    asked = x.post(ann, "@hantei だれ？", pictures=[mai])
    async with running(settings, service):
        await until_true(lambda: bool(x.requests_to(REPLY)))
        looked = len(x.requests_to(MENTIONS))
        await until_true(lambda: len(x.requests_to(MENTIONS)) > looked)  # not blocked
        await dealt_with(service, asked)
    refused, *taken = x.requests_to(REPLY)
    assert refused.status == 429
    assert [request.status for request in taken] == [201]  # not asked before it was time
    assert taken[0].at - refused.at >= 1


async def test_what_fails_on_the_way_is_tried_again(
    settings: Settings, service: Service, x: XServer, ann: User, mai: bytes
) -> None:
    x.faults.next(MENTIONS, failing(500), hanging_up(), silent())
    x.faults.next(UPLOAD, failing(503), hanging_up())
    x.faults.next(REPLY, failing(502), hanging_up())
    asked = x.post(ann, "@hantei だれ？", pictures=[mai])
    async with running(settings, service, seconds=1.0):
        await dealt_with(service, asked)
    assert len(only(x.replies_to(asked)).media) == 1


async def test_pictures_that_x_does_not_take_are_left_out(
    settings: Settings, service: Service, x: XServer, ann: User, mai: bytes
) -> None:
    x.faults.next(UPLOAD, failing(400))
    asked = x.post(ann, "@hantei だれ？", pictures=[mai])
    async with running(settings, service):
        await dealt_with(service, asked)
    assert not only(x.replies_to(asked)).media


async def test_a_picture_without_alternative_text_is_better_than_none(
    settings: Settings, service: Service, x: XServer, ann: User, mai: bytes
) -> None:
    x.faults.next("POST /2/media/metadata", failing(400))
    asked = x.post(ann, "@hantei だれ？", pictures=[mai])
    async with running(settings, service):
        await dealt_with(service, asked)
    (media,) = only(x.replies_to(asked)).media
    assert media.alt_text is None


async def test_the_bot_stops_before_its_money_is_spent(
    settings: Settings,
    x: XServer,
    bot: User,
    ann: User,
    mai: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = settings_of(x, bot, settings, monthly_budget=0.06)
    asked = [x.post(ann, f"@hantei だれ？ {n}", pictures=[mai]) for n in range(6)]
    async with opened(settings, PixelNetworks()) as service, running(settings, service):
        await until_true(lambda: "x.monthly_budget (0.06 dollars) is spent" in caplog.text)
        async with asyncio.timeout(ANSWERS_WITHIN):
            while await service.x.due(1):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        spent = await service.x.spent(month())
        assert 0.04 < sum(each.dollars for each in spent) <= 0.06
        assert {each.kind: each.number for each in spent}["reply"] == len(x.posted)
        assert 0 < len(x.posted) < len(asked)
        assert await service.x.open() == len(asked) - len(x.posted)  # nothing is lost
    assert sum("is spent, so the bot does nothing" in each for each in caplog.messages) == 1


async def test_it_slows_down_from_four_fifths_of_the_budget_on(
    settings: Settings, service: Service
) -> None:
    budget = Budget(service.x, settings.x.model_copy(update={"monthly_budget": 1.0}))
    for dollars, pace in ((0.5, 1.0), (0.3, 1.0), (0.1, 8.5), (0.1, 16.0)):
        await service.x.spend(month(), "reply", 1, dollars)
        assert await budget.pace() == pytest.approx(pace)


async def test_money_for_what_was_not_done_is_given_back(
    settings: Settings, service: Service
) -> None:
    budget = Budget(service.x, settings.x)
    with pytest.raises(Unavailable):
        async with budget.paying("reply"):
            raise Unavailable("not reached", may_have_acted=False)
    assert await budget.spent() == 0
    with pytest.raises(Unavailable):
        async with budget.paying("reply"):
            raise Unavailable("no answer", may_have_acted=True)
    assert await budget.spent() == pytest.approx(0.01)


async def test_keys_that_x_does_not_know_are_said_at_the_start(
    settings: Settings, service: Service, x: XServer
) -> None:
    wrong = settings.model_copy(
        update={"x": settings.x.model_copy(update={"access_token": SecretStr("wrong")})}
    )
    with pytest.raises(SettingsError, match="doctor x"):
        await XPlatform(wrong).run(service)
