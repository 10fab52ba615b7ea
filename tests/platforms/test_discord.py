"""Connecting to Discord, against a server that speaks just enough of its protocol."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yarl
from aiohttp import web
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.errors import SettingsError
from bot.platforms.discord import (
    DiscordBot,
    DiscordPlatform,
    ids_of,
    link_of,
    original_of,
    plain,
    ref_of,
)
from bot.service import Service
from bot.settings import Settings

TOKEN = "MTIz.secret.token"
MESSAGE_CONTENT = 1 << 15
PRIVILEGED = 1 << 1 | 1 << 8 | MESSAGE_CONTENT


class Discord:
    """Lets a bot log in, or not.

    Attributes:
        status: of the answer to the token.
        close_code: with which the gateway ends a session; None lets it live.
        identified: what the bot said of itself.
        commands: the names it registered.
        left: set when the bot has closed its session.
    """

    def __init__(self) -> None:
        self.status = 200
        self.close_code: int | None = None
        self.identified: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.commands: list[str] = []
        self.left = asyncio.Event()

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/api/users/@me", self._me)
        app.router.add_get("/api/oauth2/applications/@me", self._application)
        app.router.add_put("/api/applications/1/commands", self._commands)
        app.router.add_get("/gateway", self._gateway)
        return app

    async def _me(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bot {TOKEN}"
        return _json(_user(), self.status)

    async def _application(self, request: web.Request) -> web.Response:
        return _json(
            {"id": "1", "name": "hantei", "description": "", "icon": None, "owner": _user(),
             "bot_public": True, "bot_require_code_grant": False, "verify_key": "", "flags": 0}
        )  # fmt: skip

    async def _commands(self, request: web.Request) -> web.Response:
        self.commands = [each["name"] for each in await request.json()]
        return _json([])

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 45000}})
        async for message in socket:
            said = json.loads(message.data)
            if said["op"] == 2:
                self.identified.put_nowait(said["d"])
                if self.close_code is not None:
                    await socket.close(code=self.close_code)
                else:
                    await socket.send_json({"op": 0, "s": 1, "t": "READY", "d": _ready()})
        self.left.set()
        return socket


def _user() -> dict[str, Any]:
    return {"id": "1", "username": "hantei", "discriminator": "0", "avatar": None, "bot": True}


def _ready() -> dict[str, Any]:
    return {
        "v": 10,
        "user": _user(),
        "guilds": [],
        "session_id": "s",
        "application": {"id": "1", "flags": 0},
        "resume_gateway_url": "ws://127.0.0.1",
    }


def _json(body: object, status: int = 200) -> web.Response:
    """discord.py takes JSON only with this very header."""
    headers = {"Content-Type": "application/json"}
    return web.Response(body=json.dumps(body).encode(), headers=headers, status=status)


@pytest.fixture
async def simulated(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Discord]:
    server = Discord()
    runner = web.AppRunner(server.application(), shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    monkeypatch.setattr(Route, "BASE", f"http://{host}:{port}/api")
    gateway = yarl.URL(f"ws://{host}:{port}/gateway")
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", gateway)
    yield server
    await runner.cleanup()


def with_token(tmp_path: Path, **discord_settings: Any) -> Settings:
    return Settings.model_validate(
        {"discord": {"token": TOKEN, **discord_settings}, "store": {"data_dir": tmp_path / "data"}}
    )


async def test_it_connects_registers_its_commands_and_leaves_when_cancelled(
    simulated: Discord, service: Service, tmp_path: Path
) -> None:
    before = asyncio.all_tasks()
    running = asyncio.create_task(DiscordPlatform(with_token(tmp_path)).run(service))
    said = await asyncio.wait_for(simulated.identified.get(), 20)
    assert said["intents"] & PRIVILEGED == 0
    assert sorted(simulated.commands) == [
        "Judge this picture", "Why this answer?", "enhance", "help", "judge", "people", "privacy",
        "review", "setup", "stats", "taste", "teach", "unknown", "why",
    ]  # fmt: skip
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.wait_for(simulated.left.wait(), 20)
    started = asyncio.all_tasks() - before
    assert not [task for task in started if "discord" in task.get_name().lower()]


@pytest.mark.parametrize("reading", [{"watch_channels": [1]}, {"read_along": True}])
async def test_message_content_is_asked_for_only_to_read_what_nobody_shows(
    simulated: Discord, service: Service, tmp_path: Path, reading: dict[str, Any]
) -> None:
    simulated.close_code = 4014
    platform = DiscordPlatform(with_token(tmp_path, **reading))
    with pytest.raises(SettingsError, match=r"discord\.watch_channels needs the Message Content"):
        await asyncio.wait_for(platform.run(service), 20)
    said = simulated.identified.get_nowait()
    assert said["intents"] & PRIVILEGED == MESSAGE_CONTENT


async def test_a_wrong_token_is_one_clear_sentence_without_the_token(
    simulated: Discord, service: Service, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    simulated.status = 401
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(SettingsError, match=r"discord\.token is not a valid token") as caught,
    ):
        await DiscordPlatform(with_token(tmp_path)).run(service)
    assert "secret" not in str(caught.value)
    assert "secret" not in caplog.text


async def test_no_token_at_all(settings: Settings, service: Service) -> None:
    with pytest.raises(SettingsError, match=r"discord\.token is missing"):
        await DiscordPlatform(settings).run(service)


async def test_closing_ends_the_work_in_the_background(
    settings: Settings, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise RuntimeError("a bug")

    async def forever() -> None:
        await asyncio.Event().wait()

    async with DiscordBot(settings, service) as bot:
        failing = bot.start_work(fail(), "failing work")
        endless = bot.start_work(forever(), "endless work")
        await asyncio.wait([failing])
    assert endless.cancelled()
    assert [record.getMessage() for record in caplog.records] == ["failing work failed"]


def test_links_lead_to_the_message_with_the_pictures_or_to_its_channel() -> None:
    assert link_of("discord:1", "discord:12:34") == "https://discord.com/channels/1/12/34"
    assert link_of("discord:1", "discord:12:34:56") == "https://discord.com/channels/1/12/34"
    assert link_of("discord:1", "discord:12:command:56") == "https://discord.com/channels/1/12"
    assert link_of("discord-dm:7", "discord:12:34") == "https://discord.com/channels/@me/12/34"
    # X may share a server's people (`x.scope`).
    assert link_of("discord:1", "x:12:34") == "https://x.com/i/status/12"
    assert original_of("x:12:34") is None


def test_references_lead_back_to_messages() -> None:
    assert ref_of(12, 34) == "discord:12:34"
    assert ids_of(ref_of(12, 34)) == (12, 34)
    assert ref_of(12, 34, 56).startswith(f"{ref_of(12, 34)}:")


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("*A* __B__", r"\*A\* \_\_B\_\_"),
        ("`c` ||d|| ~~e~~", r"\`c\` \|\|d\|\| \~\~e\~\~"),
        ("> f", r"\> f"),
        ("# g", r"\# g"),
        ("[h](https://i.j)", r"\[h](https://i.j)"),
        ("白石麻衣", "白石麻衣"),
    ],
)
def test_names_are_shown_as_they_are_typed(typed: str, sent: str) -> None:
    assert plain(typed) == sent
