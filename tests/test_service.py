"""Answering and learning through the one API, with real weights and a real database."""

import asyncio
import contextlib
import dataclasses
import io
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bot.domain import Action, Attachment, Correction, Mark, Part, Post, State, Verdict
from bot.errors import Busy, NotAllowed, NotFound, PictureRefused
from bot.intake import Intake
from bot.judging import Judge, Networks
from bot.replying import say
from bot.service import Service
from bot.settings import Settings
from bot.store import LiveLabel, Store
from models.gallery import NO_STRANGERS
from models.learned import Learned, Recipe
from models.registry import Registry, Version, VersionError
from tests.conftest import post_of

ANN, BOB, MOD = "web:ann", "web:bob", "web:mod"


async def answer(service: Service, picture: bytes, key: str, author: str = ANN) -> Part:
    reply = await service.answer(post_of(picture, key=key, author=author))
    assert reply is not None
    (part,) = reply.parts
    return part


async def vote(
    service: Service,
    part: Part,
    action: Action,
    *,
    voter: str = ANN,
    name: str | None = None,
    trusted: bool = False,
    withdraw: bool = False,
) -> Part:
    return await service.correct(
        Correction(
            part.verdict_id, "idol", voter, action, trusted=trusted, name=name, withdraw=withdraw
        )
    )


