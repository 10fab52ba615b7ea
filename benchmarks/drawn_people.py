"""A community that nobody has to agree to: people drawn by number, and a store filled with them.

Their pictures are drawings, their embeddings are numbers (`benchmarks.retraining.draw`), and both
say who it is. So pages that show faces can be measured, and shown in the docs.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from sqlalchemy import create_engine, insert, update

from benchmarks.retraining import draw, fill
from bot.names import fold
from bot.tables import AliasRow, ConsentRow, PersonRow

SIDE = 384

NAMES = (
    ("青木 ひなた", "あおき ひなた"),
    ("桐谷 澪", "きりたに みお"),
    ("佐倉 ことは", "さくら ことは"),
    ("高槻 らん", "たかつき らん"),
    ("七尾 しずく", "ななお しずく"),
    ("氷室 かなで", "ひむろ かなで"),
)
"""Of the first people, with their readings; nobody is called so. Others are numbered."""


def name_of(person: int) -> str:
    """What somebody is called, by their number from 0."""
    return NAMES[person][0] if person < len(NAMES) else f"person {person + 1:03}"


def portrait(person: int, shot: int) -> Image.Image:
    """Somebody's head and shoulders: looks by the person, light, turn and mouth by the shot."""
    looks, light = np.random.default_rng([1, person]), np.random.default_rng([2, person, shot])

    def colour(rng: np.random.Generator, low: int, high: int) -> tuple[int, int, int]:
        red, green, blue = rng.integers(low, high, 3).tolist()
        return red, green, blue

    hair, eyes, clothes = colour(looks, 20, 170), colour(looks, 10, 140), colour(looks, 60, 220)
    skin = [(255, 224, 200), (241, 200, 170), (224, 172, 138), (150, 104, 74)][looks.integers(4)]
    long_hair, fringe, wide = looks.integers(2), int(looks.integers(20, 62)), looks.integers(-8, 9)
    image = Image.new("RGB", (SIDE, SIDE), colour(light, 150, 240))
    pen = ImageDraw.Draw(image)
    dx, dy = light.integers(-14, 15, 2).tolist()
    x, y = SIDE // 2 + dx, SIDE // 2 + dy
    pen.ellipse((x - 150, y + 115, x + 150, y + 420), clothes)
    pen.rectangle((x - 30, y + 70, x + 30, y + 135), skin)
    if long_hair:
        pen.rounded_rectangle((x - 112, y - 60, x + 112, y + 150), 60, hair)
        pen.rectangle((x - 30, y + 70, x + 30, y + 135), skin)
    pen.ellipse((x - 112, y - 128, x + 112, y + 90), hair)
    pen.ellipse((x - 88 - wide, y - 92, x + 88 + wide, y + 102), skin)
    pen.chord((x - 100, y - 124, x + 100, y + 10), 200, 340, hair)
    pen.rectangle((x - 70, y - 96, x + 70, y - 96 + fringe), hair)
    look = dx // 5
    for side in (x - 38, x + 38):
        pen.ellipse((side - 20, y - 22, side + 20, y + 18), "white", (60, 50, 50), 3)
        pen.ellipse((side - 11 + look, y - 14, side + 11 + look, y + 12), eyes)
        pen.ellipse((side - 5 + look, y - 10, side + 1 + look, y - 4), "white")
    pen.arc((x - 8 + look, y + 20, x + 8 + look, y + 42), 20, 160, (150, 100, 80), 3)
    open_mouth = int(light.integers(4, 26))
    pen.chord((x - 26, y + 50, x + 26, y + 52 + 2 * open_mouth), 0, 180, (180, 60, 70))
    return image


def settle_in(
    folder: Path, fingerprint: str, *, people: int, known: int, waiting: int
) -> Sequence[int]:
    """Fill a store that has its tables with faces whose poster agrees to all of it.

    Args:
        folder: the store's.
        fingerprint: of the embedder that the vectors are to be taken for.
        known: how many faces are agreed on.
        waiting: how many wait for a word.

    Returns:
        Who each face shows, by the number of its verdict less one.
    """
    faces = known + waiting
    fill(folder / "hantei.sqlite3", draw(people, faces), people, fingerprint, known)
    engine = create_engine(f"sqlite:///{folder / 'hantei.sqlite3'}")
    now = datetime.now(UTC).replace(tzinfo=None)
    agreed = {"scope": "web", "user": "web:ann", "allowed": True, "created": now}
    with engine.begin() as connection:
        connection.execute(insert(ConsentRow), [agreed])
        for number, (name, reading) in enumerate(NAMES[:people], start=1):
            told = update(PersonRow).where(PersonRow.id == number)
            connection.execute(told.values(name=name, reading=reading))
            alias = {"scope": "web", "head": "idol", "folded": fold(name), "person_id": number}
            connection.execute(insert(AliasRow), [alias])
    engine.dispose()
    shown = [face % people for face in range(faces)]
    for face, person in enumerate(shown):
        file = folder / "crops" / f"{face + 1:064x}"[:2] / f"{face + 1:064x}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        portrait(person, face).save(file, compress_level=1)
    return shown
