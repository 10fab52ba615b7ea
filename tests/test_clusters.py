"""The faces that nobody named, through the one API: consent, clusters, and what moderators decide.

The faces are made of numbers (`tests.pixel_faces`); database, votes and clustering are real.
"""

import asyncio
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import bot.clusters
from bot.domain import Action, Cluster, Correction
from bot.errors import NotFound
from bot.intake import Intake
from bot.judging import Judge
from bot.service import Service
from bot.settings import Settings
from bot.store import Store
from models.types import Candidate, Guess, Named
from tests.conftest import post_of
from tests.pixel_faces import PixelNetworks, face, teach
from tests.pixel_faces import post_shots as post

ANN, BOB, MOD = "web:ann", "web:bob", "web:mod"
KNOWN: tuple[Guess, ...] = (
    Named("idol", "known", (Candidate("Mai", 0.9),), "measured", "pixels-0"),
)


@pytest.fixture
def networks() -> PixelNetworks:
    return PixelNetworks()


async def faces_of(service: Service, scope: str = "web") -> list[set[int]]:
    return [set(each.faces) for each in await service.unknown(scope)]


async def only(service: Service, scope: str = "web") -> Cluster:
    (cluster,) = await service.unknown(scope)
    return cluster


async def embedded(store: Store, judge: Judge, verdicts: list[int]) -> int:
    """How many of these faces have an embedding."""
    found = [await store.verdict(each) for each in verdicts]
    crops = [each.crop for each in found if each is not None and each.crop is not None]
    return len(await store.embeddings(crops, judge.fingerprint("idol")))


async def vote(service: Service, verdict: int, action: Action, name: str | None = None) -> None:
    await service.correct(Correction(verdict, "idol", MOD, action, trusted=True, name=name))


async def test_agreed_faces_of_one_person_become_a_cluster(service: Service, store: Store) -> None:
    await service.allow("web", ANN)
    mai = await post(store, "Mai", range(4))
    yuna = await post(store, "Yuna", range(3))
    await post(store, "a stranger", range(1))
    await service.cluster_anew()
    assert await faces_of(service) == [set(mai), set(yuna)]
    assert (await service.unknown("web"))[0].faces == tuple(reversed(mai))  # newest first
    assert await service.unknown("discord:1") == []


async def test_a_new_face_joins_by_itself(service: Service, store: Store, judge: Judge) -> None:
    await service.allow("web", ANN)
    await post(store, "Mai", range(3))
    await service.cluster_anew()
    before = await only(service)
    (new,) = await post(store, "Mai", range(3, 4))
    await service.allow("web", ANN)  # anything that happens in the scope wakes the clusters
    async with asyncio.timeout(20):
        while len((await only(service)).faces) < 4:  # noqa: ASYNC110 - as somebody who looks
            await asyncio.sleep(0.05)
    after = await only(service)
    assert (after.id, after.faces[0]) == (before.id, new)


