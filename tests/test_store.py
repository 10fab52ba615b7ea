"""What the store keeps on disk, and that what is forgotten is gone from there."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from bot.settings import Settings
from bot.store import Store
from tests.conftest import post_of
from tests.pixel_faces import PixelEmbedder, face, post_face, teach


def crop_files(settings: Settings) -> list[Path]:
    folder = settings.store.data_dir / "crops"
    return sorted(each for each in folder.rglob("*") if each.is_file())


async def test_more_posts_than_one_statement_takes_can_be_forgotten(store: Store) -> None:
    await teach(store, face("Mai", 1), "Mai", key="260000")
    keys = [str(number) for number in range(260_001)]
    assert await store.first_label(keys) == 1
    await store.forget_posts(keys)
    assert await store.live_labels("web", "idol") == []


# crop files


async def test_a_post_forgotten_while_it_is_judged_leaves_no_crop(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = store._write_crop

    def write_late(crop: object) -> str:
        written = write(crop)
        asyncio.run_coroutine_threadsafe(store.forget_posts(["1"]), loop)
        return written

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(store, "_write_crop", write_late)
    with pytest.raises(ValueError, match="not enough values"):  # there is no verdict to unpack
        await post_face(store, face("Mai", 1), key="1")
    assert crop_files(settings) == []


async def test_crop_files_without_a_row_are_swept(store: Store, settings: Settings) -> None:
    await teach(store, face("Mai", 1), "Mai", key="1")
    (kept,) = crop_files(settings)
    (kept.parent / "tmpx1y2z3").write_bytes(b"half a crop")
    (kept.parent / f"{'0' * 64}.png").write_bytes(b"a crop without a row")
    assert await store.sweep_crops() == 2
    assert crop_files(settings) == [kept]


async def test_a_crop_recorded_during_a_sweep_stays(store: Store, settings: Settings) -> None:
    posting = [post_face(store, face("Mai", n), key=str(n)) for n in range(8)]
    sweeping = [store.sweep_crops() for _ in range(8)]
    await asyncio.gather(*(each for pair in zip(posting, sweeping, strict=True) for each in pair))
    assert len(crop_files(settings)) == 8


# old bytes


async def test_what_is_forgotten_leaves_no_bytes_in_the_database(
    store: Store, settings: Settings
) -> None:
    for number in range(40):  # enough for pages that become free
        await teach(store, face(f"Zebra {number}", 1), f"Zebra {number}", key=str(number))
    crops = [each.crop for each in await store.live_labels("web", "idol") if each.crop]
    vector = PixelEmbedder().embed([face("Zebra 1", 1)])[0]
    for crop in crops:
        await store.add_embedding(crop, "pixels-0", vector)
    known = await store.people("web", "idol")
    assert b"Zebra" in on_disk(settings)
    assert inside(vector) in on_disk(settings)

    await store.forget_posts([str(number) for number in range(40)])
    for person in known:
        await store.remove_person(person.id)
    await store.scrub()
    assert b"Zebra" not in on_disk(settings)
    assert b"zebra" not in on_disk(settings)
    assert inside(vector) not in on_disk(settings)


def on_disk(settings: Settings) -> bytes:
    return b"".join(each.read_bytes() for each in settings.store.data_dir.glob("hantei.sqlite3*"))


def inside(vector: np.ndarray) -> bytes:
    return vector.tobytes()[:64]


async def test_whoever_is_cancelled_amid_a_query_locks_out_nobody(store: Store) -> None:
    kept = []  # with what went wrong its cursor stays
    for moments in range(60):
        post = post_of(key=f"{moments}")
        claiming = asyncio.create_task(store.claim(post))
        for _ in range(moments):
            await asyncio.sleep(0)
        claiming.cancel()
        kept += await asyncio.gather(claiming, return_exceptions=True)
        async with asyncio.timeout(5):
            await store.set_allowed("web", "web:ann", True)
    assert any(isinstance(each, asyncio.CancelledError) for each in kept)
