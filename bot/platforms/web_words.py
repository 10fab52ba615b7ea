"""Words as the page shows them."""

from bot.domain import RATING_MARKS, Mark
from bot.replying import say

_LETTERS: dict[Mark, str] = {Mark.A: "A:", Mark.B: "B:", Mark.C: "C:"}
"""How words list candidates here: flags of letters are in few browsers' fonts."""

_DIGITS: dict[Mark, str] = {mark: str(n) for n, mark in enumerate(RATING_MARKS, start=1)}


def without_emoji(words: str, locale: str) -> str:
    """Words that call a mark by its label: not every browser has a font with emoji."""
    right = say(locale, "quoted", words=say(locale, "web-mark-right"))
    mine = say(locale, "web-mine-below")
    for mark, label in {**_LETTERS, **_DIGITS, Mark.RIGHT: right, Mark.MINE: mine}.items():
        words = words.replace(mark, label)
    return words
