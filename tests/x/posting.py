"""The endpoints that write: posts, and the pictures that go with them."""

import base64
import binascii
from typing import TYPE_CHECKING, Any

from tests.x import checks
from tests.x.calls import Call
from tests.x.problems import forbidden, invalid, plain
from tests.x.reading import TIMELINE
from tests.x.rendering import Json
from tests.x.weighing import LONGEST, weighted_length
from tests.x.words import Words
from tests.x.world import Media, Post, User

if TYPE_CHECKING:
    from tests.x.server import XServer

_LARGEST = 5 * 1024 * 1024
_UPLOAD_LIFE = 86400
_IMAGES = {
    "tweet_image": {"image/jpeg", "image/png", "image/webp", "image/bmp"},
    "tweet_gif": {"image/gif"},
}
_CATEGORIES = frozenset(
    {"tweet_image", "tweet_video", "tweet_gif", "dm_image", "dm_video", "dm_gif", "subtitles"}
)


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
