"""How far something that is read in pieces has been read, so that it goes on from there."""

from sqlalchemy.ext.asyncio import AsyncSession

from bot.cluster_store import Sessions
from bot.tables import CursorRow


class CursorStore:
    """The table of cursors. `bot.store.Store` has one, and lends it its sessions."""

    def __init__(self, reading: Sessions, writing: Sessions) -> None:
        self._reading = reading
        self._writing = writing

    async def read(self, name: str) -> str | None:
        """What was last written under a name; None if nothing was."""
        async with self._reading() as session:
            row = await session.get(CursorRow, name)
            return None if row is None else row.value

    async def write(self, name: str, value: str) -> None:
        """Go on from here next time."""
        async with self._writing() as session:
            await move(session, name, value)


async def move(session: AsyncSession, name: str, value: str) -> None:
    """Write a cursor in the transaction that keeps what was read."""
    await session.merge(CursorRow(name=name, value=value))
