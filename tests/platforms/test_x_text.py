"""An answer on X: as long as X allows, as it counts, and harmless."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Verdict
from bot.platforms import x_text
from models.types import Candidate, Guess, Kind, Named, NoScore, Refused, Scored
from tests.x.weighing import weighted_length


def verdict(*guesses: Guess, kind: Kind = Kind.PHOTO) -> Verdict:
    return Verdict(
        id=1,
        post_key="x:1",
        scope="x",
        author="x:1",
        locale="ja",
        kind=kind,
        box=(0, 0, 1, 1),
        detection_score=1,
        face_hash="0" * 16,
        crop=None,
        guesses=guesses,
        spoiler=False,
        revealed=False,
        created=datetime(2026, 11, 21),
    )


def named(*names: str, answer: str = "known", head: str = "idol") -> Named:
    chances = (0.92, 0.05, 0.03)
    candidates = tuple(
        Candidate(name, chance) for name, chance in zip(names, chances, strict=False)
    )
    return Named(head, answer, candidates, "measured", "m")  # type: ignore[arg-type]


UNKNOWN = named("白石麻衣", answer="unknown")


def answer(
    *verdicts: Verdict, locale: str = "ja", words: str = "ことば", learns: bool = True
) -> str:
    return x_text.answer(locale, words, verdicts, 12, learns=learns)


def test_one_name_is_said_with_how_sure_and_who_else_it_may_be() -> None:
    text = answer(verdict(named("白石麻衣", "西野七瀬", "生田絵梨花")))
    assert "白石麻衣（92 %、たぶん）、ちがうなら 2 西野七瀬 3 生田絵梨花" in text
    assert "「2」" in text
    assert text.endswith("No.12")


def test_without_others_nobody_is_told_to_answer_with_a_number() -> None:
    assert "「2」" not in answer(verdict(named("白石麻衣")))


def test_where_nothing_is_learned_nothing_is_asked_for() -> None:
    assert "返信" not in answer(verdict(named("白石麻衣")), learns=False)


def test_several_faces_have_letters_and_one_has_none() -> None:
    several = answer(verdict(named("白石麻衣")), verdict(UNKNOWN))
    assert "A 白石麻衣" in several
    assert "B わかりません" in several
    assert "A 白石麻衣" not in answer(verdict(named("白石麻衣")))


def test_who_is_not_known_is_not_named() -> None:
    assert "白石麻衣" not in answer(verdict(UNKNOWN), verdict(UNKNOWN))


def test_cosplay_maybe_and_scores_are_said_as_such() -> None:
    cosplay = answer(verdict(named("初音ミク", head="character")))
    assert "初音ミクのコスプレ" in cosplay
    assert "初音ミク？（絵でしか知りません）" in answer(
        verdict(named("初音ミク", answer="maybe", head="character"))
    )
    scored = answer(verdict(Scored("taste", 3.84, 3.1, 4.5, "m", 3.0)))
    assert "あなたの好み 3.8（3.1〜4.5、いいね）" in scored
    assert "🙋" in answer(verdict(Refused("beauty", NoScore.UNCONFIRMED)))


@pytest.mark.parametrize("locale", ["ja", "en"])
def test_the_longest_names_of_four_faces_fit(locale: str) -> None:
    names = ["寿限無寿限無五劫の擦り切れ" * 6, "W" * 80, "海砂利水魚の水行末雲来末風来末" * 5]
    faces = [verdict(named(*names), named(*names, head="character")) for _ in range(4)]
    text = answer(*faces, locale=locale, words="長い" * 60)
    assert weighted_length(text) <= 280
    assert all(f"\n{letter} " in f"\n{text}" for letter in "ABCD")
    assert text.endswith("12")


def test_words_without_faces_are_cut_at_worst() -> None:
    text = answer(words="写真を開けませんでした。" * 40)
    assert weighted_length(text) <= 280
    assert text.startswith("写真を開けませんでした。")
    assert text.endswith("…\nNo.12")


@pytest.mark.parametrize(
    "name",
    ["@jack", "#乃木坂", "$TSLA", "evil.example.com", "https://evil.com/x", "＠jack", "J.Lo"],
)
def test_a_name_makes_no_mention_tag_or_link(name: str) -> None:
    text = answer(verdict(named(name)))
    assert name not in text
    assert text.replace("\u200b", "").count(name) == 1  # people read it as it is


@given(st.text(max_size=300))
def test_no_text_weighs_more_on_x_than_here(text: str) -> None:
    if "://" not in text:
        assert weighted_length(text) <= x_text.weight(text)


@given(st.text(st.characters(categories=("L", "N", "P", "Z"), max_codepoint=0xFFFF), max_size=200))
def test_ordinary_text_weighs_the_same(text: str) -> None:
    if not any(each in text for each in ("://", "\u203c", "\u2049", "\u3030", "\u303d")):
        assert weighted_length(text) == x_text.weight(text)
