"""The pages that teach, over HTTP."""

from typing import Any

import pytest

from bot.domain import Action, Correction, Role, State
from bot.platforms.web import WebPlatform
from bot.service import Service
from bot.settings import Settings
from bot.store import Store
from bot.teaching_queue import A_PAGE
from tests.pixel_faces import post_face, post_shots, teach
from tests.platforms.conftest import PAGE, Visitor, client
from tests.platforms.teaching import (
    ASUKA,
    ENROLLED,
    MAI,
    NANASE,
    POSTER,
    community,
    member,
    networks,
    seen,
    visiting,
)

__all__ = ["community", "member", "networks", "visiting"]

MODERATOR = {"role": Role.MODERATOR}


async def asked(visitor: Visitor) -> list[dict[str, Any]]:
    """All questions that a visitor gets, page by page."""
    found, cursor = [], ""
    while True:
        status, page = await visitor.send("GET", f"/teach/confirm/waiting?cursor={cursor}")
        assert status == 200, page
        found += page["questions"]
        cursor = page["cursor"]
        if cursor is None:
            return found


async def answer(visitor: Visitor, question: dict[str, Any], said: str = "is", **more: Any) -> int:
    body = {"answer": said, "head": question["head"], "name": question["name"], **more}
    status, _ = await visitor.send("POST", f"/teach/confirm/{question['id']}", json=body)
    return status


async def test_the_guess_of_now_is_asked_and_an_answer_is_a_vote(
    ann: Visitor, service: Service, store: Store, community: dict[str, list[int]]
) -> None:
    questions = await asked(ann)
    waiting = {number: name for name, numbers in community.items() for number in numbers}
    assert {each["id"]: each["name"] for each in questions if each["id"] in waiting} == waiting
    first = next(each for each in questions if each["id"] in waiting)
    assert await answer(ann, first) == 204
    (vote,) = await store.votes(first["id"])
    assert (vote.action, vote.name, vote.place, vote.trusted) == (
        Action.NAME,
        first["name"],
        "web:confirm",
        False,
    )
    assert first["id"] not in {each["id"] for each in await asked(ann)}
    assert await answer(ann, first, withdraw=True) == 204
    assert first["id"] in {each["id"] for each in await asked(ann)}


async def test_answers_that_are_no_answers(ann: Visitor, community: dict[str, list[int]]) -> None:
    question = {"id": community[ASUKA][0], "head": "idol", "name": ASUKA}
    assert await answer(ann, question, "perhaps") == 400
    assert await answer(ann, {**question, "head": "taste"}) == 400
    assert await answer(ann, {**question, "name": " "}) == 404
    assert await answer(ann, {**question, "id": 999}) == 404


async def test_two_people_make_a_label_and_its_face_is_asked_about_no_more(
    ann: Visitor, platform: WebPlatform, service: Service, community: dict[str, list[int]]
) -> None:
    question = {"id": community[MAI][0], "head": "idol", "name": MAI}
    async with client(platform) as http:
        bea = Visitor(http)
        await bea.open()
        for visitor in (ann, bea):
            assert await answer(visitor, question) == 204
        labelled = {each.name: each.examples for each in await service.people("web")}
        assert labelled[MAI] == ENROLLED + 1
        waiting = {number for numbers in community.values() for number in numbers}
        left = {each["id"] for each in await asked(bea)} & waiting
        assert left == waiting - {question["id"]}


async def test_somebody_is_shown_only_what_its_poster_agreed_to_and_their_own(
    ann: Visitor, service: Service, store: Store, community: dict[str, list[int]]
) -> None:
    shy = await post_face(store, seen(MAI, 8), key="shy", author="web:shy")
    assert shy not in {each["id"] for each in await asked(ann)}
    await service.allow("web", POSTER, allowed=False)
    waiting = {number for numbers in community.values() for number in numbers}
    assert not waiting & {each["id"] for each in await asked(ann)}


