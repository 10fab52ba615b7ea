"""Faces made of numbers: people and pictures of them for tests that need hundreds.

An embedder that reads the pixels themselves stands in for a network. Everything else about these
faces is what the program makes of real ones: crops on disk, hashes, rows in the database.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from bot.domain import Answer, Label, Post
from bot.store import NewVerdict, Store
from models.crops import ARCFACE_TEMPLATE, face_hash
from models.heads import HEADS
from models.types import (
    Context,
    Crop,
    Face,
    Guess,
    Head,
    Kind,
    Named,
    Picture,
    Route,
    Scored,
    Takes,
    Vectors,
)

GRAINS = 16
"""Squares of one colour along a side: what an embedding is made of."""

SIDE = 2 * GRAINS
"""Pixels; with fewer the eyes would be too near to each other to be judged."""

GLARES = 4


class PixelEmbedder:
    """The grains, brought to length 1. Counts what it was asked for."""

    name = "onnx"
    fingerprint = "pixels-0"
    blocks = (GRAINS * GRAINS * 3,)

    def __init__(self) -> None:
        self.embedded = 0

    def embed(self, crops: Sequence[Crop]) -> Vectors:
        self.embedded += len(crops)
        vectors = np.stack([crop.pixels[::2, ::2].astype(np.float32).ravel() for crop in crops])
        vectors -= 127.5
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))

    def close(self) -> None:
        pass


class WordCounter:
    """How often each of a few words is said."""

    fingerprint = "words-0"
    known = ("cat", "dog")

    def embed(self, texts: Sequence[str]) -> Vectors:
        counts = [[text.split().count(word) for word in self.known] for text in texts]
        return np.array(counts, dtype=np.float32).reshape(-1, len(self.known))


class PixelNetworks:
    """What a Judge loads (`bot.judging.Networks`), where a picture is a face from edge to edge.

    Attributes:
        kind: of every face.
    """

    def __init__(self, kind: Kind = Kind.PHOTO) -> None:
        self.embedders = {head: PixelEmbedder() for head in HEADS if head != "beauty"}
        self.scene = PixelEmbedder()
        self.words: WordCounter | None = None
        self.kind = kind

    def refuse_explicit(self, picture: Picture) -> None:
        pass

    def find(self, picture: Picture) -> tuple[Route, list[Face]]:
        box = 0.0, 0.0, float(SIDE), float(SIDE)
        face = Face(box, landmarks_of(self.kind), 1.0, self.kind)
        return ("photo" if self.kind is Kind.PHOTO else "illustration"), [face]

    def scorers(self, learned: Callable[..., Any]) -> dict[str, Head]:
        return {
            "beauty": Brightness("beauty", "face"),
            "photogenic": Brightness("photogenic", "picture"),
            "taste": Brightness("taste", "either", frozenset(Kind)),
        }

    def close(self) -> None:
        pass


class Brightness:
    """A head that scores by how bright the pixels are: 1 black, 5 white."""

    def __init__(
        self, name: str, takes: Takes, kinds: frozenset[Kind] = frozenset({Kind.PHOTO})
    ) -> None:
        self.name = name
        self.takes = takes
        self.kinds = kinds

    def judge(self, crops: Sequence[Crop], context: Context) -> list[Guess]:
        return [self._score(crop, context) for crop in crops]

    def _score(self, crop: Crop, context: Context) -> Scored:
        value = 1 + 4 * float(crop.pixels.mean()) / 255
        low, high = max(1.0, value - 0.5), min(5.0, value + 0.5)
        return Scored(self.name, value, low, high, "brightness", context.like_from)


def landmarks_of(kind: Kind) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """A drawn face has none."""
    drawn = kind is Kind.ILLUSTRATION
    return (ARCFACE_TEMPLATE[: 0 if drawn else 5] * (SIDE / 112)).astype(np.float32)


def drawn(crop: Crop) -> Crop:
    """The same face in a drawing."""
    return replace(crop, landmarks=landmarks_of(Kind.ILLUSTRATION), kind=Kind.ILLUSTRATION)


def face(person: str, shot: int, *, unlike: float = 1.0, glare: float = 0.0) -> Crop:
    """A picture of a person; two of them have a similarity of about 1 / (1 + unlike ** 2).

    Glare varies along the same few directions in everybody's pictures, and says nothing of who it
    is: a head can learn to look past it, while a mean of a few examples still holds some.
    """
    looks = _normal(person)
    light = _normal(f"{person} in picture {shot}")
    strength = _normal(f"glare of {person} in picture {shot}")[:GLARES]
    shine = strength @ np.stack([_normal(f"glare {n}") for n in range(GLARES)])
    mixed = looks + unlike * light + glare * shine
    pixels = 127.5 + 30 * mixed / np.sqrt(1 + unlike**2 + GLARES * glare**2)
    grains = pixels.clip(0, 255).round().astype(np.uint8).reshape(GRAINS, GRAINS, 3)
    image = grains.repeat(2, axis=0).repeat(2, axis=1)
    box = 0.0, 0.0, float(SIDE), float(SIDE)
    return Crop(image, box, landmarks_of(Kind.PHOTO), Kind.PHOTO)


def double(person: str, shot: int) -> Crop:
    """A picture of somebody else who looks much like a person."""
    halves = face(person, -shot, unlike=0.5), face(f"double of {person}", shot, unlike=0.5)
    mixed = np.mean([half.pixels for half in halves], axis=0)
    return replace(halves[0], pixels=mixed.round().astype(np.uint8))


@cache
def strangers(count: int = 300, *, unlike: float, glare: float) -> Vectors:
    """Embeddings of people who are nowhere else, shape (count, dimensions)."""
    crops = [face(f"stranger {n}", 0, unlike=unlike, glare=glare) for n in range(count)]
    return PixelEmbedder().embed(crops)


def picture_of(crop: Crop) -> Picture:
    """A picture of nothing but this face."""
    return Picture(crop.pixels, (SIDE, SIDE), "", "0" * 16)


async def post_face(
    store: Store,
    crop: Crop,
    *,
    key: str,
    scope: str = "web",
    author: str = "web:ann",
    picture_hash: str | None = None,
    guesses: tuple[Guess, ...] = (),
    spoiler: bool = False,
) -> int:
    """Post a face, answered with `guesses`. Returns the verdict's id."""
    await store.claim(Post(scope, key, author, author, "en", ()))
    new = NewVerdict(
        picture_hash=picture_hash or _digest(key).hex()[:16],
        face_hash=face_hash(crop),
        kind=crop.kind,
        box=crop.box,
        detection_score=1.0,
        guesses=guesses,
        crop=crop,
        spoiler=spoiler,
    )
    (verdict,) = await store.answered(key, "", [new])
    return verdict.id


