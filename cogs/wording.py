"""What went wrong, in words. No cog, because several cogs use it: see `cogs.marking`."""

import logging

import discord
from discord import app_commands

from bot.errors import (
    AlreadyAsked,
    Ambiguous,
    Busy,
    NameTaken,
    NotAllowed,
    NotFound,
    NotScored,
    PictureRefused,
)
from bot.platforms.discord import is_too_large
from bot.replying import no_score, refusal, say

log = logging.getLogger(__name__)


def wording(error: Exception, locale: str) -> str:
    """What the person who asked reads, and a line in the log.

    The log names what happened, and holds no token and nothing of what people wrote.
    """
    match error:
        case PictureRefused():
            return refusal(locale, error)
        case Busy():
            return say(locale, "busy")
        case AlreadyAsked():
            return say(locale, "enhance-already")
        case NotScored():
            return no_score(locale, error.head, error.reason)
        case app_commands.MissingPermissions():
            return say(locale, "discord-moderators-only")
        case app_commands.CommandOnCooldown():
            return say(locale, "cooldown", seconds=seconds(error.retry_after))
        case NotAllowed():
            return say(locale, "discord-not-allowed")
        case NameTaken():
            return say(locale, "discord-name-taken")
        case Ambiguous():
            return say(locale, "discord-ambiguous")
        case NotFound():
            return say(locale, "discord-not-found")
        case discord.Forbidden():
            log.warning("Discord forbids it: %s", error)
            return say(locale, "discord-forbidden")
        case discord.HTTPException() if is_too_large(error):
            log.warning("too large for Discord: %s", error)
            return say(locale, "discord-too-large")
        case _:
            log.error("not expected", exc_info=error)
            return say(locale, "discord-failed")


def seconds(retry_after: float) -> int:
    """Whole seconds to wait, at least one."""
    return max(1, round(retry_after))
