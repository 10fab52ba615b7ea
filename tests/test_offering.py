"""Several heads under one answer: what is shown, and which of them a mark speaks to."""

from dataclasses import replace

import pytest

from bot.correcting import marks_on
from bot.domain import Action, Mark, Standing, State, Verdict, Vote
from bot.offering import lettered, shown, votes_by
from bot.replying import part
from models.types import Candidate, Kind, NameAnswer, Named
from tests.test_correcting import NOON, verdict


def named(head: str, answer: NameAnswer, *names: str) -> Named:
    candidates = tuple(Candidate(name, 0.9 / (n + 1)) for n, name in enumerate(names))
    return Named(head, answer, candidates, "synthetic", "m")


def judged(*guesses: Named, kind: Kind = Kind.PHOTO, revealed: bool = False) -> Verdict:
    return replace(verdict(), guesses=guesses, kind=kind, revealed=revealed)


MAI = named("idol", "known", "Mai", "Asuka")
REM = named("character", "known", "Rem", "Ram")
MAYBE = named("character", "maybe", "Rem", "Ram")
NOBODY = named("idol", "unknown")
NEAR = named("character", "unknown", "Rem", "Ram")


def words(shown: Verdict, **learned: str) -> list[str]:
    standings = {
        guess.head: Standing(State.LEARNED, learned[guess.head])
        if guess.head in learned
        else Standing(State.OPEN)
        for guess in shown.guesses
    }
    return part(shown, None, standings).words.splitlines()


@pytest.mark.parametrize(
    ("guesses", "expected"),
    [
        ((MAI, REM), (MAI, REM)),
        ((REM, MAI), (REM, MAI)),  # the order of the channel
        ((MAI, NEAR), (MAI,)),
        ((NOBODY, MAYBE), (MAYBE,)),
        ((NOBODY, NEAR), (NEAR,)),  # one "I don't know", that of who can tell whom it is near
        ((NOBODY,), (NOBODY,)),
        ((), ()),
    ],
)
def test_every_name_is_shown_or_one_i_dont_know(
    guesses: tuple[Named, ...], expected: tuple[Named, ...]
) -> None:
    assert shown(judged(*guesses)) == expected


def test_every_name_has_its_line_in_the_order_of_the_channel() -> None:
    first, second = words(judged(REM, MAI))
    assert first.startswith("Cosplay: I think as Rem")
    assert second.startswith("I think this is Mai")


def test_one_name_also_says_who_else_it_may_be() -> None:
    assert words(judged(MAI, NEAR))[1].endswith("🇧 Asuka (45 %)")


def test_a_drawn_character_is_nobodys_cosplay() -> None:
    (line, _) = words(judged(REM, kind=Kind.ILLUSTRATION))
    assert line.startswith("I think this is Rem")
    (unknown,) = words(judged(NEAR, kind=Kind.ILLUSTRATION))
    assert unknown.startswith("I don't know which character")


def test_a_maybe_is_called_one() -> None:
    assert words(judged(NOBODY, MAYBE))[0].startswith("Maybe Rem?")


def test_what_people_said_stands_beside_what_another_head_says() -> None:
    assert words(judged(MAI, NEAR), character="Ram") == [
        "I think this is Mai (90 %, probably)",
        "Cosplay of Ram, I was told.",
    ]


def test_letters_are_of_the_head_that_is_shown() -> None:
    assert [each.name for _, each in lettered(judged(NOBODY, NEAR)).values()] == ["Rem", "Ram"]
    assert votes_by(judged(NOBODY, NEAR), Mark.B) == [("character", Action.CANDIDATE, 1)]


def test_of_several_names_each_has_a_letter() -> None:
    both = judged(MAI, REM)
    assert votes_by(both, Mark.A) == [("idol", Action.CANDIDATE, 0)]
    assert votes_by(both, Mark.B) == [("character", Action.CANDIDATE, 0)]
    assert votes_by(both, Mark.C) == []
    marks = part(
        both, None, {"idol": Standing(State.OPEN), "character": Standing(State.OPEN)}
    ).marks
    assert marks == (
        Mark.RIGHT, Mark.A, Mark.B, Mark.NONE_OF_THESE, Mark.NOT_A_FACE, Mark.DELETE
    )  # fmt: skip


def test_a_mark_speaks_to_what_is_shown_and_no_face_to_all() -> None:
    assert votes_by(judged(MAI, NEAR), Mark.RIGHT) == [("idol", Action.RIGHT, None)]
    assert len(votes_by(judged(MAI, REM), Mark.NONE_OF_THESE)) == 2
    assert len(votes_by(judged(MAI, NEAR), Mark.NOT_A_FACE)) == 2
    assert votes_by(judged(MAI), Mark.DELETE) == votes_by(judged(MAI), Mark.WHO) == []


def test_marks_are_read_back_from_the_votes_of_all_heads() -> None:
    both = judged(MAI, REM)

    def vote(
        n: int, head: str, action: Action, name: str | None, *, withdraw: bool = False
    ) -> Vote:
        return Vote(n, 1, head, "ann", False, action, name, withdraw, NOON)

    right = [vote(1, "idol", Action.RIGHT, "Mai"), vote(2, "character", Action.RIGHT, "Rem")]
    assert marks_on(both, right) == {("ann", Mark.RIGHT)}
    letter = vote(3, "character", Action.CANDIDATE, "Rem")
    assert marks_on(both, [letter]) == {("ann", Mark.B)}
    nobody = [vote(4, head, Action.NONE_OF_THESE, None) for head in ("idol", "character")]
    undone = vote(5, "idol", Action.NONE_OF_THESE, None, withdraw=True)
    assert marks_on(both, [*nobody, undone]) == {("ann", Mark.NONE_OF_THESE)}  # one still stands
