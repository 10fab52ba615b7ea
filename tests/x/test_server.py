"""The server answers as X's published documents say: reading, posting, pictures, limits."""

import base64
import io
from typing import Any

import aiohttp
import pytest

from tests.x import User, XServer
from tests.x.driving import Driver
from tests.x.rendering import Asked, Renderer
from tests.x.weighing import weighted_length
from tests.x.words import WORDS

READ_ALL = {
    "tweet.fields": "author_id,attachments,conversation_id,created_at,entities,referenced_tweets,"
    "in_reply_to_user_id,possibly_sensitive,public_metrics,display_text_range,lang",
    "expansions": "author_id,attachments.media_keys,referenced_tweets.id,"
    "referenced_tweets.id.attachments.media_keys,referenced_tweets.id.author_id",
    "media.fields": "url,type,alt_text,width,height",
    "user.fields": "protected,username",
}


def mentions_of(user: User) -> str:
    return f"/2/users/{user.id}/mentions"


async def test_shows_only_what_is_asked_for(
    x: XServer, bot: User, alice: User, driver: Driver, picture: bytes
) -> None:
    post = x.post(alice, "@hantei これは誰?", pictures=[picture], likes=3)
    plain = await driver.get(mentions_of(bot))
    assert plain.json["data"] == [
        {"id": post, "text": x.posts[post].text, "edit_history_tweet_ids": [post]}
    ]
    assert "includes" not in plain.json
    full = await driver.get(mentions_of(bot), **READ_ALL)
    [data] = full.json["data"]
    assert data["author_id"] == alice.id
    assert data["public_metrics"]["like_count"] == 3
    assert data["possibly_sensitive"] is False
    [mention] = data["entities"]["mentions"]
    assert data["text"][mention["start"] : mention["end"]] == "@hantei"
    assert mention["id"] == bot.id
    [media] = full.json["includes"]["media"]
    assert data["attachments"]["media_keys"] == [media["media_key"]]
    assert (media["type"], media["width"], media["height"]) == ("photo", 8, 6)
    assert full.json["includes"]["users"][0]["username"] == "alice"


async def test_serves_the_pictures(
    x: XServer, bot: User, alice: User, driver: Driver, picture: bytes
) -> None:
    x.post(alice, "@hantei", pictures=[picture])
    answer = await driver.get(mentions_of(bot), **READ_ALL)
    url = answer.json["includes"]["media"][0]["url"]
    async with driver.http.get(url) as response:
        assert response.content_type == "image/png"
        assert await response.read() == picture


async def test_a_reply_names_whom_it_answers_and_belongs_to_the_conversation(
    x: XServer, bot: User, alice: User, driver: Driver, picture: bytes
) -> None:
    root = x.post(alice, "見て", pictures=[picture])
    carol = x.add_user("carol")
    asking = x.post(carol, "@hantei だれ?", reply_to=root)
    answer = await driver.get(mentions_of(bot), **READ_ALL)
    [data] = answer.json["data"]
    assert data["text"] == "@alice @hantei だれ?"
    assert data["display_text_range"] == [7, 18]
    assert data["conversation_id"] == root
    assert data["in_reply_to_user_id"] == alice.id
    assert data["referenced_tweets"] == [{"type": "replied_to", "id": root}]
    assert answer.json["includes"]["tweets"][0]["id"] == root
    assert len(answer.json["includes"]["media"]) == 1
    answered = await driver.post(
        "/2/tweets", {"text": "これ", "reply": {"in_reply_to_tweet_id": asking}}
    )
    assert answered.json["data"]["text"] == "@carol @alice これ"
    back = x.post(carol, "B2", reply_to=answered.json["data"]["id"])
    assert x.posts[back].text == "@hantei @alice B2"


