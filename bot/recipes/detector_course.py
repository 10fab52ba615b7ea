"""The steps of training a detector of drawn faces, kept on disk as they are taken."""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor

from bot.recipes import Advance
from bot.recipes.drawings import Material
from models.detection_network import Network
from models.detection_pictures import Drawing, Mix, Sources, batch
from models.detection_training import Plan, Training
from models.detectors.illustration import find
from models.types import Box, Face, Pixels

BATCH = 16
"""Pictures a step."""
_BARE = 0.15
"""Share of the steps, at the end, that see pictures as they are: no mosaics."""

_TEACHING = 0.55
"""Share of the steps after which the network itself marks the faces of the cuttings."""

_SURE, _UNSURE = 0.28, 0.17
"""A cutting is used if what scores more than the first is all that scores more than the second,
parts of it aside. Scores are low while half of the training lies ahead."""

_KEPT_EVERY = 25
"""Steps between two checkpoints."""


class Course:
    """The steps of one training, kept on disk as they are taken.

    Args:
        work: a folder for what is kept.
        start: where the network starts.

    Attributes:
        seconds: of one CPU core that learning took so far.
        started_from: what `start` is, in words.
    """

    def __init__(
        self,
        work: Path,
        start: Network,
        started_from: str,
        material: Material,
        plan: Plan,
        advance: Advance,
    ) -> None:
        self.started_from = started_from
        self.material = material
        self.plan = plan
        self.work = work
        self.seconds = 0.0
        self._kept = work / "checkpoint.safetensors"
        self._advance = advance
        self._marks: dict[int, Tensor] = {}
        self._identity = _identity(start, material, plan)
        self._training = Training(start, plan)
        self._restore()

    def run(self) -> None:
        """Take the steps that are left."""
        drawings = self.material.learned
        sources = Sources(drawings, self._marked_cuttings(), self.material.photographs)
        while (step := self._training.step) < self.plan.steps:
            self._advance("learning", step, self.plan.steps)
            began = time.process_time()
            if step == int(_TEACHING * self.plan.steps):
                self._mark_cuttings()
                sources.cuttings = self._marked_cuttings()
            mix = Mix(0.0, 0.1) if step >= (1 - _BARE) * self.plan.steps else Mix()
            random = np.random.default_rng((0, step))
            self._training.learn(*batch(sources, _turn(step, len(drawings)), mix, random))
            self.seconds += time.process_time() - began
            if self._training.step % _KEPT_EVERY == 0 or self._training.step == self.plan.steps:
                self._keep()

    @property
    def cuttings(self) -> int:
        """How many cuttings are learned from."""
        return len(self._marks)

    def result(self) -> Network:
        """What was learned so far."""
        network = Network()
        network.load_state_dict(self._training.averaged)
        return network.eval()

    def _mark_cuttings(self) -> None:
        network = self.result()
        for i, cutting in enumerate(self.material.cuttings):
            self._advance("marking cuttings", i, len(self.material.cuttings))
            boxes = _sure_boxes(find(network, _framed(cutting.pixels), _UNSURE))
            if boxes:
                height, width = cutting.pixels.shape[:2]
                shift = torch.tensor([width, height, width, height]) // 2
                self._marks[i] = torch.tensor(boxes) - shift

    def _marked_cuttings(self) -> list[Drawing]:
        pixels = [each.pixels for each in self.material.cuttings]
        return [Drawing(pixels[i], boxes.numpy()) for i, boxes in sorted(self._marks.items())]

    def _keep(self) -> None:
        told = {
            "identity": self._identity,
            "step": str(self._training.step),
            "seconds": f"{self.seconds:.1f}",
        }
        tensors = self._training.state()
        tensors |= {f"marks.{i}": boxes for i, boxes in self._marks.items()}
        new = self._kept.with_suffix(".new")
        safetensors.torch.save_file(tensors, new, told)
        new.replace(self._kept)

    def _restore(self) -> None:
        """Go on where an earlier call stopped, if it was with the same pictures."""
        if not self._kept.is_file():
            return
        with safetensors.safe_open(self._kept, framework="pt") as kept:
            told = kept.metadata()
        if told["identity"] != self._identity:
            return
        tensors = safetensors.torch.load_file(self._kept)
        self._training.restore(tensors, int(told["step"]))
        self.seconds = float(told["seconds"])
        marks = {n.removeprefix("marks."): t for n, t in tensors.items() if n.startswith("marks.")}
        self._marks = {int(number): boxes for number, boxes in marks.items()}


def _identity(start: Network, material: Material, plan: Plan) -> str:
    """Of a training: what it started from, on what, and how."""
    digest = hashlib.sha256(repr(plan).encode())
    for weight in start.state_dict().values():
        digest.update(weight.numpy().tobytes())
    for each in (*material.learned, *material.cuttings, *material.photographs):
        digest.update(each.pixels.tobytes())
        digest.update(each.boxes.tobytes())
    return digest.hexdigest()


def _sure_boxes(faces: Sequence[Face]) -> list[Box]:
    """The boxes of the sure faces; none if another is in doubt that is no part of one of them."""
    sure = [face.box for face in faces if face.score >= _SURE]
    doubtful = [face.box for face in faces if face.score < _SURE]
    return sure if all(any(_centred_in(d, s) for s in sure) for d in doubtful) else []


def _centred_in(one: Box, other: Box) -> bool:
    x, y = (one[0] + one[2]) / 2, (one[1] + one[3]) / 2
    return other[0] < x < other[2] and other[1] < y < other[3]


def _framed(pixels: Pixels) -> Pixels:
    """A cutting with white around it, so that its face is as large as in whole pictures."""
    height, width = pixels.shape[:2]
    top, left = height // 2, width // 2
    canvas = np.full((2 * height, 2 * width, 3), 255, dtype=np.uint8)
    canvas[top : top + height, left : left + width] = pixels
    return canvas


def _turn(step: int, count: int) -> NDArray[np.intp]:
    """The numbers of the drawings of a step; each has its turn once an epoch."""
    places = np.arange(step * BATCH, (step + 1) * BATCH)
    epochs = {int(each) for each in places // count}
    orders = {each: np.random.default_rng((1, each)).permutation(count) for each in epochs}
    return np.array([orders[place // count][place % count] for place in places.tolist()])
