"""How long `python -m bot.retrain` takes with many stored embeddings, and how much memory.

The faces are made of numbers: people, noise, and a few directions along which everybody's pictures
vary. They are put into a store as the bot keeps them, and the real command is run on it.
"""

import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import create_engine, insert

from benchmarks.report import ROOT, Table, arguments, publish
from bot.judging import embedder_choice
from bot.settings import Settings
from bot.store import migrate
from bot.tables import (
    AliasRow,
    CropRow,
    EmbeddingRow,
    LabelRow,
    PersonRow,
    PostRow,
    VerdictRow,
)
from models import embedders
from models.types import Vectors

DIMENSIONS, VARYING = 128, 6
BOX = [96, 96, 288, 288]
"""Of every face, in a crop of 384 x 384 pixels."""


def draw(people: int, faces: int, seed: int = 0) -> Vectors:
    """Embeddings, shape (faces, dimensions); face i is of person i modulo `people`."""
    rng = np.random.default_rng(seed)
    looks = rng.standard_normal((people, DIMENSIONS))[np.arange(faces) % people]
    vectors = looks + 0.6 * rng.standard_normal((faces, DIMENSIONS))
    vectors[:, :VARYING] += 4 * rng.standard_normal((faces, VARYING))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def fill(
    database: Path, vectors: Vectors, people: int, fingerprint: str, labelled: int | None = None
) -> None:
    """Make a store and put faces into it, without crop files.

    Args:
        labelled: how many have a label, the first ones; None is all.
    """
    database.parent.mkdir(parents=True)
    migrate(database)
    rng = np.random.default_rng(1)
    now = datetime.now(UTC).replace(tzinfo=None)
    hashes = [f"{bits:016x}" for bits in rng.integers(0, 2**63, 2 * len(vectors)).tolist()]
    numbers = range(1, len(vectors) + 1)
    folk = range(1, people + 1)
    of = {"scope": "web", "head": "idol"}
    rows: list[tuple[Any, list[dict[str, Any]]]] = [
        (PersonRow, [{"id": p, "name": f"person {p:03}", "created": now, **of} for p in folk]),
        (AliasRow, [{"folded": f"person{p:03}", "person_id": p, **of} for p in folk]),
        (
            PostRow,
            [
                {
                    "id": n,
                    "key": f"web/{n}",
                    "scope": "web",
                    "author": "web:ann",
                    "locale": "en",
                    "answered": True,
                    "created": now,
                }
                for n in numbers
            ],
        ),
        (
            CropRow,
            [{"hash": f"{n:064x}", "box": BOX, "landmarks": [], "kind": "photo"} for n in numbers],
        ),
        (
            VerdictRow,
            [
                {
                    "id": n,
                    "post_id": n,
                    "picture_hash": hashes[2 * n - 2],
                    "face_hash": hashes[2 * n - 1],
                    "kind": "photo",
                    "box": [0, 0, 9, 9],
                    "detection_score": 1.0,
                    "guesses": [],
                    "crop": f"{n:064x}",
                    "created": now,
                }
                for n in numbers
            ],
        ),
        (
            EmbeddingRow,
            [
                {
                    "crop": f"{n:064x}",
                    "fingerprint": fingerprint,
                    "vector": vectors[n - 1].tobytes(),
                }
                for n in numbers
            ],
        ),
        (
            LabelRow,
            [
                {
                    "verdict_id": n,
                    "head": "idol",
                    "answer": "is",
                    "people": [(n - 1) % people + 1],
                    "created": now,
                }
                for n in numbers[:labelled]
            ],
        ),
    ]
    engine = create_engine(f"sqlite:///{database}")
    with engine.begin() as connection:
        for table, values in rows:
            connection.execute(insert(table), values)
    engine.dispose()


def fingerprint_of(settings: Settings) -> str:
    """Of the embedder that the settings choose for people."""
    embedder = embedders.load(embedder_choice(settings))
    embedder.close()
    return embedder.fingerprint


def main() -> None:
    """Fill a store, run the command, print what it took."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--faces", type=int, default=13_000)
    parser.add_argument("--people", type=int, default=100)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "data"
        settings = Settings.model_validate({"store": {"data_dir": folder}})
        vectors = draw(given.people, given.faces)
        fill(folder / "hantei.sqlite3", vectors, given.people, fingerprint_of(settings))
        config = Path(place) / "config.toml"
        config.write_text(f'[store]\ndata_dir = "{folder}"\n')
        started = time.monotonic()
        command = [sys.executable, "-m", "bot.retrain", "--config", str(config)]
        told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        seconds = time.monotonic() - started
    print(told.stdout)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    columns = ("faces", "people", "seconds", "processor seconds", "peak memory, GB")
    spent = used.ru_utime + used.ru_stime
    row = (given.faces, given.people, seconds, spent, used.ru_maxrss / 1024**2)
    publish([Table("Retraining", columns, [row])], given.json)


if __name__ == "__main__":
    main()
