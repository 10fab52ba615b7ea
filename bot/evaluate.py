"""`python -m bot.evaluate`: how good the answers are, on any folders of pictures.

Everything is asked of the judge that answers people, in a scope of its own: what is measured is
what answers.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from bot import detecting, grading, identifying, matching, routing, tasting
from bot.errors import HanteiError, SettingsError
from bot.settings import Settings, load
from models.types import Kind

USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit status: 0 done; 2 unusable arguments, settings or folders.
    """
    given = _parser().parse_args(arguments)
    try:
        _writable(given.json)
        result = asyncio.run(given.measure(given))
    except HanteiError as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        return 130
    given.json.write_text(json.dumps(result.as_dict(), indent=2, ensure_ascii=False) + "\n")
    Console().print(result.as_table())
    return 0


async def _identify(given: argparse.Namespace) -> identifying.Result:
    folders = identifying.Folders(given.gallery, given.strangers, given.probes, given.cohort)
    protocol = identifying.Protocol(
        given.shots, given.seed, given.repeats, given.leave_one_person_out
    )
    return await identifying.identify(_settings(given), folders, protocol)


async def _match(given: argparse.Namespace) -> matching.Result:
    folders = matching.Folders(given.gallery, given.test, given.strangers)
    protocol = matching.Protocol(given.shots, given.seed, given.detect)
    return await matching.match(_settings(given), folders, protocol)


