"""Pictures from hostile hands: each is a Picture or a named refusal, within its limits."""

import asyncio
import io
import os
import signal
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import numpy as np
import pytest
import trustme
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer
from PIL import Image

from bot.domain import Attachment
from bot.errors import Busy, PictureRefused, Reason
from bot.intake import HttpFetcher, Intake, PublicResolver
from bot.settings import Intake as IntakeSettings
from models.types import Picture
from tests.bad_pictures import corpus, encoded

DECODES = {
    "16-bit.png", "1-bit.png", "16x300.png", "40x40.png", "alpha.png", "alpha.webp", "cmyk.jpg",
    "exif-bad-orientation.jpg", "exif-nonsense.jpg", "grey-alpha.png", "grey.jpg",
    "icc-nonsense.jpg", "jpeg-garbled.jpg", "jpeg-with-zip-behind.jpg", "palette.png",
    "photo.avif", "photo.bmp", "photo.gif", "photo.heic", "png-many-frames.png", "progressive.jpg",
}  # fmt: skip


@pytest.fixture(scope="module")
def files(astronaut: bytes) -> dict[str, bytes]:
    return corpus(astronaut)


def outcome(intake: Intake, data: bytes) -> Picture | Reason:
    try:
        return intake.decode(data)
    except PictureRefused as refused:
        return refused.reason


def test_every_bad_file_is_answered(intake: Intake, files: dict[str, bytes]) -> None:
    assert len(files) >= 40
    outcomes = {name: outcome(intake, data) for name, data in files.items()}
    decoded = {name for name, each in outcomes.items() if isinstance(each, Picture)}
    assert decoded == DECODES
    for name in decoded:
        picture = outcomes[name]
        assert isinstance(picture, Picture)
        assert picture.pixels.dtype == np.uint8
        assert picture.pixels.shape[2] == 3
        assert max(picture.pixels.shape) <= 1280


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("empty.jpg", Reason.EMPTY),
        ("text.jpg", Reason.NOT_A_PICTURE),
        ("tiff.jpg", Reason.FORMAT),
        ("jpeg-half.jpg", Reason.TRUNCATED),
        ("png-bomb-claimed.png", Reason.TOO_MANY_PIXELS),
        ("png-bomb-real.png", Reason.TOO_MANY_PIXELS),
        ("1x1.png", Reason.TOO_SMALL),
        ("10x10.png", Reason.TOO_SMALL),
        ("1x2000.png", Reason.TOO_NARROW),
    ],
)
def test_refusals_are_named(
    intake: Intake, files: dict[str, bytes], name: str, reason: Reason
) -> None:
    assert outcome(intake, files[name]) is reason


def test_colours_survive_odd_modes(
    intake: Intake, files: dict[str, bytes], astronaut: bytes
) -> None:
    plain = intake.decode(astronaut).pixels.astype(float)
    grey = plain @ [0.299, 0.587, 0.114]
    for name in ("cmyk.jpg", "photo.avif", "photo.heic"):
        assert np.abs(intake.decode(files[name]).pixels - plain).mean() < 12, name
    for name in ("16-bit.png", "grey.jpg"):
        assert np.abs(intake.decode(files[name]).pixels.mean(axis=2) - grey).mean() < 4, name


def test_transparent_pixels_become_white(intake: Intake) -> None:
    clear = encoded(Image.new("RGBA", (64, 64), (200, 0, 0, 0)), "PNG")
    assert (intake.decode(clear).pixels == 255).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(intake: Intake, orientation: int) -> None:
    upright = Image.new("RGB", (300, 200), "white")
    upright.paste("red", (0, 0, 100, 100))  # the upper left corner is red
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = intake.decode(encoded(stored, "JPEG", exif=exif, quality=95))
    assert picture.full_size == (300, 200)
    assert picture.pixels.shape == (200, 300, 3)
    red, white = picture.pixels[20, 20].astype(int), picture.pixels[180, 280].astype(int)
    assert red[0] > 230
    assert red[1] < 30
    assert white.min() > 230


