"""Why a face was answered as it was: whom it is like, and what kept it from being named.

The face is embedded anew for this and judged by the present gallery; the embedding is not kept.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from bot import replying
from bot.domain import Explanation, Neighbour, Standing, State, Verdict
from bot.errors import NotFound
from bot.judging import Judge
from bot.offering import naming, shown
from bot.replying import say
from bot.store import Store
from models.calibration import LEAST_PEOPLE
from models.crops import hash_distance
from models.gallery import NEAR_DUPLICATE_BITS, Example
from models.types import Context, Crop, Kind, Named, Scope, WhyNot

MOST_NEIGHBOURS = 3
MOST_OF_ONE = 2
"""Neighbours that may be one person: so that one sees who else was near."""

_LOOKED_AT = 50
"""Nearest examples among which the neighbours are chosen."""

_MEASURED = frozenset({"unknowns", "synthetic", "gallery"})
"""What thresholds are measured against and there are words for; see `models.strangers.Source`."""


class Explainer:
    """Explains verdicts by what the judge knows now."""

    def __init__(self, store: Store, judge: Judge) -> None:
        self._store = store
        self._judge = judge

    async def why(self, verdict: Verdict, standings: Mapping[str, Standing]) -> Explanation:
        """See `bot.service.Service.why`. Of several names it explains the one that comes first."""
        said = _explained(verdict, standings)
        standing = standings[said.head]
        crop = await self._store.crop(verdict.crop) if verdict.crop else None
        if crop is None:
            return Explanation(verdict.id, expired(verdict.locale, said), spoiler=verdict.spoiler)
        now, nearest = await self._judge.compare(
            crop, Context(verdict.scope), said.head, _LOOKED_AT
        )
        assert isinstance(now, Named)  # noqa: S101 - by the head that named before
        kept = await self._store.crops_of(verdict.scope, (each.crop for each, _ in nearest))
        if standing.state is State.LEARNED:  # or it would be its own neighbour
            kept.pop(verdict.crop or "", None)
        shown = _chosen(nearest, kept)
        crops = [await self._store.crop(each.crop) for each in shown]
        beside = [
            (each, there) for each, there in zip(shown, crops, strict=True) if there is not None
        ]
        neighbours = tuple(each for each, _ in beside)
        named = (example for example, _ in nearest if example.name == _first(now))
        copied = _copied(verdict, named)
        return Explanation(
            verdict_id=verdict.id,
            words=words(verdict.locale, said, now, standing, neighbours, copied=copied),
            neighbours=neighbours,
            image=await asyncio.to_thread(
                replying.beside, verdict.locale, crop, beside, _named(now, standing)
            ),
            description=_description(verdict.locale, neighbours),
            spoiler=verdict.spoiler or any(kept[each.crop] for each in neighbours),
        )

    async def example(self, scope: Scope, head: str, crop: str) -> Crop | None:
        """The crop of an enrolled example; None if it is none in this scope."""
        galleries = (self._judge.gallery(scope, head, kind) for kind in Kind)
        if not any(gallery is not None and crop in gallery.crops for gallery in galleries):
            return None
        return await self._store.crop(crop)


def _explained(verdict: Verdict, standings: Mapping[str, Standing]) -> Named:
    """The guess to explain: one that people settled, else the first that is shown.

    Raises:
        NotFound: no head looked for a name.
    """
    settled = [each for each in naming(verdict) if standings[each.head].state is State.LEARNED]
    guesses = [*settled, *shown(verdict)]
    if not guesses:
        raise NotFound(f"nobody was looked for in verdict {verdict.id}")
    return guesses[0]


def words(
    locale: str,
    said: Named,
    now: Named,
    standing: Standing,
    neighbours: Sequence[Neighbour],
    *,
    copied: bool,
) -> str:
    """The explanation, a line a thought.

    Args:
        said: what was answered.
        now: what would be answered now.
        neighbours: the examples that are shown beside the face.
        copied: a near duplicate of this picture is enrolled under the name.
    """
    if standing.state is State.LEARNED:
        lines = [say(locale, "why-told", name=standing.name)]
    elif standing.state is State.NOT_A_FACE:
        lines = [say(locale, "why-not-a-face")]
    else:
        lines = _changed(locale, said, now)
        nearest = neighbours[0].name if neighbours else _first(now)
        lines.append(_reason(locale, now, nearest, copied=copied))
        measured = now.answer == "known" or now.why_not is WhyNot.NOT_ALIKE
        if measured and now.calibrated_from in _MEASURED and not copied:
            lines.append(say(locale, f"why-measured-{now.calibrated_from}"))
    if neighbours:
        lines.append(say(locale, "why-nearest"))
    return "\n".join(lines)


def expired(locale: str, said: Named) -> str:
    """What can be said without the picture."""
    lines = [say(locale, "why-expired")]
    if said.answer == "known" or said.why_not is not None:
        lines.append(_reason(locale, said, _first(said), copied=False))
    return "\n".join(lines)


def _changed(locale: str, said: Named, now: Named) -> list[str]:
    then, today = (_answer(locale, each) for each in (said, now))
    return [] if then == today else [say(locale, "why-changed", then=then, now=today)]


def _answer(locale: str, guess: Named) -> str:
    known = guess.answer == "known"
    return say(locale, "quoted", words=_first(guess) if known else say(locale, "caption-unknown"))


def _reason(locale: str, guess: Named, nearest: str, *, copied: bool) -> str:
    if guess.answer == "known" and copied:
        return say(locale, "why-copied", name=_first(guess))
    if guess.answer == "known":
        probability = guess.candidates[0].probability
        return say(
            locale,
            "why-known",
            name=_first(guess),
            sure=replying.sureness(locale, probability),
            right=min(99, round(100 * probability)),
        )
    return say(locale, f"why-{guess.why_not}", name=nearest, people=LEAST_PEOPLE)


def _named(now: Named, standing: Standing) -> str | None:
    if standing.state is State.LEARNED:
        return standing.name
    return _first(now) if now.answer == "known" else None


def _first(guess: Named) -> str:
    return guess.candidates[0].name if guess.candidates else ""


def _description(locale: str, neighbours: Sequence[Neighbour]) -> str:
    if not neighbours:
        return say(locale, "why-face")
    alike = (f"{each.name} ({each.alike} %)" for each in neighbours)
    return say(locale, "why-description", names=", ".join(alike))


def _chosen(nearest: Iterable[tuple[Example, float]], kept: dict[str, bool]) -> list[Neighbour]:
    """The examples to show: of the crops that are kept, each once, and not all of one person."""
    shown: dict[str, Neighbour] = {}
    for example, similarity in nearest:
        others = [each for each in shown.values() if each.name == example.name]
        fits = example.crop in kept and len(others) < MOST_OF_ONE
        if fits and len(shown) < MOST_NEIGHBOURS:
            alike = round(100 * min(1.0, max(0.0, similarity)))
            shown.setdefault(example.crop, Neighbour(example.name, alike, example.crop))
    return list(shown.values())


def _copied(verdict: Verdict, examples: Iterable[Example]) -> bool:
    """Whether one of these is the same picture, or nearly."""
    return any(
        each.face_hash and hash_distance(each.face_hash, verdict.face_hash) <= NEAR_DUPLICATE_BITS
        for each in examples
    )
