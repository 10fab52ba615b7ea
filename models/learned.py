"""What a head learned of people, and what of it still holds.

A person's learned template takes the place of the mean of their examples. It remembers the labels
that it was learned from, by number: once one of them stands no more, it is not used. So a
correction acts on the next picture whichever version answers, and a version needs no names.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.types import Vectors


class Exemplary(Protocol):
    """A face of somebody; see `models.gallery.Example`."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def vector(self) -> NDArray[np.float32]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a head is learned; see `models.training.learn`.

    Attributes:
        scale: what cosines (-1..1) are multiplied by before the softmax.
        pull: how strongly a template is drawn to the mean example, in examples.
    """

    scale: float
    pull: float


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """Templates of people whom their labels name.

    Attributes:
        templates: shape (people, dimensions), each as long as the mean example it replaces.
        labels: for each template the numbers of the labels it was learned from.
        unknowns: verdicts of the faces that nobody named which it was taught to leave unnamed.
        recipe: how it was learned.
    """

    templates: Vectors
    labels: tuple[tuple[int, ...], ...]
    unknowns: frozenset[int]
    recipe: Recipe

    def __post_init__(self) -> None:
        if len(self.templates) != len(self.labels):
            raise ValueError("templates and labels do not belong together")

    def standing(self, examples: Mapping[int, Exemplary]) -> dict[str, NDArray[np.float32]]:
        """The templates that may be used, by the names people have now.

        Examples that came later are averaged in, each with the weight of one of those learned
        from. Two people who were merged since have the average of theirs.

        Args:
            examples: every face that is somebody now, by the number of its label.
        """
        parts: defaultdict[str, list[NDArray[np.float32]]] = defaultdict(list)
        weights: defaultdict[str, int] = defaultdict(int)
        covered: set[int] = set()
        for template, labels in zip(self.templates, self.labels, strict=True):
            people = {examples[label].name if label in examples else None for label in labels}
            name = people.pop()
            if name is None or people:  # some were taken back, or are somebody else now
                continue
            parts[name].append(template * len(labels))
            weights[name] += len(labels)
            covered.update(labels)
        for label, example in examples.items():
            if example.name in parts and label not in covered:
                parts[example.name].append(example.vector)
                weights[example.name] += 1
        return {
            name: np.asarray(np.sum(each, axis=0) / weights[name], dtype=np.float32)
            for name, each in parts.items()
        }
