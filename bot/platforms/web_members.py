"""The page /members: who has come in, what each may do, and what was done. For admins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from aiohttp import web
from aiohttp.web_routedef import RouteDef

from bot.domain import Role
from bot.errors import NotAllowed, NotFound
from bot.member_store import Deed, Member
from bot.platforms.web_door import Problem
from bot.platforms.web_pages import Form, Pages
from bot.replying import say
from bot.service import Service
from models.types import Scope, UserId

MOST_DEEDS = 300
"""Those of one sort in a row are one line."""


@dataclass(frozen=True, slots=True)
class _Line:
    """Deeds of one sort in words."""

    who: str
    what: str
    of: str
    created: datetime


class MembersPage:
    """Lists members and deeds, and does what the forms say."""

    def __init__(self, service: Service, pages: Pages) -> None:
        self._service = service
        self._members = service.members
        self._pages = pages

    def routes(self) -> list[RouteDef]:
        """Where the page and its forms are."""
        return [
            web.get("/members", self.page),
            web.post("/members/role", self.set_role),
            web.post("/members/remove", self.remove),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """The members, and the latest deeds."""
        session = await self._pages.session(request, Role.ADMIN)
        locale = self._pages.locale(request)
        members = await self._members.members(session.scope)
        names = {each.user: _name(each, locale) for each in members}
        names |= await self._people(session.scope)
        deeds = await self._members.audit(session.scope, MOST_DEEDS)
        return await self._pages.page(
            request,
            "members.html",
            members=members,
            names=names,
            me=session.user,
            deeds=[
                _line(list(row), names, locale)
                for _, row in groupby(deeds, key=lambda each: (each.user, each.deed))
            ],
            told=request.query.get("told") == "1",
        )

    async def _people(self, scope: Scope) -> dict[str, str]:
        """Names of the enrolled, by how deeds refer to them."""
        return {f"person:{each.id}": each.name for each in await self._service.people(scope)}

    async def set_role(self, request: web.Request) -> web.Response:
        """Another role for a member."""
        session, form = await self._pages.form(request, Role.ADMIN)
        role = _role(form)
        try:
            await self._members.set_role(session.scope, _user(form), role, session.user)
        except (NotAllowed, NotFound) as error:
            raise _problem(error) from error
        return _done()

    async def remove(self, request: web.Request) -> web.Response:
        """Put a member out."""
        session, form = await self._pages.form(request, Role.ADMIN)
        try:
            await self._members.remove(session.scope, _user(form), session.user)
        except (NotAllowed, NotFound) as error:
            raise _problem(error) from error
        return _done()


def _done() -> web.Response:
    return web.Response(status=303, headers={"Location": "/members?told=1"})


def _problem(error: NotAllowed | NotFound) -> Problem:
    if isinstance(error, NotAllowed):
        return Problem(403, "web-members-self")
    return Problem(404, "web-members-gone")


def _user(form: Form) -> UserId:
    return str(form.get("user", ""))


def _role(form: Form) -> Role | None:
    """What was chosen; None leaves it to where the member comes from."""
    chosen = str(form.get("role", ""))
    if chosen == "":
        return None
    try:
        return Role[chosen]
    except KeyError as error:
        raise Problem(400, "web-bad-request") from error


def _name(member: Member, locale: str) -> str:
    """What they are called; who has come in by a password has no name."""
    return member.access.name or _anonymous(member.user, locale)


def _anonymous(user: UserId, locale: str) -> str:
    if not user:
        return say(locale, "web-members-forgotten")
    return say(locale, "web-members-visitor", id=user.partition(":")[2][:6])


def _line(deeds: Sequence[Deed], names: dict[str, str], locale: str) -> _Line:
    """The newest comes first, and says when."""
    deed, *others = deeds
    several = say(locale, "of-several", times=len(deeds)) if others else ""
    return _Line(
        who=names.get(deed.user) or _anonymous(deed.user, locale),
        what=_said(locale, f"deed-{deed.deed}") or deed.deed,
        of=several or names.get(deed.of) or _of(deed.of, locale),
        created=deed.created,
    )


def _of(thing: str, locale: str) -> str:
    """What a deed was done to, if that has no name (any more)."""
    kind, _, number = thing.partition(":")
    if kind in ("web", "discord"):
        return _anonymous(thing, locale)
    return _said(locale, f"of-{kind}", id=number) or thing


def _said(locale: str, message: str, **values: str) -> str:
    """A message, if there is one: an earlier program may have noted what none is for now."""
    try:
        return say(locale, message, **values)
    except KeyError:
        return ""
