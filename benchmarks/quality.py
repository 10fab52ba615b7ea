"""Bad pictures: what becomes of names where faces have few pixels, and which gate says so."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.door import Door, each, files_in, opened, settings_with
from benchmarks.faces import FaceSet, face_set
from benchmarks.fit_strangers import blurred, fitted_on
from benchmarks.identification import ROSTERS, STRANGERS, draw
from benchmarks.report import Cell, Table, arguments, parsed, percent, publish
from bot.judge_files import nearest_to_centre
from bot.settings import Settings
from models.gallery import Example, Gallery
from models.strangers import choose
from models.types import Context, Crop, Named, WhyNot

SCOPE = "bench"
SHOTS = 5
MOST = 100
"""People, and strangers."""

WIDTHS = (None, 40, 28, 20, 14, 10)
"""Pixels that are left of the width of a face; None as it is."""

GATES = (WhyNot.TOO_BLURRED, WhyNot.UNRECOGNISABLE, WhyNot.TURNED_AWAY, WhyNot.TOO_SMALL)


def main() -> None:
    """Print the table."""
    parser = arguments(__doc__ or "")
    parser.add_argument(
        "--embedder", default="dlib", help="`dlib`, `facenet` or an ONNX file (default: dlib)"
    )
    given = parsed(parser)
    settings = settings_with(given.embedder)
    folders = (*ROSTERS, STRANGERS)
    files = [file for folder in folders for file in files_in(given.data / folder)]
    faces = face_set(settings, given.data, files)
    publish([asyncio.run(_measured(faces, given.data, settings))], given.json)


async def _measured(faces: FaceSet, data: Path, settings: Settings) -> Table:
    enrolled, others = draw(faces, ROSTERS[0], SHOTS, 0)
    probes = [(person, faces.files[indices[0]]) for person, indices in others.items() if indices]
    strangers = [("", faces.files[i]) for i in faces.below(STRANGERS)]
    unfitted = [stranger for stranger in strangers if not fitted_on(stranger[1])]
    examples = [Example(p, faces.vectors[i]) for p, indices in enrolled.items() for i in indices]
    cohort = choose(faces.vectors[:0], faces.fingerprint)
    async with opened(settings) as door:
        door.judge.set_gallery(SCOPE, "idol", Gallery(faces.fingerprint, examples, (), cohort))
        shown = [*probes[:MOST], *unfitted[:MOST]]
        crops = await each(shown, lambda item: _crop(door, data / item[1]), "looking")
        rows = [await _row(door, [item[0] for item in shown], crops, width) for width in WIDTHS]
    return Table(
        "Faces with less and less to see",
        ("pixels of a face", "named rightly", "named wrongly", "strangers named",
         *(f"refused: {gate}" for gate in GATES)),
        rows,
        f"{faces.fingerprint}; {len(enrolled)} people from LFW by {SHOTS} pictures, searched for "
        f"by one picture of {len(probes[:MOST])} of them and by {len(unfitted[:MOST])} strangers; "
        "refusals of either",
    )  # fmt: skip


async def _crop(door: Door, file: Path) -> Crop:
    picture = await door.picture(file)
    return nearest_to_centre(picture, await door.faces(picture)).crop


async def _row(
    door: Door, people: Sequence[str], crops: Sequence[Crop], width: int | None
) -> list[Cell]:
    async def one(crop: Crop) -> Named:
        reduced = crop if width is None else blurred(crop, width)
        (guess,) = await door.judge.guess(reduced, Context(SCOPE))
        assert isinstance(guess, Named)  # noqa: S101 - the idol head says nothing else
        return guess

    guesses = await each(crops, one, f"{width or 'all'} pixels")
    names = [g.candidates[0].name if g.answer == "known" else None for g in guesses]
    known = [(person, name) for person, name in zip(people, names, strict=True) if person]
    unknown = [name for person, name in zip(people, names, strict=True) if not person]
    refused = Counter(guess.why_not for guess in guesses)
    return [
        "as it is" if width is None else width,
        percent(sum(person == name for person, name in known) / len(known)),
        percent(sum(name not in (None, person) for person, name in known) / len(known)),
        percent(sum(name is not None for name in unknown) / len(unknown)),
        *(percent(refused[gate] / len(guesses)) for gate in GATES),
    ]


if __name__ == "__main__":
    main()
