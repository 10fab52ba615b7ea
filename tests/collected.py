"""Pictures that were collected, made of numbers: see `tests.pixel_faces`."""

import hashlib
from dataclasses import replace
from functools import partial

from bot.collected_store import Origin, add
from bot.domain import Post, Verdict
from bot.store import NewVerdict, Store
from models.crops import face_hash, whole
from models.types import Crop, Guess

AUTHOR = "collected:ann"
ORIGIN = Origin("folder:idols", "https://example.org/1", "by their leave", "ann")


async def collect_face(
    store: Store,
    crop: Crop,
    *,
    faces: int = 1,
    scope: str = "web",
    author: str = AUTHOR,
    origin: Origin = ORIGIN,
    guesses: tuple[Guess, ...] = (),
) -> list[Verdict]:
    """Collect a picture of one face, or of several: its whole and, if it is one, that face."""
    sha256 = hashlib.sha256(crop.pixels.tobytes()).hexdigest()
    face = NewVerdict(
        sha256[:16], face_hash(crop), crop.kind, crop.box, 1.0, guesses, crop, spoiler=False
    )
    uncut = replace(
        face, guesses=(), face_hash=sha256[:16], crop=whole(crop.pixels, crop.kind), whole=True
    )
    verdicts = [uncut, face] if faces == 1 else [uncut]
    also = partial(add, sha256=sha256, faces=faces, origin=origin)
    key = f"collected:{scope}:{author}:{sha256}"
    return await store.collect(Post(scope, key, author, author, "en", ()), verdicts, also)
