"""What people read and see: complete locales, honest words, pictures without tofu."""

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from fluent.syntax import FluentParser
from fluent.syntax.ast import Message
from PIL import Image, ImageFont

from bot import drawing, replying
from bot.domain import Mark, Standing, State, Verdict
from bot.errors import PictureRefused, Reason
from models.heads import SCORING_HEADS
from models.types import Crop, Kind, NoScore, Route, Scored, WhyNot
from tests.test_correcting import verdict

LOCALE = Path(replying.__file__).parent / "locale"


def messages(locale: str) -> dict[str, list[str]]:
    """By file, so that nothing is said twice."""
    return {
        file.name: [
            entry.id.name
            for entry in FluentParser().parse(file.read_text("utf-8")).body
            if isinstance(entry, Message)
        ]
        for file in sorted((LOCALE / locale).iterdir())
    }


def test_both_locales_say_the_same_things_once() -> None:
    said = {locale: messages(locale) for locale in replying.LOCALES}
    assert {file: set(each) for file, each in said["ja"].items()} == {
        file: set(each) for file, each in said["en"].items()
    }
    for files in said.values():
        everything = [message for each in files.values() for message in each]
        assert len(everything) == len(set(everything))


@pytest.mark.parametrize("locale", replying.LOCALES)
def test_every_refusal_and_state_has_its_words(locale: str) -> None:
    for reason in Reason:
        assert replying.refusal(locale, PictureRefused(reason, "12"))
    for state in State:
        assert bool(replying.status(locale, [Standing(state, "Mai")])) == (state is not State.OPEN)


@pytest.mark.parametrize("locale", replying.LOCALES)
def test_every_reason_for_no_score_has_its_words(locale: str) -> None:
    flaws = (WhyNot.TOO_SMALL, WhyNot.TOO_BLURRED, WhyNot.TURNED_AWAY)
    for head in SCORING_HEADS:
        for reason in (*NoScore, *flaws):
            assert replying.no_score(locale, head, reason)


@pytest.mark.parametrize("locale", replying.LOCALES)
@pytest.mark.parametrize("head", SCORING_HEADS)
def test_a_score_is_said_with_its_interval_and_what_it_amounts_to(head: str, locale: str) -> None:
    def words(value: float, low: float, high: float) -> str:
        scored = Scored(head, value, low, high, "m")
        shown = dataclasses.replace(known(), locale=locale, guesses=(scored,))
        return replying.part(shown, crop(), {}).words

    said = [words(3.81, 3.24, 4.38), words(2.0, 1.0, 2.9), words(3.1, 2.5, 3.7)]
    assert all(number in said[0] for number in ("3.8", "3.2", "4.4"))
    likes = [replying.say(locale, key) for key in ("like", "nope", "like-undecided")]
    assert all(like in line for like, line in zip(likes, said, strict=True))


def crop() -> Crop:
    pixels = np.full((300, 240, 3), 128, np.uint8)
    return Crop(pixels, (60, 60, 180, 220), np.zeros((5, 2), np.float32), Kind.PHOTO)


def said(state: State, name: str | None = None) -> dict[str, Standing]:
    return {"idol": Standing(state, name)}


def known() -> Verdict:
    return verdict("齋藤飛鳥", "白石麻衣", "西野七瀬")


def unknown() -> Verdict:
    shown = known()
    (guess,) = shown.guesses
    return dataclasses.replace(shown, guesses=(dataclasses.replace(guess, answer="unknown"),))


NOBODY = unknown().guesses
SOMEBODY = known().guesses


def test_three_honest_answers() -> None:
    assert "no face" in replying.summary("en", [], 0, [], ["photo"])
    assert "don't know" in replying.summary("en", [NOBODY] * 2, 2, [], ["photo"])
    assert "know 1" in replying.summary("en", [NOBODY, SOMEBODY], 2, [], ["photo"])
    assert "3 more" in replying.summary("en", [SOMEBODY] + [NOBODY] * 6, 4, [], ["photo"])


@pytest.mark.parametrize(
    ("locale", "routes", "words"),
    [
        ("en", ["nobody"], "no face of a person or a character"),
        ("en", ["nobody", "photo"], "somebody in this photograph"),
        ("en", ["illustration", "nobody"], "This is a drawing"),
        ("ja", ["nobody"], "人やキャラクターの顔はないようなので"),
        ("ja", ["photo"], "だれか写っているようですが"),
        ("ja", ["illustration"], "イラストのようですが"),
    ],
)
def test_without_faces_it_says_whether_somebody_may_be_there(
    locale: str, routes: list[Route], words: str
) -> None:
    assert words in replying.summary(locale, [], 0, [], routes)


def test_a_refused_picture_does_not_claim_that_there_was_no_face() -> None:
    assert replying.summary("en", [], 0, ["too large"], []) == "too large"


