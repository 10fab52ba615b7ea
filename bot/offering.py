"""What a Part shows of a verdict, and what each mark under it stands for. Pure.

Several heads may judge one face: who it is, and as which character. What is shown and what the
marks mean follows from the stored guesses alone, so that a mark means the same for ever.
"""

from bot.domain import CANDIDATE_MARKS, RATING_MARKS, Action, Mark, Verdict
from models.types import Candidate, Named

VOTES = (Mark.RIGHT, *CANDIDATE_MARKS, Mark.NONE_OF_THESE, Mark.NOT_A_FACE, *RATING_MARKS)
"""The marks that are votes."""

RATED_UNDER = "taste"
"""The head that a rating speaks to, whether or not it judged."""


def naming(verdict: Verdict) -> tuple[Named, ...]:
    """The guesses of the heads that name, in the order of the channel."""
    return tuple(guess for guess in verdict.guesses if isinstance(guess, Named))


def shown(verdict: Verdict) -> tuple[Named, ...]:
    """The guesses that a Part shows: every name, or one "I don't know".

    That is then of the first head that can tell whom the face is near; empty if none names at all.
    """
    guesses = naming(verdict)
    names = tuple(guess for guess in guesses if guess.answer != "unknown")
    near = tuple(guess for guess in guesses if guess.candidates)
    return names or near[:1] or guesses[:1]


def lettered(verdict: Verdict) -> dict[Mark, tuple[Named, Candidate]]:
    """The candidates by letter: all of one guess, or the best of each of several."""
    guesses = shown(verdict)
    if len(guesses) == 1:
        offered = [(guesses[0], candidate) for candidate in guesses[0].candidates]
    else:
        offered = [(guess, guess.candidates[0]) for guess in guesses]
    return dict(zip(CANDIDATE_MARKS, offered, strict=False))


def votes_by(verdict: Verdict, mark: Mark) -> list[tuple[str, Action, int | None]]:
    """What a mark says: of which heads, what, and of which candidate. Empty if it is no vote.

    A name is right or wrong under the head that gave it; whether it is a face at all is the same
    for all heads.
    """
    if mark in RATING_MARKS:
        return [(RATED_UNDER, Action.RATE, RATING_MARKS.index(mark) + 1)]
    if mark in CANDIDATE_MARKS:
        found = lettered(verdict).get(mark)
        if found is None:
            return []
        guess, candidate = found
        return [(guess.head, Action.CANDIDATE, guess.candidates.index(candidate))]
    if mark is Mark.NOT_A_FACE:
        return [(guess.head, Action.NOT_A_FACE, None) for guess in naming(verdict)]
    action = {Mark.RIGHT: Action.RIGHT, Mark.NONE_OF_THESE: Action.NONE_OF_THESE}.get(mark)
    return [(guess.head, action, None) for guess in shown(verdict)] if action else []
