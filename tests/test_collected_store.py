"""Collected pictures in the store: whose word counts, what expires, who is asked about them."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from bot.collected_store import Collected
from bot.digest_store import Subscription
from bot.domain import Post, Verdict
from bot.store import Store
from tests.collected import AUTHOR, ORIGIN, collect_face
from tests.pixel_faces import face, post_face, teach
from tests.test_digests import NOON

SINCE = datetime(2026, 1, 1)
TOLD = replace(
    ORIGIN, text="at the sea", likes=3, audience=40, suggestion="Mai", posted=datetime(2026, 11, 2)
)


async def collected(store: Store) -> list[Collected]:
    return await store.collected.of("web", ORIGIN.source)


async def test_a_picture_is_kept_with_where_it_is_from(store: Store) -> None:
    whole, one = await collect_face(store, face("Mai", 1), origin=TOLD)
    assert await collect_face(store, face("Mai", 1), origin=TOLD) == []  # nothing twice
    await collect_face(store, face("Mai", 2), faces=2)
    elsewhere = replace(ORIGIN, source="feed:https://example.org")
    await collect_face(store, face("Mai", 3), origin=elsewhere)

    kept, several = await collected(store)
    assert kept == Collected(whole.post_key, AUTHOR, False, whole.id, one.id, 1, whole.crop, TOLD)
    assert (several.faces, several.face) == (2, None)
    assert await store.collected.sources("web") == [(elsewhere.source, 1), (ORIGIN.source, 2)]
    assert await store.collected.sources("x") == []
    assert len(await store.collected.hashes("web")) == 3
    sha256, _ = (await store.collected.hashes("web"))[0]
    assert await store.collected.known("web", sha256)
    assert not await store.collected.known("x", sha256)


async def test_the_word_of_the_author_counts_as_it_is_now(store: Store) -> None:
    await collect_face(store, face("Mai", 1))
    for agreed in (True, False):
        await store.set_allowed("web", AUTHOR, agreed)
        assert [each.agreed for each in await collected(store)] == [agreed]


async def test_what_nobody_agreed_to_expires_with_all_that_was_said(store: Store) -> None:
    await collect_face(store, face("Mai", 1), origin=TOLD)
    await collect_face(store, face("Mai", 2), origin=TOLD, author="collected:bob")
    await store.set_allowed("web", "collected:bob", True)
    assert await store.expire(timedelta(0)) == 2  # the whole and the face

    gone, kept = await collected(store)
    assert (gone.crop, kept.origin) == (None, TOLD)
    assert gone.origin == replace(TOLD, url=None, text=None, author_name="", suggestion=None)
    assert await collect_face(store, face("Mai", 1)) == []  # it does not come back by itself


async def test_nobody_is_asked_about_what_its_author_did_not_agree_to(store: Store) -> None:
    await collect_face(store, face("Mai", 1))

    async def asked() -> list[int]:
        return [
            len(await store.questions.open("web")),
            len(await store.ratings.seen("web", 9)),
            len(await store.receptions.of("web")),
        ]

    assert await asked() == [0, 0, 0]
    await store.set_allowed("web", AUTHOR, True)
    assert await asked() == [1, 2, 1]


async def test_digests_show_what_was_posted_and_not_what_was_collected(store: Store) -> None:
    await store.set_allowed("web", AUTHOR, True)
    posted = await post_face(store, face("Mai", 1), key="asked")
    await collect_face(store, face("Mai", 2))
    digest = Subscription("web", "web:bob", "web", ("",), NOON, "en", SINCE, SINCE)
    found = await store.digests.candidates(digest, [""], datetime(9999, 1, 1))
    assert [each.verdict_id for each in found] == [posted]


async def test_what_is_forgotten_is_gone(store: Store) -> None:
    await collect_face(store, face("Mai", 1))
    await store.forget_posts(await store.posts_by("web", AUTHOR))
    assert await collected(store) == []
    assert await store.collected.hashes("web") == []


async def test_a_failure_leaves_nothing_half_kept(store: Store) -> None:
    async def fail(_: AsyncSession, __: list[Verdict]) -> None:
        raise OSError("no space left on device")

    await post_face(store, face("Mai", 1), key="asked")
    post = Post("web", "collected:1", AUTHOR, AUTHOR, "en", ())
    with pytest.raises(OSError, match="no space"):
        await store.collect(post, [], fail)
    assert await store.posts_by("web", AUTHOR) == []


async def test_nobody_is_suggested_who_was_removed(store: Store) -> None:
    await collect_face(store, face("Mai", 1), origin=TOLD)
    await collect_face(store, face("Mai", 2), origin=replace(TOLD, suggestion="Ann"))
    await teach(store, face("Mai", 3), "ＭＡＩ", key="asked")
    known = await store.person("web", "idol", "mai")
    assert known is not None
    await store.remove_person(known[0])
    assert [each.origin.suggestion for each in await collected(store)] == [None, "Ann"]
