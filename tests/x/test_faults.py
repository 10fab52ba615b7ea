"""What a test plans to go wrong does go wrong, and nothing else."""

import asyncio
from datetime import datetime
from email.utils import parsedate_to_datetime

import aiohttp
import pytest

from tests.x import (
    Fault,
    User,
    XServer,
    deleting_first,
    done_then_failing,
    done_then_hanging_up,
    failing,
    failing_in_html,
    hanging_up,
    limiting,
    repeating,
    repeating_later,
    silent,
)
from tests.x.driving import Answer, Driver

CREATE = "POST /2/tweets"
MENTIONS = "GET /2/users/:id/mentions"
TIMELINE = "GET /2/users/:id/tweets"


def ids(answer: Answer) -> list[str]:
    return [post["id"] for post in answer.json.get("data", ())]


@pytest.mark.parametrize("status", [402, 500, 503])
async def test_fails_once_without_doing_anything(
    status: int, x: XServer, bot: User, driver: Driver
) -> None:
    x.faults.next(CREATE, failing(status))
    failed = await driver.post("/2/tweets", {"text": "a"})
    assert (failed.status, failed.json["status"]) == (status, status)
    assert not x.posted
    assert (await driver.post("/2/tweets", {"text": "a"})).status == 201


async def test_what_stands_before_the_api_answers_in_html(
    x: XServer, bot: User, driver: Driver
) -> None:
    x.faults.next(CREATE, failing_in_html(502))
    with pytest.raises(aiohttp.ContentTypeError):
        await driver.post("/2/tweets", {"text": "a"})
    assert not x.posted
    assert x.requests[0].status == 502


async def test_hangs_up_before_and_after_the_thing_is_done(
    x: XServer, bot: User, driver: Driver
) -> None:
    x.faults.next(CREATE, hanging_up(), done_then_hanging_up(), done_then_failing())
    with pytest.raises(aiohttp.ClientError):
        await driver.post("/2/tweets", {"text": "before"})
    with pytest.raises(aiohttp.ClientError):
        await driver.post("/2/tweets", {"text": "after"})
    assert (await driver.post("/2/tweets", {"text": "failing"})).status == 503
    assert [post.said for post in x.posted] == ["after", "failing"]
    assert [request.status for request in x.requests] == [None, None, 503]
    assert x.requests[1].fault == done_then_hanging_up()


async def test_says_nothing_until_the_client_gives_up(
    x: XServer, bot: User, driver: Driver
) -> None:
    x.faults.next(CREATE, silent())
    with pytest.raises(TimeoutError):
        await driver.send(
            "POST",
            "/2/tweets",
            {},
            json={"text": "a"},
            timeout=aiohttp.ClientTimeout(total=0.05),
        )
    assert not x.posted


async def test_is_limited_until_the_time_it_names(x: XServer, bot: User, driver: Driver) -> None:
    x.faults.next("GET /2/users/me", limiting(reset_in=60))
    refused = await driver.get("/2/users/me")
    assert refused.status == 429
    assert int(refused.headers["x-rate-limit-reset"]) == pytest.approx(x.clock() + 60, abs=2)
    assert (await driver.get("/2/users/me")).status == 429
    x.clock.ahead += 61
    assert (await driver.get("/2/users/me")).status == 200


async def test_a_post_is_deleted_between_poll_and_reply(
    x: XServer, alice: User, driver: Driver
) -> None:
    asking = x.post(alice, "@hantei")
    x.faults.next(CREATE, deleting_first())
    answer = await driver.post(
        "/2/tweets", {"text": "a", "reply": {"in_reply_to_tweet_id": asking}}
    )
    assert answer.status == 403
    assert asking in x.deleted


async def test_delivers_a_mention_twice_in_a_page(
    x: XServer, bot: User, alice: User, driver: Driver
) -> None:
    asking = x.post(alice, "@hantei")
    x.faults.next(MENTIONS, repeating())
    answer = await driver.get(f"/2/users/{bot.id}/mentions")
    assert ids(answer) == [asking, asking]
    assert answer.json["meta"]["result_count"] == 2


async def test_delivers_a_mention_again_in_a_later_page(
    x: XServer, bot: User, alice: User, driver: Driver
) -> None:
    asking = x.post(alice, "@hantei")
    x.faults.next(MENTIONS, repeating_later())
    path = f"/2/users/{bot.id}/mentions"
    assert ids(await driver.get(path)) == [asking]
    assert ids(await driver.get(path, since_id=asking)) == [asking]
    assert ids(await driver.get(path, since_id=asking)) == []


async def test_the_own_timeline_lags(x: XServer, bot: User, driver: Driver) -> None:
    x.faults.own_timeline_lag = 2
    posted = (await driver.post("/2/tweets", {"text": "a"})).json["data"]["id"]
    path = f"/2/users/{bot.id}/tweets"
    assert [ids(await driver.get(path)) for _ in range(3)] == [[], [], [posted]]


async def test_a_mention_is_indexed_late(
    x: XServer, bot: User, alice: User, driver: Driver
) -> None:
    late, early = x.post(alice, "@hantei 1"), x.post(alice, "@hantei 2")
    x.faults.hide(MENTIONS, late, 1)
    path = f"/2/users/{bot.id}/mentions"
    assert ids(await driver.get(path)) == [early]
    assert ids(await driver.get(path)) == [early, late]


async def test_the_clock_is_off_in_everything_that_x_says(
    x: XServer, bot: User, alice: User, driver: Driver
) -> None:
    honest = x.clock()
    x.clock.ahead = -3600
    x.post(alice, "@hantei")
    answer = await driver.get(f"/2/users/{bot.id}/mentions", **{"tweet.fields": "created_at"})
    date = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    assert date == pytest.approx(honest - 3600, abs=2)
    created = datetime.fromisoformat(answer.json["data"][0]["created_at"]).timestamp()
    assert created == pytest.approx(honest - 3600, abs=2)
    assert int(answer.headers["x-rate-limit-reset"]) == pytest.approx(honest - 2700, abs=2)


async def test_chances_are_the_same_for_the_same_seed() -> None:
    async def outcomes(seed: int) -> list[Fault | None]:
        x = XServer(seed=seed)
        x.faults.sometimes("*", failing(), 0.3)
        return [x.faults.draw(CREATE) for _ in range(50)]

    first, again, other = await asyncio.gather(outcomes(1), outcomes(1), outcomes(2))
    assert first == again != other
    assert 5 < sum(fault is not None for fault in first) < 25


def test_a_fault_at_an_endpoint_that_is_none_is_a_mistake(x: XServer) -> None:
    with pytest.raises(ValueError, match="there is no GET /2/mentions"):
        x.faults.next("GET /2/mentions", failing())


async def test_clearing_ends_all_faults(x: XServer, bot: User, driver: Driver) -> None:
    x.faults.next(CREATE, failing())
    x.faults.sometimes(CREATE, failing(), 1.0)
    x.faults.clear()
    assert (await driver.post("/2/tweets", {"text": "a"})).status == 201
