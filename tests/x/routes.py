"""What the endpoints do with a request that has passed: plain functions, each one step."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.x import checks
from tests.x.auth import Caller
from tests.x.checks import Rule
from tests.x.faults import Fault
from tests.x.problems import forbidden, hidden, invalid, missing, plain
from tests.x.rendering import Asked, Json, Renderer
from tests.x.searching import matcher
from tests.x.weighing import LONGEST, weighted_length
from tests.x.words import Words
from tests.x.world import Media, Post, User

if TYPE_CHECKING:
    from tests.x.server import XServer

MENTIONS = "GET /2/users/:id/mentions"
TIMELINE = "GET /2/users/:id/tweets"
SEARCH = "GET /2/tweets/search/recent"
CREATE = "POST /2/tweets"

_LARGEST = 5 * 1024 * 1024
_UPLOAD_LIFE = 86400
_SEARCHABLE = 7 * 86400
_IMAGES = {
    "tweet_image": {"image/jpeg", "image/png", "image/webp", "image/bmp"},
    "tweet_gif": {"image/gif"},
}
_CATEGORIES = frozenset(
    {"tweet_image", "tweet_video", "tweet_gif", "dm_image", "dm_video", "dm_gif", "subtitles"}
)


@dataclass(frozen=True)
class Call:
    """A request that shows who sent it and has been counted."""

    caller: Caller
    path: dict[str, str]
    query: dict[str, str]
    body: Any
    fault: Fault | None


Handler = Callable[["XServer", Call], Json]


@dataclass(frozen=True)
class Endpoint:
    """Where X listens: who may call, how often in 15 minutes, and what it does."""

    method: str
    path: str
    handler: Handler
    limit: int
    scopes: frozenset[str]
    status: int = 200

    @property
    def name(self) -> str:
        return f"{self.method} {self.path.replace('{', ':').replace('}', '')}"


# Users


def me(x: "XServer", call: Call) -> Json:
    """The account that the request comes from."""
    checks.check_query(call.query, checks.user_parameters(x.words))
    return {"data": _renderer(x, call).user(call.caller.must_be_a_user())}


def user_by_name(x: "XServer", call: Call) -> Json:
    """An account by its username."""
    name = call.path["username"]
    checks.matching("[A-Za-z0-9_]{1,15}")("username", name)
    checks.check_query(call.query, checks.user_parameters(x.words))
    try:
        return {"data": _renderer(x, call).user(x.user(name))}
    except KeyError:
        return {"errors": [missing("username", name, "user")]}


# Timelines


def mentions(x: "XServer", call: Call) -> Json:
    """Posts that name an account, newest first, at most 800."""
    checks.check_query(call.query, checks.timeline_parameters(x.words))
    user = _user(x, call)
    renderer = _renderer(x, call)
    naming = [
        post
        for post in x.posts.values()
        if post.author is not user and post.mentions(user) and renderer.sees(post)
    ]
    page, meta = _page(x.faults.seen(MENTIONS, naming)[-800:], call.query)
    delivered = [p for p in x.faults.delivered(call.fault, page) if p.id in x.posts]
    return {**renderer.posts(delivered), "meta": _counted(meta, delivered)}


def timeline(x: "XServer", call: Call) -> Json:
    """What an account has posted, newest first, at most 3,200."""
    rules: dict[str, Rule] = {"exclude": checks.one_of({"replies", "retweets"})}
    checks.check_query(call.query, {**checks.timeline_parameters(x.words), **rules})
    user = _user(x, call)
    renderer = _renderer(x, call)
    if user.protected and call.caller.user is not user:
        return {"errors": [hidden("id", user.id, "user")]}
    left_out = call.query.get("exclude", "").split(",")
    own = [
        post
        for post in x.posts.values()
        if post.author is user
        and not ("replies" in left_out and post.reply_to)
        and not ("retweets" in left_out and post.reposts)
    ]
    page, meta = _page(x.faults.seen(TIMELINE, own)[-3200:], call.query)
    return {**renderer.posts(page), "meta": _counted(meta, page)}


def search(x: "XServer", call: Call) -> Json:
    """Posts of the last seven days that match a query, newest first."""
    rules: dict[str, Rule] = {
        **checks.timeline_parameters(x.words),
        "query": checks.matching(r"(?s:.{1,512})"),
        "max_results": checks.between(10, 100),
        "next_token": checks.anything,
        "sort_order": checks.one_of({"recency", "relevancy"}),
    }
    checks.check_query(call.query, rules, required="query")
    matches = matcher(x, call.query["query"])
    renderer = _renderer(x, call)
    oldest = x.clock() - _SEARCHABLE
    found = [
        post
        for post in x.posts.values()
        if post.created_at >= oldest and renderer.sees(post) and matches(post)
    ]
    page, meta = _page(x.faults.seen(SEARCH, found), call.query)
    return {**renderer.posts(page), "meta": _counted(meta, page)}


def lookup(x: "XServer", call: Call) -> Json:
    """Posts by their ids; those that cannot be had are named in `errors`."""
    rules = {**checks.post_parameters(x.words), "ids": checks.ids}
    checks.check_query(call.query, rules, required="ids")
    renderer = _renderer(x, call)
    found: list[Post] = []
    errors: list[Json] = []
    for post_id in dict.fromkeys(call.query["ids"].split(",")):
        post = x.posts.get(post_id)
        if post is None:
            errors.append(missing("ids", post_id))
        elif not renderer.sees(post):
            errors.append(hidden("ids", post_id))
        else:
            found.append(post)
    answer = renderer.posts(found)
    if errors:
        answer["errors"] = [*errors, *answer.get("errors", ())]
    return answer


def _user(x: "XServer", call: Call) -> User:
    checks.post_id("id", call.path["id"])
    user = x.users.get(call.path["id"])
    if user is None:
        raise plain(404, "Not Found", kind="resource-not-found")
    return user


def _page(posts: list[Post], query: dict[str, str]) -> tuple[list[Post], Json]:
    """One page of `posts` (oldest first), newest first, and where the next begins."""
    size = int(query.get("max_results", 10))
    token = query.get("pagination_token", query.get("next_token"))
    start = None if token is None else _opened(token)
    before = _bound(query, "until_id", "end_time")
    after = _bound(query, "since_id", "start_time")
    wanted = [
        post
        for post in reversed(posts)
        if (after is None or _place(post, after) > after)
        and (before is None or _place(post, before) < before)
        and (start is None or int(post.id) < start)
    ]
    page = wanted[:size]
    return page, {"next_token": _sealed(page[-1].id)} if len(wanted) > size else {}


def _bound(query: dict[str, str], by_id: str, by_time: str) -> int | float | None:
    if by_id in query:
        return int(query[by_id])
    if by_time in query:
        return datetime.fromisoformat(query[by_time]).timestamp()
    return None


def _place(post: Post, bound: float) -> int | float:
    """A post's id or, where the bound is a time, its time."""
    return int(post.id) if isinstance(bound, int) else post.created_at


