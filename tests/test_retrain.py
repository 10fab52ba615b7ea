"""Training on a community of 20 people with 8 pictures each; at the end one of real photographs.

There is glare on these faces, which mean examples do not look past and a learned head does.
"""

import asyncio
import hashlib
import io
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot import learning
from bot import retrain as command
from bot.domain import Action, Answer, Attachment, Correction
from bot.intake import Intake
from bot.judging import FaceJudgement, Judge, versions_dir
from bot.learning import embed, promote, read, retrain, train
from bot.service import Service
from bot.settings import Settings, load
from bot.store import LiveLabel, Store
from datasets import folders
from models import embedders, strangers
from models.gallery import Example
from models.learned import Learned, Recipe
from models.registry import Registry, Version, VersionError
from models.types import Context, Crop, Kind, Named, Picture
from tests import pixel_faces
from tests.conftest import post_of
from tests.pixel_faces import (
    PixelEmbedder,
    PixelNetworks,
    picture_of,
    post_face,
    teach,
    teach_community,
)

PEOPLE, SHOTS, UNLIKE, GLARE = 20, 8, 0.5, 0.8
LABELS = PEOPLE * SHOTS
ALONE = "the gallery alone"
RATE = 0.01
FINGERPRINT = PixelEmbedder.fingerprint
face = partial(pixel_faces.face, unlike=UNLIKE, glare=GLARE)


def of_pixels(fingerprint: str, kind: Kind = Kind.PHOTO) -> strangers.Shipped:
    """What ships, for the embedder of these faces."""
    vectors = pixel_faces.strangers(unlike=UNLIKE, glare=GLARE)
    return strangers.Shipped(vectors, vectors[0], limit=1)


