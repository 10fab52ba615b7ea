"""Which of the votes cast still stand. Pure."""

from collections.abc import Iterable

from bot.domain import Action, Vote
from models.types import UserId


def standing_votes(votes: Iterable[Vote]) -> list[Vote]:
    """The latest vote of each voter that has not been taken back, oldest first.

    Taking back a mark takes back all earlier votes with the same action and name, so that the
    one before it counts again, as the marks on the message show it.
    """
    latest = {vote.voter: vote for vote in kept(votes)}
    return sorted(latest.values(), key=lambda vote: vote.id)


def kept(votes: Iterable[Vote]) -> list[Vote]:
    """The votes that have not been taken back, oldest first."""
    kept: dict[tuple[UserId, str, Action, str | None, int | None], Vote] = {}
    for vote in sorted(votes, key=lambda vote: vote.id):
        key = vote.voter, vote.head, vote.action, vote.name, vote.score
        kept.pop(key, None)
        if not vote.withdraw:
            kept[key] = vote
    return list(kept.values())
