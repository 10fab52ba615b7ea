"""People and characters side by side: which head looks, whose examples decide, who learns."""

import io

import pytest
from PIL import Image

from bot.domain import Action, Attachment, Correction, Mark, Post, State
from bot.errors import Ambiguous, NotFound
from bot.judging import Judge, versions_dir
from bot.learning import embed, read, train
from bot.service import Service
from bot.settings import Settings
from bot.store import Store
from models.registry import Registry
from models.strangers import Strangers
from models.types import Context, Kind, Named
from tests.pixel_faces import (
    PixelEmbedder,
    PixelNetworks,
    drawn,
    face,
    picture_of,
    post_face,
    strangers,
    teach,
)

BOTH = ("idol", "character")
ANN = "web:ann"


@pytest.fixture
def networks() -> PixelNetworks:
    return PixelNetworks()


@pytest.fixture(autouse=True)
def _shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Strangers(strangers(unlike=0.7, glare=0.0), "synthetic")
    monkeypatch.setattr("bot.galleries.choose", lambda *_: found)


async def enrol(
    store: Store, service: Service, name: str, *, head: str, kind: Kind, shots: int = 3
) -> None:
    """By pictures of `name`; of several kinds they are alike."""
    for shot in range(shots):
        crop = face(name, shot, unlike=0.7)
        if kind is Kind.ILLUSTRATION:
            crop = drawn(crop)
        await teach(store, crop, name, key=f"{head}/{kind}/{name}/{shot}", head=head)
    await service._galleries.rebuild("web", head)


async def guesses(judge: Judge, name: str, heads: tuple[str, ...] | None = BOTH) -> list[Named]:
    """What is said of another picture of somebody."""
    (judged,) = (
        await judge.judge(picture_of(face(name, 99, unlike=0.7)), Context("web"), heads)
    ).faces
    return [guess for guess in judged.guesses if isinstance(guess, Named)]


async def answers(judge: Judge, name: str, heads: tuple[str, ...] | None = BOTH) -> list[str]:
    return [
        f"{each.head} {each.answer} {each.candidates[0].name if each.candidates else '-'}"
        for each in await guesses(judge, name, heads)
    ]


async def posted(store: Store, judge: Judge, name: str, heads: tuple[str, ...] = BOTH) -> int:
    """Ann posts another picture of somebody. Returns the verdict's id."""
    crop = face(name, 99, unlike=0.7)
    said = tuple(await guesses(judge, name, heads))
    return await post_face(store, crop, key=f"posted {name}", guesses=said)


def file(name: str) -> Attachment:
    """A picture of somebody that has to be decoded."""
    data = io.BytesIO()
    Image.fromarray(face(name, 99, unlike=0.7).pixels).save(data, "PNG")
    return Attachment("face.png", data.getvalue())


async def test_unless_told_otherwise_each_head_is_at_home(
    judge: Judge, networks: PixelNetworks
) -> None:
    assert [each.head for each in await guesses(judge, "Mai", None)] == ["idol"]
    networks.kind = Kind.ILLUSTRATION
    assert [each.head for each in await guesses(judge, "Mai", None)] == ["character"]
    assert [each.head for each in await guesses(judge, "Mai")] == ["character"]  # no person there


async def test_on_a_human_face_each_head_answers_in_the_order_asked_for(
    judge: Judge, service: Service, store: Store
) -> None:
    await enrol(store, service, "Mai", head="idol", kind=Kind.PHOTO)
    await enrol(store, service, "Rem", head="character", kind=Kind.PHOTO)
    assert await answers(judge, "Mai") == ["idol known Mai", "character unknown Rem"]
    assert await answers(judge, "Rem", ("character", "idol")) == [
        "character known Rem",
        "idol unknown Mai",
    ]


async def test_known_from_drawings_only_it_is_a_maybe_on_a_photograph(
    judge: Judge, service: Service, store: Store, networks: PixelNetworks
) -> None:
    await enrol(store, service, "Rem", head="character", kind=Kind.ILLUSTRATION)
    assert await answers(judge, "Rem", ("character",)) == ["character maybe Rem"]
    networks.kind = Kind.ILLUSTRATION
    assert await answers(judge, "Rem", ("character",)) == ["character known Rem"]


