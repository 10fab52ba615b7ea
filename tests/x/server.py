"""The server: it listens, finds out who asks, lets the planned faults happen and answers."""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.x.auth import Auth, Keys
from tests.x.calls import Call
from tests.x.clock import Clock
from tests.x.faults import Fault, Faults
from tests.x.limits import Limits
from tests.x.problems import Problem, failure, invalid
from tests.x.routes import ENDPOINTS, Endpoint
from tests.x.words import WORDS, Vocabulary
from tests.x.world import User, World

TOKEN = "POST /2/oauth2/token"
PICTURE = "GET /media/:name"
_LARGEST_BODY = 20 * 1024 * 1024


@dataclass(eq=False)
class Request:
    """One request as it arrived, and what became of it.

    Attributes:
        endpoint: as in X's documents, "GET /2/users/:id/mentions".
        body: JSON, or the parts of a form (files as bytes), or None.
        at: the server's clock.
        fault: what was planned to go wrong with it.
        status: of the answer that was sent; None if none was.
        problem: why it was refused.
    """

    endpoint: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    at: float
    fault: Fault | None = None
    status: int | None = None
    problem: dict[str, Any] | None = None


Answer = Callable[[web.Request, Request, Fault | None], Awaitable[web.Response]]


class XServer(World):
    """X, on 127.0.0.1: `async with XServer() as x:`, then `x.url`.

    Attributes:
        auth: the app's keys and tokens.
        clock: X's clock; `clock.ahead` sets it off ours, in everything that X says.
        faults: what shall go wrong.
        limits: how often each endpoint may be called.
        requests: every request to the API so far, in order of arrival.
    """

    def __init__(
        self,
        *,
        vocabulary: Vocabulary = "tweet",
        seed: int = 0,
        now: Callable[[], float] = time.time,
        client_secret: str | None = "client-secret",  # noqa: S107
    ) -> None:
        super().__init__(Clock(now))
        self.words = WORDS[vocabulary]
        self.auth = Auth(self.clock, client_secret)
        names = frozenset({*(each.name for each in ENDPOINTS), TOKEN, PICTURE})
        self.faults = Faults(random.Random(seed), names)  # noqa: S311
        self.limits = Limits(self.clock, {each.name: each.limit for each in ENDPOINTS})
        self.requests: list[Request] = []
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=_LARGEST_BODY)
        for endpoint in ENDPOINTS:
            serve = self._route(endpoint.name, self._endpoint(endpoint))
            app.router.add_route(endpoint.method, endpoint.path, serve)
        app.router.add_post("/2/oauth2/token", self._route(TOKEN, self._token))
        app.router.add_get("/media/{name}", self._route(PICTURE, self._picture))
        app.router.add_get("/i/oauth2/authorize", self._authorize)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def keys(self, user: User | str) -> Keys:
        """The four keys of OAuth 1.0a with which the app acts for an account."""
        return self.auth.keys(self.user(user))

    def requests_to(self, endpoint: str) -> list[Request]:
        """The requests to one endpoint, in order of arrival."""
        return [request for request in self.requests if request.endpoint == endpoint]

    # HTTP

    def _route(self, name: str, answer: Answer) -> Callable[[web.Request], Any]:
        """Answers with `answer`, unless something is planned to go wrong."""

        async def serve(request: web.Request) -> web.StreamResponse:
            record = await self._recorded(name, request)
            fault = record.fault = self.faults.draw(name)
            if fault and fault.kind == "say nothing":
                await asyncio.Event().wait()
            if fault and fault.kind == "hang up":
                return _cut(request)
            if fault and fault.kind == "fail":
                response = self._refused(failure(fault.status), record)
            elif fault and fault.kind == "fail in HTML":
                response = web.Response(
                    status=fault.status, text="<h1>Over capacity</h1>", content_type="text/html"
                )
            else:
                response = await answer(request, record, fault)
            if fault and fault.kind == "do, then say nothing":
                await asyncio.Event().wait()
            if fault and fault.kind == "do, then hang up":
                return _cut(request)
            if fault and fault.kind == "do, then fail":
                response = self._refused(failure(fault.status), record)
            record.status = response.status
            return response

        return serve

    async def _recorded(self, name: str, request: web.Request) -> Request:
        record = Request(
            name,
            request.path,
            dict(request.query),
            dict(request.headers),
            await _body(request),
            self.clock(),
        )
        self.requests.append(record)
        return record

    def _endpoint(self, endpoint: Endpoint) -> Answer:
        async def answer(
            request: web.Request, record: Request, fault: Fault | None
        ) -> web.Response:
            headers: dict[str, str] = {}
            try:
                caller = self.auth.identify(request)
                caller.must_have(endpoint.scopes)
                self._befall(endpoint, fault, record.body)
                headers = self.limits.take(endpoint.name, caller.name)
                if isinstance(record.body, Unreadable):
                    raise invalid("The request body is not valid JSON.")
                call = Call(caller, dict(request.match_info), record.query, record.body, fault)
                return self._response(endpoint.status, endpoint.handler(self, call), headers)
            except Problem as problem:
                return self._refused(problem, record, headers)

        return answer

    def _befall(self, endpoint: Endpoint, fault: Fault | None, body: object) -> None:
        """Let happen what happens before the request is looked at."""
        if fault is None:
            return
        if fault.kind == "limit":
            self.limits.close(endpoint.name, fault.seconds)
            raise self.limits.refusal(endpoint.name, self.clock() + fault.seconds)
        if fault.kind == "delete first" and isinstance(body, dict):
            target = body.get("reply", {}).get("in_reply_to_tweet_id")
            if target in self.posts:
                self.delete(target)

    def _response(
        self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> web.Response:
        kind = "application/json" if status < 400 else "application/problem+json"
        response = web.Response(
            text=json.dumps(body, ensure_ascii=False),
            status=status,
            content_type=kind,
            headers={"Date": self.clock.header, "api-version": "2.168", **(headers or {})},
        )
        if status != 401:
            response.headers["x-access-level"] = "read-write"
        return response

    def _refused(
        self, problem: Problem, record: Request, headers: dict[str, str] | None = None
    ) -> web.Response:
        record.problem = problem.body
        return self._response(problem.status, problem.body, {**(headers or {}), **problem.headers})

    async def _picture(self, request: web.Request, *_: object) -> web.Response:
        """What pbs.twimg.com serves."""
        media = self.media.get(request.match_info["name"].partition(".")[0])
        if media is None or not media.attached:
            raise web.HTTPNotFound
        return web.Response(
            body=media.data, content_type=media.mime, headers={"Date": self.clock.header}
        )

    async def _authorize(self, request: web.Request) -> web.Response:
        return self.auth.authorize(request)

    async def _token(self, request: web.Request, *_: object) -> web.Response:
        return await self.auth.token(request)


class Unreadable:
    """A body that is not what its content type says."""


async def _body(request: web.Request) -> Any:
    if not request.can_read_body:
        return None
    if request.content_type in ("multipart/form-data", "application/x-www-form-urlencoded"):
        return {
            name: part.file.read() if isinstance(part, web.FileField) else part
            for name, part in (await request.post()).items()
        }
    try:
        return json.loads(await request.read())
    except ValueError:
        return Unreadable()


def _cut(request: web.Request) -> web.Response:
    """Close the connection at once; what is returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
