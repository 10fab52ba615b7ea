"""Who may do what on the pages of a scope, how they come in, and what was done there.

Somebody comes in with a password or by an invitation, a link that a platform sends them. What they
may do is asked of that platform again every few minutes, so that who leaves a server is out.
"""

import hashlib
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.domain import Role
from bot.errors import NotAllowed, NotFound
from bot.member_store import Access, Deed, Member
from bot.store import Store
from models.types import Scope, UserId

log = logging.getLogger(__name__)

INVITED_SECONDS = 600.0
"""For which an invitation is good."""

LOOK_SECONDS = 300.0
"""After which it is asked again what a member may do."""

Ask = Callable[[Scope, UserId], Awaitable[Access | None]]
"""What somebody may do at present; None if they belong to the scope no more.

Raises:
    ConnectionError: the platform is not reached.
"""


@dataclass(frozen=True, slots=True)
class Invitation:
    """Lets one user in to the pages of a scope, once."""

    scope: Scope
    user: UserId
    access: Access


class Members:
    """Knows the members of each scope."""

    def __init__(self, store: Store) -> None:
        self._store = store.members
        self._platforms: dict[str, Ask] = {}
        self._looked: dict[tuple[Scope, UserId], float] = {}
        self._invited: dict[str, tuple[float, Invitation]] = {}

    # coming in

    def invite(self, invitation: Invitation) -> str:
        """A token that lets somebody in, once and soon; an earlier one of theirs lapses.

        Only its hash is kept, and in memory only.
        """
        self._withdraw(invitation.scope, invitation.user)
        token = secrets.token_urlsafe(32)
        self._invited[_hash(token)] = (time.monotonic() + INVITED_SECONDS, invitation)
        return token

    def invited(self, token: str) -> Invitation | None:
        """Whom a token would let in; None if it was used, lapsed, or never was."""
        until, invitation = self._invited.get(_hash(token), (0.0, None))
        return invitation if until > time.monotonic() else None

    async def accept(self, token: str) -> Member | None:
        """Use up a token; None as in `invited`."""
        invitation = self.invited(token)
        self._invited.pop(_hash(token), None)
        if invitation is None:
            return None
        return await self.enter(invitation.scope, invitation.user, invitation.access)

    async def enter(self, scope: Scope, user: UserId, access: Access) -> Member:
        """Somebody has come in. A role that an admin chose for them earlier stands."""
        self._looked[scope, user] = time.monotonic()
        return await self._store.admit(scope, user, access)

    def _withdraw(self, scope: Scope, user: UserId) -> None:
        """Drop the invitations of a user, and those that have lapsed."""
        self._invited = {
            key: (until, other)
            for key, (until, other) in self._invited.items()
            if until > time.monotonic() and (other.scope, other.user) != (scope, user)
        }

    # who they are

    def ask(self, platform: str, ask: Ask | None) -> None:
        """Where to ask about the users of a platform; None if it cannot be asked any more."""
        if ask is None:
            self._platforms.pop(platform, None)
        else:
            self._platforms[platform] = ask

    async def member(self, scope: Scope, user: UserId) -> Member | None:
        """A member as of now; None for one who is none, or belongs to the scope no more.

        Who leaves elsewhere, or may do less there, is noticed within `LOOK_SECONDS`.
        """
        member = await self._store.member(scope, user)
        if member is None or not self._must_look(scope, user):
            return member
        self._looked[scope, user] = time.monotonic()
        try:
            access = await self._access(member)
        except ConnectionError as error:  # by what is known; it ends with the session
            log.warning("cannot ask about a member of %s: %s", scope, error)
            return member
        if access is None:
            await self._store.drop(scope, user)
            return None
        return await self._store.renew(scope, user, access)

    def _must_look(self, scope: Scope, user: UserId) -> bool:
        looked = self._looked.get((scope, user))
        return looked is None or looked + LOOK_SECONDS < time.monotonic()

    async def _access(self, member: Member) -> Access | None:
        platform = member.user.partition(":")[0]
        if platform == member.scope:  # at home on the page, where there is nobody to ask
            return member.access
        if platform not in self._platforms:
            raise ConnectionError(f"{platform} does not run")
        return await self._platforms[platform](member.scope, member.user)

    async def members(self, scope: Scope) -> list[Member]:
        """All of a scope, those who may most first."""
        return await self._store.members(scope)

    # what admins do

    async def set_role(self, scope: Scope, user: UserId, role: Role | None, by: UserId) -> None:
        """Choose what a member may do, from their next request on, whatever platforms say.

        Args:
            role: None for what the platform says, or the password that they gave.

        Raises:
            NotAllowed: it is one's own.
            NotFound: there is no such member.
        """
        self._refuse_self(user, by)
        if not await self._store.choose(scope, user, role):
            raise NotFound(f"{user} is no member of {scope}")
        await self.note(scope, by, f"role-{role.name.lower()}" if role else "role-none", user)

    async def remove(self, scope: Scope, user: UserId, by: UserId) -> None:
        """Put somebody out, from their next request on; they may come in again as they came.

        Raises:
            NotAllowed: it is oneself.
            NotFound: there is no such member.
        """
        self._refuse_self(user, by)
        if not await self._store.drop(scope, user):
            raise NotFound(f"{user} is no member of {scope}")
        await self.note(scope, by, "put-out", user)

    @staticmethod
    def _refuse_self(user: UserId, by: UserId) -> None:
        if user == by:
            raise NotAllowed("nobody can change their own role, or put themselves out")

    # what was done

    async def note(self, scope: Scope, user: UserId, deed: str, of: str = "") -> None:
        """Remember what a moderator or an admin did; see `bot.member_store.Deed`.

        Args:
            of: never a name, so that forgetting somebody leaves nothing here.
        """
        await self._store.note(scope, user, deed, of)

    async def audit(self, scope: Scope, most: int) -> list[Deed]:
        """What was done in a scope, newest first."""
        return await self._store.deeds(scope, most)

    async def forget(self, scope: Scope, user: UserId) -> None:
        """Forget that a user was ever here."""
        self._looked.pop((scope, user), None)
        self._withdraw(scope, user)
        await self._store.forget(scope, user)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
