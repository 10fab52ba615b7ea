"""Votes → label: what was meant, and what may be learned from it. Pure.

What people agree on is for `bot.consensus` to say; the latest vote of each counts. A face is
enrolled only if its poster agreed, by a naming vote of their own or by `/privacy allow`, and from
X only if the operator allows it too; that a face is *not* somebody needs nobody's agreement.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping

from bot.consensus import Ballot, Electorate, agreed
from bot.domain import (
    NAMING,
    Action,
    Answer,
    Correction,
    Label,
    Mark,
    Standing,
    State,
    Verdict,
    Vote,
    is_of_x,
)
from bot.errors import NotFound
from bot.offering import VOTES, votes_by
from bot.voting import kept, standing_votes
from models.types import UserId

LONGEST_NAME = 80
"""Characters."""


def meant_name(verdict: Verdict, correction: Correction) -> str | None:
    """The name a correction stands for, or None for those that name nobody.

    Raises:
        NotFound: the mark points at a candidate that was not offered, or the name is unusable.
    """
    match correction.action:
        case Action.NAME | Action.NOT:
            return clean_name(correction.name or "")
        case Action.RIGHT | Action.CANDIDATE:
            guess = verdict.named(correction.head)
            choice = correction.choice or 0
            names = [each.name for each in guess.candidates] if guess else []
            if choice >= len(names) or not names[choice]:
                raise NotFound("there is no such candidate under this answer")
            return names[choice]
        case _:
            return None


def clean_name(text: str) -> str:
    """A typed name as it is stored: one line, no control characters, single spaces.

    Raises:
        NotFound: nothing is left, or it is longer than a name.
    """
    printable = "".join(c if c.isprintable() else " " for c in text)
    name = " ".join(printable.split())
    if not name or len(name) > LONGEST_NAME:
        raise NotFound(f"a name has 1 to {LONGEST_NAME} characters")
    return name


_MOST_WORDS = 8
"""Longer is a sentence. "Pablo Diego José Francisco de Paula Juan Picasso" has eight."""

_CHAT_WORDS = """
    thanks thankyou thankyousomuch thankyouverymuch thanksalot manythanks thx tysm cheers
    nice cool great awesome amazing perfect wow lmao rofl omg cute beautiful
    ok okay yes yeah yep no nope right correct wrong exactly thatsright thatswrong
    hi hello hey bye goodmorning goodnight sorry please goodbot badbot welldone goodjob
    what who why idk idontknow dontknow noidea
    ありがとう ありがとー ありがと ありがとうございます ありがとうございました あざす サンキュー
    どうも 感謝 すごい すごいね すげー すごっ さすが やばい かわいい 可愛い かわいいね なるほど
    いいね 了解 おk はい いいえ うん ううん 正解 せいかい 合ってる 合ってます
    ちがう 違う ちがいます 違います そうです ごめん ごめんなさい すみません おつかれ お疲れ様
    おはよう こんにちは こんばんは おやすみ
    だれ 誰 わからない わかりません 分からない 分かりません 知らない 知りません
"""
_CHAT = frozenset(_CHAT_WORDS.split())
"""What people answer to an answer, as `_letters` writes it. Only what is hardly anybody's name."""

_LAUGHTER = re.compile(r"w{2,}|(ha){2,}h?|(he){2,}h?|lo+l|笑+|草+")
_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
_QUESTION_OR_MORE = re.compile(r"[?？]\s*$|。.")


def reads_like_chat(text: str) -> bool:
    """Whether words are clearly no name: courtesy, laughter, a question, a sentence, a link.

    When in doubt it is a name: somebody wrote it to teach one.
    """
    letters = _letters(text)
    return (
        not letters
        or letters in _CHAT
        or _LAUGHTER.fullmatch(letters) is not None
        or _LINK.search(text) is not None
        or _QUESTION_OR_MORE.search(text) is not None
        or len(text.split()) > _MOST_WORDS
    )


