"""Weights are fetched resumably from a real server, recorded once and checked ever after."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from bot import doctor
from bot.errors import WeightsError
from bot.fetching import fetch_weights
from bot.judging import facenet_file
from bot.settings import Settings
from models.embedders import digest_file

CONTENT = bytes(range(256)) * 4000


class Server:
    """Serves one file; can break off in the middle, and counts the bytes it sent."""

    def __init__(self) -> None:
        self.content = CONTENT
        self.break_after: int | None = None
        self.ranges: list[str | None] = []
        self.url = ""

    async def file(self, request: web.Request) -> web.StreamResponse:
        asked = request.headers.get("Range")
        self.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if start >= len(self.content):
            whole = {"Content-Range": f"bytes */{len(self.content)}"}
            raise web.HTTPRequestRangeNotSatisfiable(headers=whole)
        response = web.StreamResponse(status=206 if asked else 200)
        response.content_length = len(self.content) - start
        await response.prepare(request)
        end = len(self.content) if self.break_after is None else start + self.break_after
        await response.write(self.content[start:end])
        if self.break_after is not None and request.transport is not None:
            request.transport.abort()
        return response


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    served = Server()
    app = web.Application()
    app.router.add_get("/weights.pt", served.file)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.url = f"http://127.0.0.1:{runner.addresses[0][1]}/weights.pt"
    yield served
    await runner.cleanup()


def quiet(_here: int, _total: int | None) -> None:
    """No progress bar."""


def check(file: Path) -> None:
    if not file.read_bytes().startswith((CONTENT[:4], CONTENT[::-1][:4])):
        raise ValueError("no weights")


async def fetch(server: Server, file: Path) -> None:
    await fetch_weights(server.url, file, quiet, check)


async def test_fetches_records_and_does_not_fetch_again(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "weights" / "vggface2.pt"
    told: list[tuple[int, int | None]] = []
    await fetch_weights(server.url, file, lambda here, total: told.append((here, total)), check)
    assert file.read_bytes() == CONTENT
    assert digest_file(file).read_text().strip() == hashlib.sha256(CONTENT).hexdigest()
    assert told[-1] == (len(CONTENT), len(CONTENT))
    await fetch(server, file)
    assert len(server.ranges) == 1


async def test_goes_on_where_it_broke_off(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "vggface2.pt"
    server.break_after = 300_000
    with pytest.raises(WeightsError, match="--fetch` again to go on"):
        await fetch(server, file)
    assert not file.exists()
    have = (tmp_path / "vggface2.pt.part").stat().st_size
    server.break_after = None
    await fetch(server, file)
    assert file.read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={have}-" if have else None]
    assert have > 0


async def test_a_complete_part_is_accepted(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "vggface2.pt"
    (tmp_path / "vggface2.pt.part").write_bytes(CONTENT)
    await fetch(server, file)
    assert file.read_bytes() == CONTENT


async def test_a_part_of_something_else_is_thrown_away(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "vggface2.pt"
    (tmp_path / "vggface2.pt.part").write_bytes(CONTENT + b"longer than what is there")
    await fetch(server, file)
    assert file.read_bytes() == CONTENT
    assert len(server.ranges) == 2


async def test_a_login_page_is_not_taken_for_weights(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "vggface2.pt"
    server.content = b"<html>Welcome to our hotel</html>"
    with pytest.raises(WeightsError, match="was not kept: no weights"):
        await fetch(server, file)
    assert list(tmp_path.iterdir()) == []
    server.content = CONTENT
    await fetch(server, file)
    assert file.read_bytes() == CONTENT


async def test_the_doctor_fetches_nothing_but_weights_that_load(
    server: Server, settings: Settings
) -> None:
    embedder = settings.embedder.model_copy(update={"facenet_url": server.url})
    with pytest.raises(WeightsError, match="does not hold VGGFace2 weights"):
        await doctor.fetch(settings.model_copy(update={"embedder": embedder}))
    assert not digest_file(facenet_file(settings.store.data_dir)).exists()


async def test_something_else_is_not_accepted_later(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "vggface2.pt"
    await fetch(server, file)
    file.unlink()
    server.content = CONTENT[::-1]
    with pytest.raises(WeightsError, match="it was not kept"):
        await fetch(server, file)
    assert not file.exists()


async def test_a_changed_file_is_noticed(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "vggface2.pt"
    await fetch(server, file)
    file.write_bytes(CONTENT[:-1])
    with pytest.raises(WeightsError, match="has changed since it was fetched"):
        await fetch(server, file)


async def test_an_unreachable_server_is_a_sentence(tmp_path: Path) -> None:
    nobody = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = nobody.sockets[0].getsockname()[1]
    nobody.close()
    await nobody.wait_closed()
    with pytest.raises(WeightsError, match="could not fetch"):
        await fetch_weights(f"http://127.0.0.1:{port}/weights.pt", tmp_path / "w.pt", quiet, check)


async def test_a_missing_file_is_a_sentence(server: Server, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="404"):
        await fetch_weights(server.url + ".gone", tmp_path / "w.pt", quiet, check)
