"""What every page of the web platform shares: who asks, in which language, and rendering."""

from dataclasses import dataclass
from datetime import UTC
from typing import Any, TypeVar

import aiohttp_jinja2
from aiohttp import web
from pydantic import BaseModel, ValidationError

from bot.correcting import LONGEST_NAME
from bot.domain import Role, Verdict
from bot.errors import NotFound
from bot.member_store import Member
from bot.platforms.web_door import LIFETIME, Door, Problem, Visitor, wants_page
from bot.replying import LOCALES, say
from bot.service import Service
from bot.settings import Settings
from models.types import Scope, UserId

SCOPE: Scope = "web"
"""Of the page itself, where nobody has come from elsewhere."""

MOST_PICTURES = 4
"""In one upload."""

_VISITOR = web.RequestKey("visitor", Visitor)
"""Under which a request keeps who asks."""

_SESSION: web.RequestKey["Session | None"] = web.RequestKey("session")
"""Under which it keeps what they may do."""

_LANGUAGE_COOKIE = "hantei_language"

Form = dict[str, Any]

Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Session:
    """A visitor in a scope.

    Attributes:
        role: what they may do there.
        places: where what they may be shown was posted, as in `bot.domain.Post`; None is anywhere
            in the scope.
    """

    visitor: Visitor
    scope: Scope
    role: Role
    places: frozenset[str] | None = None

    @property
    def user(self) -> UserId:
        """Who this is to the service."""
        return self.visitor.user

    @property
    def at_home(self) -> bool:
        """Whether the page itself is the scope; else another platform lets its users in here."""
        return self.scope == SCOPE

    @property
    def trusted(self) -> bool:
        """Whether a moderator's word is theirs."""
        return self.role >= Role.MODERATOR

    def may_see(self, verdict: Verdict) -> bool:
        """Whether it is of the scope, and was posted where they may look."""
        here = self.places is None or verdict.place in self.places
        return verdict.scope == self.scope and (here or verdict.author == self.user)


