"""What people say in a reply on X: which face, which mark, which name, or just talk."""

import pytest

from bot.domain import Mark
from bot.platforms.x_corrections import Said, Word, corrections, plain_text, word
from bot.platforms.x_posts import Tag


def mark(face: int, mark: Mark) -> list[Said]:
    return [Said(face, mark)]


def name(face: int, name: str, *, sure: bool = True) -> list[Said]:
    return [Said(face, name=name, sure=sure)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("B2", mark(1, Mark.B)),
        ("b 3", mark(1, Mark.C)),
        ("Ｂ２", mark(1, Mark.B)),
        ("B2番です", mark(1, Mark.B)),
        ("A none", mark(0, Mark.NONE_OF_THESE)),
        ("B ちがう", mark(1, Mark.NONE_OF_THESE)),
        ("B is wrong", mark(1, Mark.NONE_OF_THESE)),
        ("A ✅", mark(0, Mark.RIGHT)),
        ("B 🚫", mark(1, Mark.NOT_A_FACE)),
        ("B 白石麻衣です", name(1, "白石麻衣")),
        ("B白石麻衣です！", name(1, "白石麻衣")),
        ("B: Mai Shiraishi", name(1, "Mai Shiraishi")),
        ("B is Mai Shiraishi.", name(1, "Mai Shiraishi")),
        ("A2\nB none", [*mark(0, Mark.B), *mark(1, Mark.NONE_OF_THESE)]),
        ("A 1、B 白石麻衣です", [*mark(0, Mark.A), *name(1, "白石麻衣")]),
        # of which face?
        ("2", []),
        ("none", []),
        ("ちがう", []),
        ("白石麻衣です", []),
        # no such face, no such candidate, no name
        ("C2", []),
        ("B4", []),
        ("B0", []),
        ("B", []),
        ("Bです", []),
        ("B ありがとう", []),
        ("Bob", []),
        ("thanks", []),
        ("", []),
    ],
)
def test_with_two_faces(text: str, said: list[Said]) -> None:
    assert corrections(text, 2) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2", mark(0, Mark.B)),
        ("A2", mark(0, Mark.B)),
        ("ちがいます。", mark(0, Mark.NONE_OF_THESE)),
        ("none", mark(0, Mark.NONE_OF_THESE)),
        ("そうです", mark(0, Mark.RIGHT)),
        ("顔じゃないです", mark(0, Mark.NOT_A_FACE)),
        ("白石麻衣です", name(0, "白石麻衣")),
        ("「白石麻衣」だよ", name(0, "白石麻衣")),
        ("This is Mai Shiraishi!", name(0, "Mai Shiraishi")),
        ("it's Mai", name(0, "Mai")),
        ("白石麻衣", name(0, "白石麻衣", sure=False)),
        ("B2", []),
        ("ありがとうございます", []),
        ("これはだれですか？", []),
        ("www", []),
    ],
)
def test_with_one_face_no_letter_is_needed(text: str, said: list[Said]) -> None:
    assert corrections(text, 1) == said


@pytest.mark.parametrize("text", ["B2", "2", "none", "白石麻衣です"])
def test_without_a_face_nothing_is_meant(text: str) -> None:
    assert corrections(text, 0) == []


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *(
            (text, Word.STOP)
            for text in ("stop", "STOP!!", "please stop replying to me", "Stop it")
        ),
        *(
            (text, Word.STOP)
            for text in ("やめて", "もうやめて。", "返信しないでください", "ストップ")
        ),
        *((text, Word.DELETE) for text in ("消して", "delete this", "🗑️")),
        *((text, Word.FORGET) for text in ("忘れて", "Forget me")),
        *((text, Word.ALLOW) for text in ("許可します", "I agree")),
        *((text, None) for text in ("Don't stop", "stopped by", "やめてよかった", "忘れてた", "")),
    ],
)
def test_words_to_the_bot_stand_alone(text: str, meant: Word | None) -> None:
    assert word(text) is meant


def test_what_x_adds_to_a_text_is_taken_off() -> None:
    text = "@hantei @ann B2 https://t.co/abc"
    tags = [Tag(0, 7, "hantei"), Tag(8, 12, "ann")]
    assert plain_text(text, tags) == "B2"
