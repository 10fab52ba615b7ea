"""Votes to labels: who is believed, what may be learned, and that undoing undoes."""

import dataclasses
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.consensus import Electorate
from bot.correcting import (
    clean_name,
    marks_on,
    meant_name,
    reads_like_chat,
    settle,
)
from bot.domain import Action, Answer, Correction, Mark, State, Verdict, Vote
from bot.errors import NotFound
from bot.voting import standing_votes
from models.types import Candidate, Kind, Named

POSTER, MODERATOR, STRANGER = "u:poster", "u:moderator", "u:stranger"
EVERYBODY = Electorate()
NOON = datetime(2026, 1, 1, 12)


def verdict(*names: str) -> Verdict:
    candidates = tuple(Candidate(name, 0.9 / (n + 1)) for n, name in enumerate(names))
    guess = Named("idol", "known" if names else "unknown", candidates, "measured", "m")
    return Verdict(
        1, "k", "s", POSTER, "en", Kind.PHOTO, (0, 0, 1, 1), 1, "0" * 16, "c", (guess,),
        spoiler=False, revealed=False, created=NOON,
    )  # fmt: skip


def votes(
    *cast: tuple[str, Action, str | None] | tuple[str, Action, str | None, bool],
) -> list[Vote]:
    return [
        Vote(n, 1, "idol", voter, voter == MODERATOR, action, name, bool(rest and rest[0]), NOON)
        for n, (voter, action, name, *rest) in enumerate(cast)
    ]


def state(
    *cast: tuple[str, Action, str | None] | tuple[str, Action, str | None, bool],
    allowed: bool = False,
) -> tuple[State, str | None]:
    standing = settle(verdict("Mai", "Asuka"), "idol", votes(*cast), EVERYBODY, allowed=allowed)
    return standing.state, standing.name


def test_a_removed_candidate_can_be_neither_chosen_nor_rejected() -> None:
    left = verdict("Mai", "", "Nanase")
    chosen = Correction(1, "idol", POSTER, Action.CANDIDATE, choice=1)
    with pytest.raises(NotFound, match="no such candidate"):
        meant_name(left, chosen)
    assert meant_name(left, dataclasses.replace(chosen, choice=2)) == "Nanase"
    label = settle(
        left, "idol", votes((POSTER, Action.NONE_OF_THESE, None)), EVERYBODY, allowed=False
    ).label
    assert label is not None
    assert label.names == ("Mai", "Nanase")


@pytest.mark.parametrize(
    "words",
    [
        "thanks", "Thank you!!", "THX", "thanks 😊", "Nice.", "lol", "hahaha", "👍", "...", "who?",
        "ありがとう", "ありがとうございます！", "ｗｗｗ", "草", "違います", "わかりません。",
        "だれですか？", "don't know", "https://example.org/eileen", "see www.example.org",
        "I think I have seen her on television some years ago", "妹です。かわいいでしょう",
    ],
)  # fmt: skip
def test_courtesy_and_chat_are_no_names(words: str) -> None:
    assert reads_like_chat(words)


@pytest.mark.parametrize(
    "name",
    [
        "Eileen Collins", "齋藤飛鳥", "飛鳥ちゃん！", "Ty", "Ha", "M", "No Na", "Haley", "ano",
        "あの", "モーニング娘。", "つのだ☆ひろ", "Robert Downey Jr.", "will.i.am", "2PAC", "김연아",
        "Pablo Diego José Francisco de Paula Juan Picasso", "Thanksgiving Turkey",
    ],
)  # fmt: skip
def test_names_are_names(name: str) -> None:
    assert not reads_like_chat(name)


def test_nobody_voted() -> None:
    assert state() == (State.OPEN, None)


@pytest.mark.parametrize("action", [Action.RIGHT, Action.CANDIDATE, Action.NAME])
def test_the_posters_own_naming_is_consent(action: Action) -> None:
    assert state((POSTER, action, "Mai")) == (State.LEARNED, "Mai")


def test_a_moderator_alone_needs_the_posters_consent() -> None:
    cast = (MODERATOR, Action.NAME, "Mai")
    assert state(cast) == (State.CONSENT_NEEDED, "Mai")
    assert state(cast, allowed=True) == (State.LEARNED, "Mai")
    assert state(cast, (POSTER, Action.NAME, "Asuka")) == (State.LEARNED, "Mai")


