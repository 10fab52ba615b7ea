"""People who do not exist, who know some people, err as people do, or lie."""

import numpy as np

from datasets.simulated_community import Community, Habits, Said, doubles, mistyped

PEOPLE = [f"person {number:02}" for number in range(40)]
DOUBLES = {name: PEOPLE[number ^ 1] for number, name in enumerate(PEOPLE)}
EVERYBODY = Habits(known=1.0)


def answers(community: Community, voter: str, offered: str | None = None) -> list[Said | None]:
    return [
        community.answer(voter, face, PEOPLE[face % 40], offered) for face in range(400)
    ]  # each person ten times


def test_the_honest_err_as_often_as_said_and_each_alike_on_a_second_day() -> None:
    community = Community(DOUBLES, EVERYBODY, seed=1)
    said = [answers(community, voter) for voter in community.voters]
    assert said == [answers(Community(DOUBLES, EVERYBODY, 1), v) for v in community.voters]
    wrong = np.mean([each != Said(PEOPLE[f % 40]) for one in said for f, each in enumerate(one)])
    assert 0.03 < wrong < 0.05
    mistaken = {each.name for one in said for f, each in enumerate(one) if each and f % 40 == 0}
    assert mistaken >= {PEOPLE[0], PEOPLE[1]}  # the double
    assert mistaken - set(PEOPLE)  # mistyped


def test_whom_somebody_does_not_know_they_skip_but_say_who_it_is_not() -> None:
    community = Community(DOUBLES, Habits(known=0.5, errs=(0, 0)), seed=2)
    said = answers(community, "voter 00")
    known = {each.name for each in said if each is not None}
    assert len(known) == 20
    assert said.count(None) == 200
    friend, other = min(known), min(set(PEOPLE) - known)
    assert community.answer("voter 00", 0, None, friend) == Said(friend, agrees=False)
    assert community.answer("voter 00", 0, None, other) is None
    assert community.answer("voter 00", 0, friend, other) == Said(friend)


def test_who_does_not_look_confirms_what_is_offered() -> None:
    careless = Community(DOUBLES, Habits(known=1.0, errs=(1, 1)), seed=3)
    assert careless.answer("voter 00", 0, PEOPLE[0], PEOPLE[5]) == Said(PEOPLE[5])
    assert careless.answer("voter 00", 0, PEOPLE[0], PEOPLE[0]) == Said(PEOPLE[0], agrees=False)


def test_the_hostile_agree_on_one_name_once_they_are_believed() -> None:
    habits = Habits(known=1.0, errs=(0, 0), hostile=0.2, honest_first=50)
    community = Community(DOUBLES, habits, seed=4)
    assert len(community.hostile) == 4
    for voter in community.hostile:
        said = answers(community, voter)
        assert said[:50] == [Said(PEOPLE[face % 40]) for face in range(50)]
        assert set(said[50:]) == {Said(community.wanted)}


def test_a_victim_s_enemies_lie_of_nobody_else() -> None:
    habits = Habits(known=1.0, errs=(0, 0), hostile=0.2, of_a_victim=True)
    community = Community(DOUBLES, habits, seed=5)
    assert community.wanted != community.victim
    for voter in community.hostile:
        for person in PEOPLE:
            told = community.wanted if person == community.victim else person
            assert community.answer(voter, 0, person, None) == Said(told)


def test_doubles_look_most_alike_and_mistyped_names_are_near() -> None:
    vectors = np.array([[1, 0, 0], [0, 1, 0.1], [0, 1, 0.3], [1, 0, 0.2]], dtype=np.float32)
    assert doubles(["a", "b", "c", "d"], list(vectors))["b"] == "c"
    rng = np.random.default_rng(0)
    assert {mistyped("Mai", rng) for _ in range(50)} == {"ai", "Mi", "Ma"}
    assert mistyped("M", rng) == "MM"
