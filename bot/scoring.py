"""Who may have what scored. Pure.

A beauty score is given only to somebody who asks for it, of a picture of their own, once they have
said that it shows themselves, or somebody who agreed, and an adult: never where the bot only
watches, and of other people's pictures only in a sweep of what was collected from who opted in.
"""

from collections.abc import Sequence

from bot.domain import Post, Verdict
from models.types import Guess, Kind, NoScore, Refused

ONES_OWN = "beauty"
"""The head that judges only what its asker posted."""


def keeps_back(heads: Sequence[str], post: Post, *, confirmed: bool) -> NoScore | None:
    """Why the head that is for one's own pictures has to keep back; None if it need not."""
    if ONES_OWN not in heads:
        return None
    if post.author != post.asker:
        return NoScore.NOT_YOURS
    return None if confirmed else NoScore.UNCONFIRMED


def admitted(heads: Sequence[str], post: Post, why_not: NoScore | None) -> tuple[str, ...]:
    """The heads that may judge a post, in order."""
    barred = why_not is not None or not post.asked
    return tuple(head for head in heads if head != ONES_OWN or not barred)


def uninvited(head: str, *, agreed: bool, confirmed: bool) -> NoScore | None:
    """Why a head has to keep back from a picture that was collected; None if it need not.

    Nobody asked for its score, so the poster's word on whom they show is not enough: they must also
    agree, once and for all, to what is done here with what they post.
    """
    if head != ONES_OWN:
        return None
    if not agreed:
        return NoScore.NOT_YOURS
    return None if confirmed else NoScore.UNCONFIRMED


def refusals(post: Post, kind: Kind, why_not: NoScore | None) -> tuple[Guess, ...]:
    """What is said of a face instead of the score: nothing where nobody asked."""
    if why_not is None or not post.asked or kind is not Kind.PHOTO:
        return ()
    return (Refused(ONES_OWN, why_not),)


def waits_for_word(verdict: Verdict) -> bool:
    """Whether the poster has only to confirm whom it shows to have it scored."""
    return Refused(ONES_OWN, NoScore.UNCONFIRMED) in verdict.guesses
