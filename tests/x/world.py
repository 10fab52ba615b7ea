"""The users, posts and pictures that a test puts on X, and what the bot has posted there."""

import io
import re
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, UnidentifiedImageError

from tests.x.clock import Clock

_EPOCH_MS = 1_288_834_974_657  # X's ids count milliseconds from here
_MENTION = re.compile(r"(?<![A-Za-z0-9_@])@([A-Za-z0-9_]{1,15})(?![A-Za-z0-9_@])")
_HASHTAG = re.compile(r"(?<![\w&])[##]([^\W_][\w]*)")
_LINK = re.compile(r"https?://[^\s]+")
_LEADING = re.compile(r"(?:@[A-Za-z0-9_]{1,15}\s+)*")


@dataclass(eq=False)
class User:
    """An account. `blocks` holds the ids of whom it blocks."""

    id: str
    username: str
    name: str
    created_at: float
    protected: bool = False
    description: str = ""
    followers: int = 0
    blocks: set[str] = field(default_factory=set)


@dataclass(eq=False)
class Media:
    """A picture; `attached` once a post has it."""

    id: str
    owner: User
    data: bytes
    width: int
    height: int
    mime: str
    alt_text: str | None = None
    attached: bool = False
    expires_at: float = float("inf")

    @property
    def key(self) -> str:
        return f"3_{self.id}"

    @property
    def file_name(self) -> str:
        return f"{self.id}.{self.mime.rpartition('/')[2]}"


@dataclass(eq=False)
class Post:
    """A post as it stands in X.

    Attributes:
        said: what its author wrote, without what X puts before and after it.
        text: as the API returns it: for a reply, the people it answers first; for pictures, a
            link last.
        via_api: whether a client of the server posted it.
        versions: ids that it had before it was edited.
    """

    id: str
    author: User
    said: str
    text: str
    displayed: tuple[int, int]
    created_at: float
    entities: dict[str, list[dict[str, Any]]]
    conversation_id: str
    media: tuple[Media, ...] = ()
    reply_to: str | None = None
    reply_to_user: str | None = None
    quotes: str | None = None
    reposts: str | None = None
    possibly_sensitive: bool = False
    lang: str = "ja"
    likes: int = 0
    impressions: int = 0
    via_api: bool = False
    versions: tuple[str, ...] = ()

    @property
    def references(self) -> list[dict[str, str]]:
        """Oldest kind first, as X lists them."""
        kinds = (
            ("retweeted", self.reposts),
            ("quoted", self.quotes),
            ("replied_to", self.reply_to),
        )
        return [{"type": kind, "id": post_id} for kind, post_id in kinds if post_id]

    def mentions(self, user: User) -> bool:
        return any(each["id"] == user.id for each in self.entities.get("mentions", ()))


