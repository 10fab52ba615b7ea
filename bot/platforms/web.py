"""The web platform: one page to post a picture, read the answer and correct it.

It listens on this machine only, or for whoever has a password or a link (`bot.platforms.web_door`,
`bot.platforms.web_entry`). What they may do goes by their role; consent is still only the poster's
own. The page is `bot/pages`: a template, and a script that talks JSON to the routes below.
"""

import asyncio
import logging
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import aiohttp_jinja2
import jinja2
from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict

from bot.correcting import LONGEST_NAME, clean_name, marks_on
from bot.domain import (
    CANDIDATE_MARKS,
    RATING_MARKS,
    Action,
    Correction,
    Mark,
    Part,
    Post,
    Reply,
    Role,
    Verdict,
    Vote,
)
from bot.errors import Busy, NotAllowed, NotFound, SettingsError
from bot.offering import lettered, naming
from bot.platforms.web_boxes import BoxesPage
from bot.platforms.web_confirm import ConfirmPage
from bot.platforms.web_door import (
    TOKEN_HEADER,
    Door,
    Problem,
    signing_key,
    wants_page,
)
from bot.platforms.web_enhance import EnhancePage
from bot.platforms.web_entry import Entry
from bot.platforms.web_judged import JudgedChoice
from bot.platforms.web_members import MembersPage
from bot.platforms.web_name import NamePage
from bot.platforms.web_pages import SCOPE, Pages, Session, body_of
from bot.platforms.web_people import PeoplePage
from bot.platforms.web_rate import RatePage
from bot.platforms.web_review import ReviewPage
from bot.platforms.web_stats import StatsPage
from bot.platforms.web_teach import TeachPage
from bot.platforms.web_uploads import Uploads
from bot.platforms.web_why import WhyPage
from bot.platforms.web_words import without_emoji
from bot.replying import say
from bot.service import Service
from bot.settings import Settings
from models.heads import HEADS

log = logging.getLogger(__name__)

PLACE = "web:"
"""Where it is chosen what is judged, and where votes are cast: the page is one place."""

MOST_ANSWERS = 12
"""In the history. Each face costs about 20 ms of drawing."""

_MOST_UPLOADS = 8
"""Requests whose pictures are in memory at a time; the next ones are told to come again."""

_RETRY_AFTER = 2
"""Seconds after which a visitor who was told "busy" may come again."""

_SHUTDOWN_SECONDS = 10.0
"""What is being judged when the bot stops may still be answered for this long."""

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not `no-referrer`: with it, browsers send our own forms with `Origin: null`.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class WebPlatform:
    """Serves the page.

    Attributes:
        port: where it listens; the settings' port until then.
        listening: set while it does.
    """

    name = "web"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.port = settings.web.port
        self.listening = asyncio.Event()

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the page."""
        host = self._settings.web.host
        if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not listened on
            host = "127.0.0.1"
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    async def run(self, service: Service) -> None:
        """See `Platform`."""
        key = await asyncio.to_thread(signing_key, self._settings.store.data_dir)
        site = _Site(self._settings, service, Door(self._settings.web, key))
        runner = web.AppRunner(
            site.application(), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await runner.setup()
        try:
            await self._listen(runner)
            print(f"Hantei is at {self.url}", flush=True)
            await asyncio.Event().wait()  # until cancelled
        finally:
            self.listening.clear()
            await runner.cleanup()

    async def _listen(self, runner: web.AppRunner) -> None:
        host, port = self._settings.web.host, self._settings.web.port
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise SettingsError(
                f"cannot listen on web.host = {host!r}, web.port = {port} ({error.strerror}): stop "
                "what uses this port, or choose another (0 takes any free one)."
            ) from error
        self.port = int(runner.addresses[0][1])
        self.listening.set()


class _VoteBody(BaseModel):
    """What the page sends to vote: a mark, or `name` with what was typed.

    Of several heads that may be meant, `head` says which: the page is asked for it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mark: Literal[
        "right",
        "a",
        "b",
        "c",
        "none_of_these",
        "not_a_face",
        "name",
        "mine",
        "rate_1",
        "rate_2",
        "rate_3",
        "rate_4",
        "rate_5",
    ]
    name: str = ""
    head: str = ""
    withdraw: bool = False