def _letters(text: str) -> str:
    """Letters and digits only, as if all were small and of ordinary width."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def marks_on(verdict: Verdict, votes: Iterable[Vote]) -> frozenset[tuple[UserId, Mark]]:
    """The marks that are on an answer, by the votes cast: who has set which.

    One voter may have set several, of which the latest counts; typed names are no marks.
    """
    meant = {
        (head, action, choice): mark
        for mark in VOTES
        for head, action, choice in votes_by(verdict, mark)
    }
    marked = ((vote.voter, meant.get(_meaning(verdict, vote))) for vote in kept(votes))
    return frozenset((voter, mark) for voter, mark in marked if mark is not None)


def _meaning(verdict: Verdict, vote: Vote) -> tuple[str, Action, int | None]:
    """A vote as `bot.offering.votes_by` tells it."""
    choice = vote.score
    if vote.action is Action.CANDIDATE:
        guess = verdict.named(vote.head)
        names = [each.name for each in guess.candidates] if guess else []
        choice = names.index(vote.name) if vote.name in names else None
    return vote.head, vote.action, choice


def settle(
    verdict: Verdict,
    head: str,
    votes: Iterable[Vote],
    electorate: Electorate,
    *,
    allowed: bool,
    present: Mapping[str, str] | None = None,
) -> Standing:
    """Count the votes on one face and one head.

    Args:
        votes: all votes ever cast there.
        allowed: the poster has agreed beforehand (`/privacy allow`).
        present: what people are called now, by other names they have or had: a vote for an alias
            is a vote for its person.
    """
    standing = standing_votes(vote for vote in votes if vote.head == head)
    counted = [vote for vote in standing if vote.id not in electorate.held]
    ballots = _ballots(verdict, counted, electorate, present or {})
    outcome = agreed(ballots, electorate.rules)
    match outcome.answer:
        case Answer.NOT_A_FACE:
            return Standing(State.NOT_A_FACE, label=Label(verdict.id, head, Answer.NOT_A_FACE))
        case Answer.IS_NOT:
            label = Label(verdict.id, head, Answer.IS_NOT, outcome.names)
            return Standing(State.REJECTED, label=label)
        case Answer.IS:
            (name,) = outcome.names
            agreed_to = allowed or _poster_agreed(verdict, standing)
            if not agreed_to or (is_of_x(verdict.author) and not electorate.rules.learn_from_x):
                return Standing(State.CONSENT_NEEDED, name)
            return Standing(State.LEARNED, name, Label(verdict.id, head, Answer.IS, (name,)))
    if outcome.disputed:
        return Standing(State.DISPUTED, outcome.leading)
    if len(counted) < len(standing):
        return Standing(State.HELD)
    if not ballots:
        return Standing(State.OPEN)
    return Standing(State.WAITING, outcome.leading, missing=max(1, math.ceil(outcome.missing)))


def _ballots(
    verdict: Verdict, votes: Iterable[Vote], electorate: Electorate, present: Mapping[str, str]
) -> list[Ballot]:
    """What each vote says; rejecting what was offered says nothing where nothing was."""
    told = [(vote, said(verdict, vote, present)) for vote in votes]
    return [
        Ballot(*each, electorate.weight(vote, verdict.author))
        for vote, each in told
        if each is not None
    ]


def said(
    verdict: Verdict, vote: Vote, present: Mapping[str, str]
) -> tuple[Answer, tuple[str, ...]] | None:
    """What a vote says and of whom, as in `bot.consensus.Ballot`; None if it says nothing.

    Args:
        present: see `settle`.
    """
    answer, names = _meant(verdict, vote)
    called = tuple(present.get(name, name) for name in names)
    return (answer, called) if called or answer is Answer.NOT_A_FACE else None


def still_there(standing: Standing, verdict: Verdict) -> Standing:
    """What came of the votes, if the face can still be learned: its crop may have expired."""
    gone = standing.state is State.LEARNED and verdict.crop is None
    return Standing(State.EXPIRED) if gone else standing


def _meant(verdict: Verdict, vote: Vote) -> tuple[Answer, tuple[str, ...]]:
    match vote.action:
        case Action.NOT_A_FACE:
            return Answer.NOT_A_FACE, ()
        case Action.NONE_OF_THESE:
            return Answer.IS_NOT, offered_names(verdict, vote.head)
        case Action.NOT:
            return Answer.IS_NOT, (vote.name or "",)
        case _:
            return Answer.IS, (vote.name or "",)


def offered_names(verdict: Verdict, head: str) -> tuple[str, ...]:
    """The names that a head offered, without those that were removed since."""
    guess = verdict.named(head)
    return tuple(each.name for each in guess.candidates if each.name) if guess else ()


def _poster_agreed(verdict: Verdict, standing: list[Vote]) -> bool:
    return any(vote.voter == verdict.author and vote.action in NAMING for vote in standing)
