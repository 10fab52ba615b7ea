"""How often an ordinary person is called a character: the false alarms of the cosplay head.

Ten characters are enrolled by drawings, then by photographs of people as if those were cosplay, and
photographs of other people are judged. Nothing here is a cosplayer: whether those are recognised is
not measured.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from benchmarks.door import Door, each, files_in, opened
from benchmarks.fit_strangers import fitted_on
from benchmarks.report import Cell, Table, arguments, parsed, percent, publish
from bot.judge_files import nearest_to_centre
from bot.settings import Settings
from datasets.folders import people
from models.crops import whole
from models.gallery import Example, Gallery
from models.strangers import choose
from models.types import Context, Crop, Kind, Named, Vectors

SCOPE = "bench"
HEAD = "character"
MOST = 200
"""Pictures of ordinary people from LFW."""

SHOTS = 5


def main() -> None:
    """Print the shares and publish them."""
    given = parsed(arguments(__doc__ or ""))
    publish([asyncio.run(_measured(given.data))], given.json)


async def _measured(data: Path) -> Table:
    async with opened(Settings()) as door:
        west = [file for file in files_in(data / "faces/lfw_unknown") if not fitted_on(file.name)]
        probes = {
            "LFW": await _crops(door, west[:MOST]),
            "Korea": await _crops(door, files_in(data / "faces/korea6")),
        }
        rows = []
        for enrolled, examples in (
            ("drawings", await _drawings(door, data)),
            ("photographs", await _photographs(door, data)),
        ):
            fingerprint = door.judge.fingerprint(HEAD)
            nobody: Vectors = examples[0].vector[None][:0]
            gallery = Gallery(
                fingerprint,
                examples,
                strangers=choose(nobody, fingerprint, Kind.PHOTO),
                kind=Kind.PHOTO,
            )
            door.judge.set_gallery(SCOPE, HEAD, gallery)
            for name, crops in probes.items():
                rows.append([enrolled, name, *await _answers(door, crops)])
    return Table(
        "Ordinary people before the character head",
        ("ten characters by", "people", "pictures", "said to be one", "said to be one, maybe"),
        rows,
        f"{SHOTS} examples each; the threshold is set for 1 %. Not measured on cosplay",
    )


async def _drawings(door: Door, data: Path) -> list[Example]:
    seen: dict[str, list[Crop]] = {}
    for name, file in people(data / "anime/char_moe10"):
        shown = seen.setdefault(name, [])
        if len(shown) < SHOTS:
            shown.append(whole((await door.picture(file)).pixels, Kind.ILLUSTRATION))
    return await _examples(door, seen, Kind.ILLUSTRATION)


async def _photographs(door: Door, data: Path) -> list[Example]:
    """People as if they were characters: how they are dressed says little, their faces some."""
    files: dict[str, list[Path]] = {}
    for name, file in people(data / "faces/lfw_known"):
        files.setdefault(name, []).append(file)
    chosen = [(name, each) for name, each in files.items() if len(each) >= SHOTS][:10]
    seen = {name: await _crops(door, each[:SHOTS]) for name, each in chosen}
    return await _examples(door, seen, Kind.PHOTO)


async def _examples(door: Door, seen: dict[str, list[Crop]], kind: Kind) -> list[Example]:
    return [
        Example(name, vector, kind=kind)
        for name, crops in seen.items()
        for vector in await door.judge.embed(crops, HEAD)
    ]


async def _crops(door: Door, files: Sequence[Path]) -> list[Crop]:
    """The face nearest to the centre of each picture that shows one."""

    async def one(file: Path) -> Crop | None:
        picture = await door.picture(file)
        faces = [face for face in await door.faces(picture) if face.crop.kind is Kind.PHOTO]
        return nearest_to_centre(picture, faces).crop if faces else None

    return [crop for crop in await each(files, one, "looking") if crop is not None]


async def _answers(door: Door, crops: Sequence[Crop]) -> list[Cell]:
    """How many, and the shares of them that were named."""
    said = []
    for crop in crops:
        (guess,) = await door.judge.guess(crop, Context(SCOPE), [HEAD])
        assert isinstance(guess, Named)  # noqa: S101 - the head says nothing else
        said.append(guess.answer)
    shares = [percent(said.count(answer) / len(said)) for answer in ("known", "maybe")]
    return [len(crops), *shares]


if __name__ == "__main__":
    main()