async def test_a_quote_shows_where_it_points(
    x: XServer, bot: User, alice: User, driver: Driver, picture: bytes
) -> None:
    quoted = x.post(x.add_user("bob"), "見て", pictures=[picture])
    x.post(alice, "@hantei これは?", quotes=quoted)
    [data] = (await driver.get(mentions_of(bot), **READ_ALL)).json["data"]
    assert data["referenced_tweets"] == [{"type": "quoted", "id": quoted}]
    [url] = data["entities"]["urls"]
    assert data["text"][url["start"] : url["end"]] == url["url"]
    assert url["expanded_url"] == f"https://x.com/bob/status/{quoted}"


async def test_tells_of_parents_that_cannot_be_seen(
    x: XServer, bot: User, alice: User, driver: Driver
) -> None:
    shy = x.add_user("shy", protected=True)
    gone = x.post(alice, "消す")
    x.post(alice, "@hantei 1", reply_to=gone)
    x.post(alice, "@hantei 2", reply_to=x.post(shy, "秘密"))
    x.post(shy, "@hantei 見えない")
    x.delete(gone)
    answer = await driver.get(mentions_of(bot), **READ_ALL)
    assert answer.status == 200
    assert len(answer.json["data"]) == 2
    assert {error["title"] for error in answer.json["errors"]} == {
        "Not Found Error",
        "Authorization Error",
    }


async def test_pages_go_from_new_to_old_and_end(
    x: XServer, bot: User, alice: User, driver: Driver
) -> None:
    posts = [x.post(alice, f"@hantei {number}") for number in range(12)]
    first = await driver.get(mentions_of(bot), max_results="5")
    assert [post["id"] for post in first.json["data"]] == posts[:-6:-1]
    assert first.json["meta"]["newest_id"] == posts[-1]
    assert first.json["meta"]["oldest_id"] == posts[-5]
    token = first.json["meta"]["next_token"]
    second = await driver.get(mentions_of(bot), max_results="5", pagination_token=token)
    token = second.json["meta"]["next_token"]
    third = await driver.get(mentions_of(bot), max_results="5", pagination_token=token)
    assert [post["id"] for post in third.json["data"]] == [posts[1], posts[0]]
    assert "next_token" not in third.json["meta"]
    since = await driver.get(mentions_of(bot), since_id=posts[9], until_id=posts[11])
    assert [post["id"] for post in since.json["data"]] == [posts[10]]
    none = await driver.get(mentions_of(bot), since_id=posts[-1])
    assert none.json == {"meta": {"result_count": 0}}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            {"max_results": "3"},
            "The `max_results` query parameter value [3] is not between 5 and 100",
        ),
        ({"since": "1"}, "The query parameter [since] is not one of ["),
        (
            {"tweet.fields": "id,likes"},
            "The `tweet.fields` query parameter value [likes] is not one of",
        ),
        ({"expansions": "author"}, "The `expansions` query parameter value [author] is not one of"),
        ({"post.fields": "id"}, "The query parameter [post.fields] is not one of ["),
        ({"since_id": "x"}, "The `since_id` query parameter value [x] does not match"),
        (
            {"pagination_token": "!"},
            "The `pagination_token` query parameter value [!] is not valid",
        ),
    ],
)
async def test_refuses_what_the_document_does_not_know(
    query: dict[str, str], message: str, bot: User, driver: Driver
) -> None:
    answer = await driver.get(mentions_of(bot), **query)
    assert answer.status == 400
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json["title"] == "Invalid Request"
    assert answer.message.startswith(message)