def _sealed(post_id: str) -> str:
    return base64.b32hexencode(post_id.encode()).decode().rstrip("=").lower()


def _opened(token: str) -> int:
    padded = token.upper() + "=" * (-len(token) % 8)
    try:
        return int(base64.b32hexdecode(padded))
    except ValueError:
        raise invalid(
            f"The `pagination_token` query parameter value [{token}] is not valid",
            pagination_token=token,
        ) from None


def _counted(meta: Json, page: list[Post]) -> Json:
    if not page:
        return {"result_count": 0}
    ids = sorted(int(post.id) for post in page)
    return {
        "result_count": len(page),
        "newest_id": str(ids[-1]),
        "oldest_id": str(ids[0]),
        **meta,
    }


# Posting


def create(x: "XServer", call: Call) -> Json:
    """Post: a text, up to four pictures that were uploaded before, under another post or not."""
    user = call.caller.must_be_a_user()
    checks.check_query(call.query, {})
    checks.check_body(call.body, checks.CREATE_POST)
    text = call.body.get("text", "").strip()
    media = _to_attach(x, user, call.body.get("media", {}).get("media_ids", []))
    if not text and not media:
        raise invalid("$.text: is missing but it is required", text="")
    if weighted_length(text) > LONGEST:
        raise invalid("Your Tweet text is too long.", text=text)
    reply = call.body.get("reply", {})
    parent = _repliable(x, user, reply["in_reply_to_tweet_id"]) if reply else None
    quoted = call.body.get("quote_tweet_id")
    if quoted is not None:
        _repliable(x, user, quoted)
    left_out = frozenset(reply.get("exclude_reply_user_ids", ()))
    if text:
        _not_again(x, user, x.written(user, text, parent, left_out)[0])
    post = x.create(
        user,
        text,
        media=tuple(media),
        reply_to=parent.id if parent else None,
        quotes=quoted,
        left_out=left_out,
        via_api=True,
    )
    if x.faults.own_timeline_lag:
        x.faults.hide(TIMELINE, post.id, x.faults.own_timeline_lag)
    return {"data": {"id": post.id, "text": post.text, x.words.history: [post.id]}}


def _not_again(x: "XServer", user: User, written: str) -> None:
    if any(p.author is user and written == p.text[: p.displayed[1]] for p in x.posts.values()):
        raise forbidden("You are not allowed to create a Tweet with duplicate content.")


def remove(x: "XServer", call: Call) -> Json:
    """Delete one's own post."""
    user = call.caller.must_be_a_user()
    checks.post_id("id", call.path["id"])
    post = x.posts.get(call.path["id"])
    if post is not None and post.author is not user:
        raise forbidden("You are not authorized to delete this Tweet.")
    if post is not None:
        x.delete(post.id)
    return {"data": {"deleted": post is not None}}


