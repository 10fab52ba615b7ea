"""Verdict → words and an annotated crop, in Japanese and English. Pure.

Honest answers: nobody in the picture; no face found; faces, but nobody known; names, with how sure.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fluent.runtime import FluentBundle, FluentResource
from PIL import Image, ImageDraw, ImageFont

from bot.domain import RATING_MARKS, Mark, Neighbour, Part, Standing, State, Verdict
from bot.drawing import KNOWN, PAPER, UNKNOWN, annotate, cell, encode, shortened, typeface
from bot.errors import PictureRefused
from bot.offering import RATED_UNDER, lettered, naming, shown
from bot.scoring import waits_for_word
from models.types import Candidate, Crop, Guess, Kind, Named, Refused, Route, Scored

LOCALES = ("ja", "en")
MOST_PARTS = 4
MOST_IN_GRID = 9


def say(locale: str, message: str, **values: object) -> str:
    """A sentence from `bot/locale`; `values` fill its places.

    Raises:
        KeyError: the locale has no such message: a test keeps the locales complete.
    """
    bundle = _bundle(locale if locale in LOCALES else "en")
    pattern = bundle.get_message(message).value
    if pattern is None:
        raise KeyError(message)
    text, errors = bundle.format_pattern(pattern, values)
    if errors:
        raise KeyError(f"{message}: {errors[0]}")
    return str(text)


def refusal(locale: str, refused: PictureRefused) -> str:
    """What a fan reads when a picture cannot be judged."""
    return say(locale, f"refused-{refused.reason}", detail=refused.detail)


def summary(
    locale: str,
    guesses: Sequence[Sequence[Guess]],
    shown: int,
    refusals: Sequence[str],
    routes: Collection[Route],
    *,
    pictures: int = 0,
    silent: int = 0,
) -> str:
    """The words for the whole reply.

    Args:
        guesses: of each face that a head judged, in all pictures together.
        shown: how many faces got a Part.
        refusals: sentences for the pictures that could not be judged.
        routes: what the judged pictures are.
        pictures: how many were judged as a whole.
        silent: how many faces no head here judges.
    """
    lines = list(refusals)
    faces = len(guesses)
    names = [guess for face in guesses for guess in face if isinstance(guess, Named)]
    known = sum(any(_names_somebody(guess) for guess in face) for face in guesses)
    if faces == 0:
        if pictures:
            lines.append(say(locale, "pictures-judged", pictures=pictures))
        elif silent:
            lines.append(say(locale, "faces-not-judged", faces=silent))
        elif not refusals:
            lines.append(say(locale, _without_faces(routes)))
    elif not names:
        lines.append(say(locale, "faces-judged", faces=faces))
    elif known == 0:
        lines.append(say(locale, "nobody-known", faces=faces))
    else:
        lines.append(say(locale, "names-known", faces=faces, known=known))
    if faces > shown:
        lines.append(say(locale, "and-more", more=faces - shown))
    return "\n".join(lines)


def _names_somebody(guess: Guess) -> bool:
    return isinstance(guess, Named) and guess.answer != "unknown"


def _without_faces(routes: Collection[Route]) -> str:
    """The message for pictures in which no face was found, though one may have somebody in it."""
    for route in ("photo", "illustration"):
        if route in routes:
            return f"no-face-{route}"
    return "nobody-there"


_WORTH_SAYING = 0.02
"""Under a name, other candidates less likely than this are noise."""


def part(verdict: Verdict, crop: Crop | None, standings: Mapping[str, Standing]) -> Part:
    """The answer for one face, or for a whole picture.

    Args:
        crop: the stored crop, or None once it has expired.
        standings: what came of the votes so far, by head.
    """
    answers = _answers(verdict, standings)
    state = min((each.state for each in standings.values()), key=_NEWS.index, default=State.OPEN)
    words = _words(verdict, answers, state)
    return Part(
        verdict_id=verdict.id,
        words=words,
        image=_image(verdict.locale, verdict.guesses, answers, crop) if crop else None,
        description=say(
            verdict.locale,
            "image-description-whole" if verdict.whole else "image-description",
            words=words,
        ),
        marks=_marks(verdict),
        state=state,
        status=status(verdict.locale, standings.values()),
        spoiler=verdict.spoiler,
    )


_NEWS = (
    State.NOT_A_FACE,
    State.LEARNED,
    State.CONSENT_NEEDED,
    State.DISPUTED,
    State.HELD,
    State.WAITING,
    State.EXPIRED,
    State.REJECTED,
    State.OPEN,
)
"""Of the states under several heads, the first of these is that of the Part."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """A name under one head: what the head said, or what people agreed on.

    Attributes:
        probability: None if people agreed on it.
    """

    guess: Named
    name: str
    probability: float | None


def _answers(verdict: Verdict, standings: Mapping[str, Standing]) -> list[_Answer]:
    """Every name for the face, in the order of the channel's heads; none is "I don't know"."""
    said = shown(verdict)
    answers = []
    for guess in naming(verdict):
        standing = standings[guess.head]
        if standing.state is State.LEARNED and standing.name:
            answers.append(_Answer(guess, standing.name, None))
        elif guess in said and guess.answer != "unknown":
            best = guess.candidates[0]
            answers.append(_Answer(guess, best.name, best.probability))
    return answers


