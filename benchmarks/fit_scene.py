"""Fit the constants of the scene network (models/weights/scene).

The means, deviations and principal components (Hotelling 1933) of what the network sees in four
sets of pictures, each set counting alike, however many pictures it has. No label is looked at.
"""

import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track

from benchmarks.door import files_in
from benchmarks.report import ROOT, arguments, parsed
from bot.decoding import Limits, decode
from models import colours
from models.backbone import to_batch
from models.route import picture_square
from models.scene_network import BLOCKS, SEEN, Scene, weights

SETS = (
    "anime/icartoon_train/images",
    "anime/char_moe10",
    "faces/lfw_known",
    "beauty/scut5500_train/images",
)
FOLDER = ROOT / "models" / "weights" / "scene"

_LIMITS = Limits(max_pixels=60_000_000, max_side=640)
Floats = NDArray[np.float64]


def main() -> None:
    """Write models/weights/scene."""
    given = parsed(arguments(__doc__ or ""))
    torch.set_num_threads(1)
    network = Scene()
    looks = {name: _looks(network, given.data, name) for name in SETS}
    weight = np.concatenate([np.full(len(sight), 1 / len(sight)) for sight, _ in looks.values()])
    weight /= weight.sum()
    _set_components(network, np.concatenate([sight for sight, _ in looks.values()]), weight)
    _set_standard(network, np.concatenate([seen for _, seen in looks.values()]), weight)
    FOLDER.mkdir(parents=True, exist_ok=True)
    meta = {
        "fitted_on": {name: len(sight) for name, (sight, _) in looks.items()},
        "blocks": BLOCKS,
    }
    (FOLDER / "meta.json").write_text(json.dumps(meta, indent=2) + "\n")
    (FOLDER / "weights.safetensors").write_bytes(weights(network))


@torch.inference_mode()
def _looks(network: Scene, data: Path, name: str) -> tuple[Floats, Floats]:
    """What the network sees in each picture of a set, and its colours."""
    seen, coloured = [], []
    for file in track(files_in(data / name), f"{name} …"):
        batch = to_batch([picture_square(decode(file.read_bytes(), _LIMITS).pixels)])
        seen.append(network.sight(batch).numpy())
        coloured.append(colours.colours(batch).numpy())
    return np.concatenate(seen).astype(np.float64), np.concatenate(coloured).astype(np.float64)


def _set_components(network: Scene, sight: Floats, weight: Floats) -> None:
    """Standardised, then turned to the principal axes, without changing distances among those."""
    mean, scale = _moments(sight, weight)
    standard = (sight - mean) / scale
    variances, axes = np.linalg.eigh((standard * weight[:, None]).T @ standard)
    variances, axes = variances[::-1][:SEEN], axes[:, ::-1][:, :SEEN]
    matrix = (axes / scale[:, None]) / np.sqrt(len(BLOCKS) * variances.sum())
    network.components.weight.copy_(torch.from_numpy(matrix.T))
    network.components.bias.copy_(torch.from_numpy(-mean @ matrix))


def _set_standard(network: Scene, coloured: Floats, weight: Floats) -> None:
    mean, scale = _moments(coloured, weight)
    network.standard["mean"].copy_(torch.from_numpy(mean))
    network.standard["scale"].copy_(
        torch.from_numpy(1 / (scale * np.sqrt(len(BLOCKS) * colours.LENGTH)))
    )


def _moments(rows: Floats, weight: Floats) -> tuple[Floats, Floats]:
    mean = weight @ rows
    return mean, np.sqrt(weight @ np.square(rows - mean)) + 1e-6


if __name__ == "__main__":
    main()
