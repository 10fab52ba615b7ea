"""The server speaks what tweepy expects; only the host is another."""

from typing import Any

import aiohttp
import pytest
import tweepy
from tweepy.asynchronous import AsyncClient
from yarl import URL

from tests.x import User, XServer, failing, limiting


class Redirected:
    """A session that takes what is meant for api.twitter.com to the server."""

    def __init__(self, http: aiohttp.ClientSession, server: str) -> None:
        self._http = http
        self._server = server

    def request(self, method: str, url: URL | str, **how: Any) -> Any:
        path = str(url).removeprefix("https://api.twitter.com")
        return self._http.request(method, URL(self._server + path, encoded=True), **how)


@pytest.fixture
def client(x: XServer, bot: User, http: aiohttp.ClientSession) -> AsyncClient:
    keys = x.keys(bot)
    client = AsyncClient(
        consumer_key=keys.consumer_key,
        consumer_secret=keys.consumer_secret,
        access_token=keys.access_token,
        access_token_secret=keys.access_token_secret,
    )
    client.session = Redirected(http, x.url)
    return client


async def test_reads_mentions_and_answers_one(
    x: XServer, bot: User, alice: User, client: AsyncClient, picture: bytes
) -> None:
    root = x.post(alice, "見て", pictures=[picture])
    asking = x.post(alice, "@hantei だれ?", reply_to=root)
    me = await client.get_me(user_auth=True)
    assert me.data.id == int(bot.id)
    read = await client.get_users_mentions(
        me.data.id,
        expansions=[
            "author_id",
            "referenced_tweets.id",
            "referenced_tweets.id.attachments.media_keys",
        ],
        tweet_fields=["created_at", "attachments", "referenced_tweets"],
        media_fields=["url"],
        start_time="2020-01-01T00:00:00Z",
        user_auth=True,
    )
    [mention] = read.data
    assert mention.id == int(asking)
    assert mention.created_at.timestamp() == pytest.approx(x.clock(), abs=60)
    assert read.includes["users"][0].username == "alice"
    assert read.includes["tweets"][0].id == int(root)
    assert read.includes["media"][0].url.startswith(x.url)
    answer = await client.create_tweet(
        text="アリスさんです", in_reply_to_tweet_id=mention.id, user_auth=True
    )
    [reply] = x.replies_to(asking)
    assert answer.data["id"] == reply.id
    await client.delete_tweet(reply.id, user_auth=True)
    assert not x.replies_to(asking)


async def test_turns_refusals_into_its_errors(
    x: XServer, bot: User, alice: User, client: AsyncClient
) -> None:
    with pytest.raises(tweepy.BadRequest, match="max_results"):
        await client.get_users_mentions(bot.id, max_results=1, user_auth=True)
    with pytest.raises(tweepy.Forbidden, match="mentioned or are the author"):
        await client.create_tweet(text="a", in_reply_to_tweet_id=x.post(alice, "b"), user_auth=True)
    x.faults.next("GET /2/users/me", failing(503), limiting(reset_in=60))
    with pytest.raises(tweepy.TwitterServerError):
        await client.get_me(user_auth=True)
    with pytest.raises(tweepy.TooManyRequests) as limited:
        await client.get_me(user_auth=True)
    assert limited.value.reset_time == pytest.approx(x.clock() + 60, abs=2)
    client.access_token_secret = "guess"
    with pytest.raises(tweepy.Unauthorized):
        await client.get_me(user_auth=True)