def status(locale: str, standings: Iterable[Standing]) -> str | None:
    """What came of the votes, each sentence once, or None when there are none."""
    sentences = [
        say(locale, f"status-{each.state}", name=each.name or "", missing=each.missing)
        for each in standings
        if each.state is not State.OPEN
    ]
    return " ".join(dict.fromkeys(sentences)) or None


def percent(probability: float) -> str:
    """A probability as people read it; never a false 100 % or 0 %."""
    return f"{min(99, max(1, round(100 * probability)))} %"


def _image(locale: str, guesses: Sequence[Guess], answers: Sequence[_Answer], crop: Crop) -> bytes:
    """The crop with names at the left of its caption and scores, or how sure, at the right."""
    scores = [guess for guess in guesses if isinstance(guess, Scored)]
    named = any(isinstance(guess, Named) for guess in guesses)
    alone = answers[0].probability if len(answers) == 1 else None
    known = any(not _is_maybe(each) for each in answers) or (bool(scores) and not named)
    right = " / ".join(number(each.value) for each in scores)
    if named and len(scores) == 1:
        right = f"{say(locale, f'head-{scores[0].head}')} {right}"
    if alone is not None and not scores:
        right = percent(alone)
    height, width = crop.pixels.shape[:2]
    frame = None if crop.box == (0, 0, width, height) else crop.box
    return annotate(crop.pixels, frame, _caption(locale, guesses, answers), right, known=known)


def _caption(locale: str, guesses: Sequence[Guess], answers: Sequence[_Answer]) -> str:
    """Names; that there is none; or, where none was looked for, what was scored."""
    if answers:
        names = (
            say(locale, "caption-maybe", name=each.name) if _is_maybe(each) else each.name
            for each in answers
        )
        return " / ".join(names)
    if any(isinstance(guess, Named) for guess in guesses):
        return say(locale, "caption-unknown")
    scored = [guess for guess in guesses if isinstance(guess, Scored)]
    return " / ".join(say(locale, f"head-{guess.head}") for guess in scored or guesses)


def annotated(locale: str, guesses: Sequence[Guess], crop: Crop) -> bytes:
    """The crop with what the heads said below it, as JPEG; see `annotate`."""
    answers = [
        _Answer(guess, guess.candidates[0].name, guess.candidates[0].probability)
        for guess in guesses
        if isinstance(guess, Named) and guess.answer != "unknown"
    ]
    return _image(locale, guesses, answers, crop)


def _is_maybe(answer: _Answer) -> bool:
    return answer.probability is not None and answer.guess.answer == "maybe"


_FACE, _BESIDE, _TEXT, _EDGE = 440, 200, 250, 20
"""Pixels: the face, a neighbour, the words beside a neighbour, and the gaps."""

_INK, _FAINT = "#1c2320", "#d3dbd7"


