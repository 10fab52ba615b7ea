"""The command line: run (the default) · judge FILE... · doctor."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.logging import RichHandler

from bot.errors import HanteiError, SettingsError
from bot.settings import Settings, load

USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        The exit status: 0 done, 1 something could not be judged or mended, 2 unusable arguments
        or settings.
    """
    given = _parser().parse_args(arguments)
    try:
        settings = load(given.config)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    _set_up_logging(settings.log_level if given.command == "run" else "WARNING")
    try:
        return _dispatch(given, settings)
    except HanteiError as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        return 130


def _dispatch(given: argparse.Namespace, settings: Settings) -> int:
    # Each command imports only what it needs: `--help` answers at once.
    match given.command:
        case "judge":
            from bot.judge_files import judge_files

            return asyncio.run(
                judge_files(
                    settings,
                    given.files,
                    gallery=given.gallery,
                    heads=given.heads,
                    out=given.out,
                    as_json=given.json,
                    agreed=given.agreed,
                )
            )
        case "doctor":
            if given.platform == "x":
                from bot.doctor_x import doctor_x

                return asyncio.run(doctor_x(settings))
            from bot.doctor import doctor, fetch

            if given.fetch:
                asyncio.run(fetch(settings))
            return asyncio.run(doctor(settings))
        case _:
            from bot.app import run

            asyncio.run(run(settings))
            return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bot.py", description="A bot that judges the pictures people post."
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="settings (default: config.toml, if there)"
    )
    parser.set_defaults(command="run")
    commands = parser.add_subparsers(metavar="COMMAND")

    run = commands.add_parser("run", help="run the web page and the chat services (the default)")
    run.set_defaults(command="run")

    judge = commands.add_parser("judge", help="judge picture files and print the result")
    judge.set_defaults(command="judge")
    judge.add_argument("files", nargs="+", type=Path, metavar="FILE")
    judge.add_argument(
        "--gallery", type=Path, metavar="DIR", help="who is known: a folder of pictures per person"
    )
    judge.add_argument(
        "--heads",
        type=lambda text: text.split(","),
        metavar="LIST",
        help="which heads, separated by commas (default: those of the settings)",
    )
    judge.add_argument(
        "--agreed",
        action="store_true",
        help="all faces are yours or of people who agreed, and of adults (for beauty)",
    )
    judge.add_argument("--out", type=Path, metavar="DIR", help="write annotated crops there")
    judge.add_argument("--json", action="store_true", help="print JSON instead of a table")

    doctor = commands.add_parser(
        "doctor", help="check everything a newcomer gets wrong, and say how to mend it"
    )
    doctor.set_defaults(command="doctor")
    doctor.add_argument(
        "platform",
        nargs="?",
        choices=["x"],
        help="x: sign in to X (Twitter), and say what is missing there",
    )
    doctor.add_argument(
        "--fetch", action="store_true", help="download the VGGFace2 weights (107 MB) first"
    )
    return parser


def _set_up_logging(level: str) -> None:
    handler = RichHandler(console=Console(stderr=True), show_path=False, rich_tracebacks=True)
    logging.basicConfig(level=level, format="%(name)s: %(message)s", handlers=[handler])
    # `discord.http` would write all that is sent, the links of /teach as well; `tweepy` and
    # `oauthlib` the headers that requests to X are signed with.
    noisy_ones = (
        "alembic", "aiohttp.access", "discord.gateway", "discord.http", "oauthlib", "tweepy",
    )  # fmt: skip
    for noisy in noisy_ones:
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    # It warns of voice packages and of intents that this bot has no use for.
    logging.getLogger("discord.client").setLevel(logging.ERROR)