@pytest.mark.parametrize("action", [Action.NONE_OF_THESE, Action.NOT_A_FACE])
def test_saying_what_it_is_not_is_no_consent(action: Action) -> None:
    cast = ((MODERATOR, Action.NAME, "Mai"), (POSTER, action, None))
    assert state(*cast) == (State.CONSENT_NEEDED, "Mai")


def test_one_stranger_waits_and_two_are_enough() -> None:
    first, second = (STRANGER, Action.NAME, "Mai"), ("u:other", Action.NAME, "mai")
    assert state(first, allowed=True) == (State.WAITING, "Mai")
    assert state(first, second, allowed=True) == (State.LEARNED, "Mai")
    assert state(first, second) == (State.CONSENT_NEEDED, "Mai")


def test_strangers_dispute_what_the_poster_says_but_few_do_not_outvote_them() -> None:
    strangers = [(f"u:{n}", Action.NAME, "Asuka") for n in range(5)]
    poster = (POSTER, Action.NAME, "Mai")
    assert state(poster, *strangers[:2]) == (State.LEARNED, "Mai")
    assert state(poster, *strangers[:3]) == (State.DISPUTED, "Asuka")
    assert state(poster, *strangers) == (State.LEARNED, "Asuka")
    moderator = (MODERATOR, Action.NAME, "Mai")
    assert state(poster, *strangers, moderator) == (State.LEARNED, "Mai")


def test_moderators_who_disagree_settle_nothing() -> None:
    def said(voter: str, name: str) -> Vote:
        return Vote(len(voter), 1, "idol", voter, True, Action.NAME, name, False, NOON)

    cast = [said("u:mod", "Mai"), said("u:other mod", "Asuka")]
    for order in (cast, cast[::-1]):
        standing = settle(verdict("Mai", "Asuka"), "idol", order, EVERYBODY, allowed=True)
        assert (standing.state, standing.label) == (State.DISPUTED, None)


def test_a_name_that_was_not_offered_agrees_with_none_of_these() -> None:
    cast = ((STRANGER, Action.NONE_OF_THESE, None), ("u:other", Action.NAME, "Nanase"))
    standing = settle(verdict("Mai", "Asuka"), "idol", votes(*cast), EVERYBODY, allowed=True)
    assert standing.label is not None
    assert (standing.label.answer, standing.label.names) == (Answer.IS_NOT, ("Asuka", "Mai"))


def test_an_alias_is_a_vote_for_its_person() -> None:
    cast = votes((STRANGER, Action.NAME, "Mai"), ("u:other", Action.NAME, "まいやん"))
    present = {"まいやん": "Mai"}
    for known, stands in ((present, State.LEARNED), ({}, State.DISPUTED)):
        standing = settle(verdict("Asuka"), "idol", cast, EVERYBODY, allowed=True, present=known)
        assert standing.state is stands


def test_a_vote_that_is_held_does_not_count() -> None:
    cast = votes((STRANGER, Action.NAME, "Mai"), ("u:other", Action.NAME, "Mai"))
    held = Electorate(held=frozenset({cast[1].id}))
    standing = settle(verdict("Mai"), "idol", cast, held, allowed=True)
    assert (standing.state, standing.label) == (State.HELD, None)


def test_none_of_these_names_all_that_was_offered() -> None:
    standing = settle(
        verdict("Mai", "Asuka"),
        "idol",
        votes((POSTER, Action.NONE_OF_THESE, None)),
        EVERYBODY,
        allowed=False,
    )
    assert standing.label is not None
    assert (standing.label.answer, standing.label.names) == (Answer.IS_NOT, ("Asuka", "Mai"))


def test_taking_a_mark_back_lets_the_one_before_count() -> None:
    cast = [
        (POSTER, Action.RIGHT, "Mai"),
        (POSTER, Action.NONE_OF_THESE, None),
        (POSTER, Action.NONE_OF_THESE, None, True),
    ]
    assert state(*cast[:2]) == (State.REJECTED, None)
    assert state(*cast) == (State.LEARNED, "Mai")
    assert state(*cast, (POSTER, Action.RIGHT, "Mai", True)) == (State.OPEN, None)


