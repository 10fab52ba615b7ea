"""Pictures that were collected, for tests of sweeps: real pixels, real hashes, a real store."""

from dataclasses import replace
from functools import partial

import imagehash
import numpy as np
from PIL import Image

from bot.collected_store import Origin, add
from bot.domain import Action, Correction, Post
from bot.store import NewVerdict, Store
from models.crops import uncut
from models.types import Crop, Kind, Picture, Pixels, UserId

SOURCE = "x:search:#アイドル"
ORIGIN = Origin(SOURCE, "https://x.com/i/status/1", "X Developer Policy; display only", "あいり")
BOB, ANN = "x:bob", "x:ann"


def shades(number: int, red: float) -> Pixels:
    """Speckles from blue (0) to red (1), each number its own."""
    rng = np.random.default_rng(number)
    pixels = rng.normal((60 + 160 * red, 120, 220 - 160 * red), 25, (48, 64, 3))
    return pixels.clip(0, 255).astype(np.uint8)


def picture_of(pixels: Pixels) -> Picture:
    """As the intake would make it."""
    phash = str(imagehash.phash(Image.fromarray(pixels)))
    return Picture(pixels, (pixels.shape[1], pixels.shape[0]), "", phash)


async def keep(
    store: Store,
    pixels: Pixels,
    name: str,
    *,
    author: UserId = BOB,
    face: Crop | None = None,
    faces: int = 0,
    spoiler: bool = False,
    origin: Origin = ORIGIN,
) -> int:
    """Collect a picture as the collector does; returns the verdict of the whole.

    Args:
        name: of its author as they call themselves, by which tests know it again.
        face: the only one in it.
        faces: how many are in it, if there is not exactly one.
    """
    picture = picture_of(pixels)
    crop = uncut(picture, Kind.PHOTO)
    whole = NewVerdict(
        picture.phash, picture.phash, crop.kind, crop.box, 1.0, (), crop, spoiler, whole=True
    )
    verdicts = [whole]
    if face is not None:
        verdicts.append(replace(whole, kind=face.kind, box=face.box, crop=face, whole=False))
    key = f"collected:x:{author}:{origin.source}:{name}"
    noted = partial(
        add,
        sha256=key,
        faces=faces if face is None else 1,
        origin=replace(origin, author_name=name),
    )
    kept, *_ = await store.collect(Post("x", key, author, author, "en", ()), verdicts, noted)
    return kept.id


async def like_red(store: Store, *users: UserId) -> None:
    """Users like what is red, in pictures whose poster agrees."""
    rated = replace(ORIGIN, source="folder:rated")
    await store.set_allowed("x", "x:carol", True)
    for n in range(18):
        pixels = shades(1000 + n, n % 2)
        whole = await keep(store, pixels, f"rated {n}", author="x:carol", origin=rated)
        for user in users:
            vote = Correction(whole, "taste", user, Action.RATE, choice=4 if n % 2 else 2)
            await store.vote(vote, name=None)
