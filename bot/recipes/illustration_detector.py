"""Training the detector of drawn faces.

From the data root (`anime/icartoon_train`, and what augments it where it is there) a network is
trained from ImageNet weights. From any other folder with `images` and `labels` (YOLO text files)
the network that answers now is trained a little further. Either way some pictures are kept aside,
the new network is measured against the old one on them, and replaces it only if it is not worse.

What an interrupted training left lies in `out/training` and is removed at the end.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch

from bot.errors import HanteiError, WeightsError
from bot.recipes import Advance, answering
from bot.recipes.detector_card import card
from bot.recipes.detector_course import BATCH, Course
from bot.recipes.drawings import Marked, Material, from_data_root, from_folder
from models.detection_measures import (
    LEAST_SCORE,
    Looked,
    average_precision,
    best_threshold,
    rates,
    stricter_average_precision,
)
from models.detection_network import Network
from models.detection_training import Plan
from models.detectors.illustration import AREA, IllustrationDetector
from models.types import Detector, Picture

NAME = "illustration-detector"

_WHOLE = Plan(steps=1800)
_FEW_EPOCHS, _LEAST_STEPS, _MOST_STEPS = 10, 40, 600


def train(data: Path, out: Path, advance: Advance) -> str:
    """See `bot.recipes.Train`."""
    torch.set_num_threads(1)
    work = out / "training"
    work.mkdir(exist_ok=True)
    now = next(answering(NAME, out), None)
    if (data / "anime" / "icartoon_train").is_dir():
        course = _from_imagenet(work, from_data_root(data, advance), advance)
    else:
        course = _from_now(work, from_folder(data, advance), now, advance)
    course.run()
    return _publish(course, now, out, advance)


def _from_imagenet(work: Path, material: Material, advance: Advance) -> Course:
    torch.manual_seed(0)
    network = Network()
    network.backbone.load_imagenet()
    return Course(work, network, "EfficientNet-Lite0, ImageNet", material, _WHOLE, advance)


def _from_now(work: Path, material: Material, now: Path | None, advance: Advance) -> Course:
    if now is None:
        raise HanteiError("There is no network yet that could be trained further.")
    steps = _FEW_EPOCHS * len(material.learned) // BATCH
    plan = Plan(steps=min(max(steps, _LEAST_STEPS), _MOST_STEPS), rate=1e-4, warm_up=20)
    network, before = _open(now).network, "the network that answered before"
    return Course(work, network, before, material, plan, advance)


def _open(folder: Path) -> IllustrationDetector:
    """A detector that tells all it considers a face."""
    try:
        return IllustrationDetector(folder, LEAST_SCORE)
    except ValueError as error:
        raise WeightsError(f"{error}; delete it to start from the one that ships.") from error


def _publish(course: Course, now: Path | None, out: Path, advance: Advance) -> str:
    """Let the new network answer if it is not worse than the old one."""
    candidate = course.work / "candidate"
    candidate.mkdir(exist_ok=True)
    _write_weights(candidate, course.result())
    meta: dict[str, Any] = {"min_score": LEAST_SCORE, "area": AREA}
    _write_json(candidate / "meta.json", meta)
    held_out = course.material.held_out
    new = look(_open(candidate), held_out, advance)
    new_ap = average_precision(new)
    if now is not None:
        old_ap = average_precision(look(_open(now), held_out, advance))
        if new_ap < old_ap:
            shutil.rmtree(course.work)
            return (
                f"not replaced: AP50 {new_ap:.3f} on {len(held_out)} held-out pictures, and "
                f"{old_ap:.3f} by the network that answers."
            )
    meta["min_score"] = _threshold(candidate, course.material.for_threshold, now, advance)
    meta |= _history(course) | {"held_out": _figures(new, meta["min_score"])}
    _write_json(candidate / "meta.json", meta)
    (candidate / "holdout.txt").write_text("".join(f"{each.name}\n" for each in held_out))
    (candidate / "card.md").write_text(card(meta), "utf-8")
    for name in ("meta.json", "holdout.txt", "card.md", "weights.safetensors"):
        (candidate / name).replace(out / name)
    shutil.rmtree(course.work)
    before = "there was none before" if now is None else f"it was {old_ap:.3f} before"
    return f"answers from now on: AP50 {new_ap:.3f} on {len(held_out)} held-out pictures; {before}."


def look(detector: Detector, marked: Sequence[Marked], advance: Advance) -> list[Looked]:
    """What a detector finds in pictures, beside what is there."""
    found = []
    for i, each in enumerate(marked):
        advance("measuring", i, len(marked))
        pixels, truth = each.load()
        picture = Picture(pixels, (pixels.shape[1], pixels.shape[0]), sha256="", phash="")
        faces = detector.detect(picture)
        boxes = np.array([face.box for face in faces], dtype=np.float32).reshape(-1, 4)
        scores = np.array([face.score for face in faces], dtype=np.float32)
        found.append(Looked(boxes, scores, truth))
    return found


def _threshold(
    candidate: Path, marked: Sequence[Marked], now: Path | None, advance: Advance
) -> float:
    """Chosen on pictures of its own where there are such; else it stays."""
    if marked or now is None:
        return best_threshold(look(_open(candidate), marked, advance))
    return float(json.loads((now / "meta.json").read_text("utf-8"))["min_score"])


def _history(course: Course) -> dict[str, Any]:
    material = course.material
    return {
        "started_from": course.started_from,
        "learned_from": {
            "pictures": len(material.learned),
            "faces": sum(len(each.boxes) for each in material.learned),
            "cuttings": course.cuttings,
            "photographs": len(material.photographs),
        },
        "steps": course.plan.steps,
        "cpu_minutes": round(course.seconds / 60, 1),
    }


def _figures(looked: Sequence[Looked], min_score: float) -> dict[str, float]:
    measured = {
        "ap50": average_precision(looked),
        "ap50_95": stricter_average_precision(looked),
        **asdict(rates(looked, min_score)),
    }
    counted = {"pictures": len(looked), "faces": sum(len(each.truth) for each in looked)}
    return counted | {name: round(value, 4) for name, value in measured.items()}


def _write_weights(folder: Path, network: Network) -> None:
    """In half precision: what is measured is what is kept."""
    halves = {name: each.half().contiguous() for name, each in network.state_dict().items()}
    safetensors.torch.save_file(halves, folder / "weights.safetensors")


def _write_json(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, indent=2) + "\n", "utf-8")