class _ConsentBody(BaseModel):
    """What the page sends when a visitor agrees, or no longer agrees."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    allowed: bool


class _Site:
    """The routes. They answer JSON, but for the pages, crops and metrics."""

    def __init__(self, settings: Settings, service: Service, door: Door) -> None:
        self._settings = settings
        self._service = service
        self._door = door
        self._pages = Pages(settings, service, door)
        self._uploads = Uploads(settings)
        self._uploading = 0
        self._why = WhyPage(service, self._pages)
        self._boxes = BoxesPage(settings, service, self._pages)
        self._rate = RatePage(service, self._pages)
        name = NamePage(service, self._pages)
        review = ReviewPage(service, self._pages)
        self._teach = (
            TeachPage(service, self._pages, name, review, self._rate, self._boxes),
            ConfirmPage(service, self._pages),
            name,
            review,
            PeoplePage(service, self._pages),
        )
        self._judged = JudgedChoice(service, self._pages, PLACE)
        self._stats = StatsPage(service, self._pages)
        self._enhance = EnhancePage(service, self._pages, self._uploads)
        self._entry = Entry(service, self._pages, door)
        self._members = MembersPage(service, self._pages)

    def application(self) -> web.Application:
        """Routes, guards, headers and templates."""
        application = web.Application(
            middlewares=[self._word_problems, self._guard], client_max_size=64 * 1024
        )
        aiohttp_jinja2.setup(
            application,
            loader=jinja2.PackageLoader("bot", "pages/templates"),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        application.on_response_prepare.append(_add_headers)
        application.add_routes(
            [
                web.get("/", self.page),
                *self._entry.routes(),
                web.get("/language/{locale:ja|en}", self.language),
                web.get("/answers", self.answers),
                web.post("/answers", self.answer),
                web.get("/people", self.people),
                web.post("/consent", self.consent),
                *(route for page in self._teach for route in page.routes()),
                *self._why.routes(),
                *self._boxes.routes(),
                *self._rate.routes(),
                *self._judged.routes(),
                *self._enhance.routes(),
                *self._stats.routes(),
                *self._members.routes(),
                web.get(r"/parts/{id:\d{1,18}}", self.part),
                web.get(r"/parts/{id:\d{1,18}}.jpg", self.image),
                web.post(r"/parts/{id:\d{1,18}}/vote", self.vote),
                web.post(r"/parts/{id:\d{1,18}}/reveal", self.reveal),
                web.delete(r"/parts/{id:\d{1,18}}", self.delete),
                web.get("/healthz", self.health),
                web.get("/metrics", self.metrics),
                web.static("/static", Path(str(files("bot") / "pages" / "static"))),
            ]
        )
        return application

    # every request

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._door.check_host(request)
        visitor = self._door.visitor(request)
        if request.method not in ("GET", "HEAD"):
            self._door.check_origin(request)
            if not _is_form(request.path):  # their token is a field
                self._door.check_token(visitor, request.headers.get(TOKEN_HEADER, ""))
        if visitor is None and _led_here_by_a_link(request):
            # The browser kept its cookie back (SameSite=Strict). Let our own page ask again, or a
            # known visitor would be taken for a new one.
            there = request.path if request.path.startswith("/enter/") else "/"
            return self._pages.render(request, "continue.html", there=there)
        if not (_is_open(request.path) or await self._pages.admits(request)):
            if wants_page(request):
                raise web.HTTPSeeOther("/login")
            raise Problem(401, "web-sign-in-first")
        return await handler(request)

    @web.middleware
    async def _word_problems(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Problem as problem:
            return self._told(request, problem)
        except Busy:
            again = {"Retry-After": str(_RETRY_AFTER)}
            return self._told(request, Problem(503, "busy", again))
        except NotFound:
            return self._told(request, Problem(404, "web-answer-gone"))
        except web.HTTPException as answer:
            if answer.status < 400:
                raise
            message = "web-not-found" if answer.status == 404 else "web-bad-request"
            return self._told(request, Problem(answer.status, message))
        except Exception:
            log.exception("%s %s failed", request.method, _route(request))
            return self._told(request, Problem(500, "web-failed"))

    def _told(self, request: web.Request, problem: Problem) -> web.Response:
        sentence = say(self._pages.locale(request), problem.message, **problem.values)
        if wants_page(request):
            response = self._pages.render(
                request, "message.html", sentence=sentence, back=_back(request.path)
            )
            response.set_status(problem.status)
        else:
            response = web.json_response({"error": sentence}, status=problem.status)
        response.headers.update(problem.headers)
        return response

    # pages

    async def page(self, request: web.Request) -> web.Response:
        """The page."""
        session = await self._pages.session(request)
        return await self._pages.page(
            request,
            "page.html",
            allowed=await self._service.allowed(session.scope, session.user),
            boxes=await self._boxes.counts(),
            to_rate=await self._rate.count(session),
            all_heads=HEADS,
            judged=await self._judged.told(),
        )

    async def language(self, request: web.Request) -> web.Response:
        """Remember the language that the visitor chose."""
        response = web.Response(status=303, headers={"Location": "/"})
        self._pages.speak(response, request.match_info["locale"])
        return response

    # answers

    async def answer(self, request: web.Request) -> web.Response:
        """Judge the uploaded pictures. An upload that comes again gets the same answer."""
        session = await self._pages.session(request, Role.TEACHER, at_home=True)
        key = f"web:{session.visitor.id}:{_idempotency_key(request)}"
        if self._uploading >= _MOST_UPLOADS:
            raise Busy(f"{self._uploading} uploads are being read or judged")
        self._uploading += 1
        try:
            pictures = await self._uploads.read(request)
            locale, user = self._pages.locale(request), session.user
            post = Post(session.scope, key, user, user, locale, pictures, place=PLACE)
            reply = await self._service.answer(post) or await self._earlier(key)
        finally:
            self._uploading -= 1
        return web.json_response(await self._answer_json(request, session, reply))

    async def answers(self, request: web.Request) -> web.Response:
        """The latest answers with faces, newest first."""
        session = await self._pages.session(request)
        recent = await self._service.recent(session.scope, MOST_ANSWERS, session.places)
        found = [await self._answer_json(request, session, each) for each in recent if each.parts]
        return web.json_response({"answers": found})

    async def people(self, request: web.Request) -> web.Response:
        """Names of the enrolled, for the name field to offer."""
        session = await self._pages.session(request, Role.TEACHER)
        people = await self._service.people(session.scope)
        return web.json_response({"people": [each.name for each in people]})

    async def consent(self, request: web.Request) -> web.Response:
        """A visitor agrees, or no longer agrees, that what they post may be learned."""
        session = await self._pages.session(request, at_home=True)
        body = await body_of(request, _ConsentBody)
        await self._service.allow(session.scope, session.user, body.allowed)
        return web.Response(status=204)

    async def _earlier(self, key: str) -> Reply:
        """The answer that was given to an earlier copy of this upload.

        Raises:
            Busy: it is still being made.
        """
        try:
            return await self._service.reply(key)
        except NotFound as error:
            raise Busy(f"{key} is being judged") from error

    # one face

    async def image(self, request: web.Request) -> web.Response:
        """The annotated crop."""
        verdict = await self._pages.verdict(request)
        part = await self._service.part(verdict.id)
        if part.image is None:
            raise Problem(404, "status-expired")
        return web.Response(body=part.image, content_type="image/jpeg")

    async def part(self, request: web.Request) -> web.Response:
        """The present answer."""
        session, verdict = await self._asked(request, Role.VIEWER)
        part = await self._service.part(verdict.id)
        return web.json_response(await self._part_json(request, session, part))

    async def vote(self, request: web.Request) -> web.Response:
        """Cast a vote or take it back."""
        session, verdict = await self._asked(request, Role.TEACHER)
        body = await body_of(request, _VoteBody)
        if body.mark == "name":
            correction = _named(verdict, session, body)
            heads = (body.head,) if body.head else await self._heads_for(correction)
            if len(heads) > 1:
                return web.json_response({"which": [self._which(request, each) for each in heads]})
            part = await self._service.correct(replace(correction, head=heads[0]))
        else:
            part = await self._mark(verdict, session, Mark[body.mark.upper()], body.withdraw)
        return web.json_response(await self._part_json(request, session, part))

    async def _mark(self, verdict: Verdict, session: Session, mark: Mark, withdraw: bool) -> Part:
        try:
            return await self._service.mark(
                verdict.id,
                mark,
                session.user,
                trusted=session.trusted,
                withdraw=withdraw,
                place=PLACE,
            )
        except NotAllowed as error:
            raise Problem(403, "web-not-yours") from error

    async def _heads_for(self, correction: Correction) -> tuple[str, ...]:
        return await self._service.heads_for(correction.verdict_id, correction.name or "")

    def _which(self, request: web.Request, head: str) -> dict[str, str]:
        return {"head": head, "label": say(self._pages.locale(request), f"head-{head}")}

    async def reveal(self, request: web.Request) -> web.Response:
        """Show the nearest names."""
        session, verdict = await self._asked(request, Role.VIEWER)
        part = await self._service.reveal(verdict.id)
        return web.json_response(await self._part_json(request, session, part))

    async def delete(self, request: web.Request) -> web.Response:
        """Delete the answer that this face belongs to."""
        session = await self._pages.session(request, Role.TEACHER, at_home=True)
        verdict = await self._pages.verdict(request)
        try:
            await self._service.delete(verdict.id, session.user, trusted=session.trusted)
        except NotAllowed as error:
            raise Problem(403, "web-role") from error
        return web.Response(status=204)

    async def _asked(self, request: web.Request, least: Role) -> tuple[Session, Verdict]:
        """Who asks, in that role at least, and about which face."""
        return await self._pages.session(request, least), await self._pages.verdict(request)

    # JSON

    async def _answer_json(
        self, request: web.Request, session: Session, reply: Reply
    ) -> dict[str, Any]:
        parts = [await self._part_json(request, session, part) for part in reply.parts]
        return {"words": reply.words, "parts": parts}

    async def _part_json(
        self, request: web.Request, session: Session, part: Part
    ) -> dict[str, Any]:
        verdict = await self._service.verdict(part.verdict_id)
        votes = await self._service.votes_of(verdict, session.user)
        typed = next((vote for vote in votes if vote.action is Action.NAME), None)
        rated = next((vote.score for vote in votes if vote.action is Action.RATE), None)
        locale = self._pages.locale(request)
        own = session.user == verdict.author
        offered = [each for each in part.marks if _is_offered(each, verdict, session)]
        return {
            "id": verdict.id,
            "language": verdict.locale,
            "created": f"{verdict.created.isoformat()}Z",
            "words": _readable(part.words, verdict, own=own),
            "description": _readable(part.description, verdict, own=own),
            "status": without_emoji(part.status or "", verdict.locale),
            "state": str(part.state),
            "image": _image_path(part),
            "spoiler": part.spoiler,
            "naming": bool(naming(verdict)),
            "teaches": session.role >= Role.TEACHER,
            "rating": {"score": rated, "asked": RATING_MARKS[0] in part.marks},
            "marks": [
                _mark_json(mark, verdict, votes, locale)
                for mark in offered
                if mark not in RATING_MARKS
            ],
            "typed": typed.name if typed else None,
            "typed_head": typed.head if typed else None,
        }

    # for machines

    async def health(self, _: web.Request) -> web.Response:
        """Whether the page and the database work, for whoever watches over the bot."""
        await self._service.people(SCOPE)
        return web.json_response({"status": "ok", "platform": WebPlatform.name})

    async def metrics(self, request: web.Request) -> web.Response:
        """Figures in Prometheus' format."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        bearer = scheme.lower() == "bearer"
        role = await self._door.role_for(request, given.strip()) if bearer else None
        if role is not Role.ADMIN and not await self._pages.operates(request):
            raise Problem(401, "web-sign-in-first", {"WWW-Authenticate": "Bearer"})
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
    # Crops and answers are nobody else's to keep; scripts are asked for again after an update.
    static = request.path.startswith("/static/")
    response.headers["Cache-Control"] = "no-cache" if static else "no-store"


