"""What somebody says in a reply on X → corrections, or a word to the bot. Pure.

Everything that answers an answer tags the bot, so most of what comes is just talk. Where a face is
meant it has to be named by its letter, unless there is only one; without a letter a bare name is
only possibly one (see `Said.sure`).
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from bot.correcting import LONGEST_NAME, reads_like_chat
from bot.domain import CANDIDATE_MARKS, Mark
from bot.platforms.x_posts import Tag
from bot.platforms.x_text import LETTERS


class Word(Enum):
    """What somebody can tell the bot about themselves."""

    STOP = "stop"
    DELETE = "delete"
    FORGET = "forget"
    ALLOW = "allow"


_STOP = re.compile(
    r"(?:please|pls)?stop(?:it|this|now|please|pls|bot|replying|tagging|mentioning|answering|to|me)*"
    r"|unsubscribe|untagme|optout"
    r"|(?:もう)?(?:(?:返信|リプライ|リプ|返事|判定|通知|メンション)(?:を|は|も)?)?"
    r"(?:やめて|止めて|とめて|停止|ストップ|しないで|いらない|不要)"
    r"(?:して|もらえますか|ください|下さい|ほしい|くれ|よ|ね|です)*"
)
"""All that a text may say to be that: X asks bots to obey it, and it lasts."""

_WORDS = {
    Word.DELETE: "delete deletethis deleteit 消して 消してください 削除 削除して "
    "削除してください 🗑",
    Word.FORGET: "forgetme forget 忘れて 忘れてください わすれて",
    Word.ALLOW: "allow iagree 許可 許可します 学習していいよ 学習していいです 覚えていいよ",
}
_MARKS = {
    Mark.RIGHT: "✅ yes right correct 正解 せいかい 合ってる 合ってます あってる "
    "あってます そうです",
    Mark.NONE_OF_THESE: "❌ none no nope wrong ちがう 違う ちがいます 違います ちがうよ 違うよ "
    "noneofthese どれでもない どれもちがう どれも違う",
    Mark.NOT_A_FACE: "🚫 notaface 顔じゃない 顔ではない 顔ではありません 顔じゃないです",
    Mark.MINE: "🙋 🙋‍♀️ 🙋‍♂️ 本人です",
}
_LINK = re.compile(r"https?://\S+")
_LETTER = re.compile(
    rf"([{LETTERS}{LETTERS.lower()}])(?:[\s:：.．、,)）]+|(?=\W|\d|[^\x00-\u02ff])|$)"
)
_CHOICE = re.compile(r"([1-3])(?:番|番目|番め)?(?:です|だよ)?[。!.]*")
_NAMING = (
    re.compile(r"(?P<name>.+?)(?:です|だよ|でした|ですよ|だと思います|だと思う)[。！!．.\s]*"),
    re.compile(
        r"(?:is|this\s+is|that\s+is|that['’]s|it\s+is|it['’]s|s?he['’]s|s?he\s+is|name[:：])\s*"
        r"(?P<name>.+?)[.!\s]*",
        re.IGNORECASE,
    ),
)


@dataclass(frozen=True, slots=True)
class Said:
    """A correction: a mark, or a name.

    Attributes:
        face: which of the answer's pictures, from 0.
        sure: it is certainly meant as a name: by a letter before it, or by how it is said.
    """

    face: int
    mark: Mark | None = None
    name: str | None = None
    sure: bool = True


def plain_text(text: str, tags: Iterable[Tag]) -> str:
    """What somebody wrote, without the accounts that X tags and without links."""
    for tag in sorted(tags, key=lambda each: -each.start):
        text = f"{text[: tag.start]} {text[tag.end :]}"
    lines = _LINK.sub(" ", text).splitlines()
    return "\n".join(" ".join(line.split()) for line in lines).strip()


def word(text: str) -> Word | None:
    """What it tells the bot about who wrote it, if it is just that.

    Args:
        text: as `plain_text` gives it.
    """
    key = _key(text)
    return Word.STOP if _STOP.fullmatch(key) else _SAYS.get(key)


def corrections(text: str, faces: int) -> list[Said]:
    """What it says of the faces in an answer, one correction a line or clause.

    Args:
        text: as `plain_text` gives it.
        faces: how many pictures the answer has.
    """
    found = [_correction(each, faces) for each in re.split(r"[\n,、，;；]+", text)]
    return [each for each in found if each is not None]


def _correction(text: str, faces: int) -> Said | None:
    text = unicodedata.normalize("NFKC", text).strip()
    letter = _LETTER.match(text)
    face = LETTERS.index(letter[1].upper()) if letter else 0
    if face >= faces or (letter is None and faces > 1):
        return None
    rest = text[letter.end() :].strip() if letter else text
    if choice := _CHOICE.fullmatch(rest):
        return Said(face, CANDIDATE_MARKS[int(choice[1]) - 1])
    if rest.isdecimal():
        return None
    if (mark := _MEANS.get(_key(rest))) is not None:
        return Said(face, mark)
    return _name(face, rest, lettered=letter is not None)


def _name(face: int, text: str, *, lettered: bool) -> Said | None:
    said = next((found for each in _NAMING if (found := each.fullmatch(text))), None)
    name = (said["name"] if said else text).strip(" 「」『』\"'“”")
    if (mark := _MEANS.get(_key(name))) is not None:  # "B is wrong"
        return Said(face, mark)
    if (
        not name
        or name in ("です", "だよ", "is")
        or len(name) > LONGEST_NAME
        or reads_like_chat(name)
    ):
        return None
    return Said(face, name=name, sure=lettered or said is not None)


def _key(text: str) -> str:
    """Letters, digits and emoji only, as if all were small and of ordinary width."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if c.isalnum() or unicodedata.category(c) == "So")


_SAYS = {_key(each): word for word, said in _WORDS.items() for each in said.split()}
_MEANS = {_key(each): mark for mark, said in _MARKS.items() for each in said.split()}