async def test_examples_of_the_same_kind_decide(
    judge: Judge, service: Service, store: Store
) -> None:
    """Drawn, Rem looks like Mai; as a cosplayer she does not."""
    for shot in range(3):
        key = f"drawn {shot}"
        await teach(store, drawn(face("Mai", shot, unlike=0.7)), "Rem", key=key, head="character")
    await service._galleries.rebuild("web", "character")
    assert await answers(judge, "Mai", ("character",)) == ["character maybe Rem"]
    await enrol(store, service, "Rem", head="character", kind=Kind.PHOTO)
    assert await answers(judge, "Mai", ("character",)) == ["character unknown Rem"]
    assert await answers(judge, "Rem", ("character",)) == ["character known Rem"]


async def test_a_mark_teaches_each_head_that_it_speaks_to(
    judge: Judge, service: Service, store: Store
) -> None:
    await enrol(store, service, "Mai", head="idol", kind=Kind.PHOTO)
    for shot in range(3):  # Mai, dressed up
        crop = face("Mai", shot, unlike=0.7)
        await teach(store, crop, "Rem", key=f"cosplay {shot}", head="character")
    await service._galleries.rebuild("web", "character")
    verdict = await posted(store, judge, "Mai")
    part = await service.mark(verdict, Mark.RIGHT, ANN)
    assert part.words.splitlines() == ["This is Mai, I was told.", "Cosplay of Rem, I was told."]
    assert part.status == "Learned: Mai Learned: Rem"
    assert [(each.head, each.examples) for each in await service.people("web")] == [
        ("idol", 4),
        ("character", 4),
    ]
    assert await service.marks(verdict) == {(ANN, Mark.RIGHT)}
    part = await service.mark(verdict, Mark.RIGHT, ANN, withdraw=True)
    assert part.state is State.OPEN
    assert {each.examples for each in await service.people("web")} == {3}
    # The second letter is the character's: only that is learned.
    part = await service.mark(verdict, Mark.B, ANN)
    assert [(each.head, each.examples) for each in await service.people("web")] == [
        ("idol", 3),
        ("character", 4),
    ]


async def test_a_typed_name_goes_to_the_head_that_has_it_or_has_to_be_asked_about(
    judge: Judge, service: Service, store: Store
) -> None:
    await enrol(store, service, "Mai", head="idol", kind=Kind.PHOTO)
    await enrol(store, service, "Rem", head="character", kind=Kind.ILLUSTRATION)
    verdict = await posted(store, judge, "somebody")
    assert await service.heads_for(verdict, "ＭＡＩ") == ("idol",)
    assert await service.heads_for(verdict, "Rem") == ("character",)
    assert await service.heads_for(verdict, "Asuka") == BOTH
    name = Correction(verdict, "character", ANN, Action.NAME, name="Mai")
    assert "Cosplay of Mai, I was told." in (await service.correct(name)).words
    assert await service.heads_for(verdict, "Mai") == BOTH  # both have one now
    alone = await posted(store, judge, "somebody else", ("idol",))
    assert await service.heads_for(alone, "Asuka") == ("idol",)


async def test_a_name_under_both_heads_has_to_be_told_apart(service: Service, store: Store) -> None:
    await enrol(store, service, "Mai", head="idol", kind=Kind.PHOTO)
    await enrol(store, service, "Mai", head="character", kind=Kind.ILLUSTRATION)
    with pytest.raises(Ambiguous):
        await service.remove("web", "Mai")
    await service.rename("web", "Mai", "Mai-chan", "character")
    assert [each.name for each in await service.people("web")] == ["Mai", "Mai-chan"]
    await service.remove("web", "Mai", "idol")
    assert [each.head for each in await service.people("web")] == ["character"]


