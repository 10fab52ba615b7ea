"""Who is believed how much: what voters got right so far, and whose votes are held."""

from bot.consensus import Electorate, Rules
from bot.settings import Settings
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
