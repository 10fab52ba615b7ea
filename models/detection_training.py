"""Teaching the network of `models.detection_network`: which cell answers for which face, and steps.

Cells are assigned as in task-aligned learning (Feng et al. 2021): a face belongs to the few cells
inside it that score it highest and place it best, and their score is to say how well they place it.
Scores are taught by the quality focal loss (Li et al. 2020), boxes by the generalised IoU
(Rezatofighi et al. 2019). What answers is the moving average of the weights.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.ops import box_iou, generalized_box_iou_loss

from models.detection_network import Network, cells

_CELLS_A_FACE = 9
"""That answer for it, at most."""

_NEAREST = 8.0
"""A face takes cells at least this far around its centre, in pixels, however small it is."""

_ALIGNED_BY_PLACE = 6
_ALIGNED_BY_SCORE = 0.5
"""Powers of overlap and score in what chooses the cells."""

_BOX_WEIGHT = 2.0
"""Of the loss of the boxes beside that of the scores."""

_LONGEST_STEP = 5.0
"""Length to which gradients are cut."""

_AVERAGED = 0.999
"""Share of the average that a step leaves, once there were some hundred steps."""

_BACKBONE_RATE = 0.3
"""The backbone knows much already: it learns at this share of the rate."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast to learn.

    Attributes:
        steps: in all.
        rate: highest learning rate; it rises to it over `warm_up` steps and falls as a cosine.
        decay: of the weights (Loshchilov & Hutter 2019).
    """

    steps: int
    rate: float = 1e-3
    warm_up: int = 200
    decay: float = 0.03

    def rate_at(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        if step < self.warm_up:
            return self.rate * (step + 1) / self.warm_up
        done = (step - self.warm_up) / max(1, self.steps - self.warm_up)
        return self.rate * (0.02 + 0.98 * (1 + math.cos(math.pi * done)) / 2)


class Training:
    """A network that is being taught, with all that it takes to go on later.

    Attributes:
        step: how many steps were taken.
        averaged: the moving average of the network's weights: what answers.
    """

    def __init__(self, network: Network, plan: Plan) -> None:
        self.step = 0
        self._network = network.to(memory_format=torch.channels_last)
        self._plan = plan
        for weight in network.backbone.general():
            weight.requires_grad_(False)
        backbone = {id(weight) for weight in network.backbone.parameters()}
        self._learning = {n: w for n, w in network.named_parameters() if w.requires_grad}
        of_backbone = [w for w in self._learning.values() if id(w) in backbone]
        others = [w for w in self._learning.values() if id(w) not in backbone]
        self._optimizer = torch.optim.AdamW(
            [{"params": of_backbone, "share": _BACKBONE_RATE}, {"params": others, "share": 1.0}],
            weight_decay=plan.decay,
        )
        self.averaged = {n: w.detach().clone() for n, w in network.state_dict().items()}

    def learn(self, pixels: Tensor, faces: Sequence[Tensor]) -> float:
        """Take one step.

        Args:
            pixels: as `Network.forward` takes them.
            faces: for each picture its boxes, shape (faces, 4), in pixels.

        Returns:
            The loss.
        """
        for group in self._optimizer.param_groups:
            group["lr"] = self._plan.rate_at(self.step) * group["share"]
        self._optimizer.zero_grad()
        centres, _ = cells(pixels.shape[2], pixels.shape[3])
        logits, boxes = self._network(pixels)
        loss = detection_loss(logits, boxes, faces, centres)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._learning.values(), _LONGEST_STEP)
        self._optimizer.step()
        self.step += 1
        self._average()
        return loss.item()

    def _average(self) -> None:
        kept = _AVERAGED * (1 - math.exp(-self.step / 300))
        now = self._network.state_dict()
        for name in self._learning:
            self.averaged[name].lerp_(now[name], 1 - kept)

    def state(self) -> dict[str, Tensor]:
        """Everything but the step, as named tensors."""
        tensors = {f"now.{n}": w for n, w in self._network.state_dict().items()}
        tensors |= {f"averaged.{n}": w for n, w in self.averaged.items()}
        for name, weight in self._learning.items():
            for key, value in self._optimizer.state[weight].items():
                tensors[f"{key}.{name}"] = value
        return {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}

    def restore(self, state: Mapping[str, Tensor], step: int) -> None:
        """Go on from a `state` that was kept."""
        self.step = step
        self._network.load_state_dict(_part(state, "now."))
        self.averaged = _part(state, "averaged.")
        for name, weight in self._learning.items():
            for key in ("step", "exp_avg", "exp_avg_sq"):
                self._optimizer.state[weight][key] = state[f"{key}.{name}"]


def _part(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): w for n, w in state.items() if n.startswith(prefix)}


def detection_loss(
    logits: Tensor, boxes: Tensor, faces: Sequence[Tensor], centres: Tensor
) -> Tensor:
    """What is to become small: a scalar.

    Args:
        logits: shape (pictures, cells).
        boxes: shape (pictures, cells, 4).
        faces: for each picture its true boxes, shape (faces, 4).
        centres: shape (cells, 2).
    """
    wanted = torch.zeros_like(logits)
    place = logits.new_zeros(())
    for i, truth in enumerate(faces):
        if not len(truth):
            continue
        wanted[i], nearest = assign(logits[i].detach().sigmoid(), boxes[i].detach(), truth, centres)
        chosen = wanted[i] > 0
        each = generalized_box_iou_loss(boxes[i][chosen], truth[nearest[chosen]])
        place = place + (each * wanted[i][chosen]).sum()
    doubt = (wanted - logits.sigmoid()).abs().square()
    score = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    return ((score * doubt).sum() + _BOX_WEIGHT * place) / wanted.sum().clamp(min=1)


def assign(scores: Tensor, boxes: Tensor, truth: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
    """Which cells answer for which face of one picture.

    Args:
        scores: shape (cells,), 0..1.
        boxes: shape (cells, 4).
        truth: true boxes, shape (faces, 4), at least one.
        centres: shape (cells, 2).

    Returns:
        The score each cell is to have, 0..1, shape (cells,): 0 for those that answer for none;
        and the number of the face it is nearest to, shape (cells,).
    """
    overlap = box_iou(truth, boxes)
    aligned = scores.pow(_ALIGNED_BY_SCORE) * overlap.pow(_ALIGNED_BY_PLACE) + 1e-9
    aligned = aligned * _around(truth, centres)
    most = min(_CELLS_A_FACE, aligned.shape[1])
    best = torch.zeros_like(aligned).scatter_(1, aligned.topk(most, dim=1).indices, 1.0)
    aligned = aligned * best
    # A cell inside two faces answers for the one it covers better.
    nearest = torch.where(aligned > 0, overlap + 1e-9, 0).argmax(dim=0)
    mine = torch.zeros_like(aligned).scatter_(0, nearest[None], 1.0)
    aligned, overlap = aligned * mine, overlap * mine * (aligned > 0)
    of_best = aligned.amax(dim=1, keepdim=True).clamp(min=1e-9)
    wanted = aligned / of_best * overlap.amax(dim=1, keepdim=True)
    return wanted.amax(dim=0), nearest


def _around(truth: Tensor, centres: Tensor) -> Tensor:
    """Whether each cell's centre lies in each face: 0 or 1, shape (faces, cells)."""
    middle = (truth[:, :2] + truth[:, 2:]) / 2
    reach = ((truth[:, 2:] - truth[:, :2]) / 2).clamp(min=_NEAREST)
    return ((centres[None] - middle[:, None]).abs() < reach[:, None]).all(dim=-1).float()