class World:
    """Users and posts by id; ids grow, as X's do, whatever the clock does."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.users: dict[str, User] = {}
        self.posts: dict[str, Post] = {}
        self.media: dict[str, Media] = {}
        self.deleted: dict[str, Post] = {}
        self._by_name: dict[str, User] = {}
        self._last_id = 0

    # What a test calls

    def add_user(
        self, username: str, *, name: str = "", protected: bool = False, followers: int = 0
    ) -> User:
        """Open an account."""
        user = User(
            self.new_id(), username, name or username, self.clock(), protected, followers=followers
        )
        self.users[user.id] = self._by_name[username.lower()] = user
        return user

    def post(
        self,
        author: User | str,
        text: str,
        *,
        pictures: tuple[bytes, ...] | list[bytes] = (),
        reply_to: str | None = None,
        quotes: str | None = None,
        possibly_sensitive: bool = False,
        lang: str = "ja",
        likes: int = 0,
        impressions: int = 0,
    ) -> str:
        """Somebody posts, in X's own app; returns the post's id.

        Args:
            author: an account or its username.
            text: without the names of those who are answered: X puts them before a reply.
            pictures: encoded images, at most four.
            reply_to: the id of the post under which it stands.
            quotes: the id of the post that it shows.
            possibly_sensitive: as marked by the author or by X.
            lang: BCP 47.
            likes: how many like it.
            impressions: how often it was seen.
        """
        account = self.user(author)
        created = self.create(
            account,
            text,
            media=tuple(self.add_media(account, data) for data in pictures),
            reply_to=reply_to,
            quotes=quotes,
        )
        created.possibly_sensitive = possibly_sensitive
        created.lang, created.likes, created.impressions = lang, likes, impressions
        return created.id

    def repost(self, author: User | str, post_id: str) -> str:
        """Somebody reposts; returns the repost's id."""
        original = self.posts[post_id]
        created = self.create(
            self.user(author), f"RT @{original.author.username}: {original.text}", reposts=post_id
        )
        return created.id

    def edit(self, post_id: str, said: str) -> str:
        """The author changes the words; returns the id that the post has from then on."""
        old = self.posts[post_id]
        new = self.create(
            old.author, said, media=old.media, reply_to=old.reply_to, quotes=old.quotes
        )
        new.versions = (*old.versions, old.id)
        self.delete(post_id)
        return new.id

    def delete(self, post_id: str) -> None:
        """The author deletes a post; replies to it stay."""
        self.deleted[post_id] = self.posts.pop(post_id)

    def block(self, blocker: User | str, blocked: User | str) -> None:
        """After this `blocked` cannot reply to `blocker`."""
        self.user(blocker).blocks.add(self.user(blocked).id)

    def replies_to(self, post_id: str, author: User | str | None = None) -> list[Post]:
        """The replies that stand under a post, oldest first; of one author if given."""
        wanted = None if author is None else self.user(author)
        return [
            post
            for post in self.posts.values()
            if post.reply_to == post_id and wanted in (None, post.author)
        ]

    @property
    def posted(self) -> list[Post]:
        """What clients of the API have posted and not deleted, oldest first."""
        return [post for post in self.posts.values() if post.via_api]

    # What the API calls

    def new_id(self) -> str:
        by_time = int(self.clock() * 1000 - _EPOCH_MS) << 22
        self._last_id = max(by_time, self._last_id + 1)
        return str(self._last_id)

    def user(self, who: User | str) -> User:
        """An account by itself, or by its username in any case; KeyError if there is none."""
        return who if isinstance(who, User) else self._by_name[who.lower()]

    def find(self, post_id: str | None) -> Post | None:
        """A post, deleted or not."""
        return self.posts.get(post_id or "") or self.deleted.get(post_id or "")

    def add_media(self, owner: User, data: bytes) -> Media:
        """Keep an image; ValueError if it is none."""
        width, height, mime = measured(data)
        media = Media(self.new_id(), owner, data, width, height, mime)
        self.media[media.id] = media
        return media

    def create(
        self,
        author: User,
        said: str,
        *,
        media: tuple[Media, ...] = (),
        reply_to: str | None = None,
        quotes: str | None = None,
        reposts: str | None = None,
        left_out: frozenset[str] = frozenset(),
        via_api: bool = False,
    ) -> Post:
        """Put a post into the world; `left_out` are the ids of users not named before a reply."""
        post_id = self.new_id()
        parent = self.find(reply_to)
        text, displayed = self.written(author, said, parent, left_out)
        entities = self._entities(text)
        if quoted := self.find(quotes):
            text, url = _linked(text, f"q{post_id[-9:]}", _page(quoted.author, quoted.id))
            entities["urls"] = [*entities.get("urls", ()), url]
        if media:
            text, url = _linked(text, post_id[-10:], f"{_page(author, post_id)}/photo/1")
            keyed = [{**url, "media_key": each.key} for each in media]
            entities["urls"] = [*entities.get("urls", ()), *keyed]
        for each in media:
            each.attached = True
        post = Post(
            id=post_id,
            author=author,
            said=said,
            text=text,
            displayed=displayed,
            created_at=self.clock(),
            entities=entities,
            conversation_id=parent.conversation_id if parent else post_id,
            media=media,
            reply_to=reply_to,
            reply_to_user=parent.author.id if parent else None,
            quotes=quotes,
            reposts=reposts,
            via_api=via_api,
        )
        self.posts[post_id] = post
        return post

    def written(
        self, author: User, said: str, parent: Post | None, left_out: frozenset[str] = frozenset()
    ) -> tuple[str, tuple[int, int]]:
        """The text with those it answers before it, and which part of it people are shown."""
        answered = self._answered(author, said, parent) if parent else []
        before = "".join(f"@{user.username} " for user in answered if user.id not in left_out)
        return before + said, (len(before), len(before) + len(said))

    def _answered(self, author: User, said: str, parent: Post) -> list[User]:
        """Whom X names before a reply: the author above and whom that post names."""
        named = [parent.author, *self._named(parent.text)]
        already = _LEADING.match(said + " ")
        assert already is not None  # it matches nothing, too
        skipped = {author, *self._named(already[0])}
        return [user for user in dict.fromkeys(named) if user not in skipped]

    def _named(self, text: str) -> list[User]:
        names = (match[1].lower() for match in _MENTION.finditer(text))
        return [self._by_name[name] for name in names if name in self._by_name]

    def _entities(self, text: str) -> dict[str, list[dict[str, Any]]]:
        mentions = [
            {"start": found.start(), "end": found.end(), "username": user.username, "id": user.id}
            for found in _MENTION.finditer(text)
            for user in self._named(found[0])
        ]
        hashtags = [
            {"start": found.start(), "end": found.end(), "tag": found[1]}
            for found in _HASHTAG.finditer(text)
        ]
        urls = [_url(text, found[0], found[0]) for found in _LINK.finditer(text)]
        entities = {"mentions": mentions, "hashtags": hashtags, "urls": urls}
        return {kind: found for kind, found in entities.items() if found}


def _linked(text: str, name: str, shown: str) -> tuple[str, dict[str, Any]]:
    """The text with a link of X's own after it, and that link's entity."""
    link = f"https://t.co/{name}"
    text = f"{text} {link}".lstrip()
    return text, _url(text, link, shown)


def _page(author: User, post_id: str) -> str:
    return f"https://x.com/{author.username}/status/{post_id}"


def _url(text: str, link: str, shown: str) -> dict[str, Any]:
    start = text.rindex(link)
    return {
        "start": start,
        "end": start + len(link),
        "url": link,
        "expanded_url": shown,
        "display_url": shown.partition("://")[2],
    }


def measured(data: bytes) -> tuple[int, int, str]:
    """Width and height in pixels and the MIME type of an image; ValueError if it is none."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.width, image.height, image.get_format_mimetype() or ""
    except UnidentifiedImageError as error:
        raise ValueError("not an image") from error
