"""Consensus: the order in which people come makes no difference, and nobody wins by half."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.consensus import Ballot, Electorate, Rules, agreed
from bot.correcting import settle
from bot.domain import Action, Answer, Label, Verdict, Vote
from models.types import Candidate, Kind, Named

POSTER, MODERATOR = "u:poster", "u:moderator"
NOON = datetime(2026, 1, 1, 12)
VOTERS = [POSTER, MODERATOR, "u:a", "u:b", "u:c", "u:d"]
SAID = [
    (Action.RIGHT, "Mai"),
    (Action.NAME, "Asuka"),
    (Action.NAME, "mai"),
    (Action.NOT, "Mai"),
    (Action.NONE_OF_THESE, None),
    (Action.NOT_A_FACE, None),
]
GUESS = Named("idol", "known", (Candidate("Mai", 0.9), Candidate("Nanase", 0.1)), "measured", "m")
FACE = Verdict(
    1, "k", "s", POSTER, "en", Kind.PHOTO, (0, 0, 1, 1), 1, "0" * 16, "c", (GUESS,),
    spoiler=False, revealed=False, created=NOON,
)  # fmt: skip
reliabilities = st.dictionaries(st.sampled_from(VOTERS), st.floats(0, 1.5))
one_voters_votes = st.lists(st.tuples(st.sampled_from(SAID), st.booleans()), max_size=4)


@st.composite
def interleavings(draw: st.DrawFn) -> tuple[list[Vote], list[Vote]]:
    """Everybody's votes as they came, and voter after voter: each voter's own order is kept."""
    cast = {voter: draw(one_voters_votes) for voter in VOTERS}
    turns = draw(st.permutations([voter for voter, said in cast.items() for _ in said]))
    left = {voter: iter(said) for voter, said in cast.items()}
    came = [_vote(n, voter, *next(left[voter])) for n, voter in enumerate(turns)]
    sorted_by_voter = [
        _vote(n, voter, said, back)
        for n, (voter, said, back) in enumerate(
            (voter, said, back) for voter in VOTERS for said, back in cast[voter]
        )
    ]
    return came, sorted_by_voter


def _vote(number: int, voter: str, said: tuple[Action, str | None], back: bool) -> Vote:
    action, name = said
    created = NOON + timedelta(seconds=number)
    return Vote(number, 1, "idol", voter, voter == MODERATOR, action, name, back, created)


@given(interleavings(), reliabilities, st.booleans())
def test_the_label_built_vote_by_vote_is_that_of_a_recount_in_any_order(
    cast: tuple[list[Vote], list[Vote]], reliability: dict[str, float], allowed: bool
) -> None:
    came, recounted = cast
    electorate = Electorate(reliability=reliability)
    log: list[Label | None] = [None]
    for seen in range(1, len(came) + 1):
        label = settle(FACE, "idol", came[:seen], electorate, allowed=allowed).label
        if label != log[-1]:
            log.append(label)
    assert log[-1] == settle(FACE, "idol", recounted, electorate, allowed=allowed).label


ballots = st.lists(
    st.builds(
        Ballot,
        st.just(Answer.IS),
        st.sampled_from([("A",), ("B",), ("C",)]),
        st.floats(0, 3),
    )
    | st.builds(
        Ballot, st.just(Answer.IS_NOT), st.sampled_from([("A",), ("A", "B")]), st.floats(0, 3)
    )
    | st.builds(Ballot, st.just(Answer.NOT_A_FACE), st.just(()), st.floats(0, 3)),
    max_size=8,
)


@given(ballots, st.randoms(use_true_random=False))
def test_the_order_of_ballots_does_not_matter(cast: list[Ballot], random: object) -> None:
    shuffled = list(cast)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert agreed(cast, Rules()) == agreed(shuffled, Rules())


@given(ballots)
def test_who_wins_has_a_quorum_and_most_of_the_weight(cast: list[Ballot]) -> None:
    outcome = agreed(cast, Rules())
    if outcome.answer is Answer.IS:
        (name,) = outcome.names
        weight = sum(b.weight for b in cast if b.answer is Answer.IS and b.names == (name,))
        against = sum(
            b.weight
            for b in cast
            if (b.answer is Answer.IS and b.names != (name,))
            or b.answer is Answer.NOT_A_FACE
            or (b.answer is Answer.IS_NOT and name in b.names)
        )
        assert weight >= 2 - 1e-9
        assert weight >= 0.6 * (weight + against) - 1e-9


@given(ballots)
def test_more_of_the_same_never_unsettles(cast: list[Ballot]) -> None:
    outcome = agreed(cast, Rules())
    if outcome.answer in (Answer.IS, Answer.NOT_A_FACE):
        assert outcome.answer is not None
        more = [*cast, Ballot(outcome.answer, outcome.names, 1.0)]
        assert agreed(more, Rules()).answer is outcome.answer


def test_nobody_who_guesses_counts() -> None:
    cast = [Ballot(Answer.IS, ("A",), 0.0)] * 9
    assert agreed(cast, Rules()).answer is None
    assert agreed([*cast, *[Ballot(Answer.IS, ("B",), 1.0)] * 2], Rules()).names == ("B",)