def beside(
    locale: str, face: Crop, neighbours: Sequence[tuple[Neighbour, Crop]], named: str | None
) -> bytes:
    """A face on the left and whom it is like on the right, as JPEG without metadata.

    Args:
        neighbours: at most three fit, with their crops.
        named: who the face was said to be, or None.
    """
    width = _FACE + 2 * _EDGE + (_BESIDE + _TEXT + 2 * _EDGE if neighbours else 0)
    caption = _FACE + 2 * _EDGE + 50
    height = max(caption, len(neighbours) * (_BESIDE + _EDGE) + _EDGE)
    whole = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(whole)
    top = (height - caption) // 2 + _EDGE
    whole.paste(_rounded(cell(face, _FACE)), (_EDGE, top))
    middle = _EDGE + _FACE / 2, top + _FACE + _EDGE + 20
    draw.text(middle, say(locale, "why-face"), font=typeface(30), fill=UNKNOWN, anchor="mm")
    for row, (neighbour, crop) in enumerate(neighbours):
        corner = _FACE + 2 * _EDGE + _EDGE, _EDGE + row * (_BESIDE + _EDGE)
        whole.paste(_rounded(cell(crop, _BESIDE)), corner)
        colour = KNOWN if neighbour.name == named else UNKNOWN
        _tell(draw, locale, neighbour, (corner[0] + _BESIDE + _EDGE, corner[1]), colour)
    return encode(whole)


def _tell(
    draw: ImageDraw.ImageDraw,
    locale: str,
    neighbour: Neighbour,
    corner: tuple[int, int],
    colour: str,
) -> None:
    """Name, percent and a bar, in the middle of a row."""
    left, top = corner
    width = _TEXT - _EDGE
    lines = _wrapped(neighbour.name, typeface(36), width)
    top += (_BESIDE - 48 * len(lines) - 78) // 2
    for line in lines:
        draw.text((left, top + 24), line, font=typeface(36), fill=_INK, anchor="lm")
        top += 48
    alike = say(locale, "why-alike", alike=neighbour.alike)
    draw.text((left, top + 24), alike, font=typeface(30), fill=UNKNOWN, anchor="lm")
    bar = left, top + 56, left + width, top + 70
    draw.rounded_rectangle(bar, 7, _FAINT)
    filled = max(14, round(width * neighbour.alike / 100))
    draw.rounded_rectangle((left, bar[1], left + filled, bar[3]), 7, colour)


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """One line or two, the second cut with an ellipsis if need be."""
    if font.getlength(text) <= width:
        return [text]
    fits = next(n for n in range(len(text), 0, -1) if n == 1 or font.getlength(text[:n]) <= width)
    end = max(text.rfind(mark, 1, fits + 1) for mark in " （(・")
    end = end if end > 0 else fits
    return [text[:end], shortened(text[end:].strip(), font, width)]


def _rounded(image: Image.Image) -> Image.Image:
    """With round corners on the paper that `beside` draws on."""
    mask = Image.new("L", image.size)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, image.width - 1, image.height - 1), 16, 255)
    return Image.composite(image, Image.new("RGB", image.size, PAPER), mask)


@cache
def _bundle(locale: str) -> FluentBundle:
    bundle = FluentBundle([locale], use_isolating=False)
    for file in (files("bot") / "locale" / locale).iterdir():
        bundle.add_resource(FluentResource(file.read_text("utf-8")))
    return bundle


def sureness(locale: str, probability: float) -> str:
    """How sure a name is, in words."""
    if probability >= 0.95:
        return say(locale, "sure-very")
    return say(locale, "sure-fairly" if probability >= 0.75 else "sure-hardly")


def _words(verdict: Verdict, answers: Sequence[_Answer], state: State) -> str:
    if state is State.NOT_A_FACE:
        return say(verdict.locale, "part-not-a-face")
    lines = _naming_lines(verdict, answers, state) if naming(verdict) else []
    return "\n".join([*lines, *_score_lines(verdict)])