async def test_the_newer_vocabulary(http: aiohttp.ClientSession, picture: bytes) -> None:
    async with XServer(vocabulary="post") as x:
        bot, alice = x.add_user("hantei"), x.add_user("alice")
        driver = Driver(http, x.url, x.keys(bot))
        root = x.post(alice, "見て", pictures=[picture])
        x.post(alice, "@hantei", reply_to=root)
        refused = await driver.get(mentions_of(bot), **{"tweet.fields": "id"})
        assert refused.status == 400
        refused = await driver.get(mentions_of(bot), **{"post.fields": "author_id"})
        assert refused.status == 400
        answer = await driver.get(
            mentions_of(bot),
            **{"post.fields": "public_metrics", "expansions": "author_id,referenced_posts"},
        )
        [data] = answer.json["data"]
        assert data["author_id"] == alice.id
        assert data["referenced_posts"] == [{"type": "replied_to", "id": root}]
        assert data["public_metrics"]["repost_count"] == 0
        assert answer.json["includes"]["posts"][0]["id"] == root
        created = await driver.post("/2/tweets", {"text": "はい"})
        assert created.json["data"]["edit_history_post_ids"] == [created.json["data"]["id"]]


async def test_looks_posts_up(x: XServer, alice: User, driver: Driver) -> None:
    kept, deleted = x.post(alice, "a"), x.post(alice, "b")
    hidden = x.post(x.add_user("shy", protected=True), "c")
    x.delete(deleted)
    answer = await driver.get("/2/tweets", ids=f"{kept},{deleted},{hidden}")
    assert [post["id"] for post in answer.json["data"]] == [kept]
    assert [(e["resource_id"], e["title"]) for e in answer.json["errors"]] == [
        (deleted, "Not Found Error"),
        (hidden, "Authorization Error"),
    ]
    assert (await driver.get("/2/tweets")).status == 400


async def test_looks_up_a_hundred_posts_at_most(bot: User, driver: Driver) -> None:
    assert (await driver.get("/2/tweets", ids=",".join(["1"] * 100))).status == 200
    assert (await driver.get("/2/tweets", ids=",".join(["1"] * 101))).status == 400


async def test_mentions_reach_back_800_and_leave_oneself_out(
    x: XServer, bot: User, alice: User, driver: Driver
) -> None:
    lost = x.post(alice, "@hantei")
    oldest = x.post(alice, "@hantei")
    for _ in range(799):
        x.post(alice, "@hantei")
    x.post(bot, "@hantei わたし")
    first = await driver.get(mentions_of(bot), max_results="5")
    assert x.posts[first.json["data"][0]["id"]].author is alice
    reached = await driver.get(mentions_of(bot), until_id=str(int(oldest) + 1))
    assert [post["id"] for post in reached.json["data"]] == [oldest]
    assert int(lost) < int(oldest)


async def test_includes_everybody_who_is_asked_for(
    x: XServer, bot: User, alice: User, driver: Driver
) -> None:
    bob = x.add_user("bob")
    x.post(alice, "@hantei @bob", reply_to=x.post(x.add_user("carol"), "a"))
    answered = await driver.get(mentions_of(bot), expansions="in_reply_to_user_id")
    assert [user["username"] for user in answered.json["includes"]["users"]] == ["carol"]
    named = await driver.get(mentions_of(bot), expansions="entities.mentions.username")
    names = {user["username"] for user in named.json["includes"]["users"]}
    assert names == {"carol", "hantei", bob.username}


async def test_a_protected_timeline_is_for_followers(x: XServer, driver: Driver) -> None:
    shy = x.add_user("shy", protected=True)
    x.post(shy, "秘密")
    answer = await driver.get(f"/2/users/{shy.id}/tweets")
    assert (answer.status, answer.json["errors"][0]["title"]) == (200, "Authorization Error")
    assert "data" not in answer.json


async def test_reads_a_timeline_without_replies(
    x: XServer, alice: User, bot: User, driver: Driver
) -> None:
    own = x.post(alice, "a")
    x.post(alice, "b", reply_to=own)
    x.repost(alice, x.post(bot, "c"))
    everything = await driver.get(f"/2/users/{alice.id}/tweets")
    assert everything.json["meta"]["result_count"] == 3
    few = await driver.get(f"/2/users/{alice.id}/tweets", exclude="replies,retweets")
    assert [post["id"] for post in few.json["data"]] == [own]


