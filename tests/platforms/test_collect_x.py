"""`python -m bot.collect x`, against a server that speaks X's API."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bot import collect
from bot.collected_store import Collected
from bot.collecting import Collector, Terms
from bot.domain import Post
from bot.errors import BudgetSpent, Rejected, SettingsError, Unavailable
from bot.intake import HttpFetcher, Intake
from bot.judging import Judge
from bot.platforms import x_history
from bot.platforms.x_api import XApi
from bot.platforms.x_auth import auth_of
from bot.platforms.x_budget import Budget, month
from bot.platforms.x_history import Asked, XSource
from bot.platforms.x_pauses import Pauses
from bot.settings import Settings
from bot.store import Store
from tests.pixel_faces import PixelNetworks, face
from tests.platforms.x_bot import png, settings_of
from tests.test_collecting import noise
from tests.x import XServer
from tests.x.faults import failing, limiting, silent
from tests.x.server import PICTURE

SEARCH = "GET /2/tweets/search/recent"
TIMELINE = "GET /2/users/:id/tweets"
IDOLS = Asked.of("hashtag", "#idol")
DAY = 86_400


@pytest.fixture
def networks() -> PixelNetworks:
    return PixelNetworks()


@pytest.fixture
async def x() -> AsyncIterator[XServer]:
    async with XServer() as server:
        for name in ("hantei", "ann", "bob"):
            server.add_user(name)
        yield server


@pytest.fixture
def said() -> io.StringIO:
    """What the operator is told on the way."""
    return io.StringIO()


Collecting = Callable[..., Any]


@pytest.fixture
def collecting(
    x: XServer,
    settings: Settings,
    store: Store,
    intake: Intake,
    judge: Judge,
    said: io.StringIO,
) -> Collecting:
    """Collects once, as the command does."""

    async def run(asked: Asked = IDOLS, *, given: Any = None, **terms: Any) -> str:
        known = settings_of(x, x.user("hantei"), settings, **(given or {}))
        console = Console(file=said, width=200)
        collector = Collector(known, store, intake, judge, Terms(**terms), console)
        fetcher = HttpFetcher(known.intake, origins=[x.url])
        try:
            async with XApi(known.x, auth_of(known), Budget(store.x, known.x), 2.0) as api:
                pauses, most = Pauses(0.001, 0.001), terms.get("most")
                source = XSource(known, store.x, api, fetcher, asked, console, pauses, most)
                return await collector.run(source, known.x.scope)
        finally:
            await fetcher.close()

    return run


def post(x: XServer, number: int, by: str = "ann", words: str = "#idol", **more: Any) -> str:
    """Somebody posts a picture that looks like no other."""
    return x.post(by, f"{words} {number}", pictures=[png(face(f"person {number}", 1))], **more)


async def kept(store: Store, asked: Asked = IDOLS) -> list[Collected]:
    return await store.collected.of("x", asked.source)


async def test_a_hashtag_is_collected_and_gone_on_with(
    x: XServer, store: Store, collecting: Collecting
) -> None:
    first = post(x, 1, likes=5, impressions=90)
    post(x, 2, by="bob", words="nothing of the kind")
    post(x, 3, by="bob")
    assert "2 added. 2 show one face. To 2 of them nobody agreed" in await collecting()
    bobs, anns = await kept(store)  # X lists what is newest first
    ann = x.user("ann")
    assert anns.author == f"x:{ann.id}"
    assert anns.origin.source == "x:search:#idol"
    assert anns.origin.url == f"https://x.com/ann/status/{first}"
    assert (anns.origin.likes, anns.origin.audience) == (5, 90)
    assert anns.origin.licence.startswith("X Developer Policy")
    assert anns.origin.author_name == "@ann"
    assert isinstance(anns.origin.posted, datetime)
    assert anns.post_key.startswith(f"x:{first}:collected:")
    assert bobs.author != anns.author

    post(x, 4)
    assert "1 added" in await collecting()
    assert await collecting() == "x:search:#idol: nothing new."
    (last,) = x.requests_to(SEARCH)[-1:]
    assert int(last.query["since_id"]) == max(map(int, x.posts))
    assert "has:images" in last.query["query"]


async def test_no_more_is_paid_for_than_is_wanted(
    x: XServer, store: Store, collecting: Collecting
) -> None:
    for number in range(12):
        post(x, number)
    await collecting(most=3)
    (request,) = x.requests_to(SEARCH)
    assert request.query["max_results"] == "10"  # no search on X finds less
    spent = {each.kind: each.number for each in await store.x.spent(month())}
    assert spent["post_read"] == 10


async def test_an_account_is_collected(x: XServer, store: Store, collecting: Collecting) -> None:
    post(x, 1)
    post(x, 2, by="bob")
    ann = Asked.of("account", "@Ann")
    assert "1 added" in await collecting(ann, selfies="Ann")
    (one,) = await kept(store, ann)
    assert (one.origin.source, one.origin.suggestion) == ("x:@ann", "Ann")
    with pytest.raises(Rejected, match="no account @nobody"):
        await collecting(Asked.of("account", "nobody"))
    x.user("bob").protected = True
    with pytest.raises(Rejected, match="@bob is protected"):
        await collecting(Asked.of("account", "bob"))


async def test_what_must_not_be_shown_is_left_out(
    x: XServer, store: Store, collecting: Collecting
) -> None:
    post(x, 1, possibly_sensitive=True)
    shared = post(x, 2, by="bob", words="else")
    x.repost("ann", shared)
    x.post("ann", "#idol without a picture")
    x.add_user("shy", protected=True)
    post(x, 3, by="shy")
    x.add_user("done")
    post(x, 4, by="done")
    await store.x.stop(f"x:{x.user('done').id}")
    ann = Asked.of("account", "ann")
    assert await collecting() == "x:search:#idol: nothing new."
    assert await collecting(ann) == "x:@ann: nothing new."


async def test_nobody_on_x_has_agreed_unless_both_say_so(
    x: XServer, store: Store, collecting: Collecting
) -> None:
    ann = f"x:{x.user('ann').id}"
    await store.set_allowed("x", ann, True)
    post(x, 1, likes=1, impressions=9)
    assert "To 1 of them nobody agreed" in await collecting()
    (one,) = await kept(store)
    verdict = await store.verdict(one.face or 0)
    assert verdict is not None
    assert verdict.guesses == ()
    assert [each.reactions for each in await store.receptions.of("x")] == [None]

    post(x, 2, likes=1, impressions=9)
    assert "1 added. 1 show one face." in await collecting(given={"train": True})
    assert [each.reactions for each in await store.receptions.of("x")] == [None, 1]


async def test_what_the_bot_was_asked_about_is_not_kept_twice(
    x: XServer, store: Store, collecting: Collecting
) -> None:
    asked = post(x, 1)
    await store.claim(Post("x", f"x:{asked}:99", "x:1", "x:2", "en", ()))
    assert await collecting() == "x:search:#idol: 1 there already."


async def test_stopped_in_the_middle_it_pays_for_no_page_again(
    x: XServer, store: Store, collecting: Collecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(x_history, "MOST_POSTS", 10)
    for number in range(25):
        post(x, number)
    assert "12 added" in await collecting(most=12)
    post(x, 25)  # while nobody looks
    assert len(x.requests_to(SEARCH)) == 2
    assert "13 added" in await collecting()  # the older ones
    assert len(x.requests_to(SEARCH)) == 4  # the second page again, and the third
    assert "1 added" in await collecting()  # what came meanwhile
    assert len({each.author for each in await kept(store)}) == 1
    assert len(await kept(store)) == 26


async def test_a_place_that_x_has_forgotten_is_found_again(
    x: XServer, store: Store, collecting: Collecting
) -> None:
    posts = [int(post(x, number)) for number in range(4)]
    cursor = "collect:x:x:search:#idol"
    await store.cursors.write(cursor, json.dumps([posts[0], posts[3], "gone", posts[3]]))
    assert "2 added" in await collecting()
    assert sorted(int(each.post_key.split(":")[1]) for each in await kept(store)) == posts[1:3]


async def test_after_a_long_while_a_search_begins_where_it_can(
    x: XServer, store: Store, collecting: Collecting
) -> None:
    x.clock.ahead = -9 * DAY
    post(x, 1)
    assert "1 added" in await collecting()
    x.clock.ahead = 0
    post(x, 2)
    assert "1 added" in await collecting()


async def test_limits_and_failures_are_waited_for(
    x: XServer, store: Store, collecting: Collecting, said: io.StringIO
) -> None:
    post(x, 1)
    x.faults.next(SEARCH, limiting(0), failing(503))
    x.faults.next(PICTURE, failing(502))
    assert "1 added" in await collecting()
    assert "X: takes no more of these requests; waiting for" in said.getvalue()
    assert "a picture is not to be had (HTTP 502); waiting for 0 s" in said.getvalue()


async def test_what_lasts_ends_it_and_nothing_is_lost(
    x: XServer, store: Store, collecting: Collecting
) -> None:
    post(x, 1)
    x.faults.next(SEARCH, *[failing(500)] * 5)
    with pytest.raises(Unavailable):
        await collecting()
    x.faults.next(PICTURE, *[failing(500)] * 5)
    with pytest.raises(SettingsError, match="run it again later"):
        await collecting()
    assert "1 added" in await collecting()


async def test_no_more_is_spent_than_may_be(
    x: XServer, store: Store, collecting: Collecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(25):
        post(x, number)
    with pytest.raises(BudgetSpent):
        await collecting(given={"monthly_budget": 0.01})
    monkeypatch.setattr(x_history, "MOST_POSTS", 10)
    with pytest.raises(BudgetSpent):
        await collecting(given={"monthly_budget": 0.1})
    assert len(await kept(store)) == 20
    assert "5 added" in await collecting()


async def test_stopped_at_any_moment_it_goes_on(
    x: XServer, store: Store, collecting: Collecting
) -> None:
    for number in range(4):
        post(x, number)
    await collecting(most=2)
    x.faults.next(PICTURE, silent())
    running = asyncio.create_task(collecting())
    while len(x.requests_to(PICTURE)) < 3:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert "2 added" in await collecting()
    assert len(await kept(store)) == 4


async def test_the_command_collects_and_says_when_it_may_not_spend_more(
    x: XServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x.post("ann", "#idol", pictures=[noise(1)])
    known = settings_of(x, x.user("hantei"), Settings()).x
    keys = "consumer_key", "consumer_secret", "access_token", "access_token_secret"
    lines = [f'{key} = "{getattr(known, key).get_secret_value()}"' for key in keys]
    given = tmp_path / "config.toml"

    def run(budget: float) -> int:
        told = [f'api_url = "{x.url}"', f"monthly_budget = {budget}", *lines]
        store = f'[store]\ndata_dir = "{tmp_path / "data"}"\n'
        given.write_text(store + "\n".join(["[x]", *told]))
        return collect.main(["x", "hashtag", "idol", "--config", str(given)])

    assert await asyncio.to_thread(run, 0.001) == collect.USAGE_ERROR
    assert "x.monthly_budget is spent" in capsys.readouterr().err
    assert await asyncio.to_thread(run, 20) == 0
    assert "x:search:#idol: 1 added." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["hashtag", "two words"], "two words: this is no hashtag on X."),
        (["account", "名前"], "名前: this is no account on X."),
        (["search", "idol"], "there are no keys for X"),
    ],
)
def test_bad_input_is_a_sentence(
    arguments: list[str],
    sentence: str,
    tmp_path: object,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(str(tmp_path))
    assert collect.main(["x", *arguments]) == collect.USAGE_ERROR
    assert sentence in capsys.readouterr().err