@pytest.mark.parametrize("member", [{"role": Role.TEACHER, "places": frozenset({"x"})}])
async def test_a_member_is_asked_about_the_places_they_see(
    ann: Visitor, store: Store, community: dict[str, list[int]]
) -> None:
    assert await asked(ann) == []
    assert "0</span>" in (await ann.send("GET", "/teach", PAGE))[1].decode()


@pytest.mark.parametrize("member", [{"role": Role.VIEWER}, {"role": Role.TEACHER}])
async def test_roles(ann: Visitor, member: dict[str, Any]) -> None:
    teaches = 200 if member["role"] is Role.TEACHER else 403
    queues = "confirm", "confirm/waiting", "name", "names"
    for path in ("/teach", *(f"/teach/{each}" for each in queues)):
        assert (await ann.send("GET", path))[0] == teaches
    for path in ("/teach/review", "/teach/review/waiting", "/teach/people"):
        assert (await ann.send("GET", path))[0] == 403


# questions whose answers are known


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Half of what is asked has a known answer, so that a few questions are enough."""
    teaching = settings.teaching.model_copy(update={"gold_share": 0.5})
    return settings.model_copy(update={"teaching": teaching})


async def test_gold_is_hidden_among_the_questions_and_asks_for_wrong_names_too(
    ann: Visitor, store: Store, community: dict[str, list[int]]
) -> None:
    waiting = {number for numbers in community.values() for number in numbers}
    questions = await asked(ann)
    gold = [each for each in questions if each["id"] not in waiting]
    known = {each.verdict_id: each.names[0] for each in await store.live_labels("web", "idol")}
    assert gold
    assert {each["id"] for each in gold} <= known.keys()
    assert all(each["name"] for each in gold)
    assert len({frozenset(each) for each in questions}) == 1  # the same is told of each
    first = gold[0]
    assert await answer(ann, first, "not") == 204
    assert first["id"] not in {each["id"] for each in await asked(ann)}


async def test_half_of_the_gold_asks_for_the_second_best_name(
    service: Service, store: Store, community: dict[str, list[int]]
) -> None:
    known = {each.verdict_id: each.names[0] for each in await store.live_labels("web", "idol")}
    right: list[bool] = []
    for visitor in range(20):
        page = await service.questions.page("web", f"web:{visitor}")
        right += [e.name == known[e.verdict_id] for e in page.questions if e.verdict_id in known]
    assert 0.3 < sum(right) / len(right) < 0.7


@pytest.mark.parametrize("member", [MODERATOR])
async def test_nobody_tests_a_moderator(ann: Visitor, community: dict[str, list[int]]) -> None:
    waiting = {number for numbers in community.values() for number in numbers}
    assert {each["id"] for each in await asked(ann)} == waiting


# names


@pytest.mark.parametrize("member", [MODERATOR])
async def test_a_reading_finds_a_name_by_kana_and_latin_letters(
    ann: Visitor, service: Service, community: dict[str, list[int]]
) -> None:
    (asuka,) = [each for each in await service.names("web") if each.name == ASUKA]
    path = f"/teach/people/{asuka.id}/reading"
    form = {"token": ann.token, "given": "サイトウ　あすか"}
    assert (await ann.send("POST", path, data=form))[0] == 303
    _, told = await ann.send("GET", "/teach/names")
    (found,) = [each for each in told["people"] if each["name"] == ASUKA]
    assert found["reading"] == "さいとう あすか"
    assert {ASUKA, "さいとう あすか", "saitou asuka", "saito asuka"} <= set(found["keys"])
    form = {"token": ann.token, "given": "Asuka"}
    assert (await ann.send("POST", path, data=form))[0] == 400
    assert (await ann.send("POST", path, data={**form, "token": "forged"}))[0] == 403


@pytest.mark.parametrize("member", [MODERATOR])
async def test_people_are_renamed_and_merged(
    ann: Visitor, service: Service, community: dict[str, list[int]]
) -> None:
    ids = {each.name: each.id for each in await service.names("web")}

    async def decide(name: str, deed: str, given: str) -> int:
        form = {"token": ann.token, "given": given}
        return (await ann.send("POST", f"/teach/people/{ids[name]}/{deed}", data=form))[0]

    assert await decide(MAI, "rename", ASUKA) == 400  # taken
    assert await decide(MAI, "rename", "Mai") == 303
    assert await decide(NANASE, "merge", "nobody") == 400
    assert await decide(NANASE, "merge", "Mai") == 303
    assert await decide(NANASE, "merge", "Mai") == 404
    (merged,) = [each for each in await service.names("web") if each.name == "Mai"]
    assert {MAI, NANASE} <= set(merged.aliases)
    assert {each.name: each.examples for each in await service.people("web")}["Mai"] == 2 * ENROLLED


# the faces that nobody named


@pytest.fixture
async def unknown(service: Service, store: Store) -> list[int]:
    """Four faces of somebody, by who agreed."""
    await service.allow("web", POSTER)
    found = await post_shots(store, "Yuna", range(4), author=POSTER)
    await service.cluster_anew()
    return found


async def clusters(visitor: Visitor) -> list[dict[str, Any]]:
    status, told = await visitor.send("GET", "/teach/name/waiting")
    assert status == 200
    return list(told["clusters"])


async def decide(visitor: Visitor, deed: str, **body: Any) -> int:
    """On the first cluster."""
    (cluster, *_) = await clusters(visitor)
    return (await visitor.send("POST", f"/teach/name/{cluster['id']}/{deed}", json=body))[0]


async def test_a_teachers_name_for_a_grid_is_a_vote_on_each_face(
    ann: Visitor, service: Service, store: Store, unknown: list[int]
) -> None:
    assert await decide(ann, "name", name="Yuna", faces=unknown[1:], others=unknown[:1]) == 204
    votes = [vote for face in unknown for vote in await store.votes(face)]
    assert [(each.verdict_id, each.name, each.trusted) for each in votes] == [
        (face, "Yuna", False) for face in unknown[1:]
    ]
    assert {each.place for each in votes} == {"web:name"}
    assert await clusters(ann) == []
    assert [set(each.faces) for each in await service.unknown("web")] == [set(unknown)]
    assert await service.people("web") == []  # it takes two


@pytest.mark.parametrize("member", [MODERATOR])
async def test_a_moderator_names_at_once_and_takes_out_for_good(
    ann: Visitor, service: Service, unknown: list[int]
) -> None:
    assert await decide(ann, "name", name=" ", faces=unknown, others=[]) == 400
    assert await decide(ann, "name", name="Yuna", faces=[], others=unknown) == 404
    assert await decide(ann, "name", name="Yuna", faces=unknown[1:], others=unknown[:1]) == 204
    (person,) = await service.people("web")
    assert (person.name, person.examples) == ("Yuna", 3)


@pytest.mark.parametrize("member", [MODERATOR])
async def test_moderators_merge_and_ignore(
    ann: Visitor, service: Service, store: Store, unknown: list[int]
) -> None:
    wig = await post_shots(store, "Yuna in a wig", range(3), author=POSTER)
    await service.cluster_anew()
    _, other = await clusters(ann)
    assert await decide(ann, "merge", into=999) == 404
    assert await decide(ann, "merge", into=other["id"]) == 204
    assert [set(each["faces"]) for each in await clusters(ann)] == [{*unknown, *wig}]
    assert await decide(ann, "ignore") == 204
    assert await clusters(ann) == []


async def test_teachers_neither_merge_nor_ignore(ann: Visitor, unknown: list[int]) -> None:
    assert await decide(ann, "merge", into=1) == 403
    assert await decide(ann, "ignore") == 403


# what moderators decide


async def disagree(service: Service, face: int) -> None:
    for voter, name in (("web:a", ASUKA), ("web:b", ASUKA), ("web:c", MAI), ("web:d", MAI)):
        await service.correct(Correction(face, "idol", voter, Action.NAME, name=name))


@pytest.mark.parametrize("member", [MODERATOR])
async def test_a_moderators_tap_decides_what_people_disagree_on(
    ann: Visitor, service: Service, community: dict[str, list[int]]
) -> None:
    contested = community[MAI][0]
    await disagree(service, contested)
    _, told = await ann.send("GET", "/teach/review/waiting")
    (dispute,) = told["disputes"]
    assert dispute["verdict_id"] == contested
    assert {(each["name"], each["voters"]) for each in dispute["sides"]} == {(ASUKA, 2), (MAI, 2)}
    assert "web:a" not in str(told)
    body = {"answer": "is", "head": "idol", "name": MAI}
    assert (await ann.send("POST", f"/teach/review/{contested}", json=body))[0] == 204
    _, told = await ann.send("GET", "/teach/review/waiting")
    assert told["disputes"] == []
    assert (await service.part(contested)).state is State.LEARNED


@pytest.mark.parametrize("member", [MODERATOR])
async def test_labels_that_look_wrong_are_shown_until_a_moderator_has_spoken(
    ann: Visitor, service: Service, store: Store, community: dict[str, list[int]]
) -> None:
    wrong = await teach(store, seen(MAI, 9), ASUKA, key="wrong", author=POSTER)
    await service.allow("web", POSTER)  # embeds it
    _, told = await ann.send("GET", "/teach/review/doubts")
    (doubt,) = told["doubts"]
    assert (doubt["verdict_id"], doubt["name"], doubt["likely"]) == (wrong, ASUKA, MAI)
    body = {"answer": "is", "head": "idol", "name": ASUKA}
    assert (await ann.send("POST", f"/teach/review/{wrong}", json=body))[0] == 204
    assert (await ann.send("GET", "/teach/review/doubts"))[1] == {"doubts": []}


@pytest.mark.parametrize("member", [MODERATOR])
async def test_held_votes_are_shown_and_decided(
    ann: Visitor, service: Service, community: dict[str, list[int]]
) -> None:
    first, second = community[MAI]
    for number in range(5):  # newcomers, all for one name
        face = first if number < 3 else second
        vote = Correction(face, "idol", f"web:new{number}", Action.NAME, name=ASUKA)
        await service.correct(vote)
    _, told = await ann.send("GET", "/teach/review/waiting")
    (shown,) = told["holds"]
    assert (shown["name"], shown["against"], shown["voters"]) == (ASUKA, False, 5)
    assert {each["id"] for each in shown["faces"]} == {first, second}
    assert "new0" not in str(told)
    path = f"/teach/review/holds/{shown['id']}"
    assert (await ann.send("POST", path, json={"release": "yes"}))[0] == 400
    assert (await service.part(first)).state is State.HELD
    assert (await ann.send("POST", path, json={"release": True}))[0] == 204
    assert (await service.part(first)).state is State.LEARNED
    assert (await ann.send("GET", "/teach/review/waiting"))[1]["holds"] == []
    (deed, *_) = await service.members.audit("web", 1)
    assert (deed.deed, deed.of) == ("released", f"hold:{shown['id']}")


async def test_pages_follow_each_other_with_spoilers_last(ann: Visitor, store: Store) -> None:
    await store.set_allowed("web", POSTER, True)
    for shot in range(A_PAGE + 5):
        await post_face(
            store, seen(f"{shot}", 0), key=f"{shot}", author=POSTER, spoiler=shot % 4 == 0
        )
    questions = await asked(ann)
    assert len({each["id"] for each in questions}) == len(questions) == A_PAGE + 5
    covered = [each["spoiler"] for each in questions]
    assert covered == sorted(covered)
    assert {each["name"] for each in questions} == {None}  # nobody is enrolled
