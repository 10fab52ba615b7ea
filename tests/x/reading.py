"""The endpoints that read: users, timelines page by page, posts by id, search."""

import base64
from datetime import datetime
from typing import TYPE_CHECKING

from tests.x import checks
from tests.x.calls import Call, renderer_of
from tests.x.checks import Rule
from tests.x.problems import hidden, invalid, missing, plain
from tests.x.rendering import Json
from tests.x.searching import matcher
from tests.x.world import Post, User

if TYPE_CHECKING:
    from tests.x.server import XServer

MENTIONS = "GET /2/users/:id/mentions"
TIMELINE = "GET /2/users/:id/tweets"
SEARCH = "GET /2/tweets/search/recent"

_SEARCHABLE = 7 * 86400


def me(x: "XServer", call: Call) -> Json:
    """The account that the request comes from."""
    checks.check_query(call.query, checks.user_parameters(x.words))
    return {"data": renderer_of(x, call).user(call.caller.must_be_a_user())}


def user_by_name(x: "XServer", call: Call) -> Json:
    """An account by its username."""
    name = call.path["username"]
    checks.matching("[A-Za-z0-9_]{1,15}")("username", name)
    checks.check_query(call.query, checks.user_parameters(x.words))
    try:
        return {"data": renderer_of(x, call).user(x.user(name))}
    except KeyError:
        return {"errors": [missing("username", name, "user")]}


def mentions(x: "XServer", call: Call) -> Json:
    """Posts that name an account, newest first, at most 800."""
    checks.check_query(call.query, checks.timeline_parameters(x.words))
    user = _user(x, call)
    renderer = renderer_of(x, call)
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
    renderer = renderer_of(x, call)
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
    renderer = renderer_of(x, call)
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
    renderer = renderer_of(x, call)
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
