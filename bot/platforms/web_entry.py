"""How people come in to the pages and leave them: by a password, or by a link of a platform.

Opening the link shows a button, and only pressing it uses the link up: what looks at links by
itself, to show a preview or to load ahead, presses nothing.
"""

from aiohttp import web
from aiohttp.web_routedef import RouteDef

from bot.domain import Role
from bot.member_store import Access
from bot.platforms.web_door import Door, Problem, Visitor
from bot.platforms.web_pages import SCOPE, Pages
from bot.replying import say
from bot.service import Service


class Entry:
    """The forms to sign in and out."""

    def __init__(self, service: Service, pages: Pages, door: Door) -> None:
        self._members = service.members
        self._pages = pages
        self._door = door

    def routes(self) -> list[RouteDef]:
        """Where the forms are."""
        return [
            web.get("/login", self.login_page),
            web.post("/login", self.login),
            web.post("/logout", self.logout),
            web.get(r"/enter/{token:[\w-]{43}}", self.enter_page),
            web.post(r"/enter/{token:[\w-]{43}}", self.enter),
        ]

    async def login_page(self, request: web.Request) -> web.Response:
        """The form that asks for a password, where there is one."""
        if not self._door.has_lock and not await self._pages.admits(request):
            return self._home(request, self._door.newcomer())  # no guest any more, so at home
        return await self._pages.page(request, "login.html", sentence="")

    async def login(self, request: web.Request) -> web.Response:
        """The form comes back."""
        visitor, form = await self._pages.sent(request)
        role = await self._door.role_for(request, str(form.get("password", "")))
        if role is not None:
            return self._home(request, await self._signed_in(visitor, role))
        sentence = say(self._pages.locale(request), "web-wrong-password")
        response = await self._pages.page(request, "login.html", sentence=sentence)
        response.set_status(403)
        return response

    async def _signed_in(self, visitor: Visitor, role: Role) -> Visitor:
        """Who could do as much before stays who they are, so that their pictures stay theirs.

        Anybody else becomes somebody new: a cookie that was there before, and that others may
        know, must not gain from it (session fixation).
        """
        member = None if visitor.scope else await self._members.member(SCOPE, visitor.user)
        if member is None or member.role < role:
            visitor = self._door.newcomer()
        await self._members.enter(SCOPE, visitor.user, Access(role))
        return self._door.signed_in(visitor, role)

    async def logout(self, request: web.Request) -> web.Response:
        """Sign out; who has no other name than their cookie stays the author of their posts."""
        visitor, _ = await self._pages.sent(request)
        left = self._door.newcomer() if visitor.scope else Visitor(visitor.id)
        return self._home(request, left)

    async def enter_page(self, request: web.Request) -> web.Response:
        """The button behind a link."""
        invitation = self._members.invited(request.match_info["token"])
        if invitation is None:
            raise Problem(410, "web-enter-gone")
        return await self._pages.page(request, "enter.html", name=invitation.access.name)

    async def enter(self, request: web.Request) -> web.Response:
        """The button was pressed: the link is used up."""
        await self._pages.sent(request)
        member = await self._members.accept(request.match_info["token"])
        if member is None:
            raise Problem(410, "web-enter-gone")
        return self._home(request, self._door.guest(member.scope, member.user))

    def _home(self, request: web.Request, visitor: Visitor) -> web.Response:
        response = web.Response(status=303, headers={"Location": "/"})
        self._door.remember(request, response, visitor)
        return response