def test_votes_on_other_heads_do_not_count() -> None:
    standing = settle(
        verdict("Mai"), "character", votes((POSTER, Action.NAME, "Mai")), EVERYBODY, allowed=False
    )
    assert standing.state is State.OPEN


voting = st.lists(
    st.tuples(
        st.sampled_from([POSTER, MODERATOR, STRANGER]),
        st.sampled_from([(Action.NAME, "A"), (Action.NAME, "B"), (Action.NONE_OF_THESE, None)]),
        st.booleans(),
    ),
    max_size=12,
)


@given(voting)
def test_undoing_the_last_vote_restores_what_stood(
    cast: list[tuple[str, tuple[Action, str | None], bool]],
) -> None:
    before = votes(*((voter, action, name, back) for voter, (action, name), back in cast))
    new = Vote(98, 1, "idol", "u:new", False, Action.NAME, "C", False, NOON)
    undo = Vote(99, 1, "idol", "u:new", False, Action.NAME, "C", True, NOON)
    assert standing_votes([*before, new, undo]) == standing_votes(before)


@given(voting, st.randoms(use_true_random=False))
def test_the_order_between_voters_does_not_matter_for_each_voters_stand(
    cast: list[tuple[str, tuple[Action, str | None], bool]], random: object
) -> None:
    all_votes = votes(*((voter, action, name, back) for voter, (action, name), back in cast))
    latest = {vote.voter: vote for vote in standing_votes(all_votes)}
    for voter in {vote.voter for vote in all_votes}:
        mine = [vote for vote in all_votes if vote.voter == voter]
        assert latest.get(voter) == next(iter(standing_votes(mine)), None)


@given(voting)
def test_nothing_is_learned_without_consent(
    cast: list[tuple[str, tuple[Action, str | None], bool]],
) -> None:
    all_votes = votes(*((voter, action, name, back) for voter, (action, name), back in cast))
    standing = settle(verdict("A", "B"), "idol", all_votes, EVERYBODY, allowed=False)
    posters = [v for v in standing_votes(all_votes) if v.voter == POSTER]
    if standing.label is not None and standing.label.answer is Answer.IS:
        assert any(vote.action is Action.NAME for vote in posters)


def test_marks_point_at_candidates() -> None:
    shown = verdict("Mai", "Asuka")
    assert meant_name(shown, Correction(1, "idol", POSTER, Action.RIGHT)) == "Mai"
    assert meant_name(shown, Correction(1, "idol", POSTER, Action.CANDIDATE, choice=1)) == "Asuka"
    assert meant_name(shown, Correction(1, "idol", POSTER, Action.NONE_OF_THESE)) is None
    with pytest.raises(NotFound):
        meant_name(shown, Correction(1, "idol", POSTER, Action.CANDIDATE, choice=2))


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("  Mai \n Shiraishi\t", "Mai Shiraishi"),
        ("白石\u3000麻衣", "白石 麻衣"),
        ("a\x00b\x1b", "a b"),
    ],
)
def test_names_are_one_clean_line(typed: str, stored: str) -> None:
    assert clean_name(typed) == stored


@pytest.mark.parametrize("typed", ["", "  ", "\n", "\x00", "x" * 81])
def test_unusable_names_are_refused(typed: str) -> None:
    with pytest.raises(NotFound, match="1 to 80"):
        clean_name(typed)


def test_the_marks_on_an_answer_are_those_not_taken_back() -> None:
    shown = verdict("Mai", "Asuka")
    cast = votes(
        ("u:a", Action.RIGHT, "Mai", False),
        ("u:a", Action.CANDIDATE, "Asuka", False),
        ("u:b", Action.NONE_OF_THESE, None, False),
        ("u:b", Action.NONE_OF_THESE, None, True),
        ("u:c", Action.NOT_A_FACE, None, False),
        ("u:d", Action.NAME, "Nanase", False),
    )
    assert marks_on(shown, cast) == {
        ("u:a", Mark.RIGHT),
        ("u:a", Mark.B),
        ("u:c", Mark.NOT_A_FACE),
    }