async def test_faces_away_from_home_are_neither_clustered_nor_learned_from(
    judge: Judge, service: Service, store: Store, settings: Settings
) -> None:
    await store.set_allowed("web", ANN, True)
    await posted(store, judge, "somebody")
    await service.cluster_anew()
    fingerprint = PixelEmbedder.fingerprint
    pools = [await store.clusters.pool("web", head, fingerprint, 9) for head in BOTH]
    assert [len(pool) for pool in pools] == [1, 0]
    await enrol(store, service, "Rem", head="character", kind=Kind.PHOTO)
    await enrol(store, service, "Ram", head="character", kind=Kind.ILLUSTRATION, shots=2)
    versions = Registry(versions_dir(settings), "web", "character")
    snapshot = await read(store, versions, "web", "character", fingerprint)
    assert [label.names for label in snapshot.labels] == [("Ram",), ("Ram",)]


async def test_a_head_learns_against_strangers_of_its_home(
    service: Service, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Rem", "Ram", "Emilia", "Beako"):
        await enrol(store, service, name, head="character", kind=Kind.ILLUSTRATION, shots=16)
    versions = Registry(versions_dir(settings), "web", "character")
    fingerprint = PixelEmbedder.fingerprint
    snapshot = await read(store, versions, "web", "character", fingerprint)
    samples = await embed(store, PixelEmbedder(), snapshot.usable)
    asked = []

    def choose(unknowns: object, fingerprint: str, kind: Kind) -> Strangers:
        asked.append(kind)
        raise InterruptedError

    monkeypatch.setattr("models.strangers.choose", choose)
    with pytest.raises(InterruptedError):
        train(samples, snapshot, fingerprint, 0.01, None)
    assert asked == [Kind.ILLUSTRATION]


async def test_a_channel_chooses_its_heads_for_good(settings: Settings, service: Service) -> None:
    assert await service.heads_in("discord:5") is None
    await service.choose_heads("discord:5", ("character", "idol"))
    assert await service.heads_in("discord:5") == ("character", "idol")
    assert await service.heads_in("discord:6") is None
    async with Store(settings.store.data_dir) as reopened:
        assert await reopened.heads_in("discord:5") == ("character", "idol")
    await service.choose_heads("discord:5", ())
    assert await service.heads_in("discord:5") is None


def test_the_settings_choose_for_all_channels_or_for_one() -> None:
    told = {
        "judging": {"heads": ["idol", "character"]},
        "discord": {"channel_heads": {"5": ["character"]}},
    }
    settings = Settings.model_validate(told)
    assert settings.heads_in("discord:5") == ("character",)
    assert settings.heads_in("discord:6") == settings.heads_in("") == ("idol", "character")
    with pytest.raises(ValueError, match="each once"):
        Settings.model_validate({"judging": {"heads": ["idol", "idol"]}})


async def test_the_choice_of_a_channel_is_what_answers_in_it(
    service: Service, store: Store
) -> None:
    await service.choose_heads("discord:5", ("character", "idol"))
    pictures = (file("Mai"),)

    async def heads(key: str, place: str) -> list[str]:
        await service.answer(Post("web", key, ANN, ANN, "en", pictures, place=place))
        (verdict,) = await store.verdicts_of(key)
        return [guess.head for guess in verdict.guesses]

    assert await heads("1", "discord:5") == ["character", "idol"]
    assert await heads("2", "discord:6") == ["idol"]


async def test_enrolling_takes_the_head_at_home_unless_told(
    service: Service, networks: PixelNetworks
) -> None:
    def post(key: str) -> Post:
        return Post("web", key, ANN, ANN, "en", (file(key),))

    await service.enroll(post("1"), "Eileen")
    await service.enroll(post("2"), "Astronaut", "character")
    networks.kind = Kind.ILLUSTRATION
    await service.enroll(post("3"), "Drawn")
    people = {each.name: each.head for each in await service.people("web")}
    assert people == {"Eileen": "idol", "Astronaut": "character", "Drawn": "character"}
    with pytest.raises(NotFound, match="drawing"):
        await service.enroll(post("4"), "Nobody", "idol")
