"""Fit and draw the synthetic strangers that ship with an embedder (models/weights/strangers-*).

Half of a set of strangers (whoever the SHA-256 of the file name says; the other half is left to
measure on) is embedded by the bot's own judge. Each synthetic stranger is a blend of two of them,
neither with more than three quarters, plus noise from the covariance of all, which restores most
of the variance that blending takes away: locally as crowded as people are, which a single Gaussian
is not, and nobody in particular (interpolation as in SMOTE, Chawla et al. 2002).
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import safetensors.numpy

from benchmarks.door import files_in, settings_with
from benchmarks.faces import face_set
from benchmarks.report import ROOT, arguments, parsed
from models.types import Vectors

WEIGHTS = ROOT / "models" / "weights"
COUNT = 1000
MOST_OF_ONE = 0.75
NOISE = 0.85
"""Of the variance's square root that blending takes away, the share that noise gives back."""


def fitted_on(file: str) -> bool:
    """Whether a stranger's picture is in the half that is fitted on."""
    return hashlib.sha256(Path(file).name.encode()).digest()[-1] % 2 == 0


def draw(people: Vectors, count: int, seed: int = 0) -> Vectors:
    """Synthetic strangers like these people, shape (count, dimensions), rows of length 1.

    Args:
        people: one embedding each, shape (n, dimensions), n at least 2.
    """
    rng = np.random.default_rng(seed)
    mean, covariance = people.mean(axis=0), np.cov(people.T)
    share = rng.uniform(1 - MOST_OF_ONE, MOST_OF_ONE, size=(count, 1))
    pairs = np.stack([rng.choice(len(people), 2, replace=False) for _ in range(count)])
    one, other = people[pairs[:, 0]] - mean, people[pairs[:, 1]] - mean
    lost = np.sqrt(1 - share**2 - (1 - share) ** 2)
    noise = rng.multivariate_normal(np.zeros(len(mean)), covariance, size=count, method="eigh")
    drawn = mean + share * one + (1 - share) * other + NOISE * lost * noise
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)


def main() -> None:
    """Write models/weights/strangers-NAME."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--embedder", default="dlib", help="`dlib`, `facenet` or an ONNX file")
    parser.add_argument("--name", required=True, help="of the folder, after `strangers-`")
    parser.add_argument(
        "--strangers", default="faces/lfw_unknown", help="folder below --data, one picture a person"
    )
    given: argparse.Namespace = parsed(parser)
    chosen = [file for file in files_in(given.data / given.strangers) if fitted_on(file.name)]
    faces = face_set(settings_with(given.embedder), given.data, chosen)
    drawn = draw(faces.vectors, COUNT)
    folder = WEIGHTS / f"strangers-{given.name}"
    folder.mkdir(parents=True, exist_ok=True)
    vectors = {"vectors": drawn.astype(np.float16)}
    (folder / "weights.safetensors").write_bytes(safetensors.numpy.save(vectors))
    meta = {
        "embedder": faces.fingerprint,
        "drawn": COUNT,
        "fitted_on": f"{len(faces.vectors)} people of {given.strangers}, "
        f"listed by the SHA-256 of {len(chosen)} file names (last byte even)",
    }
    (folder / "meta.json").write_text(json.dumps(meta, indent=2) + "\n")
    nearest = np.sort(faces.vectors @ faces.vectors.T, axis=1)[:, -2]
    print(f"{folder.relative_to(ROOT)}: {COUNT} drawn from {len(faces.vectors)} people")
    print(f"similarity to the nearest real one: {(drawn @ faces.vectors.T).max(axis=1).mean():.3f}")
    print(f"of the real ones to each other:     {nearest.mean():.3f}")


if __name__ == "__main__":
    main()