def test_large_pictures_are_reduced_and_remember_their_size(
    intake: Intake, astronaut: bytes
) -> None:
    large = Image.open(io.BytesIO(astronaut)).resize((4000, 3000))
    started = time.monotonic()
    picture = intake.decode(encoded(large, "JPEG"))
    assert picture.full_size == (4000, 3000)
    assert picture.pixels.shape == (960, 1280, 3)
    assert picture.in_file((0, 0, 1, 1)) == pytest.approx((0, 0, 3.125, 3.125))
    assert time.monotonic() - started < 5


def test_near_duplicates_have_near_hashes(intake: Intake, astronaut: bytes) -> None:
    image = Image.open(io.BytesIO(astronaut))
    again = intake.decode(encoded(image.resize((300, 300)), "JPEG", quality=60))
    mirrored = encoded(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), "JPEG")
    first, other = intake.decode(astronaut), intake.decode(mirrored)
    assert bits(first, again) <= 6 < bits(first, other)


def bits(one: Picture, other: Picture) -> int:
    return (int(one.phash, 16) ^ int(other.phash, 16)).bit_count()


def test_byte_limit() -> None:
    small = Intake(IntakeSettings(max_megabytes=0.001))
    assert outcome(small, bytes(2000)) is Reason.TOO_MANY_BYTES


async def test_a_picture_that_takes_too_long_is_given_up() -> None:
    hasty = Intake(IntakeSettings(decode_seconds=0.01))
    slow = encoded(Image.effect_noise((4000, 4000), 60), "PNG", compress_level=1)
    assert outcome(hasty, slow) is Reason.TOOK_TOO_LONG
    assert hasty._decoder.pid is None  # killed; models.process starts it again when needed


async def test_memory_is_bounded(astronaut: bytes) -> None:
    tight = Intake(IntakeSettings(decode_memory_mb=256, max_megapixels=500))
    try:
        huge = encoded(Image.new("RGB", (20_000, 20_000)), "PNG", compress_level=1)
        assert outcome(tight, huge) is Reason.TOO_MUCH_MEMORY
        assert isinstance(outcome(tight, astronaut), Picture)
    finally:
        await tight.close()


def kill(pid: int) -> None:
    """Kill and wait until it is dead, but leave its parent to collect it."""
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


async def test_a_killed_decoder_starts_again(astronaut: bytes) -> None:
    own = Intake(IntakeSettings())
    try:
        assert isinstance(outcome(own, astronaut), Picture)
        first = own._decoder.pid
        assert first is not None
        kill(first)
        assert isinstance(outcome(own, astronaut), Picture)
        assert own._decoder.pid != first
    finally:
        await own.close()


async def test_the_event_loop_goes_on_while_a_picture_is_decoded(
    intake: Intake, astronaut: bytes
) -> None:
    large = encoded(Image.open(io.BytesIO(astronaut)).resize((5000, 5000)), "JPEG")
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.001)

    ticking = asyncio.create_task(tick())
    await intake.picture(Attachment("large.jpg", large))
    ticking.cancel()
    assert ticks >= 10