def _is_open(path: str) -> bool:
    """Whether one need not be signed in. /metrics looks for itself."""
    open_paths = "/login", "/healthz", "/metrics"
    return path in open_paths or path.startswith(("/static/", "/language/", "/enter/"))


def _back(path: str) -> str:
    """Where a visitor goes on from a page that says what went wrong."""
    pages = "/teach/people", "/teach", "/boxes", "/rate", "/members"
    return next((page for page in pages if path.startswith(f"{page}/")), "/")


def _is_form(path: str) -> bool:
    return path in ("/login", "/logout") or path.startswith(
        ("/teach/people/", "/members/", "/enter/")
    )


def _route(request: web.Request) -> str:
    """For the log: without what stands in a path, such as the token of a link."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else ""


def _led_here_by_a_link(request: web.Request) -> bool:
    return wants_page(request) and request.headers.get("Sec-Fetch-Site") == "cross-site"


def _idempotency_key(request: web.Request) -> uuid.UUID:
    """What the page calls this upload, so that it can be sent again without being posted twice."""
    try:
        return uuid.UUID(request.headers.get("Idempotency-Key", ""))
    except ValueError as error:
        raise Problem(400, "web-bad-request") from error


def _named(verdict: Verdict, session: Session, body: _VoteBody) -> Correction:
    """A typed name in the service's terms.

    Raises:
        Problem: 400 for a name that cannot be stored, or a head that did not look at the face.
    """
    if body.head and verdict.named(body.head) is None:
        raise Problem(400, "web-bad-request")
    try:
        name = clean_name(body.name)
    except NotFound as error:
        raise Problem(400, "web-bad-name", longest=LONGEST_NAME) from error
    return Correction(
        verdict_id=verdict.id,
        head=body.head,
        voter=session.user,
        action=Action.NAME,
        trusted=session.trusted,
        name=name,
        withdraw=body.withdraw,
        place=PLACE,
    )


def _mark_json(mark: Mark, verdict: Verdict, votes: Sequence[Vote], locale: str) -> dict[str, Any]:
    """A mark with its label; pressed if it is what a standing vote of the visitor says."""
    pressed = mark in {each for _, each in marks_on(verdict, votes)}
    label = _label(mark, verdict, locale)
    return {"mark": mark.name.lower(), "label": label, "pressed": pressed}


def _label(mark: Mark, verdict: Verdict, locale: str) -> str:
    """What stands on the button."""
    offered = lettered(verdict)
    if mark in CANDIDATE_MARKS:
        return offered[mark][1].name
    if mark is Mark.NONE_OF_THESE and len(offered) == 1:
        return say(locale, "web-mark-wrong")
    return say(locale, f"web-mark-{mark.name.lower()}")


def _image_path(part: Part) -> str | None:
    """Another path for another picture: what was named or scored since stands in it."""
    return f"/parts/{part.verdict_id}.jpg?{zlib.crc32(part.image):x}" if part.image else None


def _is_offered(mark: Mark, verdict: Verdict, session: Session) -> bool:
    """Whether a visitor may set a mark. What deletes on other platforms is done there."""
    match mark:
        case Mark.WHO:
            return True
        case Mark.MINE:
            return session.user == verdict.author
        case Mark.DELETE:
            return session.at_home and (session.trusted or session.user == verdict.author)
        case _:
            return session.role >= Role.TEACHER


def _readable(words: str, verdict: Verdict, *, own: bool) -> str:
    """The words of a Part for its poster, or for others, whom nobody asks whom it shows."""
    if not own:
        asks = say(verdict.locale, "no-score-unconfirmed", mark=Mark.MINE)
        words = words.replace(asks, say(verdict.locale, "web-mine-unsaid"))
    return without_emoji(words, verdict.locale)
