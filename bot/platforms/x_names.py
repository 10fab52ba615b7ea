"""How accounts, posts and requests on X are called towards the service."""

from bot.domain import X_USERS
from bot.platforms.x_posts import XPost
from bot.x_store import X_REF
from models.types import UserId


def user_of(number: int) -> UserId:
    """An account."""
    return f"{X_USERS}{number}"


def ref_of(post: int) -> str:
    """A post of the bot, as a message that shows an answer."""
    return f"{X_REF}{post}"


def key_of(post: XPost, shown: XPost) -> str:
    """A request; it begins with the post that has the pictures, as on Discord."""
    original = ref_of(shown.id)
    return original if post.id == shown.id else f"{original}:{post.id}"