class Pages:
    """Knows who asks, and makes pages of templates."""

    def __init__(self, settings: Settings, service: Service, door: Door) -> None:
        self._settings = settings
        self._service = service
        self._door = door

    # who asks

    def visitor(self, request: web.Request) -> Visitor | None:
        """Whose cookie came along; somebody new who opens a page gets one with it."""
        visitor = request.get(_VISITOR) or self._door.visitor(request)
        if visitor is None and request.method == "GET" and wants_page(request):
            visitor = self._door.newcomer()
        if visitor is not None:
            request[_VISITOR] = visitor
        return visitor

    async def admits(self, request: web.Request) -> bool:
        """Whether who asks need not sign in."""
        if self.visitor(request) is None:
            return not self._door.has_lock
        return await self._present(request) is not None

    async def operates(self, request: web.Request) -> bool:
        """Whether who asks is an admin of the bot itself, not of a place that it looks after."""
        if self.visitor(request) is None:
            return not self._door.has_lock
        session = await self._present(request)
        return session is not None and session.at_home and session.role is Role.ADMIN

    async def session(
        self, request: web.Request, least: Role = Role.VIEWER, *, at_home: bool = False
    ) -> Session:
        """Who asks, and as what.

        Args:
            least: the role it takes.
            at_home: it is nothing for whom another platform lets in.

        Raises:
            Problem: 403 for somebody unknown, or without that role; 401 for who has to sign in.
        """
        if self.visitor(request) is None:
            raise Problem(403, "web-reload")
        session = await self._present(request)
        if session is None:
            raise Problem(401, "web-sign-in-first")
        if session.role < least:
            raise Problem(403, "web-role")
        if at_home and not session.at_home:
            raise Problem(403, "web-not-for-guests")
        return session

    async def _present(self, request: web.Request) -> Session | None:
        """Who asks, as what they are at present; None for who has to sign in. Looked up once."""
        if _SESSION not in request:
            visitor = self.visitor(request)
            request[_SESSION] = None if visitor is None else await self._session_of(visitor)
        return request[_SESSION]

    async def _session_of(self, visitor: Visitor) -> Session | None:
        if not visitor.scope and not self._door.has_lock:
            return Session(visitor, SCOPE, Role.ADMIN)
        if not self._door.admits(visitor):
            return None
        member = await self._service.members.member(visitor.scope or SCOPE, visitor.user)
        if member is None or _is_older(visitor, member):
            return None
        return Session(visitor, member.scope, member.role, member.places)

    async def form(
        self, request: web.Request, least: Role = Role.VIEWER, *, at_home: bool = False
    ) -> tuple[Session, Form]:
        """Who sends a form and its fields, of which `faces` lists all that are ticked.

        Raises:
            Problem: as `session` does, or 403 for a form that is not of our own page.
        """
        session = await self.session(request, least, at_home=at_home)
        _, form = await self.sent(request)
        return session, form

    async def sent(self, request: web.Request) -> tuple[Visitor, Form]:
        """The fields of a form, also from who is not signed in, and who they are.

        Raises:
            Problem: 403 for a form that is not of our own page.
        """
        visitor, posted = self.visitor(request), await request.post()
        if visitor is None:
            raise Problem(403, "web-reload")
        self._door.check_token(visitor, str(posted.get("token", "")))
        return visitor, {**posted, "faces": posted.getall("face", [])}

    async def verdict(self, request: web.Request) -> Verdict:
        """The verdict that the URL names, if it is one of the visitor's scope.

        Raises:
            NotFound: it is gone, or belongs to another place.
        """
        session = await self.session(request)
        verdict = await self._service.verdict(int(request.match_info["id"]))
        if not session.may_see(verdict):
            raise NotFound(f"verdict {verdict.id} of {verdict.scope} is not for {session.scope}")
        return verdict

    def locale(self, request: web.Request) -> str:
        """The language that the visitor chose, or that the browser prefers."""
        chosen = request.cookies.get(_LANGUAGE_COOKIE)
        if chosen in LOCALES:
            return chosen
        preferred = _preferred_locale(request.headers.get("Accept-Language", ""))
        return preferred or self._settings.locale

    @staticmethod
    def speak(response: web.Response, locale: str) -> None:
        """Remember the language that the visitor chose."""
        response.set_cookie(_LANGUAGE_COOKIE, locale, max_age=LIFETIME, samesite="Strict")

    # pages

    async def page(self, request: web.Request, template: str, **values: object) -> web.Response:
        """A page for a visitor, who may be new. Templates hide what `role` may not do."""
        visitor = self.visitor(request) or self._door.newcomer()
        session = await self._present(request)
        response = self.render(
            request,
            template,
            token=self._door.token(visitor),
            role=session.role if session else None,
            has_lock=self._door.has_lock,
            invites=bool(self._settings.discord.token and self._settings.web.public_url),
            at_home=session is None or session.at_home,
            Role=Role,
            signed_in=session is not None and (self._door.has_lock or not session.at_home),
            most_pictures=MOST_PICTURES,
            max_bytes=self._settings.intake.max_bytes,
            max_megabytes=self._settings.intake.max_megabytes,
            keep_days=self._settings.store.keep_days,
            longest_name=LONGEST_NAME,
            **values,
        )
        self._door.remember(request, response, visitor)
        return response

    def render(self, request: web.Request, template: str, **values: object) -> web.Response:
        """A page of nothing but a template and its values."""
        locale = self.locale(request)

        def in_locale(message: str, **places: object) -> str:
            return say(locale, message, **places)

        context = {"locale": locale, "say": in_locale, **values}
        return aiohttp_jinja2.render_template(template, request, context)


def _is_older(visitor: Visitor, member: Member) -> bool:
    """Whether a guest's cookie is from before they were put out, and came in by another link."""
    created = member.created.replace(tzinfo=UTC).timestamp()
    return bool(visitor.scope) and visitor.since < created


async def body_of(request: web.Request, kind: type[Body]) -> Body:
    """What a script of ours sent, as JSON.

    Raises:
        Problem: 400 if it is something else.
    """
    try:
        return kind.model_validate_json(await request.read())
    except ValidationError as error:
        raise Problem(400, "web-bad-request") from error


def _preferred_locale(accepted: str) -> str | None:
    """Which of our locales an Accept-Language header likes best, if any."""
    liked: dict[str, float] = {}
    for each in accepted.split(","):
        tag, _, quality = each.partition(";q=")
        language = tag.strip().lower().partition("-")[0]
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        if language in LOCALES and weight > 0:
            liked.setdefault(language, weight)
    return max(liked, key=lambda language: liked[language], default=None)
