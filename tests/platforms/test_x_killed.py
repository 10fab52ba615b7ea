"""X: the whole program, killed when X has its reply and the program cannot know."""

import asyncio
import io
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PIL import Image

from tests.platforms.x_bot import only
from tests.platforms.x_crashing import database
from tests.x import User, XServer, done_then_silent

REPLY = "POST /2/tweets"
PROGRAM = Path(__file__).parents[2] / "bot.py"


@asynccontextmanager
async def program(x: XServer, bot: User, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python bot.py` with X and nothing else; killed at the end."""
    keys = x.keys(bot)
    told = {
        "HANTEI_STORE__DATA_DIR": str(folder / "data"),
        "HANTEI_WEB__ENABLED": "false",
        "HANTEI_X__API_URL": x.url,
        "HANTEI_X__POLL_SECONDS": "0.2",
        "HANTEI_X__CONSUMER_KEY": keys.consumer_key,
        "HANTEI_X__CONSUMER_SECRET": keys.consumer_secret,
        "HANTEI_X__ACCESS_TOKEN": keys.access_token,
        "HANTEI_X__ACCESS_TOKEN_SECRET": keys.access_token_secret,
    }
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        sys.executable, PROGRAM, cwd=folder, env=os.environ | told, stdout=quiet, stderr=quiet
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


@pytest.mark.timeout(240)
async def test_a_program_killed_before_it_hears_of_its_reply_does_not_repeat_it(
    tmp_path: Path, astronaut: bytes
) -> None:
    async with XServer() as x:
        bot, ann = x.add_user("hantei"), x.add_user("ann")
        x.faults.next(REPLY, done_then_silent())
        x.faults.own_timeline_lag = 1
        asked = x.post(ann, "@hantei だれ？", pictures=[_small(astronaut)])
        async with program(x, bot, tmp_path) as process:
            await _until(process, lambda: bool(x.posted))
        async with program(x, bot, tmp_path) as process:
            await _until(process, lambda: _state(tmp_path, asked) == "answered")
    only(x.replies_to(asked))
    first, *repeated = [each.status for each in x.requests_to(REPLY)]
    assert first is None  # nobody heard of it
    assert set(repeated) == {403}  # X does not take the same words twice


async def _until(process: asyncio.subprocess.Process, done: Callable[[], bool]) -> None:
    async with asyncio.timeout(100):
        while not done():
            assert process.returncode is None
            await asyncio.sleep(0.02)


def _state(folder: Path, mention: str) -> str:
    with database(folder / "data") as kept:
        ((state,),) = kept.execute("SELECT state FROM x_mentions WHERE id = ?", (mention,))
    return str(state)


def _small(picture: bytes) -> bytes:
    file = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as image:
        image.resize((256, 256)).save(file, "JPEG")
    return file.getvalue()