async def test_a_crowd_of_costly_pictures_holds_up_nothing_else(
    astronaut: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Intake(IntakeSettings(queue=16))
    monkeypatch.setattr(own, "decode", lambda _: time.sleep(0.1))
    crowd = [asyncio.create_task(own.picture(Attachment(f"{n}.jpg", astronaut))) for n in range(40)]
    await asyncio.sleep(0.01)
    started = time.monotonic()
    await asyncio.to_thread(int)
    assert time.monotonic() - started < 0.3
    outcomes = await asyncio.gather(*crowd, return_exceptions=True)
    assert sum(isinstance(each, Busy) for each in outcomes) == 40 - 17
    await own.picture(Attachment("late.jpg", astronaut))
    await own.close()


# URLs


class LocalResolver(AbstractResolver):
    """Every name leads to the test's own server."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            {
                "hostname": host, "host": "127.0.0.1", "port": self._port,
                "family": socket.AF_INET, "proto": 0, "flags": 0,
            }
        ]  # fmt: skip

    async def close(self) -> None:
        pass


@pytest.fixture
async def media(astronaut: bytes) -> AsyncIterator[HttpFetcher]:
    """A fetcher whose media host is a real HTTPS server on this machine."""

    async def picture(_: web.Request) -> web.Response:
        return web.Response(body=astronaut)

    async def elsewhere(_: web.Request) -> web.Response:
        raise web.HTTPFound("https://cdn.discordapp.com/picture.jpg")

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):  # ten times the limit; an endless loop would outlive the test
            await response.write(bytes(100_000))
        return response

    app = web.Application()
    app.router.add_get("/picture.jpg", picture)
    app.router.add_get("/elsewhere.jpg", elsewhere)
    app.router.add_get("/endless.jpg", endless)
    authority = trustme.CA()
    server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("cdn.discordapp.com").configure_cert(server_tls)
    client_tls = ssl.create_default_context()
    authority.configure_trust(client_tls)

    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_tls)
    await site.start()
    port = runner.addresses[0][1]
    fetcher = HttpFetcher(IntakeSettings(download_seconds=5), LocalResolver(port), client_tls)
    yield fetcher
    await fetcher.close()
    await runner.cleanup()


async def test_fetches_from_the_media_host(media: HttpFetcher, astronaut: bytes) -> None:
    body = await media.fetch("https://cdn.discordapp.com/picture.jpg?ex=1&is=2", 10**6)
    assert body == astronaut


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("elsewhere.jpg", Reason.DOWNLOAD),
        ("missing.jpg", Reason.DOWNLOAD),
        ("endless.jpg", Reason.TOO_MANY_BYTES),
    ],
)
async def test_redirects_errors_and_floods_are_refused(
    media: HttpFetcher, path: str, reason: Reason
) -> None:
    with pytest.raises(PictureRefused) as refused:
        await media.fetch(f"https://cdn.discordapp.com/{path}", 10**6)
    assert refused.value.reason is reason


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.discordapp.com/a.jpg",
        "https://cdn.discordapp.com:8443/a.jpg",
        "https://cdn.discordapp.com.evil.example/a.jpg",
        "https://cdn.discordapp.com@evil.example/a.jpg",
        "https://evil.example/cdn.discordapp.com",
        "https://127.0.0.1/a.jpg",
        "https://[::1]/a.jpg",
        "https://[broken/a.jpg",
        "file:///etc/passwd",
        "ftp://cdn.discordapp.com/a.jpg",
        "",
    ],
)
async def test_other_hosts_are_refused(media: HttpFetcher, url: str) -> None:
    with pytest.raises(PictureRefused) as refused:
        await media.fetch(url, 10**6)
    assert refused.value.reason is Reason.HOST


async def test_an_address_is_refused_even_when_it_is_listed() -> None:
    fetcher = HttpFetcher(IntakeSettings(media_hosts=("127.0.0.1",)))
    with pytest.raises(PictureRefused) as refused:
        await fetcher.fetch("https://127.0.0.1/a.jpg", 1000)
    assert refused.value.reason is Reason.HOST


async def test_names_of_private_addresses_are_refused() -> None:
    resolver = PublicResolver()
    with pytest.raises(OSError, match="no public address"):
        await resolver.resolve("localhost", 443)
    fetcher = HttpFetcher(IntakeSettings(media_hosts=("localhost",)))
    with pytest.raises(PictureRefused) as refused:
        await fetcher.fetch("https://localhost/a.jpg", 1000)
    await fetcher.close()
    assert refused.value.reason is Reason.DOWNLOAD


async def test_a_server_that_the_operator_chose_may_be_on_this_machine(astronaut: bytes) -> None:
    async def serve(_: web.Request) -> web.Response:
        return web.Response(body=astronaut)

    async with TestServer(_app(serve)) as chosen, TestServer(_app(serve)) as other:
        fetcher = HttpFetcher(IntakeSettings(), origins=[str(chosen.make_url("/")).rstrip("/")])
        try:
            assert await fetcher.fetch(str(chosen.make_url("/a.jpg")), 10**6) == astronaut
            for url in (other.make_url("/a.jpg"), chosen.make_url("/a.jpg").with_scheme("https")):
                with pytest.raises(PictureRefused) as refused:
                    await fetcher.fetch(str(url), 10**6)
                assert refused.value.reason is Reason.HOST
        finally:
            await fetcher.close()


def _app(serve: Callable[[web.Request], Awaitable[web.Response]]) -> web.Application:
    app = web.Application()
    app.router.add_get("/a.jpg", serve)
    return app