@pytest.fixture(autouse=True)
def shipped(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "data" not in request.fixturenames:  # real faces have real strangers
        monkeypatch.setattr(strangers, "shipped", of_pixels)


@pytest.fixture(scope="module")
def community(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with everybody taught and embedded, to be copied by each test."""
    folder = tmp_path_factory.mktemp("community") / "data"

    async def make() -> None:
        async with Store(folder) as store:
            await teach_community(store, people=PEOPLE, shots=SHOTS, unlike=UNLIKE, glare=GLARE)
            await embed(store, PixelEmbedder(), await store.live_labels("web", "idol"))

    asyncio.run(make())
    return folder


@pytest.fixture
def taught(settings: Settings, community: Path) -> Settings:
    shutil.copytree(community, settings.store.data_dir)
    return settings


@pytest.fixture
async def store(taught: Settings) -> AsyncIterator[Store]:
    async with Store(taught.store.data_dir) as opened:
        yield opened


@pytest.fixture
async def judge(taught: Settings) -> AsyncIterator[Judge]:
    async with Judge(taught, PixelNetworks()) as started:
        yield started


@pytest.fixture
async def service(
    taught: Settings, store: Store, intake: Intake, judge: Judge
) -> AsyncIterator[Service]:
    async with Service(taught, store, intake, judge) as started:
        yield started


@pytest.fixture
def versions(taught: Settings) -> Registry:
    return Registry(versions_dir(taught), "web", "idol")


@pytest.fixture
def learn(taught: Settings, store: Store) -> Callable[..., object]:
    """Retrain the scope `web`."""

    def run(**options: object) -> object:
        return retrain(taught, store, PixelEmbedder(), "web", "idol", **options)

    return run


async def ask(service: Service, judge: Judge, crop: Crop) -> Named:
    """As `Service.answer` does, without a picture file."""
    await service._galleries.notice("web", "idol")
    judgement = await judge.judge(picture_of(crop), Context("web"))
    (guess,) = judgement.faces[0].guesses
    assert isinstance(guess, Named)
    return guess


async def named(service: Service, judge: Judge, crop: Crop) -> str | None:
    guess = await ask(service, judge, crop)
    return guess.candidates[0].name if guess.answer == "known" else None


async def promoted_anyway(store: Store, versions: Registry) -> int:
    """Promote what is learned, whether it is better or not."""
    snapshot = await read(store, versions, "web", "idol", FINGERPRINT)
    samples = await embed(store, PixelEmbedder(), snapshot.usable)
    current = versions.current()
    trained = train(samples, snapshot, FINGERPRINT, RATE, current.learned if current else None)
    return await promote(versions, snapshot.state, trained.version)


# promoting


UNSEEN = [(f"person {n}", shot) for n in range(PEOPLE) for shot in (90, 91)]


async def right_names(service: Service, judge: Judge) -> int:
    """How many of the unseen faces get their name."""
    return sum([await named(service, judge, face(who, shot)) == who for who, shot in UNSEEN])


async def test_a_better_head_answers_from_the_next_picture_on(
    learn: Callable, judge: Judge, service: Service, store: Store, versions: Registry
) -> None:
    before = await right_names(service, judge)
    report = await learn()
    assert report.sentence == "version 1 answers from now on, instead of the gallery alone."
    assert await right_names(service, judge) > before
    assert await named(service, judge, face("a stranger", 1)) is None

    old, new = report.trained.comparison.old, report.trained.comparison.new
    assert new.right > old.right
    assert new.false_names <= old.false_names
    version = versions.current()
    assert version is not None
    assert version.last_label == await store.last_label() == LABELS
    assert (version.scores["labels"], version.scores["people"]) == (LABELS, PEOPLE)
    assert version.scores["new"]["right"] == new.right
    assert len(version.learned.templates) == PEOPLE
    assert version.replaces is None


async def test_what_is_held_out_is_not_learned_from(learn: Callable, versions: Registry) -> None:
    report = await learn()
    learned_from = {label for labels in versions.load(1).learned.labels for label in labels}
    held_out = {sample.label for sample in report.trained.held_out}
    assert len(held_out) > 20
    assert not learned_from & held_out
    assert len(learned_from | held_out) == LABELS


async def test_a_rollback_answers_from_the_next_picture_on(
    learn: Callable, judge: Judge, service: Service, versions: Registry
) -> None:
    before = await right_names(service, judge)
    await learn()
    assert await right_names(service, judge) != before
    async with versions.locked():
        versions.rollback()
    assert await right_names(service, judge) == before


async def test_posts_are_answered_by_what_was_promoted(
    learn: Callable, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    png = io.BytesIO()
    Image.fromarray(face("person 1", 99).pixels).save(png, "PNG")
    await learn()
    rebuilt = []
    rebuild = service._galleries.rebuild
    monkeypatch.setattr(
        service._galleries, "rebuild", lambda *of: rebuilt.append(of) or rebuild(*of)
    )
    await service.answer(post_of(png.getvalue(), key="one"))
    await service.answer(post_of(png.getvalue(), key="two"))
    assert rebuilt == [("web", "idol")]


async def test_one_label_taken_back_does_without_what_was_learned_from_it(
    learn: Callable, judge: Judge, service: Service, store: Store, versions: Registry
) -> None:
    await learn()
    label = versions.load(1).learned.labels[0][0]
    (verdict,) = [e.verdict_id for e in await store.live_labels("web", "idol") if e.id == label]
    await store.set_label("web", verdict, "idol", None)
    standing = versions.load(1).learned.standing(
        {
            each.id: Example(each.names[0], np.zeros(768, dtype=np.float32))
            for each in await store.live_labels("web", "idol")
        }
    )
    assert len(standing) == PEOPLE - 1
    await service._galleries.rebuild("web", "idol")
    assert await right_names(service, judge) > 0


async def test_without_new_labels_nothing_is_done(
    learn: Callable, store: Store, versions: Registry
) -> None:
    await learn()
    again = await learn()
    nothing_new = "nothing new to learn from since version 1 was made. Still answering: "
    assert again.sentence == f"{nothing_new}version 1."
    async with versions.locked():
        versions.rollback()
    again = await learn()  # does not undo what the operator did
    assert again.sentence == f"{nothing_new}the gallery alone."
    assert versions.numbers() == [1]

    await teach(store, face("person 1", 50), "person 1", key="another")
    assert "nothing new" not in (await learn()).sentence


async def test_the_held_out_are_compared_with_what_answers_now(
    learn: Callable, store: Store, versions: Registry
) -> None:
    first = await learn()
    await teach(store, face("person 1", 50), "person 1", key="another")
    second = await learn()
    before, after = first.trained.comparison.new, second.trained.comparison.old
    assert abs(after.right - before.right) <= 2  # one face more is learned from by now


async def test_faces_not_yet_embedded_are_embedded_once(taught: Settings, store: Store) -> None:
    embedder, seen = PixelEmbedder(), []
    await teach(store, face("person 1", 50), "person 1", key="a")
    await teach(store, face("person 2", 50), "person 2", key="b")

    def advance(what: str, done: int, total: int) -> None:
        if what == "embedding":
            seen.append((done, total))

    await retrain(taught, store, embedder, "web", "idol", advance=advance)
    assert (embedder.embedded, seen) == (2, [(1, 2), (2, 2)])
    await retrain(taught, store, embedder, "web", "idol")
    assert embedder.embedded == 2


async def test_bot_and_training_may_embed_the_same_face_at_the_same_time(
    taught: Settings, store: Store
) -> None:
    for n in range(5):
        await teach(store, face("person 1", 50 + n), "person 1", key=f"new {n}")
    labels = await store.live_labels("web", "idol")
    async with Store(taught.store.data_dir) as other:
        one, two = await asyncio.gather(
            embed(store, PixelEmbedder(), labels), embed(other, PixelEmbedder(), labels)
        )
    assert len(one) == len(two) == LABELS + 5


async def test_a_picture_that_is_gone_is_left_out(
    learn: Callable, taught: Settings, store: Store, versions: Registry
) -> None:
    await teach(store, face("person 1", 50), "person 1", key="another")
    label = (await store.live_labels("web", "idol"))[-1]
    next((taught.store.data_dir / "crops").rglob(f"{label.crop}.png")).unlink()
    await learn()
    assert versions.load(1).scores["faces"] == LABELS


# refusing


async def test_too_few_labels_say_how_many_are_lacking(settings: Settings) -> None:
    async with Store(settings.store.data_dir) as store:
        await teach_community(store, people=10, shots=5, unlike=UNLIKE, glare=GLARE)
        report = await retrain(settings, store, PixelEmbedder(), "web", "idol")
        found = re.fullmatch(
            r"not promoted: 50 faces of 10 people are too few to compare on: about (\d+) more are "
            r"needed, of people who have a picture already\. Still answering: the gallery alone\.",
            report.sentence,
        )
        assert found
        # As many as it said are enough, give or take what chance holds out.
        for n in range(int(found[1]) + 10):
            who = f"person {n % 10}"
            await teach(store, face(who, 100 + n), who, key=f"more/{n}")
        report = await retrain(settings, store, PixelEmbedder(), "web", "idol")
        assert "too few" not in report.sentence
        assert report.trained is not None


async def test_people_with_few_pictures_cannot_be_learned(settings: Settings) -> None:
    async with Store(settings.store.data_dir) as store:
        await teach_community(store, people=30, shots=1, unlike=UNLIKE)
        report = await retrain(settings, store, PixelEmbedder(), "web", "idol")
        assert report.sentence.startswith(
            "not promoted: it takes two people with about five labelled faces each to learn from, "
            "and there are none."
        )


async def test_one_person_cannot_be_told_from_anybody(settings: Settings) -> None:
    async with Store(settings.store.data_dir) as store:
        await teach_community(store, people=1, shots=9, unlike=UNLIKE)
        report = await retrain(settings, store, PixelEmbedder(), "web", "idol")
        assert "and there is one." in report.sentence


async def test_what_is_no_better_is_not_promoted(settings: Settings) -> None:
    """Without glare mean examples already name everybody."""
    async with Store(settings.store.data_dir) as store:
        await teach_community(store, people=12, shots=8, unlike=UNLIKE)
        report = await retrain(settings, store, PixelEmbedder(), "web", "idol")
        assert report.trained is not None
        right = report.trained.comparison.old.right
        assert report.sentence == (
            f"not promoted: on held-out faces it is no better: {right} right names, were {right}. "
            "Still answering: the gallery alone."
        )
        assert Registry(versions_dir(settings), "web", "idol").numbers() == []


async def test_a_version_of_another_embedder_is_not_used_and_that_is_said(
    learn: Callable, judge: Judge, service: Service, versions: Registry
) -> None:
    async with versions.locked():
        templates = np.ones((1, 128), dtype=np.float32)
        nothing = Learned(templates, ((1, 2, 3),), frozenset(), Recipe(20.0, 6.0))
        foreign = Version("dlib-0", 0, None, "", {"labels": 0}, nothing)
        versions.promote(versions.save(foreign))
    assert await right_names(service, judge) > 0
    report = await learn(dry_run=True)
    assert report.sentence.endswith(
        "Still answering: the gallery alone, because version 1 is of another embedder."
    )


# what may be learned from


async def test_a_face_that_is_not_somebody_is_learned_from_only_with_consent(
    store: Store, versions: Registry
) -> None:
    embedder = PixelEmbedder()
    for author in ("web:willing", "web:silent"):
        stranger = face(f"friend of {author}", 1)
        await teach(store, stranger, "person 1", key=author, author=author, answer=Answer.IS_NOT)
    await store.set_allowed("web", "web:willing", True)
    snapshot = await read(store, versions, "web", "idol", FINGERPRINT)
    samples = await embed(store, embedder, snapshot.usable)
    strangers = [sample for sample in samples if sample.name is None]
    assert [(s.post, s.not_names) for s in strangers] == [("web:willing", frozenset({"person 1"}))]
    assert embedder.embedded == 1


async def test_labels_that_come_while_reading_are_left_for_the_next_time(
    taught: Settings, versions: Registry
) -> None:
    class Busy(Store):
        async def live_labels(self, scope: str, head: str) -> list[LiveLabel]:
            await teach(self, face("person 1", 50), "person 1", key="just now")
            return await super().live_labels(scope, head)

    async with Busy(taught.store.data_dir) as store:
        snapshot = await read(store, versions, "web", "idol", FINGERPRINT)
        assert max(label.id for label in snapshot.labels) == snapshot.last_label == LABELS
        assert len(await store.live_labels("web", "idol")) == LABELS + 2


# corrections


async def test_a_correction_during_training_acts_through_promotion_and_rollback(
    learn: Callable, service: Service, judge: Judge, store: Store, versions: Registry
) -> None:
    await learn()
    zoe = face("Zoe", 1)
    lookalike = face("person 4", 77)
    guess = await ask(service, judge, lookalike)
    assert guess.candidates[0].name == "person 4"
    zoe_id = await post_face(store, zoe, key="zoe")
    lookalike_id = await post_face(store, lookalike, key="lookalike", guesses=(guess,))

    snapshot = await read(store, versions, "web", "idol", FINGERPRINT)  # the training begins …
    samples = await embed(store, PixelEmbedder(), snapshot.usable)
    await service.correct(Correction(zoe_id, "idol", "web:ann", Action.NAME, name="Zoe"))
    await service.correct(Correction(lookalike_id, "idol", "web:ann", Action.NONE_OF_THESE))

    async def corrections_act() -> None:
        assert await named(service, judge, face("Zoe", 1)) == "Zoe"
        assert await named(service, judge, lookalike) not in {c.name for c in guess.candidates}
        assert await named(service, judge, face("person 4", 78)) == "person 4"

    await corrections_act()
    current = versions.current()
    assert current is not None
    trained = train(samples, snapshot, FINGERPRINT, RATE, current.learned)
    assert await promote(versions, snapshot.state, trained.version) == 2  # … and ends
    await corrections_act()
    async with versions.locked():
        assert versions.rollback() == 1
    await corrections_act()


# forgetting


async def forget_person(service: Service) -> None:
    await service.remove("web", "person 3")


async def forget_poster(service: Service) -> None:
    await service.forget_user("web", "web:ann")


async def forget_picture(service: Service) -> None:
    await service.forget_post("web/person 3/0")


FORGET = pytest.mark.parametrize("forget", [forget_person, forget_poster, forget_picture])


@FORGET
async def test_what_saw_the_forgotten_cannot_be_rolled_back_to(
    learn: Callable, service: Service, judge: Judge, versions: Registry, forget: Callable
) -> None:
    await learn()
    await forget(service)
    gallery = judge.gallery("web", "idol", Kind.PHOTO)
    assert gallery is not None
    assert "person 3" not in gallery.names or forget is not forget_person
    async with versions.locked():
        for number in (None, 1):
            with pytest.raises(VersionError, match="version 1 was removed: ") as refusal:
                versions.rollback(number)
            assert "person 3" not in str(refusal.value)
            assert "web:ann" not in str(refusal.value)


async def test_a_version_from_before_the_forgotten_answers_again(
    learn: Callable, service: Service, judge: Judge, store: Store, versions: Registry
) -> None:
    await learn()
    await teach(store, face("Zoe", 1), "Zoe", key="zoe")
    await promoted_anyway(store, versions)
    assert versions.current_number() == 2
    await service.remove("web", "Zoe")
    assert versions.current_number() == 1
    assert await named(service, judge, face("person 1", 99)) == "person 1"


@FORGET
async def test_training_that_began_before_a_forgetting_promotes_nothing(
    service: Service, store: Store, versions: Registry, forget: Callable
) -> None:
    snapshot = await read(store, versions, "web", "idol", FINGERPRINT)
    samples = await embed(store, PixelEmbedder(), snapshot.usable)
    await forget(service)
    trained = train(samples, snapshot, FINGERPRINT, RATE, None)
    assert trained.comparison.objection is None
    with pytest.raises(VersionError, match="somebody was forgotten during the training"):
        await promote(versions, snapshot.state, trained.version)
    assert versions.numbers() == []


async def test_forgetting_what_nobody_had_labelled_disturbs_no_training(
    service: Service, store: Store, versions: Registry
) -> None:
    await post_face(store, face("nobody", 1), key="unlabelled")
    snapshot = await read(store, versions, "web", "idol", FINGERPRINT)
    await service.forget_post("unlabelled")
    assert versions.state() == snapshot.state


async def pooled_faces(service: Service, store: Store, count: int) -> None:
    """Faces that nobody named, of a poster who allows to learn from them."""
    await service.allow("web", "web:bob")
    for n in range(count):
        crop = face(f"passer-by {n}", 0)
        verdict_id = await post_face(
            store, crop, key=f"passing {n}", author="web:bob", guesses=pixel_faces.UNKNOWN
        )
        (vector,) = PixelEmbedder().embed([crop])
        assert await store.clusters.admit(verdict_id, "idol", FINGERPRINT, vector)


async def forget_passing(service: Service, passing: str) -> None:
    await service.forget_post(passing)


async def take_back_word(service: Service, passing: str) -> None:
    await service.allow("web", "web:bob", False)


@pytest.mark.parametrize("forget", [forget_passing, take_back_word])
async def test_what_learned_from_a_face_that_nobody_named_goes_with_it(
    service: Service, store: Store, versions: Registry, forget: Callable
) -> None:
    await pooled_faces(service, store, 12)
    snapshot = await read(store, versions, "web", "idol", FINGERPRINT)
    samples = await embed(store, PixelEmbedder(), snapshot.usable) + snapshot.unknowns
    trained = train(samples, snapshot, FINGERPRINT, RATE, None)
    await promote(versions, snapshot.state, trained.version)
    taught = versions.load(1).learned.unknowns
    assert 0 < len(taught) < 12  # some are held out
    verdict = await store.verdict(min(taught))
    assert verdict is not None
    await forget(service, verdict.post_key)
    assert versions.numbers() == []
    with pytest.raises(VersionError, match="during the training"):
        await promote(versions, snapshot.state, trained.version)


async def test_thresholds_are_not_set_by_faces_that_were_learned_from(
    service: Service, store: Store, versions: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strangers, "LEAST_UNKNOWNS", 10)
    monkeypatch.setattr(learning, "_MANY_UNKNOWNS", 20)
    await pooled_faces(service, store, 60)
    snapshot = await read(store, versions, "web", "idol", FINGERPRINT)
    samples = await embed(store, PixelEmbedder(), snapshot.usable) + snapshot.unknowns
    trained = train(samples, snapshot, FINGERPRINT, RATE, None)
    learned = trained.version.learned
    assert 10 < len(learned.unknowns) < 40
    cohort = await service._galleries._strangers("web", "idol", Kind.PHOTO, learned)
    assert cohort.source == "unknowns"
    assert len(cohort.vectors) == 60 - len(learned.unknowns)


async def test_a_forgotten_voter_undoes_what_was_trained_on_their_word(
    learn: Callable, service: Service, store: Store, versions: Registry
) -> None:
    """The picture is Bob's and stays; the label was a moderator's."""
    verdict_id = await post_face(store, face("Zoe", 1), key="zoe", author="web:bob")
    await service.allow("web", "web:bob")
    await service.correct(
        Correction(verdict_id, "idol", "web:mod", Action.NAME, trusted=True, name="Zoe")
    )
    await learn()
    await service.forget_user("web", "web:mod")
    assert versions.numbers() == []
    assert "Zoe" not in {person.name for person in await service.people("web")}


@pytest.mark.parametrize("head_start", [0.0, 0.002, 0.01, 0.03, 0.06, 0.1, 0.2, 0.4])
async def test_forgetting_at_any_moment_of_a_training_leaves_no_version_that_saw_it(
    learn: Callable, service: Service, versions: Registry, head_start: float
) -> None:
    training_task = asyncio.create_task(learn())
    await asyncio.sleep(head_start)
    await service.remove("web", "person 3")
    await training_task
    for number in versions.numbers():
        assert versions.load(number).scores["people"] == PEOPLE - 1


async def test_forgetting_waits_for_a_promotion_and_then_removes_it(
    service: Service, store: Store, versions: Registry
) -> None:
    snapshot = await read(store, versions, "web", "idol", FINGERPRINT)
    samples = await embed(store, PixelEmbedder(), snapshot.usable)
    trained = train(samples, snapshot, FINGERPRINT, RATE, None)
    async with versions.locked():
        forgetting = asyncio.create_task(service.remove("web", "person 3"))
        await asyncio.sleep(0.1)
        assert not forgetting.done()
        assert len(await store.live_labels("web", "idol")) == LABELS  # nothing is half forgotten
        versions.promote(versions.save(trained.version))
    await forgetting
    assert versions.numbers() == []
    assert len(await store.live_labels("web", "idol")) == LABELS - SHOTS


async def test_a_training_waits_for_a_forgetting_before_it_reads(
    store: Store, versions: Registry
) -> None:
    async with versions.locked():  # as the service does, from before the versions go …
        versions.remove_since(1, "somebody was forgotten")
        reading = asyncio.create_task(read(store, versions, "web", "idol", FINGERPRINT))
        await asyncio.sleep(0.1)
        await store.forget_posts(["web/person 3/0"])  # … until the labels are gone
        assert not reading.done()
    snapshot = await reading
    assert len(snapshot.labels) == LABELS - 1
    assert snapshot.state == versions.state()


async def test_of_two_trainings_at_once_the_later_promotes_nothing(
    learn: Callable, store: Store, versions: Registry
) -> None:
    snapshot = await read(store, versions, "web", "idol", FINGERPRINT)
    samples = await embed(store, PixelEmbedder(), snapshot.usable)
    trained = train(samples, snapshot, FINGERPRINT, RATE, None)
    await learn()
    with pytest.raises(VersionError, match="another version was promoted"):
        await promote(versions, snapshot.state, trained.version)
    assert versions.numbers() == [1]


# the command


@pytest.fixture
def run(
    taught: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> Callable[..., tuple[int, str, str]]:
    """Run the command on the community's data with the embedder of these faces."""
    monkeypatch.setattr(embedders, "load", lambda _: PixelEmbedder())
    config = tmp_path / "config.toml"
    config.write_text(f'[store]\ndata_dir = "{taught.store.data_dir}"\n')

    def run(*arguments: str) -> tuple[int, str, str]:
        status = command.main(["--config", str(config), *arguments])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


def contents(folder: Path) -> dict[str, str]:
    """Every file below `folder` and what is in it; of the database, what it says."""
    found = {}
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "sqlite3" not in file.name:
            found[str(file)] = hashlib.sha256(file.read_bytes()).hexdigest()
    with sqlite3.connect(folder / "hantei.sqlite3") as database:
        found["database"] = "\n".join(database.iterdump())
    database.close()
    return found


def test_a_dry_run_changes_nothing(run: Callable, taught: Settings) -> None:
    async def one_more() -> None:
        async with Store(taught.store.data_dir) as store:
            await teach(store, face("person 1", 50), "person 1", key="not yet embedded")

    asyncio.run(one_more())
    before = contents(taught.store.data_dir)
    status, out, _ = run("--dry-run")
    assert status == 0
    assert (
        "web, idol: a new version would be promoted, but this is a dry run. "
        "Still answering: the gallery alone.\n"
    ) in out
    assert contents(taught.store.data_dir) == before


def test_promote_list_roll_back(run: Callable, versions: Registry) -> None:
    status, out, _ = run("--scope", "web", "--head", "idol")
    assert status == 0
    assert out.startswith(
        "web, idol: version 1 answers from now on, instead of the gallery alone.\n"
    )
    assert re.search(r"before +\d+ +0 +\d+ +0 of \d+ *\n +new +\d+ +0 +\d+ +0 of", out)

    status, out, _ = run("--list")
    assert status == 0
    assert out.startswith("web, idol: answering: version 1.\n")
    assert re.search(r" 1 +\d{4}-\d\d-\d\d \d\d:\d\d +\d+ +0 +\d+ +0 of \d+ +pixels", out)

    rolled_back = "web, idol: rolled back. Answering now: "
    assert run("--rollback") == (0, f"{rolled_back}the gallery alone.\n", "")
    assert run("--rollback", "1") == (0, f"{rolled_back}version 1.\n", "")
    assert versions.current_number() == 1


def test_a_damaged_version_is_listed_beside_the_others(
    run: Callable, taught: Settings, versions: Registry
) -> None:
    run()
    damaged = versions_dir(taught) / "web" / "idol" / "2"
    damaged.mkdir()
    (damaged / "meta.json").write_text("{")
    status, out, _ = run("--list")
    assert status == 0
    assert out.startswith("web, idol: answering: version 1.\n")
    assert "web, idol: version 2 cannot be read: " in out
    assert "Still answering: version 1." in run()[1]


def test_what_cannot_be_rolled_back_to_is_one_sentence(run: Callable, versions: Registry) -> None:
    assert run("--rollback") == (2, "", "--rollback: no version was ever promoted.\n")
    run()
    assert run("--rollback", "7") == (2, "", "there is no version 7\n")

    async def forget() -> None:
        async with versions.locked():
            versions.remove_since(5, "somebody it had learned from was forgotten")

    asyncio.run(forget())
    for arguments in (["--rollback"], ["--rollback", "1"]):
        status, out, err = run(*arguments)
        assert (status, out) == (2, "")
        assert "version 1 was removed: somebody it had learned from was forgotten" in err
    assert run("--list")[1] == (
        "web, idol: answering: the gallery alone.\n"
        "web, idol: version 1 was removed: somebody it had learned from was forgotten.\n"
    )


def test_an_unknown_scope_is_answered_with_the_known_ones(run: Callable) -> None:
    assert run("--scope", "discord:1") == (
        2,
        "",
        "--scope discord:1: there is no such scope; known scopes: web.\n",
    )


def test_each_scope_is_trained_alone(run: Callable, taught: Settings) -> None:
    async def another() -> None:
        async with Store(taught.store.data_dir) as store:
            await teach(store, face("Zoe", 1), "Zoe", key="zoe", scope="discord:1")

    asyncio.run(another())
    status, out, _ = run()
    assert status == 0
    assert "discord:1, idol: not promoted: it takes two people" in out
    assert "web, idol: version 1 answers from now on" in out
    run("--scope", "web", "--rollback")
    assert Registry(versions_dir(taught), "discord:1", "idol").numbers() == []


def test_with_versions_in_two_scopes_rollback_asks_which(run: Callable, taught: Settings) -> None:
    run()
    other = Registry(versions_dir(taught), "discord:1", "idol")

    async def promote_there() -> None:
        async with other.locked():
            version = Registry(versions_dir(taught), "web", "idol").load(1)
            other.promote(other.save(version))

    asyncio.run(promote_there())
    status, _, err = run("--rollback")
    assert status == 2
    assert "--scope discord:1 --head idol, --scope web --head idol" in err
    assert run("--rollback", "--scope", "discord:1")[0] == 0
    assert (other.current_number(), Registry(versions_dir(taught), "web", "idol").numbers()) == (
        None,
        [1],
    )


@pytest.mark.parametrize(
    "arguments",
    [["--rollback", "0"], ["--rollback", "x"], ["--list", "--dry-run"], ["--head", "nose"]],
)
def test_nonsense_is_refused_with_status_2(
    run: Callable, arguments: list[str], capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit) as exit_:
        run(*arguments)
    assert exit_.value.code == 2
    assert "error: argument" in capsys.readouterr().err


def test_no_labels_are_nothing_to_learn_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("HANTEI_STORE__DATA_DIR", str(tmp_path))
    assert command.main([]) == 0
    assert capsys.readouterr().out == "No labels yet, so there is nothing to learn from.\n"


def test_a_missing_data_folder_or_settings_file_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    assert command.main(["--config", str(tmp_path / "none.toml")]) == 2
    assert capsys.readouterr().err == f"{tmp_path / 'none.toml'}: there is no such file.\n"
    monkeypatch.setenv("HANTEI_STORE__DATA_DIR", str(tmp_path / "nowhere"))
    assert command.main([]) == 2
    assert "the bot has kept nothing there yet" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()


# the report


def test_the_report_is_one_page_for_its_owner_alone(
    run: Callable, taught: Settings, tmp_path: Path
) -> None:
    async def mislabel() -> None:
        async with Store(taught.store.data_dir) as store:
            for n in range(3):
                await teach(store, face("person 2", 60 + n), "<b>ユナ", key=f"yuna {n}")
            await teach(store, pixel_faces.face("person 5", 70), "person 6", key="mistaken")

    asyncio.run(mislabel())
    status, out, _ = run("--report", str(tmp_path / "report"))
    assert status == 0
    file = tmp_path / "report" / "web-idol.html"
    assert f"web, idol: the report is {file}" in out
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [each.name for each in file.parent.iterdir()] == [file.name]

    page = file.read_text()
    assert not re.search(r"""(?:src|href|url\()\s*=?\s*["']?(?:https?:)?//""", page)
    assert "<script" not in page
    assert page.count("<svg") == 2
    assert "data:image/jpeg;base64," in page
    for words in ("On held-out faces", "strangers given a name", "how often it is right"):
        assert words in page
    doubtful = page[page.index("Labels that look wrong") :]
    assert re.search(r"person 6<small>looks like person 5</small>", doubtful)
    assert "<b>ユナ" not in page


def test_a_report_on_too_few_labels_says_what_is_lacking(
    run: Callable, taught: Settings, tmp_path: Path
) -> None:
    async def another() -> None:
        async with Store(taught.store.data_dir) as store:
            await teach(store, face("Zoe", 1), "Zoe", key="zoe", scope="discord:1")

    asyncio.run(another())
    run("--scope", "discord:1", "--report", str(tmp_path))
    page = (tmp_path / "discord%3A1-idol.html").read_text()
    assert "Not promoted: it takes two people with about five labelled faces each" in page
    assert "Nothing was measured this time" in page


def test_a_folder_that_cannot_be_written_is_one_sentence(run: Callable, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    status, _, err = run("--dry-run", "--report", str(tmp_path / "file"))
    assert status == 2
    assert err == f"--report {tmp_path / 'file'} cannot be written: File exists.\n"


# killed at random moments

KILLER = """
import os, random, shutil, signal, sys, time
from pathlib import Path

from bot import retrain
from models import embedders, strangers
from tests.pixel_faces import PixelEmbedder
from tests.test_retrain import of_pixels

import torch  # before the forks, which then start at once

place = Path(sys.argv[1])
embedders.load = lambda _: PixelEmbedder()
strangers.shipped = of_pixels
of_pixels("")

def train(name):
    shutil.copytree(place / "taught", place / name)
    config = place / f"{name}.toml"
    config.write_text(f'[store]\\ndata_dir = "{place / name}"\\n')
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os._exit(retrain.main(["--config", str(config)]))
    return child

started = time.monotonic()
_, status = os.waitpid(train("whole"), 0)
assert status == 0
whole = time.monotonic() - started
moments = random.Random(20)
for n in range(20):
    child = train(str(n))
    time.sleep(moments.uniform(0, whole))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


@pytest.mark.timeout(600)  # some twenty trainings, also on a machine that is busy
async def test_killed_at_any_moment_the_bot_starts_with_the_old_or_the_new_version(
    community: Path, tmp_path: Path, intake: Intake
) -> None:
    shutil.copytree(community, tmp_path / "taught")
    driver = tmp_path / "killer.py"
    driver.write_text(KILLER)
    root = Path(__file__).parents[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, driver, tmp_path), cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
    )
    assert await process.wait() == 0
    seen = set()
    for name in ("whole", *map(str, range(20))):
        settings = Settings.model_validate({"store": {"data_dir": tmp_path / name}})
        versions = Registry(versions_dir(settings), "web", "idol")
        seen.add(versions.current_number())
        for number in versions.numbers():
            assert len(versions.load(number).learned.templates) == PEOPLE
        async with (
            Judge(settings, PixelNetworks()) as judge,
            Store(settings.store.data_dir) as store,
            Service(settings, store, intake, judge),
        ):
            gallery = judge.gallery("web", "idol", Kind.PHOTO)
            assert gallery is not None
            assert len(gallery.names) == PEOPLE
    assert seen == {None, 1}


# with real faces


@pytest.mark.timeout(600)  # a few seconds of work, but also on a machine that is busy
async def test_real_photographs_beside_the_bot_that_answers(
    settings: Settings, intake: Intake, data: Path, tmp_path: Path
) -> None:
    """The command as an operator runs it, on LFW, while the bot answers."""
    weights = data / "weights" / "mobilefacenet_112.onnx"
    config = tmp_path / "config.toml"
    config.write_text(
        f'[store]\ndata_dir = "{settings.store.data_dir}"\n'
        f'[embedder]\nname = "onnx"\nonnx_file = "{weights}"\n'
    )
    pictures: dict[str, list[Path]] = {}
    for name, file in folders.people(data / "faces" / "lfw_known"):
        pictures.setdefault(name, []).append(file)
    chosen = {name: files for name, files in pictures.items() if len(files) == 10}
    somebody, *_ = chosen

    async with (
        Judge(load(config)) as judge,
        Store(settings.store.data_dir) as store,
    ):

        async def judged(file: Path) -> tuple[Picture, FaceJudgement]:
            picture = await intake.picture(Attachment(file.name, file.read_bytes()))
            judgement = await judge.judge(picture, Context("web"))
            return picture, judgement.faces[0]

        for name, files in chosen.items():
            for file in files[:4]:
                picture, seen = await judged(file)
                key = f"{name}/{file.name}"
                await teach(store, seen.crop, name, key=key, picture_hash=picture.phash)

        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot.retrain", "--config", str(config)),
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[1],
        )
        async with Service(settings, store, intake, judge) as service:
            probe = chosen[somebody][9]
            _, before = await judged(probe)
            out, _ = await process.communicate()
            assert process.returncode == 0
            # MobileFaceNet makes no mistakes here, so there may be nothing to gain.
            assert re.match(rb"web, idol: (version 1 answers|not promoted: on held)", out)
            _, after = await judged(probe)
            assert [each.candidates[0].name for each in (*before.guesses, *after.guesses)] == [
                somebody,
                somebody,
            ]
            await service.remove("web", somebody)
            _, forgotten = await judged(probe)
            assert forgotten.guesses[0].answer == "unknown"