async def test_answering_wakes_the_clusters(
    service: Service, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    noticed: list[str] = []
    monkeypatch.setattr(service._clusters, "notice", noticed.append)
    image = BytesIO()
    Image.fromarray(np.full((64, 64, 3), 90, np.uint8)).save(image, "PNG")
    await service.answer(post_of(image.getvalue(), key="k"))
    assert noticed == ["web"]


# consent


async def test_without_consent_nothing_is_clustered_or_embedded(
    service: Service, store: Store, judge: Judge
) -> None:
    verdicts = await post(store, "Mai", range(5))
    await service.allow("web", BOB)  # somebody else's word
    await service.allow("discord:1", ANN)  # and hers in another place
    await service.cluster_anew()
    assert await service.unknown("web") == []
    assert await embedded(store, judge, verdicts) == 0


async def test_consent_counts_for_what_was_posted_before(service: Service, store: Store) -> None:
    verdicts = await post(store, "Mai", range(3))
    await service.allow("web", ANN)
    await service.cluster_anew()
    assert await faces_of(service) == [set(verdicts)]


async def test_taking_consent_back_takes_the_faces_out_at_once(
    service: Service, store: Store, judge: Judge
) -> None:
    await service.allow("web", ANN)
    await service.allow("web", BOB)
    anns = await post(store, "Mai", range(3))
    bobs = await post(store, "Mai", range(3, 6), author=BOB)
    await service.cluster_anew()
    assert await embedded(store, judge, anns) == 3
    await service.allow("web", ANN, allowed=False)
    assert await faces_of(service) == [set(bobs)]
    assert await embedded(store, judge, anns) == 0
    await service.cluster_anew()
    assert await faces_of(service) == [set(bobs)]
    assert await embedded(store, judge, bobs) == 3


async def test_the_same_picture_of_two_posters_is_each_ones_own(
    service: Service, store: Store, judge: Judge
) -> None:
    """One crop on disk, two people's consent."""
    await service.allow("web", ANN)
    await service.allow("web", BOB)
    anns = await post(store, "Mai", range(3))
    bobs = await post(store, "Mai", range(3), author=BOB)
    await service.cluster_anew()
    await service.allow("web", BOB, allowed=False)
    assert await faces_of(service) == [set(anns)]
    assert await embedded(store, judge, anns) == 3
    await service.allow("web", ANN, allowed=False)
    assert await embedded(store, judge, bobs) == 0


async def test_consent_taken_back_while_embedding_admits_nothing(
    service: Service, store: Store, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts = await post(store, "Mai", range(3))
    embed = judge.embed

    async def meanwhile(crops, head):  # type: ignore[no-untyped-def]
        vectors = await embed(crops, head)
        await store.set_allowed("web", ANN, False)
        return vectors

    monkeypatch.setattr(judge, "embed", meanwhile)
    await store.set_allowed("web", ANN, True)
    await service.cluster_anew()
    assert await service.unknown("web") == []
    assert await embedded(store, judge, verdicts) == 0


async def test_forgetting_takes_faces_out(service: Service, store: Store, judge: Judge) -> None:
    await service.allow("web", ANN)
    await service.allow("web", BOB)
    mai = await post(store, "Mai", range(4))
    bobs = await post(store, "Mai", range(3), author=BOB)
    await service.cluster_anew()
    await service.forget_post(f"web/{ANN}/Mai/0")
    assert await faces_of(service) == [{*mai[1:], *bobs}]
    await service.forget_user("web", ANN)
    assert await faces_of(service) == [set(bobs)]
    await service.forget_user("web", BOB)
    assert await service.unknown("web") == []


async def test_a_forgotten_posters_vectors_go_although_another_has_the_crop(
    service: Service, store: Store, judge: Judge
) -> None:
    await service.allow("web", ANN)
    await post(store, "Mai", range(3))
    bobs = await post(store, "Mai", range(3), author=BOB)  # never agreed
    await service.cluster_anew()
    assert await embedded(store, judge, bobs) == 3  # they are Ann's
    await service.forget_user("web", ANN)
    assert await embedded(store, judge, bobs) == 0


async def test_what_is_labelled_or_was_known_is_not_clustered(
    service: Service, store: Store, judge: Judge
) -> None:
    await service.allow("web", ANN)
    await teach(store, face("Mai", 99), "Mai", key="enrolled")
    known = await post(store, "known", range(3), guesses=KNOWN)
    mai = await post(store, "Mai", range(5))
    await service.cluster_anew()
    assert await faces_of(service) == [set(mai)]
    await vote(service, mai[0], Action.NOT_A_FACE)
    assert await faces_of(service) == [set(mai[1:])]
    assert await embedded(store, judge, mai[:1]) == 0
    await vote(service, mai[1], Action.NAME, "Mai")
    assert await faces_of(service) == [set(mai[2:])]
    assert await embedded(store, judge, mai[1:2]) == 1  # an example now
    assert await embedded(store, judge, known) == 0


async def test_a_face_comes_back_when_its_label_is_taken_back(
    service: Service, store: Store
) -> None:
    await service.allow("web", ANN)
    mai = await post(store, "Mai", range(4))
    await service.cluster_anew()
    name = Correction(mai[0], "idol", MOD, Action.NAME, trusted=True, name="Mai")
    await service.correct(name)
    assert await faces_of(service) == [set(mai[1:])]
    await service.correct(
        Correction(mai[0], "idol", MOD, Action.NAME, True, name="Mai", withdraw=True)
    )
    await service.cluster_anew()
    assert await faces_of(service) == [set(mai)]


async def test_agreed_faces_outlive_the_week_and_others_do_not(
    service: Service, store: Store, settings: Settings
) -> None:
    await service.allow("web", ANN)
    mai = await post(store, "Mai", range(3))
    await post(store, "Mai", range(3, 6), author=BOB)
    await service.cluster_anew()
    assert await store.expire(timedelta(0)) == 3
    assert await faces_of(service) == [set(mai)]
    assert len(crops(settings)) == 3
    await service.allow("web", ANN, allowed=False)
    assert await store.expire(timedelta(0)) == 3
    assert crops(settings) == []


def crops(settings: Settings) -> list[Path]:
    return sorted((settings.store.data_dir / "crops").rglob("*.png"))


async def test_a_cluster_that_goes_while_faces_are_placed_takes_nothing_along(
    service: Service, store: Store
) -> None:
    await service.allow("web", ANN)
    mai = await post(store, "Mai", range(4))
    await service.cluster_anew()
    await store.clusters.place("web", "idol", {mai[0]: 999, mai[1]: None})
    assert set((await service.cluster("web", 1)).faces) == set(mai[2:])
    await store.clusters.place("web", "idol", {mai[2]: -2, mai[3]: -2})
    with pytest.raises(NotFound):
        await service.cluster("web", 1)  # nobody is left there
    assert set((await service.cluster("web", 2)).faces) == set(mai[2:])


# what moderators decide


async def test_naming_is_a_vote_on_every_face(service: Service, store: Store) -> None:
    await service.allow("web", ANN)
    mai = await post(store, "Mai", range(3))
    await service.cluster_anew()
    cluster = await only(service)
    assert await service.name_cluster("web", cluster.id, " Mai  Shiraishi ", MOD) == 3
    (person,) = await service.people("web")
    assert (person.name, person.examples) == ("Mai Shiraishi", 3)
    votes = [each for verdict in mai for each in await store.votes(verdict)]
    assert {(each.voter, each.trusted, each.action) for each in votes} == {(MOD, True, Action.NAME)}
    assert await service.unknown("web") == []
    with pytest.raises(NotFound):
        await service.name_cluster("web", cluster.id, "Mai", MOD)


async def test_an_unusable_name_names_nobody(service: Service, store: Store) -> None:
    await service.allow("web", ANN)
    mai = await post(store, "Mai", range(3))
    await service.cluster_anew()
    with pytest.raises(NotFound, match="1 to 80"):
        await service.name_cluster("web", (await only(service)).id, " ", MOD)
    assert await faces_of(service) == [set(mai)]


async def test_ignored_clusters_are_never_shown_again(service: Service, store: Store) -> None:
    await service.allow("web", ANN)
    await post(store, "Mai", range(3))
    await service.cluster_anew()
    await service.ignore_cluster("web", (await only(service)).id)
    assert await service.unknown("web") == []
    await post(store, "Mai", range(3, 9))
    await service.cluster_anew()
    await service.cluster_anew()
    assert await service.unknown("web") == []


async def test_merged_clusters_stay_one(service: Service, store: Store) -> None:
    await service.allow("web", ANN)
    mai = await post(store, "Mai", range(3))
    wig = await post(store, "Mai in a wig", range(3))
    await service.cluster_anew()
    one, other = await service.unknown("web")
    merged = await service.merge_clusters("web", other.id, one.id)
    assert (merged.id, set(merged.faces)) == (one.id, {*mai, *wig})
    more = [*await post(store, "Mai", range(3, 5)), *await post(store, "Mai in a wig", range(3, 5))]
    await service.cluster_anew()
    assert await faces_of(service) == [{*mai, *wig, *more}]


async def test_split_faces_do_not_come_back(service: Service, store: Store) -> None:
    await service.allow("web", ANN)
    mai = await post(store, "Mai", range(7))
    await service.cluster_anew()
    left = await service.split_cluster("web", (await only(service)).id, mai[:3])
    assert set(left.faces) == set(mai[3:])
    for _ in range(2):
        await service.cluster_anew()
        assert await faces_of(service) == [set(mai[3:]), set(mai[:3])]
    one, other = await service.unknown("web")  # the moderator was wrong, and says so
    await service.merge_clusters("web", other.id, one.id)
    await service.cluster_anew()
    assert await faces_of(service) == [set(mai)]


async def test_what_was_taken_out_stays_out_of_what_the_rest_is_merged_into(
    service: Service, store: Store
) -> None:
    await service.allow("web", ANN)
    mai = await post(store, "Mai", range(7))
    wig = await post(store, "Mai in a wig", range(3))
    await service.cluster_anew()
    cluster, other = await service.unknown("web")
    await service.split_cluster("web", cluster.id, mai[:3])
    await service.merge_clusters("web", cluster.id, other.id)
    await service.cluster_anew()
    assert await faces_of(service) == [{*mai[3:], *wig}, set(mai[:3])]


async def test_hands_reach_only_into_their_own_scope(service: Service, store: Store) -> None:
    await service.allow("discord:1", ANN)
    mai = await post(store, "Mai", range(4), scope="discord:1")
    await post(store, "Mai", range(3), scope="discord:1", author=BOB)
    await service.cluster_anew()
    cluster = await only(service, "discord:1")
    for change in (
        service.cluster("discord:2", cluster.id),
        service.name_cluster("discord:2", cluster.id, "Mai", MOD),
        service.merge_clusters("discord:2", cluster.id, cluster.id),
        service.split_cluster("discord:2", cluster.id, mai[:1]),
        service.ignore_cluster("discord:2", cluster.id),
    ):
        with pytest.raises(NotFound):
            await change
    assert await faces_of(service, "discord:1") == [set(mai)]


@pytest.mark.parametrize("taken", [slice(0, 0), slice(0, 4)])
async def test_a_split_takes_some_and_leaves_some(
    service: Service, store: Store, taken: slice
) -> None:
    await service.allow("web", ANN)
    mai = await post(store, "Mai", range(4))
    await service.cluster_anew()
    with pytest.raises(NotFound):
        await service.split_cluster("web", (await only(service)).id, mai[taken])
    assert await faces_of(service) == [set(mai)]


# the digest and the grid


async def test_a_digest_shows_a_cluster_once_and_comes_once_a_day(
    service: Service, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.allow("web", ANN)
    assert await service.digest("web") == []
    await post(store, "Mai", range(3))
    await service.cluster_anew()
    assert [each.id for each in await service.digest("web")] == [(await only(service)).id]
    await post(store, "Yuna", range(3))
    await service.cluster_anew()
    assert await service.digest("web") == []
    monkeypatch.setattr(bot.clusters, "DIGEST_PAUSE", timedelta(0))
    _, yuna = await service.unknown("web")
    assert [each.id for each in await service.digest("web")] == [yuna.id]
    assert await service.digest("web") == []


async def test_clusters_and_digests_outlive_a_restart(
    service: Service, settings: Settings, store: Store, intake: Intake, judge: Judge
) -> None:
    await service.allow("web", ANN)
    await post(store, "Mai", range(3))
    await service.cluster_anew()
    shown = await service.digest("web")
    async with (
        Store(settings.store.data_dir) as opened,
        Service(settings, opened, intake, judge) as restarted,
    ):
        assert [each.id for each in await restarted.unknown("web")] == [each.id for each in shown]
        assert await restarted.digest("web") == []


async def test_a_grid_shows_nine_faces_at_the_most(service: Service, store: Store) -> None:
    await service.allow("web", ANN)
    await post(store, "Mai", range(11))
    await service.cluster_anew()
    picture = await service.grid(await only(service))
    assert picture is not None
    width, height = Image.open(BytesIO(picture)).size
    assert width == height > 900
    gone = Cluster(1, "web", "idol", (999,))
    assert await service.grid(gone) is None


async def test_messages_with_a_grid_go_with_its_faces(service: Service, store: Store) -> None:
    await service.allow("web", ANN)
    await post(store, "Mai", range(3))
    await service.cluster_anew()
    cluster = await only(service)
    assert await service.sent_grid("discord:1:2", cluster)
    assert await service.forget_post(f"web/{ANN}/Mai/0") == ["discord:1:2"]
    assert not await service.sent_grid("discord:1:3", cluster)
    assert set(await service.allow("web", ANN, allowed=False)) == {"discord:1:2", "discord:1:3"}


async def test_a_change_of_embedder_keeps_the_clusters(
    service: Service, settings: Settings, store: Store, intake: Intake
) -> None:
    await service.allow("web", ANN)
    mai = await post(store, "Mai", range(4))
    await service.cluster_anew()
    before = await only(service)
    networks = PixelNetworks()
    networks.embedders["idol"].fingerprint = "pixels-1"
    async with Judge(settings, networks) as judge:  # type: ignore[arg-type]
        async with Service(settings, store, intake, judge) as changed:
            await changed.cluster_anew()
            assert await only(changed) == before
        assert await embedded(store, judge, mai) == 4
