"""A simulated community: people who do not exist, asked who real faces are.

For measuring what becomes of their answers where no real community is at hand. The honest know some
of the people, skip the others, and err as people do: they mistype, take somebody for their double,
or confirm what was offered without looking. The hostile have agreed on one wrong name. Whatever is
measured with them is to be called simulated.

What somebody says of a face depends on the seed, on them and on the face, and not on when they are
asked; so that two ways to ask can be compared on the same people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Habits:
    """What the people of a community are like.

    Attributes:
        voters: how many there are.
        known: share of all people that one of them knows, 0..1.
        errs: share of answers that are wrong, from the most careful to the most careless.
        hostile: share of voters who have agreed on a wrong name, 0..1.
        honest_first: so many answers the hostile give as anybody does, each, to be believed.
        of_a_victim: the hostile give their name to one person's faces only, and answer all others
            as anybody does; else they give it to every face.
    """

    voters: int = 20
    known: float = 0.7
    errs: tuple[float, float] = (0.03, 0.05)
    hostile: float = 0.0
    honest_first: int = 0
    of_a_victim: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """That a face is somebody, or is not."""

    name: str
    agrees: bool = True


class Community:
    """Its people, and what they say.

    Args:
        doubles: everybody there is, and who looks most like each.

    Attributes:
        voters: honest and hostile ones.
        hostile: those who have agreed on a name.
        wanted: that name.
        victim: who is to be called by it.
    """

    def __init__(self, doubles: Mapping[str, str], habits: Habits, seed: int) -> None:
        self._habits, self._doubles, self._seed = habits, dict(doubles), seed
        rng = np.random.default_rng([seed, 0])
        people = sorted(doubles)
        self.voters = tuple(f"voter {number:02}" for number in range(habits.voters))
        count = round(habits.hostile * habits.voters)
        self.hostile = frozenset(rng.permutation(self.voters)[:count].tolist())
        self.victim, self.wanted = rng.permutation(people)[:2].tolist()
        spread = np.linspace(*habits.errs, habits.voters)
        self._errs = dict(zip(self.voters, rng.permutation(spread).tolist(), strict=True))
        self._knows = {
            voter: frozenset(rng.permutation(people)[: round(habits.known * len(people))].tolist())
            for voter in self.voters
        }
        self._answered = dict.fromkeys(self.voters, 0)

    def answer(self, voter: str, face: int, person: str | None, offered: str | None) -> Said | None:
        """What somebody says; None if they do not know and skip it.

        Args:
            face: its number.
            person: who it is; None for a stranger, whom nobody knows.
            offered: the bot's guess that they are asked to confirm, if it has one.
        """
        if self._is_hostile(voter) and (person == self.victim or not self._habits.of_a_victim):
            return Said(self.wanted)
        said = self._honest(voter, face, person, offered)
        self._answered[voter] += said is not None
        return said

    def _is_hostile(self, voter: str) -> bool:
        return voter in self.hostile and self._answered[voter] >= self._habits.honest_first

    def _honest(
        self, voter: str, face: int, person: str | None, offered: str | None
    ) -> Said | None:
        rng = np.random.default_rng([self._seed, 1, self.voters.index(voter), face])
        knows = self._knows[voter]
        errs = rng.random() < self._errs[voter]
        if person in knows and person is not None:
            return self._mistaken(person, offered, rng) if errs else Said(person)
        if offered in knows and offered is not None:  # not whom they know
            return Said(offered, agrees=errs)
        return None

    def _mistaken(self, person: str, offered: str | None, rng: np.random.Generator) -> Said:
        """The wrong button where a name was offered, else a double's name or a typing mistake."""
        if offered is not None:
            return Said(offered, agrees=offered != person)
        if rng.random() < 0.5:
            return Said(self._doubles[person])
        return Said(mistyped(person, rng))


def mistyped(name: str, rng: np.random.Generator) -> str:
    """A name with one letter missing, or doubled where it is the only one."""
    place = int(rng.integers(len(name)))
    return name[:place] + name[place + 1 :] if len(name) > 1 else name * 2


def doubles(people: Sequence[str], vectors: Sequence[np.ndarray]) -> dict[str, str]:
    """Who looks most like whom, by the mean faces.

    Args:
        people: whose face each is.
        vectors: the faces, shape (dimensions,) each, of length 1.
    """
    names = sorted(set(people))
    rows, of = np.stack(vectors), np.asarray(people)
    means = np.stack([rows[of == name].mean(axis=0) for name in names])
    means -= means.mean(axis=0)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    alike = means @ means.T
    np.fill_diagonal(alike, -np.inf)
    return {name: names[double] for name, double in zip(names, alike.argmax(axis=1), strict=True)}
