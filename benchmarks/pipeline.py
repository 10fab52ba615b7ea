"""From a photograph to names, side by side with the peers: ours, theirs, ours, theirs, …

The peers are facenet-pytorch's own pipeline and the face_recognition package, as their READMEs
have them. Each contender has a process of its own and one thread (facenet-pytorch also has two,
its best case); they take turns on each picture, so that a busy machine slows all alike.
"""

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from rich.console import Console
from rich.progress import track

from benchmarks.contenders import PEERS
from benchmarks.door import files_in, spread
from benchmarks.report import ROOT, Cell, Table, arguments, parsed, publish

ROUNDS = 3
STAGES = ("decode", "gate", "detect", "embed and match")
OURS = "hantei, dlib"


@dataclass(frozen=True, slots=True)
class Entry:
    """A contender by what `benchmarks.contenders` calls it."""

    name: str
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Run:
    """One contender's answer for one picture in one round."""

    contender: str
    group: str
    file: Path
    turn: int
    faces: int
    seconds: Mapping[str, float]

    @property
    def whole(self) -> float:
        """Seconds from the file to names."""
        return sum(self.seconds.values())


def main() -> None:
    """Print the tables."""
    given = parsed(arguments(__doc__ or ""))
    entries = contenders(given.data)
    if not (PEERS / "face_recognition").is_dir():
        del entries["face_recognition"]
        Console(stderr=True).print(
            "face_recognition is left out: pip install --no-deps --target build/peers "
            "-r benchmarks/requirements-peers.txt"
        )
    with tempfile.TemporaryDirectory() as folder:
        groups = pictures(given.data, Path(folder))
        runs = race(entries, groups)
    publish(
        [
            _whole(runs, entries, groups),
            _ratios(runs, entries, groups),
            _stages(runs, entries, groups),
            _faces(runs, entries, groups),
        ],
        given.json,
    )


def contenders(data: Path) -> dict[str, Entry]:
    """All of them, by the name that is printed."""
    entries = {OURS: Entry("dlib")}
    mobilefacenet = data / "weights" / "mobilefacenet_112.onnx"
    if mobilefacenet.is_file():
        entries["hantei, MobileFaceNet"] = Entry(str(mobilefacenet))
    return entries | {
        "hantei, InceptionResnetV1": Entry("facenet"),
        "facenet-pytorch": Entry("facenet-pytorch"),
        "facenet-pytorch, 2 threads": Entry("facenet-pytorch", 2),
        "face_recognition": Entry("face_recognition"),
    }


def pictures(data: Path, folder: Path) -> dict[str, list[Path]]:
    """A fixed list of pictures of three sizes; the largest one is made in `folder`."""
    group = files_in(data / "detection" / "group")
    return {
        "LFW, 250 px": spread(files_in(data / "faces" / "lfw_unknown"), 6),
        "groups, 1024 px": group,
        "a group, 12 megapixels": [enlarged(group[0], folder / "large.jpg", 12_000_000)],
    }


def enlarged(file: Path, to: Path, pixels: int) -> Path:
    """Write a picture as a JPEG of so many pixels."""
    with Image.open(file) as image:
        factor = (pixels / (image.width * image.height)) ** 0.5
        size = (round(image.width * factor), round(image.height * factor))
        large = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    large.save(out, "JPEG", quality=90)
    to.write_bytes(out.getvalue())
    return to


def race(entries: Mapping[str, Entry], groups: Mapping[str, Sequence[Path]]) -> list[Run]:
    """All rounds of all contenders on all pictures, taking turns."""
    runs = []
    with ExitStack() as stack:
        racing = {name: stack.enter_context(_started(entry)) for name, entry in entries.items()}
        first = next(iter(groups.values()))[0]
        for process in racing.values():
            _ask(process, first)  # the first one pays for loading
        plan = [
            (turn, group, file)
            for turn in range(ROUNDS)
            for group, files in groups.items()
            for file in files
        ]
        console = Console(stderr=True)
        for turn, group, file in track(
            plan, "racing", console=console, transient=True, disable=not console.is_terminal
        ):
            for name, process in racing.items():
                told = _ask(process, file)
                runs.append(Run(name, group, file, turn, told["faces"], told["seconds"]))
    return runs


def _whole(
    runs: Sequence[Run], entries: Mapping[str, Entry], groups: Mapping[str, Sequence[Path]]
) -> Table:
    rows: list[list[Cell]] = [
        [name, *(_milliseconds([r.whole for r in _of(runs, name, group)]) for group in groups)]
        for name in entries
    ]
    note = f"median of {ROUNDS} rounds over " + ", ".join(
        f"{len(files)} ({group})" for group, files in groups.items()
    )
    return Table("From a file to names, ms", ("contender", *groups), rows, note)


def _ratios(
    runs: Sequence[Run], entries: Mapping[str, Entry], groups: Mapping[str, Sequence[Path]]
) -> Table:
    rows: list[list[Cell]] = []
    for name in entries:
        ratios = [
            [
                their.whole / our.whole
                for their, our in zip(_of(runs, name, group), _of(runs, OURS, group), strict=True)
            ]
            for group in groups
        ]
        rows.append([name, *(statistics.median(values) for values in ratios)])
    note = "median over pictures and rounds of their time / our time in the same turn"
    return Table(f"Times as long as {OURS}", ("contender", *groups), rows, note)


def _stages(
    runs: Sequence[Run], entries: Mapping[str, Entry], groups: Mapping[str, Sequence[Path]]
) -> Table:
    rows: list[list[Cell]] = []
    for group in groups:
        for name in entries:
            chosen = _of(runs, name, group)
            medians = [
                _milliseconds([run.seconds[stage] for run in chosen if stage in run.seconds])
                for stage in STAGES
            ]
            faces = sum(run.faces for run in chosen)
            embedding = sum(run.seconds.get("embed and match", 0.0) for run in chosen)
            rows.append([group, name, *medians, 1000 * embedding / max(1, faces)])
    return Table(
        "Stages, ms a picture",
        ("pictures", "contender", *STAGES, "embed, a face"),
        rows,
        "decoding includes the way to the child process and back; the peers have no safety gate",
    )


def _faces(
    runs: Sequence[Run], entries: Mapping[str, Entry], groups: Mapping[str, Sequence[Path]]
) -> Table:
    rows: list[list[Cell]] = [
        [name, *(sum(r.faces for r in _of(runs, name, group) if r.turn == 0) for group in groups)]
        for name in entries
    ]
    return Table("Faces found", ("contender", *groups), rows)


def _of(runs: Sequence[Run], name: str, group: str) -> list[Run]:
    return [run for run in runs if run.contender == name and run.group == group]


def _milliseconds(seconds: Sequence[float]) -> float | None:
    return 1000 * statistics.median(seconds) if seconds else None


@contextmanager
def _started(entry: Entry) -> Iterator[subprocess.Popen[str]]:
    threads = str(entry.threads)
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.contenders", entry.name, threads],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": threads},
    )
    try:
        _answer(process)
        yield process
    finally:
        process.communicate()  # closes its input, at which it ends


def _ask(process: subprocess.Popen[str], file: Path) -> dict[str, Any]:
    assert process.stdin is not None  # noqa: S101 - a pipe was asked for
    process.stdin.write(f"{file.resolve()}\n")
    process.stdin.flush()
    return _answer(process)


def _answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"a contender ended: {process.args!r}")
    told: dict[str, Any] = json.loads(line)
    return told


if __name__ == "__main__":
    main()