def _naming_lines(verdict: Verdict, answers: Sequence[_Answer], state: State) -> list[str]:
    if answers:
        lines = [_sentence(verdict, each) for each in answers]
        others = " ".join(_letters(verdict)[1:])
        if state is not State.LEARNED and len(answers) == 1 and others:
            lines.append(say(verdict.locale, "others", names=others))
        return lines
    drawn = verdict.kind is Kind.ILLUSTRATION
    lines = [say(verdict.locale, "part-unknown-character" if drawn else "part-unknown")]
    if verdict.revealed:
        letters = _letters(verdict)
        nearest = say(verdict.locale, "nearest", names=" ".join(letters))
        lines.append(nearest if letters else say(verdict.locale, "nearest-nobody"))
    return lines


def _score_lines(verdict: Verdict) -> list[str]:
    """A line for each score, or for why there is none."""
    locale = verdict.locale
    lines = []
    for guess in verdict.guesses:
        if isinstance(guess, Scored):
            lines.append(
                say(
                    locale,
                    f"score-{guess.head}",
                    value=number(guess.value),
                    low=number(guess.low),
                    high=number(guess.high),
                    likes=say(locale, LIKES[guess.likes]),
                )
            )
        elif isinstance(guess, Refused):
            lines.append(no_score(locale, guess.head, guess.reason))
    return lines


def no_score(locale: str, head: str, reason: str) -> str:
    """Why a head gives no score, and which."""
    why = why_no_score(locale, reason)
    return say(locale, "no-score", head=say(locale, f"head-{head}"), why=why)


def why_no_score(locale: str, reason: str) -> str:
    """A reason of `models.types`, where it is clear which head it is of."""
    return say(locale, f"no-score-{reason}", mark=Mark.MINE)


LIKES = {True: "like", False: "nope", None: "like-undecided"}
"""By `Scored.likes`, the messages that say so."""


def number(score: float) -> str:
    """A score as people read it."""
    return f"{score:.1f}"


def _sentence(verdict: Verdict, answer: _Answer) -> str:
    """One name in words; as whom somebody is dressed is said as such."""
    cosplay = answer.guess.head == "character" and verdict.kind is Kind.PHOTO
    if answer.probability is None:
        message = "part-learned-cosplay" if cosplay else "part-learned"
        return say(verdict.locale, message, name=answer.name)
    message = "part-known-cosplay" if cosplay else "part-known"
    return say(
        verdict.locale,
        "part-maybe" if _is_maybe(answer) else message,
        name=answer.name,
        percent=percent(answer.probability),
        sure=sureness(verdict.locale, answer.probability),
    )


def _letters(verdict: Verdict) -> list[str]:
    """The candidates on offer with their letters, and how sure where anybody can tell."""
    return [
        f"{mark} {each.name}"
        if guess.calibrated_from == "nothing"
        else f"{mark} {each.name} ({percent(each.probability)})"
        for mark, (guess, each) in offered(verdict).items()
    ]


def offered(verdict: Verdict) -> dict[Mark, tuple[Named, Candidate]]:
    """The candidates to show by letter: under a name only those that may be right."""
    return {
        mark: (guess, each)
        for mark, (guess, each) in lettered(verdict).items()
        if each.name and (mark is Mark.A or each.probability >= _least(guess))
    }


def _least(guess: Named) -> float:
    return 0.0 if guess.answer == "unknown" else _WORTH_SAYING


def _marks(verdict: Verdict) -> tuple[Mark, ...]:
    """Only marks that mean something under this answer."""
    letters = tuple(offered(verdict))
    names = [guess for guess in shown(verdict) if guess.answer != "unknown"]
    heads = {guess.head for guess in verdict.guesses}
    always = (
        *((Mark.NOT_A_FACE,) if naming(verdict) else ()),
        *((Mark.MINE,) if waits_for_word(verdict) else ()),
        *(RATING_MARKS if RATED_UNDER in heads else ()),
        Mark.DELETE,
    )
    if names:
        # Under one name ✅ is its letter; of several names each may be right by itself.
        others = letters[1:] if len(names) == 1 else letters
        return (Mark.RIGHT, *others, Mark.NONE_OF_THESE, *always)
    if verdict.revealed and letters:
        return (*letters, Mark.NONE_OF_THESE, *always)
    return (Mark.WHO, *always) if letters else always