async def test_finds_users(x: XServer, alice: User, bot: User, driver: Driver) -> None:
    mine = await driver.get("/2/users/me", **{"user.fields": "protected"})
    assert mine.json["data"] == {
        "id": bot.id,
        "name": "判定",
        "username": "hantei",
        "protected": False,
    }
    found = await driver.get("/2/users/by/username/Alice")
    assert found.json["data"]["id"] == alice.id
    none = await driver.get("/2/users/by/username/nobody")
    assert (none.status, none.json["errors"][0]["title"]) == (200, "Not Found Error")
    assert (await driver.get("/2/users/by/username/this_is_too_long_a_name")).status == 400


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("#cosplay has:images", {"picture"}),
        ("#cosplay -has:images", {"words", "shared"}),
        ("from:alice -is:retweet", {"picture", "words"}),
        ("(from:bob OR #cosplay) lang:ja -is:retweet", {"picture", "words", "reply"}),
        ('("two words" OR is:reply) -is:retweet', {"words", "reply"}),
        ("to:alice", {"reply"}),
        ("@alice -is:retweet", {"reply"}),
    ],
)
async def test_searches(
    query: str, expected: set[str], x: XServer, alice: User, driver: Driver, picture: bytes
) -> None:
    bob = x.add_user("bob")
    posts = {"picture": x.post(alice, "新作 #cosplay", pictures=[picture])}
    posts["words"] = x.post(alice, "two words #cosplay")
    posts["reply"] = x.post(bob, "すごい", reply_to=posts["picture"])
    posts["shared"] = x.repost(bob, posts["words"])
    answer = await driver.get("/2/tweets/search/recent", query=query)
    found = {post["id"] for post in answer.json.get("data", ())}
    assert {name for name, post in posts.items() if post in found} == expected


async def test_searches_a_week(x: XServer, alice: User, driver: Driver) -> None:
    x.post(alice, "cat 1")
    x.clock.ahead += 8 * 86400
    recent = x.post(alice, "cat 2")
    answer = await driver.get("/2/tweets/search/recent", query="cat")
    assert [post["id"] for post in answer.json["data"]] == [recent]


@pytest.mark.parametrize("query", ["", "(cat", "cat OR", "nonsense:1"])
async def test_refuses_queries_outside_the_language(query: str, bot: User, driver: Driver) -> None:
    assert (await driver.get("/2/tweets/search/recent", query=query)).status == 400


async def uploaded(driver: Driver, picture: bytes, **parts: str) -> Any:
    form = aiohttp.FormData({"media_category": "tweet_image", **parts})
    form.add_field("media", io.BytesIO(picture), filename="crop.png", content_type="image/png")
    return await driver.send("POST", "/2/media/upload", {}, data=form)


async def test_answers_with_pictures_that_are_described(
    x: XServer, alice: User, driver: Driver, picture: bytes
) -> None:
    asking = x.post(alice, "@hantei")
    first = (await uploaded(driver, picture)).json["data"]
    assert first["image"] == {"w": 8, "h": 6, "image_type": "image/png"}
    body = {"media": base64.b64encode(picture).decode(), "media_category": "tweet_image"}
    second = (await driver.post("/2/media/upload", body)).json["data"]
    described = await driver.post(
        "/2/media/metadata", {"id": first["id"], "metadata": {"alt_text": {"text": "顔A"}}}
    )
    assert described.status == 200
    reply = {
        "text": "A: アリスさん",
        "reply": {"in_reply_to_tweet_id": asking},
        "media": {"media_ids": [first["id"], second["id"]]},
    }
    assert (await driver.post("/2/tweets", reply)).status == 201
    [post] = x.replies_to(asking)
    assert post.said == "A: アリスさん"
    assert [media.alt_text for media in post.media] == ["顔A", None]
    assert [media.data for media in post.media] == [picture, picture]
    again = await driver.post("/2/tweets", {**reply, "text": "もう一度"})
    assert (again.status, again.message) == (400, "Your media IDs are invalid.")


