"""Scores: who gets one of what, what is a like, and that ratings are kept."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from bot.domain import Action, Attachment, Correction, Mark, Post
from bot.errors import NotAllowed
from bot.service import Service
from bot.settings import Settings
from bot.store import Store
from models.types import Kind, Scored
from tests.pixel_faces import PixelNetworks, face

HERE = "web:"
ANN, BOB = "web:ann", "web:bob"


@pytest.fixture
def networks() -> PixelNetworks:
    return PixelNetworks()


def file(shade: int | None = None) -> Attachment:
    """A picture that is a face from edge to edge; of one shade, its score is known."""
    pixels = face("Mai", 1).pixels if shade is None else np.full((32, 32, 3), shade, np.uint8)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return Attachment("face.png", data.getvalue())


def post(
    key: str, *, author: str = ANN, asker: str = ANN, asked: bool = True, shade: int = 255
) -> Post:
    return Post("web", key, author, asker, "en", (file(shade),), place=HERE, asked=asked)


async def words(service: Service, given: Post) -> str:
    reply = await service.answer(given)
    assert reply is not None
    return "\n".join(part.words for part in reply.parts)


@pytest.fixture
async def scoring(service: Service) -> Service:
    """A place that has faces named and scored."""
    await service.choose_heads(HERE, ["idol", "beauty"])
    return service


async def test_nothing_is_scored_unless_the_place_says_so(service: Service) -> None:
    assert "Beauty" not in await words(service, post("1"))


async def test_beauty_waits_for_the_poster_to_say_whom_it_shows_and_asks_once(
    scoring: Service, store: Store
) -> None:
    reply = await scoring.answer(post("1"))
    assert reply is not None
    (part,) = reply.parts
    assert "an adult, press 🙋" in part.words
    assert Mark.MINE in part.marks
    with pytest.raises(NotAllowed):
        await scoring.mark(part.verdict_id, Mark.MINE, BOB, trusted=True)
    scored = await scoring.mark(part.verdict_id, Mark.MINE, ANN)
    assert "Beauty: 5.0 of 5 (90 % sure: 4.5 to 5.0) – like" in scored.words
    assert "I don't know who this is" in scored.words  # the names are still there
    assert Mark.MINE not in scored.marks
    assert "Beauty: 1.0 of 5" in await words(scoring, post("2", shade=0))
    await scoring.forget_user("web", ANN)
    assert "press 🙋" in await words(scoring, post("3"))


async def test_beauty_is_never_scored_of_other_peoples_pictures(
    scoring: Service, store: Store
) -> None:
    for user in (ANN, BOB):
        await store.confirm("web", user)
    assert "who asks has posted" in await words(scoring, post("1", author=BOB))
    assert "Beauty: 5.0" in await words(scoring, post("2", author=BOB, asker=BOB))


async def test_where_the_bot_only_watches_beauty_is_not_spoken_of(
    scoring: Service, store: Store
) -> None:
    assert "Beauty" not in await words(scoring, post("1", asked=False))
    await store.confirm("web", ANN)
    assert "Beauty" not in await words(scoring, post("2", asked=False))
    assert "Beauty" not in await words(scoring, post("3", author=BOB, asked=False))


async def test_a_word_given_under_one_face_scores_all_faces_of_the_post(
    scoring: Service,
) -> None:
    two = replace(post("1"), pictures=(file(255), file(0)))
    reply = await scoring.answer(two)
    assert reply is not None
    await scoring.mark(reply.parts[1].verdict_id, Mark.MINE, ANN)
    assert [
        (await scoring.part(part.verdict_id)).words.splitlines()[-1][:11] for part in reply.parts
    ] == ["Beauty: 5.0", "Beauty: 1.0"]


async def test_a_drawing_has_no_beauty_and_nobody_is_asked_about_it(
    scoring: Service, networks: PixelNetworks
) -> None:
    networks.kind = Kind.ILLUSTRATION
    await scoring.choose_heads(HERE, ["character", "beauty"])
    assert "Beauty" not in await words(scoring, post("1"))


async def test_a_face_that_no_head_judges_is_not_shown(
    service: Service, networks: PixelNetworks
) -> None:
    await service.choose_heads(HERE, ["idol"])
    networks.kind = Kind.ILLUSTRATION
    reply = await service.answer(post("1"))
    assert reply is not None
    assert reply.words == "There is a face, but not of a kind that is judged here."
    assert reply.parts == ()


async def test_what_is_a_like_is_for_the_place_to_say(scoring: Service, store: Store) -> None:
    await store.confirm("web", ANN)
    assert "– like" in await words(scoring, post("1", shade=200))  # 4.1
    await scoring.choose_like_from(HERE, 4.8)
    assert "– nope" in await words(scoring, post("2", shade=200))
    await scoring.choose_like_from(HERE, 4.2)
    assert "– too close to call" in await words(scoring, post("3", shade=200))
    await scoring.choose_like_from(HERE, None)
    assert "– like" in await words(scoring, post("4", shade=200))
    assert await scoring.heads_in(HERE) == ("idol", "beauty")  # the one leaves the other alone


def test_too_close_to_call_is_the_threshold_inside_the_interval() -> None:
    def likes(low: float, value: float, high: float) -> bool | None:
        return Scored("beauty", value, low, high, "m", 3.0).likes

    assert likes(3.0, 3.5, 4.0) is True
    assert likes(2.9, 3.5, 4.0) is None
    assert likes(2.0, 2.5, 3.0) is None
    assert likes(2.0, 2.5, 2.9) is False


async def test_a_whole_picture_is_judged_shown_and_forgotten_like_a_face(
    service: Service, store: Store, settings: Settings
) -> None:
    await service.choose_heads(HERE, ["photogenic"])
    reply = await service.answer(post("1"))
    assert reply is not None
    assert reply.words == "Here is what I think of this picture."
    (whole,) = reply.parts  # no head had anything to say of the face
    assert "Photogenic: 5.0" in whole.words
    assert whole.image is not None
    verdict = await service.verdict(whole.verdict_id)
    assert verdict.whole
    assert verdict.box == (0, 0, 32, 32)
    crops = settings.store.data_dir / "crops"
    assert list(crops.glob("*/*"))
    await service.forget_post("1")
    assert not list(crops.glob("*/*"))


async def test_the_latest_rating_of_each_user_stands(service: Service, store: Store) -> None:
    reply = await service.answer(post("1"))
    assert reply is not None
    (part,) = reply.parts
    for mark, voter in ((Mark.RATE_2, ANN), (Mark.RATE_5, ANN), (Mark.RATE_1, BOB)):
        await service.mark(part.verdict_id, mark, voter)
    assert await scores(store) == {ANN: 5, BOB: 1}
    assert (ANN, Mark.RATE_5) in await service.marks(part.verdict_id)
    await service.mark(part.verdict_id, Mark.RATE_5, ANN, withdraw=True)
    assert await scores(store) == {ANN: 2, BOB: 1}


async def scores(store: Store) -> dict[str, int]:
    return {each.user: each.score for each in await store.ratings.of("web")}


async def test_a_rating_is_learned_from_and_kept_only_if_the_poster_agrees(
    service: Service, store: Store
) -> None:
    reply = await service.answer(post("1", author=BOB))
    assert reply is not None
    (part,) = reply.parts
    await service.mark(part.verdict_id, Mark.RATE_4, ANN)
    (rated,) = await store.ratings.of("web")
    assert (rated.user, rated.score, rated.agreed) == (ANN, 4, False)
    await service.allow("web", BOB)
    assert [each.agreed for each in await store.ratings.of("web")] == [True]
    await service.allow("web", BOB, False)
    assert [each.agreed for each in await store.ratings.of("web")] == [False]
    # A name from the poster is a word on this picture.
    name = Correction(part.verdict_id, "idol", BOB, Action.NAME, name="Mai")
    await service.correct(name)
    assert [each.agreed for each in await store.ratings.of("web")] == [True]


async def test_rating_ones_own_picture_is_no_agreement_and_makes_no_label(
    service: Service, store: Store
) -> None:
    reply = await service.answer(post("1"))
    assert reply is not None
    await service.mark(reply.parts[0].verdict_id, Mark.RATE_4, ANN)
    assert [each.agreed for each in await store.ratings.of("web")] == [False]
    assert await store.live_labels("web", "taste") == []


async def test_ratings_go_with_whoever_gave_them(service: Service, store: Store) -> None:
    reply = await service.answer(post("1", author=BOB))
    assert reply is not None
    await service.mark(reply.parts[0].verdict_id, Mark.RATE_4, ANN)
    await service.forget_user("web", ANN)
    assert await store.ratings.of("web") == []


async def test_a_dozen_ratings_make_a_taste_and_each_counts_at_once(
    service: Service, store: Store
) -> None:
    await store.set_allowed("web", BOB, True)
    for n in range(12):
        reply = await service.answer(post(f"{n}", author=BOB, shade=20 * n))
        assert reply is not None
        mark = Mark.RATE_5 if n >= 6 else Mark.RATE_1
        await service.mark(reply.parts[0].verdict_id, mark, ANN)
    taught = service._judge.learned("web", "taste")
    assert taught.ratings_of(ANN) == 12
    assert taught.knows(ANN)
    assert not taught.knows(BOB)
    await service.mark(reply.parts[0].verdict_id, Mark.RATE_5, ANN, withdraw=True)
    assert not service._judge.learned("web", "taste").knows(ANN)
    await service.mark(reply.parts[0].verdict_id, Mark.RATE_5, ANN)
    await service.allow("web", BOB, False)
    assert service._judge.learned("web", "taste") is None
