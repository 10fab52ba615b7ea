"""Who is believed how much: what voters got right so far, and whose votes are held."""

from bot.consensus import Electorate, Rules
from bot.errors import NotFound
from bot.settings import Settings
from bot.teaching_store import Hold
from models.types import Scope


class Teaching:
    """Knows the electorate of each head in each scope."""

    def __init__(self, settings: Settings) -> None:
        teaching = settings.teaching
        self._rules = Rules(
            quorum=teaching.quorum,
            share=teaching.agreement,
            poster=teaching.poster_weight,
            moderator=teaching.moderator_weight,
        )

    async def electorate(self, scope: Scope, head: str) -> Electorate:  # noqa: ARG002
        """Who is believed how much at present."""
        return Electorate(self._rules)

    async def holds(self, scope: Scope) -> list[Hold]:  # noqa: ARG002
        """Votes that wait for a moderator, oldest first."""
        return []

    async def decide(self, scope: Scope, hold_id: int, release: bool) -> None:  # noqa: ARG002
        """Let the votes of a hold count from now on, or never.

        Raises:
            NotFound: it was decided already, or all its votes were forgotten.
        """
        raise NotFound(f"no hold {hold_id} waits in {scope}")