async def test_pictures_are_for_who_uploaded_them_and_for_a_day(
    x: XServer, alice: User, driver: Driver, picture: bytes
) -> None:
    theirs = x.add_media(alice, picture)
    own = (await uploaded(driver, picture)).json["data"]["id"]
    async with driver.http.get(f"{x.url}/media/{own}.png") as response:
        assert response.status == 404
    described = await driver.post("/2/media/metadata", {"id": theirs.id})
    assert described.status == 400

    async def attached(media_id: str) -> int:
        body = {"text": "a", "media": {"media_ids": [media_id]}}
        return (await driver.post("/2/tweets", body)).status

    assert await attached(theirs.id) == 400
    x.clock.ahead += 86401
    assert await attached(own) == 400


async def test_refuses_uploads_that_are_none(driver: Driver, picture: bytes) -> None:
    assert (await uploaded(driver, b"not a picture")).status == 400
    assert (await uploaded(driver, picture, media_category="tweet_gif")).status == 400
    assert (await uploaded(driver, picture, media_category="picture")).status == 400
    assert (await uploaded(driver, picture, title="A")).status == 400
    assert (await uploaded(driver, picture + bytes(5 * 1024 * 1024))).status == 413
    missing = await driver.post("/2/media/upload", {"media": ""})
    assert missing.message == "$.media_category: is missing but it is required"
    long = {"id": "1", "metadata": {"alt_text": {"text": "a" * 1001}}}
    assert (await driver.post("/2/media/metadata", long)).status == 400


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"text": "a", "in_reply_to": "1"}, "$.in_reply_to: is not defined in the schema"),
        ({"text": "a", "reply": {}}, "$.reply.in_reply_to_tweet_id: is missing but it is required"),
        (
            {"text": "a", "media": {"media_ids": ["1", "2", "3", "4", "5"]}},
            "$.media.media_ids: there",
        ),
        ({"text": "a", "media": {"media_ids": ["1"]}}, "Your media IDs are invalid."),
        ({"text": 1}, "$.text: int found"),
        ({}, "$.text: is missing"),
        ({"text": "判" * 141}, "Your Tweet text is too long."),
    ],
)
async def test_refuses_posts_that_are_none(
    body: dict[str, Any], message: str, driver: Driver
) -> None:
    answer = await driver.post("/2/tweets", body)
    assert answer.status == 400
    assert answer.message.startswith(message)


async def test_refuses_a_body_that_is_no_json(bot: User, driver: Driver) -> None:
    answer = await driver.send("POST", "/2/tweets", {}, data=b"{")
    assert (answer.status, answer.message) == (400, "The request body is not valid JSON.")


async def test_leaves_out_who_shall_not_be_named(x: XServer, alice: User, driver: Driver) -> None:
    bob = x.add_user("bob")
    asking = x.post(alice, "@hantei @bob")
    reply = {"in_reply_to_tweet_id": asking, "exclude_reply_user_ids": [bob.id]}
    answer = await driver.post("/2/tweets", {"text": "a", "reply": reply})
    assert answer.json["data"]["text"] == "@alice a"


async def test_deletes_nobody_elses_posts(x: XServer, alice: User, driver: Driver) -> None:
    theirs = x.post(alice, "a")
    assert (await driver.send("DELETE", f"/2/tweets/{theirs}", {})).status == 403
    assert theirs in x.posts


