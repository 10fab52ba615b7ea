"""Guesses as the database keeps them, and back. Pure."""

from dataclasses import asdict
from typing import Any

from models.types import Candidate, Guess, Named, Refused, Scored, WhyNot


def json_of(guess: Guess) -> dict[str, Any]:
    """A guess as JSON."""
    return {"type": type(guess).__name__, **asdict(guess)}


def guess_of(kept: dict[str, Any]) -> Guess:
    """The guess that was kept."""
    fields = dict(kept)
    match fields.pop("type"):
        case "Named":
            candidates = tuple(Candidate(**each) for each in fields.pop("candidates"))
            why_not = fields.pop("why_not")
            return Named(
                candidates=candidates, why_not=WhyNot(why_not) if why_not else None, **fields
            )
        case "Scored":
            return Scored(**fields)
        case _:
            return Refused(**fields)
