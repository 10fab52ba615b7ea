"""An answer as one post on X: a line for each face, within X's length. Pure.

X counts by weight: 280 in all, where Latin letters weigh 1 and Japanese ones 2.
Source: https://docs.x.com/fundamentals/counting-characters, twitter-text's config v3.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain import CANDIDATE_MARKS, Verdict
from bot.offering import naming, shown
from bot.replying import LIKES, number, offered, percent, say, sureness
from bot.scoring import waits_for_word
from models.types import Kind, Named, Scored

MOST = 280
"""What the letters of a post may weigh."""

LETTERS = "ABCD"
"""By which faces are spoken of, where there are several."""

_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
"""Code points that weigh 1; all others weigh 2."""

_LINKING = re.compile(r"([@＠#＃$/:]|(?<=\w)\.)(?=\w)")


def weight(text: str) -> int:
    """What a text without links weighs.

    An emoji of several code points weighs 2 on X, and more here: on the safe side.
    """
    points = map(ord, unicodedata.normalize("NFC", text))
    return sum(1 if any(low <= each <= high for low, high in _LIGHT) else 2 for each in points)


def harmless(name: str) -> str:
    """A name that X makes no link, tag or mention of: whoever taught it may have meant that."""
    return _LINKING.sub("\\1\u200b", name)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What of an answer is told; each plan is shorter than the one before."""

    lead: bool
    hint: bool
    others: bool
    longest: int = 80


_PLANS = (
    _Plan(lead=True, hint=True, others=True),
    _Plan(lead=True, hint=False, others=True),
    _Plan(lead=False, hint=True, others=True),
    _Plan(lead=False, hint=False, others=True),
    _Plan(lead=False, hint=False, others=False),
    *(_Plan(lead=False, hint=False, others=False, longest=most) for most in (24, 16, 12, 8, 5)),
)


def answer(
    locale: str, words: str, verdicts: Sequence[Verdict], number_of: int, *, learns: bool
) -> str:
    """The post that answers, as long as it may be.

    Args:
        words: for the whole answer.
        verdicts: one for each picture that goes with it, in order.
        number_of: no two answers have the same; X refuses to post the same words twice.
        learns: corrections are asked for.
    """
    end = say(locale, "x-number", number=number_of)
    for plan in _PLANS:
        if plan.hint and not learns:
            continue
        text = "\n".join([*_lines(locale, words, verdicts, plan), end])
        if weight(text) <= MOST:
            return text
    return _cut("\n".join(_lines(locale, words, verdicts, _PLANS[-1])), MOST - weight(end) - 1) + (
        f"\n{end}"
    )


def refusal(locale: str, number_of: int) -> str:
    """The post that says why a post marked as sensitive is not judged."""
    return f"{say(locale, 'x-sensitive')}\n{say(locale, 'x-number', number=number_of)}"


def _lines(locale: str, words: str, verdicts: Sequence[Verdict], plan: _Plan) -> list[str]:
    faces = [_face(locale, each, plan) for each in verdicts]
    several = len(faces) > 1
    lines = [f"{LETTERS[n]} {each}" if several else each for n, each in enumerate(faces)]
    nothing_new = all(each == say(locale, "x-unknown") for each in faces)
    lead = [words] if plan.lead or not faces or nothing_new else []
    hint = [_hint(locale, verdicts)] if plan.hint and any(map(naming, verdicts)) else []
    return [*lead, *([] if nothing_new else lines), *hint]


def _hint(locale: str, verdicts: Sequence[Verdict]) -> str:
    """How to correct what is said."""
    if len(verdicts) > 1:
        return say(locale, "x-hint-many")
    if all(guess.answer == "unknown" for guess in shown(verdicts[0])):
        return say(locale, "x-hint-unknown")
    return say(locale, "x-hint-others" if len(offered(verdicts[0])) > 1 else "x-hint-one")


def _face(locale: str, verdict: Verdict, plan: _Plan) -> str:
    """What is said of one face, or picture, in a line."""
    told = [*_names(locale, verdict, plan), *_scores(locale, verdict)]
    return say(locale, "x-and").join(told) or say(locale, "x-unknown")


def _names(locale: str, verdict: Verdict, plan: _Plan) -> list[str]:
    names = [_name(locale, verdict, each, plan) for each in shown(verdict)]
    if not any(names):
        return [say(locale, "x-unknown")] if names else []
    told = [each for each in names if each]
    others = list(offered(verdict).items())[1:] if len(told) == 1 and plan.others else []
    if others:
        listed = " ".join(
            f"{CANDIDATE_MARKS.index(mark) + 1} {_shortened(each.name, plan)}"
            for mark, (_, each) in others
        )
        told.append(say(locale, "x-others", names=listed))
    return told


def _name(locale: str, verdict: Verdict, guess: Named, plan: _Plan) -> str:
    """A name with how sure it is; empty if the head does not know."""
    if guess.answer == "unknown":
        return ""
    best = guess.candidates[0]
    name = _shortened(best.name, plan)
    if guess.answer == "maybe":
        return say(locale, "x-maybe", name=name)
    cosplay = guess.head == "character" and verdict.kind is Kind.PHOTO
    return say(
        locale,
        "x-known-cosplay" if cosplay else "x-known",
        name=name,
        percent=percent(best.probability),
        sure=sureness(locale, best.probability),
    )


def _scores(locale: str, verdict: Verdict) -> list[str]:
    told = [
        say(
            locale,
            "x-score",
            head=say(locale, f"head-{each.head}"),
            value=number(each.value),
            low=number(each.low),
            high=number(each.high),
            likes=say(locale, LIKES[each.likes]),
        )
        for each in verdict.guesses
        if isinstance(each, Scored)
    ]
    return [*told, say(locale, "x-confirm")] if waits_for_word(verdict) else told


def _shortened(name: str, plan: _Plan) -> str:
    name = harmless(name)
    return name if len(name) <= plan.longest else name[: plan.longest - 1] + "…"


def _cut(text: str, most: int) -> str:
    """The beginning of a text, with an ellipsis, of this weight at most."""
    while weight(text + "…") > most:
        text = text[:-1]
    return text + "…"
