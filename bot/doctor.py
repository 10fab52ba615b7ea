"""`python bot.py doctor`: everything a newcomer gets wrong, and how to mend it."""

import asyncio
import io
import shutil
import socket
from pathlib import Path

import aiohttp
import discord
from PIL import Image, ImageFont
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

from bot import drawing
from bot.doctor_x import check_x, check_x_money
from bot.errors import HanteiError, SettingsError, WeightsError
from bot.fetching import fetch_weights
from bot.findings import Check, Finding, show
from bot.intake import Intake
from bot.judging import embedder_choice, facenet_file
from bot.recipes import RECIPES, trained_dir, weights_of
from bot.settings import LOCAL_HOSTS, Settings
from bot.store import Store

ENOUGH_DISK_GB = 1.0

_NO_CHARACTER = "\U0010ffff"


async def doctor(settings: Settings) -> int:
    """Print a line a check.

    Returns:
        0 if nothing is bad, else 1.
    """
    console = Console()
    worst = 0
    for check in CHECKS:
        finding = await check(settings)
        show(console, finding)
        worst = max(worst, finding.state == "bad")
    return int(worst)


async def fetch(settings: Settings) -> None:
    """Fetch the VGGFace2 weights, with a progress bar.

    Raises:
        WeightsError: they cannot be had, do not load, or are not what was recorded.
    """
    from models.embedders.facenet import FacenetEmbedder  # takes seconds: it imports torch

    columns = ("VGGFace2", BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)
        await fetch_weights(
            settings.embedder.facenet_url,
            facenet_file(settings.store.data_dir),
            lambda here, total: bar.update(task, completed=here, total=total),
            check=FacenetEmbedder,
        )


async def check_disk(settings: Settings) -> Finding:
    """Can the data folder be written, and is there room?"""
    folder = settings.store.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".doctor"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        mend = "set store.data_dir to a folder that this user may write"
        return Finding("data folder", "bad", f"{folder}: {error.strerror}", mend)
    free = shutil.disk_usage(folder).free / 1e9
    found = f"{folder.resolve()}, {free:.1f} GB free"
    if free < ENOUGH_DISK_GB:
        mend = f"free at least {ENOUGH_DISK_GB:g} GB, or move store.data_dir"
        return Finding("data folder", "bad", found, mend)
    return Finding("data folder", "good", found)


async def check_database(settings: Settings) -> Finding:
    """Does the database open and migrate?"""
    try:
        async with Store(settings.store.data_dir) as store:
            labels = await store.last_label()
    except SettingsError as error:
        return Finding("database", "bad", str(error), "mend the data folder first")
    except Exception as error:
        mend = "restore the data folder from a backup (docs/operators.md), or move it away"
        return Finding("database", "bad", f"{type(error).__name__}: {error}", mend)
    return Finding("database", "good", f"opens; {labels} entries in the label log")


async def check_font(settings: Settings) -> Finding:  # noqa: ARG001 - all checks look alike
    """Can Japanese names be drawn?"""
    file = Path(str(drawing.font_file()))
    try:
        font = ImageFont.truetype(str(file), 20)
        # What a font lacks, it draws as a box, like the code point that means nothing.
        drawn = bytes(font.getmask("判")) != bytes(font.getmask(_NO_CHARACTER))
    except OSError as error:
        return Finding("font", "bad", str(error), "pip install manimgx-fonts-cjk")
    if not drawn:
        return Finding("font", "bad", f"{file} has no Japanese", "pip install manimgx-fonts-cjk")
    return Finding("font", "good", f"{file.name} has Japanese")


async def check_decoder(settings: Settings) -> Finding:
    """Does the decoder process start under its memory limit?"""
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "white").save(file, "AVIF")
    intake = Intake(settings.intake)
    try:
        await asyncio.to_thread(intake.decode, file.getvalue())
    except HanteiError as error:
        mend = "raise intake.decode_memory_mb and intake.decode_seconds"
        return Finding("decoder", "bad", str(error), mend)
    finally:
        await intake.close()
    return Finding("decoder", "good", "a picture was decoded in its own process")


