"""How long the event loop keeps others waiting while pictures are judged without a pause.

A task asks to be woken every 5 ms; its lag is how much later it is woken. A Discord bot that is
deaf for seconds loses its connection, and an interaction must be answered within 3 s.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import numpy as np
import safetensors.numpy

from benchmarks.door import files_in, opened, settings_with
from benchmarks.report import Table, arguments, parsed, publish
from bot.judge_files import nearest_to_centre
from bot.judging import Judge, Networks
from bot.settings import Settings
from models.crops import cut
from models.embedders.dlib import embed_bytes
from models.gallery import Example, Gallery
from models.types import Context, Picture

SECONDS = 15.0
EVERY = 0.005
MOBILEFACENET = Path("weights") / "mobilefacenet_112.onnx"

CONTEXT = Context("bench")

Work = Callable[[Picture], Awaitable[object]]


def main() -> None:
    """Print the table."""
    given = parsed(arguments(__doc__ or ""))
    rows = asyncio.run(measure(given.data))
    columns = ("what runs", "pictures a second", "lag p50, ms", "p99, ms", "highest, ms")
    title = f"Event-loop lag over {SECONDS:.0f} s"
    note = "group photographs and portraits in turn, two at a time, one person enrolled"
    publish([Table(title, columns, rows, note)], given.json)


async def measure(data: Path) -> list[tuple[str, float, float, float, float]]:
    """One row for each way of judging."""
    portraits = files_in(data / "faces" / "lfw_unknown")[:12]
    files = [*portraits, *files_in(data / "detection" / "group")]
    embedders = {"Judge, dlib": "dlib"}
    if (data / MOBILEFACENET).is_file():
        embedders["Judge, MobileFaceNet"] = str(data / MOBILEFACENET)
    rows: list[tuple[str, float, float, float, float]] = []
    for name, embedder in embedders.items():
        async with opened(settings_with(embedder)) as door:
            pictures = [await door.picture(file) for file in files]
            if not rows:
                rows.append(await _row("nothing", pictures, None))
            await _enrol_one(door.judge, pictures[0])
            rows.append(await _row(name, pictures, _judging(door.judge)))
    naive = Naive(settings_with("dlib"))
    rows.append(await _row("on a thread, dlib not in its process", pictures, naive.in_thread))
    rows.append(await _row("inside `async def`, the same", pictures, naive.inline))
    return rows


class Naive:
    """The same networks, run the way that hobby bots do."""

    def __init__(self, settings: Settings) -> None:
        self._networks = Networks(settings)

    async def inline(self, picture: Picture) -> None:
        """Inference inside `async def`."""
        self._judge(picture)

    async def in_thread(self, picture: Picture) -> None:
        """Inference on a thread, dlib among it, which holds the GIL."""
        await asyncio.to_thread(self._judge, picture)

    def _judge(self, picture: Picture) -> None:
        self._networks.refuse_explicit(picture)
        for face in self._networks.find(picture)[1]:
            crop = cut(picture, face)
            embed_bytes(
                safetensors.numpy.save(
                    {"pixels": np.ascontiguousarray(crop.pixels)}, {"box": json.dumps(crop.box)}
                )
            )


def _judging(judge: Judge) -> Work:
    async def work(picture: Picture) -> object:
        return await judge.judge(picture, CONTEXT)

    return work


async def _enrol_one(judge: Judge, picture: Picture) -> None:
    """With nobody enrolled no face would be embedded."""
    face = nearest_to_centre(picture, (await judge.judge(picture, CONTEXT)).faces)
    (vector,) = await judge.embed([face.crop], "idol")
    gallery = Gallery(judge.fingerprint("idol"), [Example("one", vector)])
    judge.set_gallery(CONTEXT.scope, "idol", gallery)


async def _row(
    name: str, pictures: Sequence[Picture], work: Work | None
) -> tuple[str, float, float, float, float]:
    if work is not None:
        await work(pictures[0])  # the first one pays for loading
    done, lags = await _lag_during(pictures, work)
    p50, p99, highest = (1000 * np.quantile(lags, [0.5, 0.99, 1.0])).tolist()
    return name, done / SECONDS, p50, p99, highest


async def _lag_during(
    pictures: Sequence[Picture], work: Work | None
) -> tuple[int, Sequence[float]]:
    """Judge for `SECONDS`: how many pictures were done, and by how much each tick was late."""
    lags: list[float] = []
    until = time.perf_counter() + SECONDS

    async def tick() -> None:
        while (start := time.perf_counter()) < until:
            await asyncio.sleep(EVERY)
            lags.append(time.perf_counter() - start - EVERY)

    async def judge(first: int) -> int:
        done = 0
        while work is not None and time.perf_counter() < until:
            await work(pictures[(first + 2 * done) % len(pictures)])
            done += 1
            await asyncio.sleep(0)  # what is awaited inline never yields by itself
        return done

    _, *done = await asyncio.gather(tick(), judge(0), judge(1))
    return sum(done), lags


if __name__ == "__main__":
    main()