@pytest.fixture
def variant(astronaut: bytes) -> bytes:
    """The same person in a picture that is no near duplicate: mirrored and darker."""
    image = Image.open(io.BytesIO(astronaut)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    file = io.BytesIO()
    image.point(lambda value: value * 0.7).save(file, "JPEG", quality=85)
    return file.getvalue()


def recoded(picture: bytes) -> bytes:
    """A near duplicate: smaller and compressed harder."""
    file = io.BytesIO()
    image = Image.open(io.BytesIO(picture))
    smaller = image.resize((image.width * 4 // 5, image.height * 4 // 5))
    smaller.save(file, "JPEG", quality=60)
    return file.getvalue()


def crops(settings: Settings) -> list[Path]:
    return sorted((settings.store.data_dir / "crops").rglob("*.png"))


# answering


async def test_three_honest_answers(service: Service, astronaut: bytes, variant: bytes) -> None:
    blank = io.BytesIO()
    Image.new("RGB", (200, 200), "white").save(blank, "PNG")
    nobody = await service.answer(post_of(blank.getvalue(), key="blank"))
    assert nobody is not None
    assert (nobody.words, nobody.parts) == (say("en", "nobody-there"), ())

    unknown = await service.answer(post_of(astronaut, key="unknown"))
    assert unknown is not None
    assert "don't know who it is" in unknown.words
    await vote(service, unknown.parts[0], Action.NAME, name="Eileen")

    known = await service.answer(post_of(variant, key="known"))
    assert known is not None
    assert "I think I know it" in known.words
    assert known.parts[0].words.startswith("I think this is Eileen")
    assert known.parts[0].marks[0] is Mark.RIGHT


async def test_a_post_is_answered_once(service: Service, astronaut: bytes) -> None:
    again = [service.answer(post_of(astronaut, key="same")) for _ in range(3)]
    replies = await asyncio.gather(*again)
    assert sum(reply is not None for reply in replies) == 1
    assert await service.answer(post_of(astronaut, key="same")) is None


async def test_a_post_is_answered_once_across_restarts(
    service: Service, settings: Settings, intake: Intake, judge: Judge, astronaut: bytes
) -> None:
    await answer(service, astronaut, "before")
    await service.sent("before", "discord:1:2")
    async with (
        Store(settings.store.data_dir) as store,
        Service(settings, store, intake, judge) as restarted,
    ):
        assert await restarted.answer(post_of(astronaut, key="before")) is None


async def test_an_answer_that_was_never_sent_is_sent_when_the_post_comes_again(
    service: Service, settings: Settings, intake: Intake, judge: Judge, astronaut: bytes
) -> None:
    lost = await answer(service, astronaut, "before")
    assert await service.answer(post_of(astronaut, key="before")) is None  # it is being sent
    async with (
        Store(settings.store.data_dir) as store,
        Service(settings, store, intake, judge) as restarted,
    ):
        assert (await answer(restarted, astronaut, "before")).verdict_id == lost.verdict_id


async def test_an_answer_stopped_after_it_was_recorded_may_come_again(
    service: Service,
    store: Store,
    settings: Settings,
    astronaut: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = store.answered

    async def stopped(*arguments: Any) -> list[Verdict]:
        await record(*arguments)
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(store, "answered", stopped)
        with pytest.raises(asyncio.CancelledError):
            await answer(service, astronaut, "1")
    assert crops(settings) == []
    assert await service.answer(post_of(astronaut, key="1")) is not None


async def test_what_was_being_answered_when_the_bot_died_may_come_again(
    settings: Settings, store: Store, intake: Intake, judge: Judge, astronaut: bytes
) -> None:
    assert await store.claim(post_of(astronaut, key="lost"))
    async with Service(settings, store, intake, judge) as restarted:
        assert await restarted.answer(post_of(astronaut, key="lost")) is not None


async def test_busy_loses_nothing(
    settings: Settings, store: Store, intake: Intake, networks: Networks, astronaut: bytes
) -> None:
    small = settings.model_copy(
        update={"judging": settings.judging.model_copy(update={"workers": 1, "queue": 1})}
    )
    async with Judge(small, networks) as judge, Service(small, store, intake, judge) as service:
        posts = [post_of(astronaut, key=f"k{n}") for n in range(6)]
        outcomes = await asyncio.gather(*map(service.answer, posts), return_exceptions=True)
        turned_away = [p for p, o in zip(posts, outcomes, strict=True) if isinstance(o, Busy)]
        assert turned_away
        for post in turned_away:
            assert await service.answer(post) is not None


async def test_a_bad_picture_among_good_ones(service: Service, astronaut: bytes) -> None:
    reply = await service.answer(post_of(b"not a picture", astronaut))
    assert reply is not None
    assert reply.words.splitlines()[0].startswith("This is not a picture.")
    assert len(reply.parts) == 1


async def test_at_most_four_parts_and_every_picture_gets_one(
    service: Service, astronaut: bytes
) -> None:
    image = Image.open(io.BytesIO(astronaut)).crop((120, 0, 340, 260))
    crowd = Image.new("RGB", (660, 520), "white")
    for n in range(6):
        crowd.paste(image, (220 * (n % 3), 260 * (n // 3)))
    file = io.BytesIO()
    crowd.save(file, "JPEG", quality=92)
    reply = await service.answer(post_of(file.getvalue(), astronaut))
    assert reply is not None
    assert len(reply.parts) == 4
    assert reply.words.endswith("… and 3 more that I left out.")
    images = [Image.open(io.BytesIO(part.image)).size for part in reply.parts if part.image]
    assert len(images) == 4


async def test_history_shows_answers_as_they_stand(service: Service, astronaut: bytes) -> None:
    part = await answer(service, astronaut, "first")
    await vote(service, part, Action.NAME, name="Eileen")
    (reply,) = await service.recent("web")
    assert reply.parts[0].status == "Learned: Eileen"
    assert await service.recent("discord:1") == []


# correcting


async def test_a_poster_teaches_and_undoes(
    service: Service, astronaut: bytes, variant: bytes
) -> None:
    part = await answer(service, astronaut, "1")
    learned = await vote(service, part, Action.NAME, name="Eileen")
    assert (learned.state, learned.status) == (State.LEARNED, "Learned: Eileen")
    assert "Eileen" in (await answer(service, variant, "2")).words

    undone = await vote(service, part, Action.NAME, name="Eileen", withdraw=True)
    assert (undone.state, undone.status) == (State.OPEN, "Taken back.")
    assert "Eileen" not in (await answer(service, variant, "3")).words


async def test_others_wait_for_the_poster(
    service: Service, astronaut: bytes, variant: bytes
) -> None:
    part = await answer(service, astronaut, "1")
    waiting = await vote(service, part, Action.NAME, voter=BOB, name="Eileen")
    assert waiting.state is State.WAITING
    asked = await vote(service, part, Action.NAME, voter=MOD, name="Eileen", trusted=True)
    assert asked.state is State.CONSENT_NEEDED
    assert await service.people("web") == []
    assert "Eileen" not in (await answer(service, variant, "2")).words

    await service.allow("web", ANN)
    assert (await service.part(part.verdict_id)).state is State.LEARNED
    assert "Eileen" in (await answer(service, variant, "3")).words
    await service.allow("web", ANN, allowed=False)
    assert "Eileen" not in (await answer(service, variant, "4")).words


async def test_the_gallery_is_built_once_for_all_that_a_poster_allows(
    service: Service, store: Store, astronaut: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in "123":
        part = await answer(service, astronaut, key)
        await vote(service, part, Action.NAME, voter=MOD, name="Eileen", trusted=True)
    read, built = store.live_labels, []

    async def counted(scope: str, head: str) -> list[LiveLabel]:
        built.append(head)
        return await read(scope, head)

    monkeypatch.setattr(store, "live_labels", counted)
    await service.allow("web", ANN)
    assert built == ["idol", "character"]
    (person,) = await service.people("web")
    assert person.examples == 3


async def test_not_this_person_sticks_to_the_picture_and_its_copies(
    service: Service, astronaut: bytes, variant: bytes
) -> None:
    await vote(service, await answer(service, astronaut, "1"), Action.NAME, name="Eileen")
    wrong = await answer(service, variant, "2", author=BOB)
    assert "Eileen" in wrong.words
    rejected = await vote(service, wrong, Action.NONE_OF_THESE, voter=BOB)
    assert rejected.state is State.REJECTED
    assert "Eileen" not in (await answer(service, variant, "3")).words
    assert "Eileen" not in (await answer(service, recoded(variant), "4")).words
    assert "Eileen" in (await answer(service, astronaut, "5")).words

    await vote(service, wrong, Action.NONE_OF_THESE, voter=BOB, withdraw=True)
    assert "Eileen" in (await answer(service, variant, "6")).words


async def test_a_copy_has_the_name_that_its_picture_was_given(
    service: Service, astronaut: bytes, variant: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few people there are to compare with."""
    monkeypatch.setattr("bot.galleries.choose", lambda *_: NO_STRANGERS)
    original = await answer(service, astronaut, "1")
    await vote(service, original, Action.NAME, name="Eileen")
    copy = await answer(service, recoded(astronaut), "2", author=BOB)
    assert copy.words.startswith("I think this is Eileen (99 %")
    assert (await answer(service, variant, "3")).words.startswith("I don't know")

    await vote(service, original, Action.NAME, name="Eileen", withdraw=True)
    again = await answer(service, recoded(astronaut), "4", author=BOB)
    assert again.words.startswith("I don't know")
    await vote(service, again, Action.NAME, voter=BOB, name="Eileen")
    assert (await answer(service, astronaut, "5")).words.startswith("I think this is Eileen")


async def test_not_this_person_said_of_a_copy_holds_for_the_picture(
    service: Service, astronaut: bytes, variant: bytes
) -> None:
    await vote(service, await answer(service, astronaut, "1"), Action.NAME, name="Eileen")
    copy = await answer(service, recoded(variant), "2", author=BOB)
    await vote(service, copy, Action.NONE_OF_THESE, voter=BOB)
    assert "Eileen" not in (await answer(service, variant, "3")).words
    await vote(service, copy, Action.NONE_OF_THESE, voter=BOB, withdraw=True)
    assert "Eileen" in (await answer(service, variant, "4")).words


async def test_a_later_name_beats_an_earlier_not_this_person(
    service: Service, astronaut: bytes, variant: bytes
) -> None:
    await vote(service, await answer(service, astronaut, "1"), Action.NAME, name="Eileen")
    await vote(service, await answer(service, variant, "2"), Action.NONE_OF_THESE)
    again = await answer(service, variant, "3")
    assert "Eileen" not in again.words
    await vote(service, again, Action.NAME, name="Eileen")
    assert "Eileen" in (await answer(service, variant, "4")).words


async def test_two_people_may_name_somebody_new_at_once(
    service: Service, astronaut: bytes, variant: bytes
) -> None:
    parts = [await answer(service, astronaut, "1"), await answer(service, variant, "2")]
    await asyncio.gather(*(vote(service, p, Action.NAME, name="Eileen") for p in parts))
    (person,) = await service.people("web")
    assert person.examples == 2


async def test_not_a_face_is_never_named_again(
    service: Service, astronaut: bytes, variant: bytes
) -> None:
    await vote(service, await answer(service, astronaut, "1"), Action.NAME, name="Eileen")
    part = await answer(service, variant, "2")
    assert (await vote(service, part, Action.NOT_A_FACE)).state is State.NOT_A_FACE
    assert "Eileen" not in (await answer(service, recoded(variant), "3")).words


async def test_a_redelivered_mark_counts_once(
    service: Service, store: Store, astronaut: bytes
) -> None:
    part = await answer(service, astronaut, "1")
    for _ in range(3):
        await vote(service, part, Action.NAME, name="Eileen")
    assert len(await store.votes(part.verdict_id)) == 1
    for _ in range(2):
        await vote(service, part, Action.NAME, name="Eileen", withdraw=True)
    assert len(await store.votes(part.verdict_id)) == 2


async def test_an_undone_example_keeps_no_embedding(
    service: Service, store: Store, settings: Settings, judge: Judge, astronaut: bytes
) -> None:
    part = await answer(service, astronaut, "1")
    await vote(service, part, Action.NAME, name="Eileen")
    (crop,) = (file.stem for file in crops(settings))
    assert await store.embeddings([crop], judge.fingerprint("idol"))
    await vote(service, part, Action.NAME, name="Eileen", withdraw=True)
    assert not await store.embeddings([crop], judge.fingerprint("idol"))


async def test_a_vote_counted_before_a_crash_is_settled_when_it_comes_again(
    service: Service, store: Store, astronaut: bytes
) -> None:
    part = await answer(service, astronaut, "1")
    name = Correction(part.verdict_id, "idol", ANN, Action.NAME, name="Eileen")
    await store.vote(name, "Eileen")  # and there the bot died
    assert await service.people("web") == []
    await service.correct(name)
    assert [person.name for person in await service.people("web")] == ["Eileen"]


async def test_the_number_of_a_deleted_answer_is_never_given_again(
    service: Service, astronaut: bytes, variant: bytes
) -> None:
    first = await answer(service, astronaut, "1")
    await service.forget_post("1")
    assert (await answer(service, variant, "2")).verdict_id != first.verdict_id
    with pytest.raises(NotFound):
        await vote(service, first, Action.NAME, name="Eileen")


async def test_revealing_shows_the_nearest_names(
    service: Service, data: Path, astronaut: bytes
) -> None:
    await vote(service, await answer(service, astronaut, "1"), Action.NAME, name="Eileen")
    stranger = (data / "faces/lfw_known/Al_Gore/Al_Gore_0001.jpg").read_bytes()
    part = await answer(service, stranger, "2")
    assert "Eileen" not in part.words
    assert Mark.WHO in part.marks
    revealed = await service.reveal(part.verdict_id)
    assert "🇦 Eileen" in revealed.words
    assert Mark.A in revealed.marks


async def test_marks_that_point_nowhere_are_refused(service: Service, astronaut: bytes) -> None:
    part = await answer(service, astronaut, "1")
    with pytest.raises(NotFound, match="no such candidate"):
        await vote(service, part, Action.RIGHT)
    with pytest.raises(NotFound, match="was deleted"):
        await service.correct(Correction(999, "idol", ANN, Action.NONE_OF_THESE))


# people


async def test_enrolling_by_an_administrator(
    service: Service, astronaut: bytes, variant: bytes
) -> None:
    part = await service.enroll(post_of(astronaut, key="e", author=MOD), "  Eileen  Collins ")
    assert part.status == "Learned: Eileen Collins"
    (person,) = await service.people("web")
    assert (person.name, person.examples) == ("Eileen Collins", 1)
    assert "Eileen Collins" in (await answer(service, variant, "2")).words
    assert len(await service.recent("web")) == 1  # enrolling is no answer


async def test_enrolling_needs_one_face(service: Service, astronaut: bytes) -> None:
    image = Image.open(io.BytesIO(astronaut))
    two = Image.new("RGB", (1024, 512))
    two.paste(image, (0, 0))
    two.paste(image, (512, 0))
    file = io.BytesIO()
    two.save(file, "PNG")
    with pytest.raises(NotFound, match="There are 2 faces"):
        await service.enroll(post_of(file.getvalue(), key="e"), "Eileen")
    blank = io.BytesIO()
    Image.new("RGB", (99, 99)).save(blank, "PNG")
    with pytest.raises(NotFound, match="no face"):
        await service.enroll(post_of(blank.getvalue(), key="e"), "Eileen")
    with pytest.raises(NotFound, match="1 to 80"):
        await service.enroll(post_of(astronaut, key="e"), " ")
    with pytest.raises(PictureRefused):
        await service.enroll(post_of(b"text", key="e"), "Eileen")


async def test_renaming_keeps_the_old_name_as_an_alias(
    service: Service, astronaut: bytes, variant: bytes
) -> None:
    await service.enroll(post_of(astronaut, key="e"), "Eileen")
    assert await service.rename("web", "ＥＩＬＥＥＮ", "Collins") == "Collins"
    assert "Collins" in (await answer(service, variant, "1")).words
    await service.enroll(post_of(variant, key="f"), "Eileen")
    (person,) = await service.people("web")
    assert (person.name, person.examples) == ("Collins", 2)


async def test_merging_makes_two_people_one(
    service: Service, astronaut: bytes, variant: bytes
) -> None:
    await service.enroll(post_of(astronaut, key="e"), "Eileen")
    await service.enroll(post_of(variant, key="f"), "Col. Collins")
    assert await service.merge("web", "Col. Collins", "Eileen") == "Eileen"
    (person,) = await service.people("web")
    assert (person.name, person.examples) == ("Eileen", 2)
    with pytest.raises(NotFound, match="the same person already"):
        await service.merge("web", "Col. Collins", "Eileen")


async def test_names_that_do_not_fit_are_refused(service: Service, astronaut: bytes) -> None:
    await service.enroll(post_of(astronaut, key="e"), "Eileen")
    await service.enroll(post_of(astronaut, key="f"), "Other")
    with pytest.raises(NotFound, match="merge them instead"):
        await service.rename("web", "Eileen", "other")
    for action in (service.rename("web", "Who", "New"), service.merge("web", "Who", "Eileen")):
        with pytest.raises(NotFound, match="nobody here is called Who"):
            await action
    with pytest.raises(NotFound, match="nobody here is called Eileen"):
        await service.remove("discord:1", "Eileen")


# forgetting


async def trained_version(settings: Settings, judge: Judge, label: int) -> Registry:
    registry = Registry(settings.store.data_dir / "versions", "web", "idol")
    async with registry.locked():
        replaces = registry.current_number()
        template = np.eye(1, 128, dtype=np.float32)
        learned = Learned(template, ((0,),), frozenset(), Recipe(20.0, 6.0))
        made = "2026-01-01T00:00:00"
        version = Version(judge.fingerprint("idol"), label, replaces, made, {}, learned)
        registry.promote(registry.save(version))
    return registry


async def test_removing_a_person_forgets_everything_of_them(
    service: Service,
    store: Store,
    settings: Settings,
    judge: Judge,
    astronaut: bytes,
    variant: bytes,
) -> None:
    await service.enroll(post_of(astronaut, key="e"), "Eileen")
    first = await trained_version(settings, judge, label=0)
    await trained_version(settings, judge, label=await store.last_label())
    assert (await answer(service, variant, "2", author=BOB)).words.startswith("I think this")

    await service.remove("web", "eileen")
    assert await service.people("web") == []
    assert len(crops(settings)) == 1  # what Bob posted was never labelled
    assert "Eileen" not in (await answer(service, astronaut, "3")).words
    assert first.current_number() == 1
    with pytest.raises(VersionError, match="version 2 was removed"):
        first.promote(2)


@pytest.mark.parametrize("file", ["current", "forgotten.json"])
async def test_a_damaged_file_of_versions_does_not_keep_anybody_from_being_forgotten(
    service: Service, settings: Settings, judge: Judge, astronaut: bytes, file: str
) -> None:
    await service.enroll(post_of(astronaut, key="e"), "Eileen")
    versions = await trained_version(settings, judge, label=1)
    (settings.store.data_dir / "versions" / "web" / "idol" / file).write_text("{")
    await service.remove("web", "Eileen")
    assert await service.people("web") == []
    assert crops(settings) == []
    assert (versions.current(), versions.numbers()) == (None, [])


async def test_removing_a_person_names_the_messages_that_showed_them(
    service: Service, astronaut: bytes
) -> None:
    part = await answer(service, astronaut, "1")
    await service.sent("1", "discord:1:2", part.verdict_id)
    await vote(service, part, Action.NAME, name="Eileen")
    assert await service.remove("web", "Eileen") == ("Eileen", ["discord:1:2"])


async def test_nothing_brings_a_removed_person_back_by_itself(
    service: Service, settings: Settings, astronaut: bytes, variant: bytes
) -> None:
    await service.enroll(post_of(astronaut, key="e"), "Eileen")
    await service.rename("web", "Eileen", "Collins")
    guessed = await answer(service, variant, "2", author=BOB)
    await service.rename("web", "Collins", "Eileen")
    waiting = await vote(service, guessed, Action.RIGHT, voter=MOD, trusted=True)
    assert (waiting.state, "Collins" in guessed.words) == (State.CONSENT_NEEDED, True)

    await service.remove("web", "Eileen")
    now = await service.part(guessed.verdict_id)
    assert now.state is State.OPEN
    assert now.words.startswith("I don't know who this is")
    with pytest.raises(NotFound, match="no such candidate"):
        await vote(service, guessed, Action.RIGHT, voter=BOB)
    await service.allow("web", BOB)
    assert await service.people("web") == []

    await vote(service, guessed, Action.NAME, voter=BOB, name="Eileen")  # a new enrolment
    assert [person.name for person in await service.people("web")] == ["Eileen"]


async def test_a_vote_in_the_moment_of_a_removal_enrols_nobody(
    service: Service,
    store: Store,
    astronaut: bytes,
    variant: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await service.enroll(post_of(astronaut, key="e"), "Eileen")
    guessed = await answer(service, variant, "2", author=BOB)
    count, removals = store.vote, []

    async def vote_late(correction: Correction, name: str | None) -> bool:
        removals.append(asyncio.create_task(service.remove("web", "Eileen")))
        await asyncio.wait(removals, timeout=0.5)
        return await count(correction, name)

    monkeypatch.setattr(store, "vote", vote_late)
    with contextlib.suppress(NotFound):
        await vote(service, guessed, Action.RIGHT, voter=BOB)
    await asyncio.gather(*removals)
    assert await service.people("web") == []
    assert await store.live_labels("web", "idol") == []


async def test_a_picture_judged_while_its_person_is_removed_is_not_named(
    service: Service,
    store: Store,
    astronaut: bytes,
    variant: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await service.enroll(post_of(astronaut, key="e"), "Eileen")
    record = store.answered

    async def record_late(*arguments: Any) -> list[Verdict]:
        await service.remove("web", "Eileen")
        return await record(*arguments)

    monkeypatch.setattr(store, "answered", record_late)
    assert "Eileen" not in (await answer(service, variant, "2", author=BOB)).words


async def test_forgetting_a_user_forgets_posts_crops_and_votes(
    service: Service, settings: Settings, store: Store, astronaut: bytes, variant: bytes
) -> None:
    part = await answer(service, astronaut, "1")
    await vote(service, part, Action.NAME, name="Eileen")
    other = await answer(service, variant, "2", author=BOB)
    await vote(service, other, Action.NOT_A_FACE, voter=ANN, trusted=True)
    await service.allow("web", ANN)
    kept = await service.privacy("web", ANN)
    assert (kept.allowed, kept.posts, kept.crops, kept.enrolled, kept.votes) == (True, 1, 1, 1, 2)

    await service.sent("1", "ref")
    assert await service.forget_user("web", ANN) == ["ref"]
    left = await service.privacy("web", ANN)
    assert (left.allowed, left.posts, left.crops, left.enrolled, left.votes) == (False, 0, 0, 0, 0)
    assert await service.people("web") == []
    assert len(crops(settings)) == 1
    assert (await service.part(other.verdict_id)).state is State.OPEN
    assert await service.answer(post_of(astronaut, key="1")) is not None


async def test_nothing_in_the_database_names_a_forgotten_user(
    service: Service, settings: Settings, astronaut: bytes, variant: bytes
) -> None:
    await answer(service, astronaut, "1")
    await service.allow("web", ANN)
    asked = dataclasses.replace(post_of(variant, key="2", author=BOB), asker=ANN)
    assert await service.answer(asked) is not None
    await service.forget_user("web", ANN)
    assert not (await service.privacy("web", ANN)).allowed
    file = settings.store.data_dir / "hantei.sqlite3"
    with contextlib.closing(sqlite3.connect(file)) as database:
        rows = "\n".join(database.iterdump())
    assert BOB in rows
    assert ANN not in rows


async def test_a_user_is_forgotten_in_one_scope_only(service: Service, astronaut: bytes) -> None:
    for scope in ("discord:1", "discord:2"):
        await service.answer(post_of(astronaut, key=scope, author=ANN, scope=scope))
    await service.forget_user("discord:1", ANN)
    assert (await service.privacy("discord:1", ANN)).posts == 0
    assert (await service.privacy("discord:2", ANN)).posts == 1


async def test_a_vote_on_an_answer_that_is_being_forgotten_finds_nothing(
    service: Service, store: Store, astronaut: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = await answer(service, astronaut, "1")
    count, forgetting = store.vote, []

    async def vote_late(correction: Correction, name: str | None) -> bool:
        forgetting.append(asyncio.create_task(service.forget_post("1")))
        await asyncio.wait(forgetting, timeout=0.5)
        return await count(correction, name)

    monkeypatch.setattr(store, "vote", vote_late)
    with contextlib.suppress(NotFound):
        await vote(service, part, Action.NAME, name="Eileen")
    await asyncio.gather(*forgetting)
    with pytest.raises(NotFound):
        await vote(service, part, Action.NAME, name="Eileen")
    assert await service.people("web") == []


async def test_deleting_is_for_the_poster_and_moderators(
    service: Service, settings: Settings, astronaut: bytes
) -> None:
    part = await answer(service, astronaut, "1")
    with pytest.raises(NotAllowed):
        await service.delete(part.verdict_id, BOB, trusted=False)
    await service.delete(part.verdict_id, MOD, trusted=True)
    assert crops(settings) == []
    with pytest.raises(NotFound):
        await service.part(part.verdict_id)
    again = await answer(service, astronaut, "2")
    await service.delete(again.verdict_id, ANN, trusted=False)
    assert await service.forget_post("2") == []


# expiry and a change of embedder


async def test_what_nobody_agreed_to_expires(
    service: Service, settings: Settings, store: Store, astronaut: bytes, variant: bytes
) -> None:
    kept = await answer(service, astronaut, "1")
    await vote(service, kept, Action.NAME, name="Eileen")
    dropped = await answer(service, variant, "2")
    assert len(crops(settings)) == 2
    assert await store.expire(timedelta(days=1)) == 0
    assert await store.expire(timedelta(0)) == 1
    assert len(crops(settings)) == 1
    assert (await service.part(kept.verdict_id)).image is not None
    assert (await service.part(dropped.verdict_id)).image is None
    late = await vote(service, dropped, Action.NAME, name="Eileen")
    assert late.state is State.EXPIRED
    assert (await service.people("web"))[0].examples == 1


async def test_no_crop_expires_while_somebody_names_it(
    service: Service,
    settings: Settings,
    store: Store,
    astronaut: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    part = await answer(service, astronaut, "1")
    settle, expiring = store.set_label, []
    expire = store.expire
    monkeypatch.setattr(store, "expire", lambda _: expire(timedelta(0)))

    async def settle_late(*arguments: Any) -> bool:
        expiring.append(asyncio.create_task(service._expire()))
        await asyncio.wait(expiring, timeout=0.5)
        return await settle(*arguments)

    monkeypatch.setattr(store, "set_label", settle_late)
    await vote(service, part, Action.NAME, name="Eileen")
    await asyncio.gather(*expiring)
    (person,) = await service.people("web")
    assert (person.examples, len(crops(settings))) == (1, 1)


async def test_not_this_person_outlives_the_crop(
    service: Service, store: Store, astronaut: bytes, variant: bytes
) -> None:
    await vote(service, await answer(service, astronaut, "1"), Action.NAME, name="Eileen")
    await vote(service, await answer(service, variant, "2"), Action.NONE_OF_THESE)
    await store.expire(timedelta(0))
    assert "Eileen" not in (await answer(service, variant, "3")).words


async def test_a_new_embedder_embeds_the_stored_crops_again(
    service: Service,
    settings: Settings,
    store: Store,
    intake: Intake,
    networks: Networks,
    data: Path,
    astronaut: bytes,
    variant: bytes,
) -> None:
    await service.enroll(post_of(astronaut, key="e"), "Eileen")
    onnx = {"name": "onnx", "onnx_file": data / "weights" / "mobilefacenet_112.onnx"}
    changed = settings.model_copy(update={"embedder": settings.embedder.model_copy(update=onnx)})
    told: list[tuple[int, int]] = []
    async with Judge(changed) as judge:
        restarted = Service(changed, store, intake, judge)
        await restarted.start(lambda done, total: told.append((done, total)))
        assert told == [(1, 1)]
        part = await answer(restarted, variant, "2")
        await restarted.stop()
        assert "Eileen" in part.words
        assert part.words != ""
    vectors = [
        await store.embeddings([c.stem for c in crops(settings)], fingerprint)
        for fingerprint in (networks.embedders["idol"].fingerprint, judge_fingerprint(changed))
    ]
    assert all(np.linalg.norm(v) == pytest.approx(1, abs=1e-5) for d in vectors for v in d.values())
    assert [len(each) for each in vectors] == [1, 1]


def judge_fingerprint(settings: Settings) -> str:
    networks = Networks(settings)
    networks.close()
    return networks.embedders["idol"].fingerprint


async def test_spoilers_stay_spoilers(service: Service, astronaut: bytes) -> None:
    post = Post("web", "s", ANN, ANN, "ja", (Attachment("SPOILER_a.jpg", astronaut, spoiler=True),))
    reply = await service.answer(post)
    assert reply is not None
    assert reply.parts[0].spoiler
    assert "わかりません" in reply.words
