"""Who is believed how much: by what the others say, and never by oneself or one's friends."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.reliability import MOST, Cast, Reliability, measure

FACES = range(40)
TRUTH = [f"is:p{face % 8}" for face in FACES]


def cast(
    number: int, face: int, voter: str, answer: str, *, trusted: bool = False, author: str = "post"
) -> Cast:
    guessed = ((f"p{face % 8}", 0.6),) if face % 2 else ()
    return Cast(number, face, voter, author, trusted, answer, guessed)


def community(*voters: tuple[str, float], wrong: str = "", seed: int = 0) -> list[Cast]:
    """Each voter answers every face, wrongly as often as said, then with their own wrong name."""
    rng = np.random.default_rng(seed)
    said = []
    for voter, mistaken in voters:
        for face in FACES:
            right = rng.random() >= mistaken
            answer = TRUTH[face] if right else wrong or f"is:{voter}{rng.integers(9)}"
            said.append(cast(len(said), face, voter, answer))
    return said


def test_nobody_is_known_before_others_spoke() -> None:
    assert measure([]) == {}
    alone = [cast(face, face, "ann", TRUTH[face]) for face in FACES]
    assert measure(alone) == {"ann": Reliability(1.0, 0, 0)}
    one = measure([*alone, cast(99, 0, "bea", TRUTH[0])])
    assert one["bea"].counted == one["ann"].counted == 1
    assert 1 < one["bea"].weight < 1.2


def test_the_careful_weigh_most_the_careless_little_and_guessers_nothing() -> None:
    found = measure(community(("ann", 0.02), ("bea", 0.05), ("cho", 0.3), ("dan", 0.9)))
    assert found["ann"].weight == MOST
    assert found["bea"].weight > 1.2
    assert 0 < found["cho"].weight < 1
    assert found["dan"].weight == 0
    assert found["dan"].counted > 30
    assert found["dan"].right < 10


def test_a_moderator_is_right_against_any_crowd() -> None:
    crowd = community(("ann", 1), ("bea", 1), ("cho", 1), wrong="is:asuka")
    moderated = [cast(900 + face, face, "mod", TRUTH[face], trusted=True) for face in FACES]
    found = measure([*crowd, *moderated])
    assert [found[voter].weight for voter in ("ann", "bea", "cho")] == [0, 0, 0]
    assert found["ann"].counted == len(FACES)


def test_two_who_agree_with_each_other_against_everybody_do_not_settle_anything() -> None:
    honest = community(("ann", 0), ("bea", 0), ("cho", 0))
    seen = range(10)
    contested = [each for each in honest if each.verdict_id in seen]
    pair = community(("eve", 1), ("mal", 1), wrong="is:asuka")
    found = measure([*contested, *pair])
    for voter in ("eve", "mal"):  # on thirty faces only they spoke
        assert found[voter] == Reliability(0.0, 0, len(seen))
    assert all(found[voter].weight > 1.2 for voter in ("ann", "bea", "cho"))


def test_liars_do_not_confirm_each_other_though_each_was_caught_on_other_faces() -> None:
    said = []
    for face in FACES:  # each with one liar, whom two others contradict
        liar = ("eve", "mal")[face % 2]
        for voter, answer in ((liar, "is:asuka"), ("ann", TRUTH[face]), ("bea", TRUTH[face])):
            said.append(cast(len(said), face, voter, answer))
    for face in range(100, 140):  # nobody else knows these
        said += [
            cast(len(said) + n, face, liar, "is:asuka") for n, liar in enumerate(("eve", "mal"))
        ]
    found = measure(said)
    assert found["eve"] == found["mal"] == Reliability(0.0, 0, len(FACES) // 2)
    assert found["ann"].weight == MOST


def test_who_turns_after_fifty_honest_answers_loses_weight_within_a_few() -> None:
    rng = np.random.default_rng(1)

    def after(turned: int) -> float:
        said = []
        for face in range(50 + turned):
            answer = "is:asuka" if face >= 50 else TRUTH[face % 8]
            others = rng.choice(["ann", "bea", "cho"], 2, replace=False).tolist()
            said += [cast(3 * face, face, "eve", answer)]
            said += [cast(3 * face + n, face, o, TRUTH[face % 8]) for n, o in enumerate(others, 1)]
        return measure(said)["eve"].weight

    assert after(0) == MOST
    assert after(3) < 1
    assert after(6) < 0.2


def test_to_say_who_it_is_not_is_right_if_it_is_somebody_else() -> None:
    others = [
        cast(2 * face + n, face, voter, TRUTH[face])
        for face in FACES
        for n, voter in enumerate(("ann", "bea"))
    ]
    right = [cast(200 + face, face, "cho", "not:asuka/mai") for face in FACES]
    wrong = [cast(300 + face, face, "dan", f"not:{TRUTH[face][3:]}") for face in FACES]
    nobody = [cast(400 + face, face, "fay", "no_face") for face in FACES]
    found = measure([*others, *right, *wrong, *nobody])
    assert found["cho"].weight == MOST
    assert found["cho"].right == len(FACES)
    assert found["dan"].weight == found["fay"].weight == 0


answers = st.sampled_from(["is:mai", "is:asuka", "not:mai", "not:asuka/mai", "no_face"])
said_by_one = st.dictionaries(st.integers(0, 7), answers, max_size=8)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from("abcde"), said_by_one), st.data())
def test_it_does_not_matter_who_spoke_before_whom(
    said: dict[str, dict[int, str]], data: st.DataObject
) -> None:
    turns = data.draw(st.permutations([voter for voter, faces in said.items() for _ in faces]))
    left = {voter: iter(faces.items()) for voter, faces in said.items()}
    came = [cast(n, *_of(voter, *next(left[voter]))) for n, voter in enumerate(turns)]
    one_by_one = [
        cast(n, *_of(voter, face, answer))
        for n, (voter, face, answer) in enumerate(
            (voter, face, answer) for voter, faces in said.items() for face, answer in faces.items()
        )
    ]
    found = measure(came)
    assert found == measure(one_by_one)
    assert all(0 <= each.weight <= MOST for each in found.values())


def _of(voter: str, face: int, answer: str) -> tuple[int, str, str]:
    return face, voter, answer