def _to_attach(x: "XServer", user: User, media_ids: list[str]) -> list[Media]:
    found = [x.media.get(media_id) for media_id in media_ids]
    media = [
        each
        for each in found
        if each and each.owner is user and not each.attached and x.clock() < each.expires_at
    ]
    if len(set(media)) < len(media_ids):
        raise invalid("Your media IDs are invalid.", media__media_ids=media_ids)
    return media


def _repliable(x: "XServer", user: User, post_id: str) -> Post:
    """The post that `user` may answer.

    Raises:
        Problem: 403, it is gone, or the account may not see it, or its author did not call it.
    """
    post = x.posts.get(post_id)
    unseen = post is None or (post.author.protected and post.author is not user)
    if post is None or unseen or user.id in post.author.blocks:
        raise forbidden("You attempted to reply to a Tweet that is deleted or not visible to you.")
    quoted = x.find(post.quotes)
    called = post.mentions(user) or (quoted is not None and quoted.author is user)
    if post.author is not user and not called:
        raise plain(
            403,
            "Authorization Error",
            "You can only reply to or quote posts where you are mentioned or are the author.",
            "not-authorized-for-resource",
        )
    return post


# Pictures


def upload(x: "XServer", call: Call) -> Json:
    """Take a picture, as a form with its bytes or as JSON with base64."""
    user = call.caller.must_be_a_user()
    checks.check_query(call.query, {})
    body = call.body
    if not isinstance(body, dict):
        raise invalid("$: is not an object")
    data = _image(body, x.words)
    if len(data) > _LARGEST:
        raise plain(413, "Payload Too Large", "File size exceeds 5242880 bytes.")
    try:
        media = x.add_media(user, data)
    except ValueError:
        raise invalid("media type unrecognized.", media="") from None
    if media.mime not in _IMAGES.get(body["media_category"], ()):
        del x.media[media.id]
        raise invalid(
            f"The media type {media.mime} does not match the media category.",
            media_category=body["media_category"],
        )
    media.expires_at = x.clock() + _UPLOAD_LIFE
    return {
        "data": {
            "id": media.id,
            "media_key": media.key,
            "size": len(data),
            "expires_after_secs": _UPLOAD_LIFE,
            "image": {"w": media.width, "h": media.height, "image_type": media.mime},
        }
    }


def describe(x: "XServer", call: Call) -> Json:
    """Say what a picture shows (alt text)."""
    user = call.caller.must_be_a_user()
    checks.check_query(call.query, {})
    checks.check_body(call.body, checks.MEDIA_METADATA)
    media = x.media.get(call.body["id"])
    if media is None or media.owner is not user:
        raise invalid("$.id: no such media", id=call.body["id"])
    metadata = call.body.get("metadata", {})
    if "alt_text" in metadata:
        media.alt_text = metadata["alt_text"]["text"]
    return {"data": {"id": media.id, "associated_metadata": metadata}}


def _image(body: dict[str, Any], words: Words) -> bytes:
    for name in ("media", "media_category"):
        if name not in body:
            raise invalid(f"$.{name}: is missing but it is required")
    if unknown := set(body) - {"media"} - words.upload_parts:
        raise invalid(f"$.{min(unknown)}: is not defined in the schema")
    checks.one_of(_CATEGORIES)("media_category", body["media_category"])
    if isinstance(body["media"], bytes):
        return body["media"]
    try:
        return base64.b64decode(body["media"], validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise invalid("$.media: is not valid base64") from None


def _renderer(x: "XServer", call: Call) -> Renderer:
    def asked(name: str) -> frozenset[str]:
        return frozenset(filter(None, call.query.get(name, "").split(",")))

    wanted = Asked(
        post=asked(x.words.fields),
        user=asked("user.fields"),
        media=asked("media.fields"),
        expansions=asked("expansions"),
    )
    return Renderer(x, x.words, wanted, call.caller.user, x.url)


_READ = frozenset({"tweet.read", "users.read"})
_WRITE = _READ | {"tweet.write"}
_MEDIA = frozenset({"media.write"})

ENDPOINTS = (
    Endpoint("GET", "/2/users/me", me, 75, _READ),
    Endpoint("GET", "/2/users/by/username/{username}", user_by_name, 900, _READ),
    Endpoint("GET", "/2/users/{id}/mentions", mentions, 300, _READ),
    Endpoint("GET", "/2/users/{id}/tweets", timeline, 900, _READ),
    Endpoint("GET", "/2/tweets", lookup, 5000, _READ),
    Endpoint("GET", "/2/tweets/search/recent", search, 300, _READ),
    Endpoint("POST", "/2/tweets", create, 100, _WRITE, status=201),
    Endpoint("DELETE", "/2/tweets/{id}", remove, 50, _WRITE),
    Endpoint("POST", "/2/media/upload", upload, 500, _MEDIA),
    Endpoint("POST", "/2/media/metadata", describe, 500, _MEDIA),
)
