"""What is remembered of people beside their faces: names, readings and aliases."""

from dataclasses import dataclass

from sqlalchemy import select, update

from bot.cluster_store import Sessions
from bot.tables import AliasRow, PersonRow
from models.types import Scope


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody who has a name in a scope, with or without pictures.

    Attributes:
        reading: in hiragana; None if nobody has set it.
        aliases: every name they have or had, folded as `bot.names.fold` does.
    """

    id: int
    head: str
    name: str
    reading: str | None
    aliases: tuple[str, ...]


class PeopleStore:
    """The names of people; `bot.store.Store` enrols, renames and merges them."""

    def __init__(self, reading: Sessions, writing: Sessions) -> None:
        self._reading = reading
        self._writing = writing

    async def of(self, scope: Scope) -> list[KnownPerson]:
        """Everybody in a scope, by name."""
        async with self._reading() as session:
            rows = await session.execute(
                select(PersonRow.id, PersonRow.head, PersonRow.name, PersonRow.reading)
                .where(PersonRow.scope == scope)
                .order_by(PersonRow.name, PersonRow.id)
            )
            people = rows.all()
            aliases: dict[int, list[str]] = {}
            called = await session.execute(
                select(AliasRow.person_id, AliasRow.folded)
                .where(AliasRow.scope == scope)
                .order_by(AliasRow.id)
            )
            for person, alias in called:
                aliases.setdefault(person, []).append(alias)
        return [
            KnownPerson(person, head, name, reading, tuple(aliases.get(person, ())))
            for person, head, name, reading in people
        ]

    async def set_reading(self, scope: Scope, person_id: int, reading: str | None) -> bool:
        """Remember how a name is read. False if there is nobody of this number in the scope."""
        async with self._writing() as session:
            found = await session.scalar(
                update(PersonRow)
                .where(PersonRow.id == person_id, PersonRow.scope == scope)
                .values(reading=reading)
                .returning(PersonRow.id)
            )
            return found is not None