async def check_weights(settings: Settings) -> Finding:
    """Which embedder answers, and do its weights load?"""
    from models import embedders

    choice = embedder_choice(settings)
    name = choice.resolved()
    try:
        embedder = await asyncio.to_thread(embedders.load, choice)
    except ValueError as error:
        return Finding("embedder", "bad", str(error), "mend the embedder section of the settings")
    embedder.close()
    found = f"{name}: {embedders.QUALITY[name]}"
    if name == "dlib":
        mend = (
            "for better names, `python bot.py doctor --fetch` (VGGFace2, 107 MB) or an ONNX file "
            "of your own (embedder.onnx_file)"
        )
        return Finding("embedder", "note", found, mend)
    return Finding("embedder", "good", found)


async def check_networks(settings: Settings) -> Finding:
    """Does all load that the project trained, or the operator?"""
    from bot.judging import Networks  # these take seconds: they import torch
    from models import demo

    own = [name for name in RECIPES if trained_dir(name, settings.store.data_dir).is_dir()]
    try:
        networks = await asyncio.to_thread(Networks, settings)
        folder = weights_of("demo", settings.store.data_dir)
        await asyncio.to_thread(demo.load, folder, networks.scene.network)
    except (WeightsError, ValueError) as error:
        mend = "delete the folder that it names, or train it again (docs/operators.md)"
        return Finding("networks", "bad", str(error), mend)
    except SettingsError as error:
        return Finding("networks", "bad", str(error), "install it, or set judging.text = false")
    await asyncio.to_thread(networks.close)
    trained = f"; of your own: {', '.join(own)}" if own else ""
    return Finding("networks", "good", f"router, detectors, characters and scores load{trained}")


async def check_web(settings: Settings) -> Finding:
    """Is the port free?"""
    if not settings.web.enabled:
        return Finding("web page", "note", "turned off (web.enabled = false)")
    host, port = settings.web.host, settings.web.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            mend = "stop what listens there (perhaps the bot itself), or set web.port"
            return Finding("web page", "note", f"{host}:{port}: {error.strerror}", mend)
    return Finding("web page", "good", f"http://{host}:{port} is free")


async def check_discord(settings: Settings) -> Finding:
    """Is the token right, and are the intents turned on that the settings need?"""
    token = settings.discord.token
    if token is None or not token.get_secret_value():
        mend = "to run on Discord, set discord.token (docs/operators.md says where to get one)"
        return Finding("Discord", "note", "no token, so Discord is off", mend)
    client = discord.Client(intents=discord.Intents.none())
    try:
        await client.login(token.get_secret_value())
        about = await client.application_info()
    except discord.LoginFailure:
        mend = "copy the token again from the developer portal (Bot → Reset Token)"
        return Finding("Discord", "bad", "the token is not accepted", mend)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        mend = "check the network; the token could not be tried"
        return Finding("Discord", "bad", f"not reached: {type(error).__name__}", mend)
    finally:
        await client.close()
    flags = about.flags
    may_read = flags.gateway_message_content or flags.gateway_message_content_limited
    if settings.discord.watch_channels and not may_read:
        mend = (
            "turn on Message Content Intent in the developer portal (Bot → Privileged Gateway "
            "Intents), or empty discord.watch_channels"
        )
        return Finding("Discord", "bad", "watched channels need message content", mend)
    return Finding("Discord", "good", f"the token belongs to {about.name}")


async def check_page(settings: Settings) -> Finding:
    """Do members of Discord servers reach the page, and safely?"""
    token, web = settings.discord.token, settings.web
    if token is None or not token.get_secret_value() or not web.enabled:
        return Finding("/teach", "good", "not used: it needs Discord and the web page")
    if web.public_url is None:
        mend = "set web.public_url to the address at which people reach the page (https)"
        return Finding("/teach", "note", "nobody can come from Discord to the page", mend)
    if not web.public_url.startswith("https:") and web.public_host not in LOCAL_HOSTS:
        mend = "put a proxy with TLS before the page (docs/operators.md) and write https"
        found = f"{web.public_url} sends pictures and cookies for everybody to read"
        return Finding("/teach", "bad", found, mend)
    return Finding("/teach", "good", f"links lead to {web.public_url}")


CHECKS: tuple[Check, ...] = (
    check_disk,
    check_database,
    check_font,
    check_decoder,
    check_weights,
    check_networks,
    check_web,
    check_discord,
    check_page,
    check_x,
    check_x_money,
)
