"""Posts as X's API v2 sends them → values. Pure.

Since August 2026 the API has two vocabularies: asked for `tweet.fields` it answers in the old words
(`referenced_tweets`, `includes.tweets`), asked for `post.fields` in the new ones. Both are read.
Source: https://docs.x.com/x-api (posts, data dictionary, fields and expansions).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

log = logging.getLogger(__name__)

Json = Mapping[str, Any]

MEDIA_FIELDS = "type,url"
USER_FIELDS = "protected"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names of parameters and of what they ask for."""

    parameter: str
    fields: str
    expansions: str


_FIELDS = "attachments,created_at,entities,lang,possibly_sensitive,public_metrics"

OLD_WORDS = Vocabulary(
    "tweet.fields",
    f"{_FIELDS},author_id,referenced_tweets",
    "author_id,attachments.media_keys,referenced_tweets.id,referenced_tweets.id.author_id,"
    "referenced_tweets.id.attachments.media_keys",
)
NEW_WORDS = Vocabulary(
    "post.fields",
    _FIELDS,
    "author_id,attachments.media_keys,referenced_posts,edit_history_post_ids",
)


@dataclass(frozen=True, slots=True)
class Tag:
    """An @name in a text, from code point `start` to before `end`."""

    start: int
    end: int
    username: str


@dataclass(frozen=True, slots=True)
class XPost:
    """A post.

    Attributes:
        username: its author's, without @; empty if the answer did not say.
        lang: BCP 47, or X's own "und" and "q…" where there is no language.
        pictures: URLs of its photographs, in order.
        untold: it has media of which the answer did not tell the URLs.
        replied_to: the post that it replies to.
        quoted: the post that it quotes.
        reposts: it is somebody else's post, passed on.
        sensitive: marked as possibly sensitive.
        protected: only followers can see what its author posts.
        likes, impressions: None if the answer did not say.
        created: UTC without a zone.
        versions: ids that it had, the present one last; an edited post gets another.
    """

    id: int
    author: int
    username: str = ""
    text: str = ""
    lang: str = "und"
    pictures: tuple[str, ...] = ()
    untold: bool = False
    tags: tuple[Tag, ...] = ()
    replied_to: int | None = None
    quoted: int | None = None
    reposts: bool = False
    sensitive: bool = False
    protected: bool = False
    likes: int | None = None
    impressions: int | None = None
    created: datetime | None = None
    versions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a list of posts, newest first.

    Attributes:
        included: the posts that these refer to, as far as X sent them, by id.
        next: token of the page with older ones; None if there is none.
    """

    posts: tuple[XPost, ...]
    included: Mapping[int, XPost]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Tagging:
    """A post that tags the bot, with the posts that it replies to and quotes, if X sent them."""

    post: XPost
    parent: XPost | None = None
    quoted: XPost | None = None

    @classmethod
    def of(cls, post: XPost, page: Page) -> "Tagging":
        """With what came along on its page."""
        found = page.included.get
        return cls(post, found(post.replied_to or 0), found(post.quoted or 0))

    def as_json(self) -> str:
        """For `read`."""
        return _TAGGING.dump_json(self).decode()

    @classmethod
    def read(cls, text: str) -> "Tagging":
        """What `as_json` wrote."""
        return _TAGGING.validate_json(text)


_TAGGING = TypeAdapter(Tagging)


def page_of(answer: Json) -> Page:
    """A list of posts as X answers it. A post that cannot be read is left out, and logged."""
    told = answer.get("includes") or {}
    users = {each["id"]: each for each in told.get("users", ()) if "id" in each}
    media = {each["media_key"]: each for each in told.get("media", ()) if "media_key" in each}
    included = _posts([*told.get("tweets", ()), *told.get("posts", ())], users, media)
    posts = _posts(answer.get("data") or (), users, media)
    meta = answer.get("meta") or {}
    return Page(posts, {each.id: each for each in included}, meta.get("next_token"))


def _posts(found: Any, users: Mapping[str, Json], media: Mapping[str, Json]) -> tuple[XPost, ...]:
    posts = []
    for each in found:
        try:
            posts.append(_post(each, users, media))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.warning("a post from X cannot be read: %s %s", type(error).__name__, error)
    return tuple(posts)


def _post(told: Json, users: Mapping[str, Json], media: Mapping[str, Json]) -> XPost:
    author = users.get(told["author_id"], {})
    keys = (told.get("attachments") or {}).get("media_keys") or ()
    pictures = [
        media[key]["url"]
        for key in keys
        if key in media and media[key].get("type") == "photo" and media[key].get("url")
    ]
    others = told.get("referenced_tweets") or told.get("referenced_posts") or ()
    refers = {each["type"]: int(each["id"]) for each in others}
    versions = told.get("edit_history_tweet_ids") or told.get("edit_history_post_ids") or ()
    metrics = told.get("public_metrics") or {}
    tags = (told.get("entities") or {}).get("mentions") or ()
    return XPost(
        id=int(told["id"]),
        author=int(told["author_id"]),
        username=author.get("username", ""),
        text=told.get("text", ""),
        lang=told.get("lang", "und"),
        pictures=tuple(pictures),
        untold=any(key not in media for key in keys),
        tags=tuple(Tag(each["start"], each["end"], each["username"]) for each in tags),
        replied_to=refers.get("replied_to"),
        quoted=refers.get("quoted"),
        reposts="retweeted" in refers,
        sensitive=bool(told.get("possibly_sensitive")),
        protected=bool(author.get("protected")),
        likes=metrics.get("like_count"),
        impressions=metrics.get("impression_count"),
        created=_moment(told.get("created_at")),
        versions=tuple(map(int, versions)),
    )


def _moment(told: str | None) -> datetime | None:
    if told is None:
        return None
    return datetime.fromisoformat(told).astimezone(UTC).replace(tzinfo=None)