async def _detect(given: argparse.Namespace) -> detecting.Result:
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("looking for faces", total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        kind = Kind(given.kind)
        return await detecting.detect(load(given.config), kind, given.images, given.boxes, advance)


async def _route(given: argparse.Namespace) -> routing.Result:
    folders = {each: getattr(given, each) for each in routing.ROUTES}
    return await routing.route(load(given.config), folders)


async def _taste(given: argparse.Namespace) -> tasting.Result:
    files = tasting.Files(given.ratings, given.images, given.text)
    return await tasting.taste(load(given.config), files, given.seed)


async def _score(given: argparse.Namespace) -> grading.Result:
    settings = load(given.config)
    return await grading.grade(
        settings, given.head, given.labels, given.images, cropped=given.cropped
    )


def _settings(given: argparse.Namespace) -> Settings:
    """Those of the bot, with what the command says instead."""
    told = load(given.config).model_dump()
    if given.embedder in ("auto", "dlib", "facenet"):
        told["embedder"] |= {"name": given.embedder, "onnx_file": None}
    elif given.embedder is not None:
        file = Path(given.embedder)
        if not file.is_file():
            raise SettingsError(f"--embedder {file}: no such file; or dlib, facenet or auto.")
        told["embedder"] |= {"name": "onnx", "onnx_file": file}
    if given.false_name_rate is not None:
        told["judging"]["false_name_rate"] = given.false_name_rate
    return Settings.model_validate(told)


def _writable(file: Path) -> None:
    """Better told now than after minutes of work."""
    if not file.parent.is_dir():
        raise SettingsError(f"--json {file}: there is no folder {file.parent}.")
    if file.is_dir():
        raise SettingsError(f"--json {file}: that is a folder; name a file.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot.evaluate", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    _add_identify(commands)
    _add_match(commands)
    _add_route(commands)
    _add_detect(commands)
    _add_score(commands)
    _add_taste(commands)
    return parser


def _add_identify(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "identify",
        help="who is it: right and wrong names, and strangers who were named",
        description="Enrol some pictures of each person, search for the others and for strangers.",
    )
    add_folder = partial(command.add_argument, type=Path, metavar="DIR")
    add_folder("--gallery", required=True, help="a folder per person")
    add_folder("--strangers", help="people not enrolled, any nesting")
    command.add_argument(
        "--leave-one-person-out",
        action="store_true",
        help="each person in turn is a stranger as well, to a gallery without them",
    )
    add_folder("--probes", help="a folder per person; by default each person's other pictures")
    add_folder("--cohort", help="unknown faces to set the thresholds by")
    command.add_argument("--shots", type=_positive, default=5, help="pictures to enrol a person by")
    command.add_argument("--repeats", type=_positive, default=5, help="draws of enrolled pictures")
    command.add_argument("--embedder", metavar="NAME", help="dlib, facenet, auto or an ONNX file")
    _add_draw_and_rate(command)
    _add_common(command)
    command.set_defaults(measure=_identify)


def _add_match(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "match",
        help="which drawn character: right and wrong names, and strangers who were named",
        description="Enrol characters by pictures of their heads, search for others and strangers.",
    )
    add_folder = partial(command.add_argument, type=Path, metavar="DIR", required=True)
    add_folder("--gallery", help="a folder per character")
    add_folder("--test", help="a folder per character")
    add_folder("--strangers", help="characters not enrolled, any nesting")
    command.add_argument(
        "--shots", type=_positive, help="pictures to enrol a character by (default: all)"
    )
    command.add_argument(
        "--detect",
        action="store_true",
        help="look for the largest drawn face; else each picture is a head",
    )
    _add_draw_and_rate(command)
    _add_common(command)
    command.set_defaults(measure=_match, embedder=None)


def _add_route(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "route",
        help="photograph, drawing or nobody: what pictures of each are taken for",
        description="Let the judge look at pictures of which it is known what they are.",
    )
    for option, dest, what in (
        ("--photos", "photo", "people"),
        ("--illustrations", "illustration", "drawn characters"),
        ("--nobody", "nobody", "anything else: animals, food, places"),
    ):
        command.add_argument(
            option,
            dest=dest,
            type=Path,
            required=True,
            metavar="DIR",
            help=f"pictures of {what}, any nesting",
        )
    _add_common(command)
    command.set_defaults(measure=_route)


def _add_draw_and_rate(command: argparse.ArgumentParser) -> None:
    command.add_argument("--seed", type=int, default=0)
    command.add_argument(
        "--false-name-rate", type=_rate, metavar="SHARE", help="default: that of the settings"
    )


def _add_detect(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "detect",
        help="where are the faces: precision, recall, average precision",
        description="Look for faces in pictures whose faces somebody marked.",
    )
    command.add_argument("--kind", choices=[str(kind) for kind in Kind], required=True)
    command.add_argument(
        "--images", type=Path, required=True, metavar="DIR", help="pictures at any depth"
    )
    command.add_argument(
        "--boxes",
        type=Path,
        required=True,
        metavar="DIR|JSON",
        help="YOLO text files, or {file: [[left, top, right, bottom], …]} in pixels; a picture "
        "that is not among them has no face",
    )
    _add_common(command)
    command.set_defaults(measure=_detect)


def _add_taste(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "taste",
        help="what somebody will like: the error by how many of their ratings are known",
        description="Foretell a fifth of each person's ratings from ever more of their others, "
        "and from everybody else's.",
    )
    command.add_argument(
        "--ratings",
        type=Path,
        required=True,
        metavar="TSV",
        help="user, file and score (1 to 5) with tabs between",
    )
    command.add_argument(
        "--images", type=Path, required=True, metavar="DIR", help="what the files are relative to"
    )
    command.add_argument(
        "--text", type=Path, metavar="TSV", help="file and what is written beside it, to learn from"
    )
    command.add_argument("--seed", type=int, default=0)
    _add_common(command)
    command.set_defaults(measure=_taste)


def _add_score(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "score",
        help="how near scores are to those that people gave",
        description="Score the largest face of pictures that people scored.",
    )
    command.add_argument("--head", choices=["beauty"], required=True)
    command.add_argument(
        "--labels",
        type=Path,
        required=True,
        metavar="TSV",
        help="separated by tabs, with the header: file score",
    )
    command.add_argument(
        "--images", type=Path, required=True, metavar="DIR", help="where the files are"
    )
    command.add_argument(
        "--cropped",
        action="store_true",
        help="a picture in which no face is found is one, from edge to edge",
    )
    _add_common(command)
    command.set_defaults(measure=_score)


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", type=Path, required=True, metavar="OUT")
    command.add_argument(
        "--config", type=Path, metavar="FILE", help="settings (default: config.toml, if there)"
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0.0001 <= rate <= 0.2:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share from 0.0001 to 0.2")
    return rate


if __name__ == "__main__":
    raise SystemExit(main())