UNKNOWN: tuple[Guess, ...] = (Named("idol", "unknown", (), "measured", "pixels-0"),)
"""What the bot says of a face that it does not know."""


async def post_shots(
    store: Store,
    person: str,
    shots: range,
    *,
    scope: str = "web",
    author: str = "web:ann",
    guesses: tuple[Guess, ...] = UNKNOWN,
) -> list[int]:
    """Post pictures of a person, each by itself, answered with `guesses`. Returns the verdicts."""
    return [
        await post_face(
            store,
            face(person, shot, unlike=0.7),
            key=f"{scope}/{author}/{person}/{shot}",
            scope=scope,
            author=author,
            guesses=guesses,
        )
        for shot in shots
    ]


async def teach(
    store: Store,
    crop: Crop,
    name: str,
    *,
    key: str,
    scope: str = "web",
    author: str = "web:ann",
    answer: Answer = Answer.IS,
    picture_hash: str | None = None,
    head: str = "idol",
) -> int:
    """Post a face and agree on what it is. Returns the verdict's id."""
    verdict_id = await post_face(
        store, crop, key=key, scope=scope, author=author, picture_hash=picture_hash
    )
    label = Label(verdict_id, head, answer, (name,))
    await store.set_label(scope, verdict_id, head, label)
    return verdict_id


async def teach_community(
    store: Store,
    *,
    people: int,
    shots: int,
    unlike: float,
    glare: float = 0.0,
    scope: str = "web",
) -> None:
    """Enrol `people` with `shots` pictures each, every picture in a post of its own."""
    for shot in range(shots):
        for person in range(people):
            name = f"person {person}"
            crop = face(name, shot, unlike=unlike, glare=glare)
            await teach(store, crop, name, key=f"{scope}/{name}/{shot}", scope=scope)


def _normal(text: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    seed = int.from_bytes(_digest(text), "big")
    return np.random.default_rng(seed).standard_normal(GRAINS * GRAINS * 3)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
