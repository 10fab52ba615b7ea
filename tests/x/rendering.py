"""Posts, users and pictures as JSON: what was asked for, and nothing else."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from tests.x.clock import timestamp
from tests.x.problems import hidden, missing
from tests.x.words import Words
from tests.x.world import Media, Post, User, World

Json = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    """What a request wants to see."""

    post: frozenset[str] = frozenset()
    user: frozenset[str] = frozenset()
    media: frozenset[str] = frozenset()
    expansions: frozenset[str] = frozenset()


class Renderer:
    """Makes the answers of one request."""

    def __init__(self, world: World, words: Words, asked: Asked, viewer: User | None, url: str):
        self._world = world
        self._words = words
        self._asked = asked
        self._viewer = viewer
        self._url = url

    def posts(self, posts: list[Post]) -> Json:
        """`data`, `includes` and `errors` for posts that the viewer may see."""
        found: Json = {"data": [self._post(post) for post in posts]} if posts else {}
        parents, errors = self._parents(posts)
        includes = {
            "users": [self.user(user) for user in _distinct(self._people(posts, parents))],
            self._words.included: [self._post(post) for post in parents],
            "media": [self._picture(media) for media in _distinct(self._pictures(posts, parents))],
        }
        if present := {kind: values for kind, values in includes.items() if values}:
            found["includes"] = present
        if errors:
            found["errors"] = errors
        return found

    def user(self, user: User) -> Json:
        fields = {
            "id": user.id,
            "name": user.name,
            "username": user.username,
            "created_at": timestamp(user.created_at),
            "description": user.description,
            "protected": user.protected,
            "verified": False,
            "public_metrics": {
                "followers_count": user.followers,
                "following_count": 0,
                "listed_count": 0,
            },
        }
        return _chosen(fields, {"id", "name", "username"} | self._asked.user)

    def sees(self, post: Post) -> bool:
        """Whether the viewer may read a post: a protected account's own posts only by itself."""
        return not post.author.protected or post.author is self._viewer

    def _parents(self, posts: list[Post]) -> tuple[list[Post], list[Json]]:
        expansion = self._words.expand_referenced
        if expansion not in self._asked.expansions:
            return [], []
        parents: list[Post] = []
        errors: list[Json] = []
        for reference in [each for post in posts for each in post.references]:
            parent = self._world.posts.get(reference["id"])
            if parent is None:
                errors.append(missing(expansion, reference["id"]))
            elif not self.sees(parent):
                errors.append(hidden(expansion, reference["id"]))
            else:
                parents.append(parent)
        return _distinct(parents), errors

    def _people(self, posts: list[Post], parents: list[Post]) -> list[User]:
        expansions = self._asked.expansions
        people: list[User] = []
        if expansions & {"author_id", "username"}:
            people += [post.author for post in posts]
        if f"{self._words.expand_referenced}.author_id" in expansions:
            people += [post.author for post in parents]
        if "in_reply_to_user_id" in expansions:
            people += [self._world.users[p.reply_to_user] for p in posts if p.reply_to_user]
        if "entities.mentions.username" in expansions:
            named = [each["id"] for post in posts for each in post.entities.get("mentions", ())]
            people += [self._world.users[user_id] for user_id in named]
        return people

    def _pictures(self, posts: list[Post], parents: list[Post]) -> list[Media]:
        expansions = self._asked.expansions
        shown = posts if "attachments.media_keys" in expansions else []
        if f"{self._words.expand_referenced}.attachments.media_keys" in expansions:
            shown = [*shown, *parents]
        return [media for post in shown for media in post.media]

    def _post(self, post: Post) -> Json:
        fields: Json = {
            "id": post.id,
            "text": post.text,
            self._words.history: [*post.versions, post.id],
            "author_id": post.author.id,
            "username": post.author.username,
            "conversation_id": post.conversation_id,
            "created_at": timestamp(post.created_at),
            "display_text_range": list(post.displayed),
            "entities": post.entities,
            "in_reply_to_user_id": post.reply_to_user,
            self._words.referenced: post.references,
            "attachments": {"media_keys": [m.key for m in post.media]} if post.media else None,
            "lang": post.lang,
            "possibly_sensitive": post.possibly_sensitive,
            "reply_settings": "everyone",
        }
        wanted = {"id", "text", self._words.history} | self._fields()
        if "public_metrics" in wanted:
            fields["public_metrics"] = self._metrics(post)
        return _chosen(fields, wanted)

    def _metrics(self, post: Post) -> Json:
        return {
            self._words.reposts: self._references["retweeted", post.id],
            "reply_count": self._references["replied_to", post.id],
            "like_count": post.likes,
            "quote_count": self._references["quoted", post.id],
            "bookmark_count": 0,
            "impression_count": post.impressions,
        }

    @cached_property
    def _references(self) -> Counter[tuple[str, str]]:
        """How many posts refer to each in each way; counted once for all that are rendered."""
        posts = self._world.posts.values()
        return Counter((each["type"], each["id"]) for post in posts for each in post.references)

    def _fields(self) -> frozenset[str]:
        """Asked for by name, or brought along by an expansion."""
        brought = {
            "attachments.media_keys": "attachments",
            "author_id": "author_id",
            "username": "username",
            "in_reply_to_user_id": "in_reply_to_user_id",
            "entities.mentions.username": "entities",
            self._words.expand_referenced: self._words.referenced,
        }
        return self._asked.post | {
            field for expansion, field in brought.items() if expansion in self._asked.expansions
        }

    def _picture(self, media: Media) -> Json:
        fields = {
            "media_key": media.key,
            "type": "photo",
            "url": f"{self._url}/media/{media.file_name}",
            "width": media.width,
            "height": media.height,
            "alt_text": media.alt_text,
        }
        return _chosen(fields, {"media_key", "type"} | self._asked.media)


def _chosen(fields: Json, names: set[str] | frozenset[str]) -> Json:
    """The fields that were asked for and hold something; False and 0 are something."""
    return {
        name: value
        for name, value in fields.items()
        if name in names and value not in (None, "", [], {})
    }


def _distinct(values: list[T]) -> list[T]:
    return list(dict.fromkeys(values))