async def test_a_reply_needs_a_post_that_called(
    x: XServer, bot: User, alice: User, driver: Driver
) -> None:
    async def reply_to(post: str) -> tuple[int, str]:
        answer = await driver.post(
            "/2/tweets", {"text": f"{post} へ", "reply": {"in_reply_to_tweet_id": post}}
        )
        return answer.status, answer.json.get("detail", "")

    unseen = "You attempted to reply to a Tweet that is deleted or not visible to you."
    uncalled = "You can only reply to or quote posts where you are mentioned or are the author."
    deleted = x.post(alice, "@hantei 1")
    x.delete(deleted)
    assert await reply_to(deleted) == (403, unseen)
    assert await reply_to(x.post(x.add_user("shy", protected=True), "@hantei 2")) == (403, unseen)
    assert await reply_to(x.post(alice, "誰か")) == (403, uncalled)
    own = x.post(bot, "わたし")
    assert (await reply_to(own))[0] == 201
    assert (await reply_to(x.post(alice, "ほう", quotes=own)))[0] == 201
    calling = x.post(alice, "@hantei 3")
    x.block(alice, bot)
    assert await reply_to(calling) == (403, unseen)


async def test_says_nothing_twice(x: XServer, alice: User, driver: Driver) -> None:
    first, second = x.post(alice, "@hantei 1"), x.post(alice, "@hantei 2")
    reply = {"text": "顔がありません", "reply": {"in_reply_to_tweet_id": first}}
    assert (await driver.post("/2/tweets", reply)).status == 201
    again = await driver.post("/2/tweets", reply)
    assert (again.status, again.json["detail"]) == (
        403,
        "You are not allowed to create a Tweet with duplicate content.",
    )
    other = {"text": "顔がありません", "reply": {"in_reply_to_tweet_id": second}}
    assert (await driver.post("/2/tweets", other)).status == 403
    [posted] = x.posted
    assert (await driver.send("DELETE", f"/2/tweets/{posted.id}", {})).json == {
        "data": {"deleted": True}
    }
    assert (await driver.post("/2/tweets", other)).status == 201


async def test_limits_each_endpoint_until_the_window_ends(
    x: XServer, bot: User, driver: Driver
) -> None:
    x.limits.allowed["GET /2/users/me"] = 2
    first = await driver.get("/2/users/me")
    assert first.headers["x-rate-limit-limit"] == "2"
    assert first.headers["x-rate-limit-remaining"] == "1"
    assert (await driver.get("/2/users/me")).status == 200
    refused = await driver.get("/2/users/me")
    assert (refused.status, refused.json["title"]) == (429, "Too Many Requests")
    assert refused.headers["x-rate-limit-remaining"] == "0"
    assert (await driver.get(mentions_of(bot))).status == 200
    x.clock.ahead = int(refused.headers["x-rate-limit-reset"]) - x.clock() + 1
    assert (await driver.get("/2/users/me")).status == 200


async def test_the_server_remembers_what_it_was_asked(
    x: XServer, bot: User, driver: Driver
) -> None:
    await driver.get(mentions_of(bot), since_id="1")
    await driver.post("/2/tweets", {"text": ""})
    read, posted = x.requests
    assert (read.endpoint, read.query, read.status) == (
        "GET /2/users/:id/mentions",
        {"since_id": "1"},
        200,
    )
    assert (posted.body, posted.status) == ({"text": ""}, 400)
    assert posted.problem
    assert x.requests_to("POST /2/tweets") == [posted]


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("abc", 3),
        ("判定", 4),
        ("A: 判定 — “x”…", 3 + 4 + 1 + 1 + 1 + 3 + 2),
        ("👍🏽", 2),
        ("👨‍👩‍👧‍👦", 2),
        ("🇯🇵1️⃣", 4),
        ("cafe\u0301", 4),
        ("見て https://example.com/a/very/long/path", 5 + 23),
    ],
)
def test_counts_as_x_does(text: str, length: int) -> None:
    assert weighted_length(text) == length


def test_what_is_false_or_nought_is_shown_and_what_is_nothing_is_not(x: XServer) -> None:
    user = x.add_user("dora")
    asked = Asked(user=frozenset({"description", "verified"}))
    shown = Renderer(x, WORDS["tweet"], asked, None, "").user(user)
    assert shown["verified"] is False
    assert "description" not in shown
