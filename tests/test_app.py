"""Each platform is supervised alone: one that fails never takes another one down."""

import asyncio
import socket
from pathlib import Path

import aiohttp
import pytest

from bot import app
from bot.errors import SettingsError
from bot.platforms.web import WebPlatform
from bot.platforms.x import XPlatform
from bot.service import Service
from bot.settings import Settings, Web, X
from tests.platforms.x_bot import until_true


class Steady:
    """Runs until it is cancelled."""

    name = "steady"

    def __init__(self) -> None:
        self.running = asyncio.Event()
        self.ended = False

    async def run(self, service: Service) -> None:
        self.running.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended = True


class Failing:
    """Fails a few times, then runs."""

    name = "failing"

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.recovered = asyncio.Event()

    async def run(self, service: Service) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("gone")
        self.recovered.set()
        await asyncio.Event().wait()


class Unsteady:
    """Ends twice at once, then after a while, then runs."""

    name = "unsteady"

    def __init__(self) -> None:
        self._runs = iter([0.0, 0.0, 0.2])
        self.recovered = asyncio.Event()

    async def run(self, service: Service) -> None:
        for seconds in self._runs:
            await asyncio.sleep(seconds)
            return
        self.recovered.set()
        await asyncio.Event().wait()


class Misconfigured:
    """Cannot run with its settings."""

    name = "misconfigured"

    async def run(self, service: Service) -> None:
        raise SettingsError("the token is wrong")


async def test_a_failing_platform_is_started_again_beside_the_others(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "_FIRST_PAUSE", 0.01)
    steady, failing, stop = Steady(), Failing(2), asyncio.Event()
    serving = asyncio.create_task(app._serve(service, [steady, failing, Misconfigured()], stop))
    await asyncio.wait_for(failing.recovered.wait(), 10)
    await asyncio.wait_for(steady.running.wait(), 10)
    assert not serving.done()
    stop.set()
    await asyncio.wait_for(serving, 10)
    assert steady.ended


async def test_the_pause_begins_anew_after_a_long_healthy_run(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(app, "_HEALTHY", 0.1)
    unsteady = Unsteady()
    supervising = asyncio.create_task(app._supervise(unsteady, service))
    await asyncio.wait_for(unsteady.recovered.wait(), 10)
    supervising.cancel()
    pauses = [record.args[-1] for record in caplog.records if "again in" in record.msg]
    assert pauses == [0.01, 0.02, 0.01]


async def test_the_page_answers_while_x_is_out_of_reach(
    service: Service, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # taken, and nobody listens
        keys = dict.fromkeys(
            ("consumer_key", "consumer_secret", "access_token", "access_token_secret"), "key"
        )
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        given = settings.model_copy(
            update={"x": X.model_validate({**keys, "api_url": address}), "web": Web(port=0)}
        )
        page, stop = WebPlatform(given), asyncio.Event()
        serving = asyncio.create_task(app._serve(service, [XPlatform(given), page], stop))
        await asyncio.wait_for(page.listening.wait(), 10)
        async with aiohttp.ClientSession() as http, http.get(f"{page.url}/healthz") as answer:
            assert answer.status == 200
        await until_true(lambda: "x is not reached" in caplog.text)
        assert "Traceback" not in caplog.text
        stop.set()
        await asyncio.wait_for(serving, 10)


async def test_of_two_bots_on_the_same_data_one_waits_for_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app, "_MOMENT", 0.01)
    second = app._alone(tmp_path)
    async with app._alone(tmp_path):
        waiting = asyncio.create_task(second.__aenter__())
        await asyncio.wait({waiting}, timeout=0.2)
        assert not waiting.done()
        assert f"another bot runs with {tmp_path}" in caplog.text
    await asyncio.wait_for(waiting, 10)
    await second.__aexit__(None, None, None)


async def test_when_no_platform_can_run_the_reason_is_told(service: Service) -> None:
    with pytest.raises(SettingsError, match="the token is wrong"):
        await asyncio.wait_for(app._serve(service, [Misconfigured()], asyncio.Event()), 10)


def test_platforms_follow_the_settings() -> None:
    def names(**sections: object) -> list[str]:
        return [each.name for each in app.platforms(Settings.model_validate(sections))]

    assert names() == ["web"]
    assert names(discord={"token": "x"}) == ["discord", "web"]
    assert names(discord={"token": ""}, web={"enabled": False}) == []
    assert names(x={"client_id": "x"}) == ["x", "web"]
    assert names(x={"client_id": "", "consumer_key": ""}) == ["web"]


async def test_no_platform_at_all_is_a_sentence() -> None:
    settings = Settings.model_validate({"web": {"enabled": False}})
    with pytest.raises(SettingsError, match="no platform is turned on"):
        await app.run(settings)
