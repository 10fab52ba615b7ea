"""What is remembered of the members of a scope's pages, and of what was done to others' data."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, select, update

from bot.cluster_store import Sessions
from bot.domain import Role
from bot.tables import AuditRow, MemberRow
from models.types import Scope, UserId


@dataclass(frozen=True, slots=True)
class Access:
    """What somebody may do in a scope, by the word of where they come from.

    Attributes:
        name: what they are called there; empty if they have no name.
        places: those whose pictures they may be shown, as in `bot.domain.Post`; None is all.
    """

    role: Role
    name: str = ""
    places: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who has come in to the pages of a scope. Moments are UTC without a zone.

    Attributes:
        access: what they may do by the word of where they come from.
        chosen: the role that an admin of the pages chose instead; None if none did.
        created: when they first came in.
        seen: when they were last there, to some minutes.
    """

    scope: Scope
    user: UserId
    access: Access
    chosen: Role | None
    created: datetime
    seen: datetime

    @property
    def role(self) -> Role:
        """What they may do."""
        return self.chosen or self.access.role

    @property
    def places(self) -> frozenset[str] | None:
        """Where what they may be shown was posted; None is anywhere in the scope."""
        return self.access.places


@dataclass(frozen=True, slots=True)
class Deed:
    """What a moderator or an admin did, without anybody's name.

    Attributes:
        user: who did it; empty once they were forgotten.
        deed: one word for it.
        of: to what, as `person:ID`, `cluster:ID`, `answer:ID`, `boxes:ID`, `channel:ID`, or as a
            user; empty once that user was forgotten.
        created: UTC without a zone.
    """

    user: UserId
    deed: str
    of: str
    created: datetime


class MemberStore:
    """The tables of members and deeds. `bot.store.Store` has one, and lends it its sessions."""

    def __init__(self, reading: Sessions, writing: Sessions) -> None:
        self._reading = reading
        self._writing = writing

    async def member(self, scope: Scope, user: UserId) -> Member | None:
        """One of them."""
        async with self._reading() as session:
            row = await session.get(MemberRow, (scope, user))
            return None if row is None else _member(row)

    async def members(self, scope: Scope) -> list[Member]:
        """All of a scope, those who may most first."""
        async with self._reading() as session:
            rows = await session.scalars(
                select(MemberRow).where(MemberRow.scope == scope).order_by(MemberRow.created)
            )
            return sorted(map(_member, rows), key=lambda member: -member.role)

    async def admit(self, scope: Scope, user: UserId, access: Access) -> Member:
        """Somebody comes in, perhaps again; what an admin chose for them stands."""
        async with self._writing() as session:
            row = await session.get(MemberRow, (scope, user))
            if row is None:
                row = MemberRow(scope=scope, user=user, created=_now())
                session.add(row)
            return _renewed(row, access)

    async def renew(self, scope: Scope, user: UserId, access: Access) -> Member | None:
        """What a member may do at present; None if they are none any more."""
        async with self._writing() as session:
            row = await session.get(MemberRow, (scope, user))
            return None if row is None else _renewed(row, access)

    async def choose(self, scope: Scope, user: UserId, role: Role | None) -> bool:
        """An admin chooses a role, or none any more. False if there is no such member."""
        async with self._writing() as session:
            row = await session.get(MemberRow, (scope, user))
            if row is not None:
                row.chosen = role
            return row is not None

    async def drop(self, scope: Scope, user: UserId) -> bool:
        """Somebody is no member any more. False if they were none."""
        async with self._writing() as session:
            row = await session.get(MemberRow, (scope, user))
            if row is not None:
                await session.delete(row)
            return row is not None

    async def note(self, scope: Scope, user: UserId, deed: str, of: str) -> None:
        """Remember a deed."""
        async with self._writing() as session:
            session.add(AuditRow(scope=scope, user=user, deed=deed, of=of, created=_now()))

    async def deeds(self, scope: Scope, most: int) -> list[Deed]:
        """The latest of a scope, newest first."""
        async with self._reading() as session:
            rows = await session.scalars(
                select(AuditRow)
                .where(AuditRow.scope == scope)
                .order_by(AuditRow.id.desc())
                .limit(most)
            )
            return [Deed(row.user, row.deed, row.of, row.created) for row in rows]

    async def forget(self, scope: Scope, user: UserId) -> None:
        """Remove somebody from the members of a scope, and from its deeds whose they were."""
        async with self._writing() as session:
            await session.execute(
                delete(MemberRow).where(MemberRow.scope == scope, MemberRow.user == user)
            )
            for column in (AuditRow.user, AuditRow.of):
                await session.execute(
                    update(AuditRow)
                    .where(AuditRow.scope == scope, column == user)
                    .values({column: ""})
                )


def _renewed(row: MemberRow, access: Access) -> Member:
    row.role, row.name, row.seen = access.role, access.name, _now()
    row.places = None if access.places is None else sorted(access.places)
    return _member(row)


def _member(row: MemberRow) -> Member:
    return Member(
        scope=row.scope,
        user=row.user,
        access=Access(
            Role(row.role), row.name, None if row.places is None else frozenset(row.places)
        ),
        chosen=None if row.chosen is None else Role(row.chosen),
        created=row.created,
        seen=row.seen,
    )


def _now() -> datetime:
    """UTC without a zone, as SQLite keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)