def test_a_known_face_offers_its_name_and_the_others() -> None:
    answer = replying.part(known(), crop(), said(State.OPEN))
    assert "齋藤飛鳥" in answer.words
    assert "90 %" in answer.words
    assert answer.marks == (
        Mark.RIGHT, Mark.B, Mark.C, Mark.NONE_OF_THESE, Mark.NOT_A_FACE, Mark.DELETE,
    )  # fmt: skip
    assert "🇧 白石麻衣" in answer.words


def test_where_nothing_was_measured_no_percentage_is_made_up() -> None:
    shown = dataclasses.replace(unknown(), revealed=True)
    (guess,) = shown.guesses
    uncalibrated = dataclasses.replace(guess, calibrated_from="nothing")
    shown = dataclasses.replace(shown, guesses=(uncalibrated,))
    words = replying.part(shown, crop(), said(State.OPEN)).words
    assert words.endswith("🇦 齋藤飛鳥 🇧 白石麻衣 🇨 西野七瀬")


def test_a_removed_person_leaves_the_other_candidates_their_letters() -> None:
    left = verdict("齋藤飛鳥", "", "西野七瀬")
    answer = replying.part(left, crop(), said(State.OPEN))
    assert "🇨 西野七瀬" in answer.words
    assert "🇧" not in answer.words
    assert answer.marks[:2] == (Mark.RIGHT, Mark.C)


def test_an_unknown_face_shows_names_only_when_asked() -> None:
    silent = replying.part(unknown(), crop(), said(State.OPEN))
    assert "白石麻衣" not in silent.words
    assert Mark.WHO in silent.marks
    assert Mark.A not in silent.marks
    asked = replying.part(dataclasses.replace(unknown(), revealed=True), crop(), said(State.OPEN))
    assert "🇦 齋藤飛鳥" in asked.words
    assert asked.marks[:4] == (Mark.A, Mark.B, Mark.C, Mark.NONE_OF_THESE)


def test_the_voted_state_is_told() -> None:
    answer = replying.part(known(), crop(), said(State.LEARNED, "齋藤飛鳥"))
    assert answer.status == "Learned: 齋藤飛鳥"
    japanese = dataclasses.replace(known(), locale="ja")
    assert replying.part(japanese, None, said(State.LEARNED, "飛鳥")).status == "覚えました: 飛鳥"


def test_an_expired_crop_has_no_picture() -> None:
    assert replying.part(known(), None, said(State.OPEN)).image is None


@pytest.mark.parametrize("probability", [0, 0.004, 0.5, 0.997, 1])
def test_percentages_are_never_certain(probability: float) -> None:
    assert 1 <= int(replying.percent(probability).split()[0]) <= 99


def test_the_picture_is_framed_captioned_and_without_metadata() -> None:
    data = drawing.annotate(crop().pixels, crop().box, "齋藤飛鳥", "97 %", known=True)
    image = Image.open(io.BytesIO(data))
    assert image.format == "JPEG"
    assert not image.getexif()
    assert image.height > image.width * 300 / 240  # the caption stands below the crop
    pixels = np.asarray(image).astype(int)
    green = (pixels[:, :, 1] > 120) & (pixels[:, :, 0] < 60)
    assert green[-50:].mean() > 0.5  # the caption's ground
    assert green[90:440].any()  # the frame


@pytest.mark.parametrize("name", ["齋藤飛鳥", "ひらがなカタカナ", "이지은", "Zoë Ünsal", "鷗﨑髙"])
def test_names_are_drawn_without_tofu(name: str) -> None:
    font = ImageFont.truetype(str(drawing.font_file()), 40, index=0)
    missing = font.getmask("\U0010ffff").getbbox(), bytes(font.getmask("\U0010ffff"))
    for letter in name.replace(" ", ""):
        drawn = font.getmask(letter).getbbox(), bytes(font.getmask(letter))
        assert drawn != missing, letter


def test_long_names_are_cut_but_not_their_score() -> None:
    short, long = (
        np.asarray(Image.open(io.BytesIO(
            drawing.annotate(crop().pixels, crop().box, name, "97 %", known=True)
        )))
        for name in ("Mai", "Mai" * 30)
    )  # fmt: skip
    assert short.shape == long.shape
    assert np.abs(short[-56:, -90:].astype(int) - long[-56:, -90:]).mean() < 3


def test_tiny_and_large_crops_are_brought_to_one_size() -> None:
    for side in (20, 2000):
        pixels = np.zeros((side, side, 3), np.uint8)
        data = drawing.annotate(pixels, (2, 2, side - 2, side - 2), "x", "", known=False)
        assert Image.open(io.BytesIO(data)).size == (480, 536)


def test_a_grid_numbers_its_faces_in_rows_of_three_at_the_most() -> None:
    def size(faces: int) -> tuple[int, int]:
        picture = drawing.grid([(number, crop()) for number in range(1, faces + 1)])
        return Image.open(io.BytesIO(picture)).size

    assert size(9)[0] == size(9)[1] == size(3)[0]
    assert size(4)[0] == size(4)[1] < size(3)[0]
    assert size(5)[1] == size(6)[1] == size(4)[1]
    one, other = (drawing.grid([(number, crop())]) for number in (1, 2))
    assert one != other  # the number is on it
