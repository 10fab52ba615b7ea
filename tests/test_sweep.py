"""`python -m bot.sweep`: what was collected is judged, ranked and laid out, and nothing is done."""

import asyncio
import csv
import socket
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from bot import contact_sheet, sweep
from bot.collected_store import Collected
from bot.contact_sheet import Sheet, why_refused
from bot.errors import SettingsError
from bot.intake import Intake
from bot.judging import Judge, Networks
from bot.old_sheets import drop_stale, sheets_dir
from bot.replying import LOCALES
from bot.service import Service
from bot.settings import Settings
from bot.store import Store
from bot.sweeping import Sweep, Swept, Why, ranked
from bot.sweeping import sweep as judged
from models.crops import cut, uncut
from models.heads import SCORING_HEADS
from models.photogenic import Evidence, Photogenic
from models.ridge import Line
from models.types import Context, Crop, Kind, NoScore, Refused, Scored, WhyNot
from tests.sweeps import ANN, BOB, ORIGIN, SOURCE, keep, like_red, picture_of, shades

CONSOLE = Console(quiet=True)
OPEN, SILENT, SHY, BLIND = "x:open", "x:silent", "x:shy", "x:blind"


def outcomes(swept: Iterable[Swept]) -> dict[str, str | None]:
    """Why each was refused, by the name of its author; None if it has a score."""
    return {
        each.collected.origin.author_name: getattr(each.guess, "reason", None) for each in swept
    }


def names(swept: Iterable[Swept]) -> list[str]:
    return [each.collected.origin.author_name for each in swept]


# judging


@pytest.fixture
def face(networks: Networks, astronaut: bytes) -> Crop:
    """A real one, found by the real detector."""
    pixels = astronaut_pixels(astronaut)
    _, (found, *_) = networks.find(picture_of(pixels))
    return cut(picture_of(pixels), found)


def astronaut_pixels(astronaut: bytes) -> Any:
    return np.asarray(Image.open(BytesIO(astronaut)).convert("RGB"))


def smaller(crop: Crop, by: int) -> Crop:
    box = tuple(edge / by for edge in crop.box)
    return Crop(crop.pixels[::by, ::by], box, crop.landmarks / by, crop.kind)  # type: ignore[arg-type]


async def test_beauty_is_only_for_who_opted_in(
    settings: Settings, store: Store, judge: Judge, astronaut: bytes, face: Crop
) -> None:
    for user, agreed, confirmed in (
        (OPEN, True, True),
        (SHY, True, False),
        (BLIND, False, True),
        (SILENT, False, False),
    ):
        if agreed:
            await store.set_allowed("x", user, True)
        if confirmed:
            await store.confirm("x", user)
    pixels = astronaut_pixels(astronaut)
    await keep(store, pixels, "open", author=OPEN, face=face)
    # A copy by somebody who opted in lets nobody in whose own picture was left out.
    await keep(store, shades(1, 0.5), "shy", author=SHY, face=face)
    await keep(store, shades(1, 0.52), "copied", author=OPEN, face=face)
    await keep(store, shades(2, 0.5), "blind", author=BLIND, face=face)
    await keep(store, shades(3, 0.5), "silent", author=SILENT, face=face)
    await keep(store, shades(4, 0.5), "nobody", author=OPEN)
    await keep(store, shades(5, 0.5), "two", author=OPEN, faces=2)
    drawn = replace(face, pixels=face.pixels // 2, kind=Kind.ILLUSTRATION)
    await keep(store, shades(6, 0.5), "drawn", author=OPEN, face=drawn)
    await keep(store, shades(7, 0.5), "far away", author=OPEN, face=smaller(face, 8))
    await keep(store, shades(8, 0.5), "hidden", author=OPEN, face=face, spoiler=True)
    await keep(store, shades(9, 0.5), "scolded", author="x:no", face=face)
    await store.confirm("x", "x:no")
    await store.set_allowed("x", "x:no", True)
    await store.set_allowed("x", "x:no", False)

    swept = await judged(settings, store, judge, Sweep("x", SOURCE, "beauty"), CONSOLE)

    assert outcomes(swept) == {
        "open": None,
        "shy": NoScore.UNCONFIRMED,
        "copied": Why.COPY,
        "blind": NoScore.NOT_YOURS,
        "silent": NoScore.NOT_YOURS,
        "nobody": Why.NO_FACE,
        "two": Why.SEVERAL_FACES,
        "drawn": Why.DRAWN,
        "far away": WhyNot.TOO_SMALL,
        "hidden": Why.SPOILER,
        "scolded": NoScore.NOT_YOURS,
    }
    (best,) = ranked(swept)
    (alone,) = await judge.guess(face, Context("x"), ("beauty",))
    assert best.guess == alone
    assert [each.until is None for each in swept] == [
        each.collected.author in (OPEN, SHY) for each in swept
    ]


async def test_photogenic_looks_at_whole_pictures_once_it_has_learned(
    settings: Settings, store: Store, judge: Judge, face: Crop
) -> None:
    await keep(store, shades(1, 1), "red", face=face)
    await keep(store, shades(2, 0), "blue")
    wish = Sweep("x", SOURCE, "photogenic")
    early = await judged(settings, store, judge, wish, CONSOLE)
    assert set(outcomes(early).values()) == {NoScore.NOT_LEARNED}

    crops = [uncut(picture_of(shades(n, red)), Kind.PHOTO) for n, red in ((1, 1), (2, 0))]
    red, blue = await judge.embed(crops, "photogenic")
    line = Line((red - blue).astype(np.float32), 3 - float((red - blue) @ (red + blue) / 2))
    misses = np.array([-0.1, 0.1], dtype=np.float32)
    evidence = Evidence(200, 20, 0.5, 0.4, 0.6)
    judge.set_learned("x", "photogenic", Photogenic(line, misses, evidence))
    swept = await judged(settings, store, judge, wish, CONSOLE)
    assert names(ranked(swept)) == ["red", "blue"]
    (alone,) = await judge.guess(crops[0], Context("x"), ("photogenic",), whole=True)
    assert swept[0].guess == alone


async def test_a_place_says_where_a_like_begins(
    settings: Settings, store: Store, judge: Judge, face: Crop
) -> None:
    await store.set_allowed("x", OPEN, True)
    await store.confirm("x", OPEN)
    await keep(store, shades(1, 0), "open", author=OPEN, face=face)
    for like_from in (1.0, 5.0):
        await store.choose_like_from("", like_from)
        swept = await judged(settings, store, judge, Sweep("x", SOURCE, "beauty"), CONSOLE)
        assert isinstance(swept[0].guess, Scored)
        assert swept[0].guess.likes is (like_from == 1.0)


# ranking


def scored(name: str, low: float, value: float, high: float) -> Swept:
    return swept_of(name, Scored("taste", value, low, high, "m"))


def swept_of(name: str, guess: Scored | Refused, **origin: Any) -> Swept:
    number = sum(name.encode())
    told = replace(ORIGIN, author_name=name, **origin)
    kept = Collected(f"key {name}", BOB, True, number, None, 0, None, told)
    return Swept(kept, guess, None)


def test_what_is_surely_good_comes_first() -> None:
    swept = [
        scored("nope, hardly", 2.5, 2.8, 2.9),
        scored("perhaps splendid", 2.0, 4.0, 5.0),
        swept_of("refused", Refused("taste", Why.COPY)),
        scored("good", 3.2, 3.6, 4.0),
        scored("as good, and perhaps better", 3.2, 3.8, 4.4),
        scored("as good, but later", 3.2, 3.8, 4.4),
        scored("close", 2.6, 3.1, 3.6),
    ]
    assert names(ranked(swept)) == [
        "as good, and perhaps better",
        "as good, but later",
        "good",
        "close",
        "perhaps splendid",
        "nope, hardly",
    ]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_reason_has_its_words(locale: str) -> None:
    flaws = (WhyNot.TOO_SMALL, WhyNot.TOO_BLURRED, WhyNot.TURNED_AWAY)
    wish = Sweep("x", SOURCE, "taste", ANN)
    told = [why_refused(locale, wish, each) for each in (*Why, *NoScore, *flaws)]
    assert len(set(told)) == len(told)


# the command


@pytest.fixture
def config(tmp_path: Path, settings: Settings) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(f'locale = "en"\n[store]\ndata_dir = "{settings.store.data_dir}"\n')
    return file


async def run(config: Path, *arguments: object) -> int:
    """The command, whose event loop is its own."""
    given = [*map(str, arguments), "--config", str(config)]
    return await asyncio.to_thread(sweep.main, given)


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "sheet.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def contents(settings: Settings) -> dict[str, list[Any]]:
    """All that is in the store but vectors, which are made again whenever they are missing."""
    with sqlite3.connect(settings.store.data_dir / "hantei.sqlite3") as database:
        tables = database.execute("select name from sqlite_master where type = 'table'").fetchall()
        kept = sorted(name for (name,) in tables if name != "embeddings")
        found = {name: database.execute(f'select * from "{name}"').fetchall() for name in kept}  # noqa: S608
    database.close()
    return found


async def test_the_whole_way_without_a_network(
    settings: Settings,
    config: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a sweep spoke to a network")

    async with Store(settings.store.data_dir) as store:
        await like_red(store, ANN)
        await keep(store, shades(1, 0), "blue", author="x:left")
        await keep(store, shades(2, 1), "red", author="x:left")
        await keep(store, shades(2, 0.98), "red again", author=BOB)
        await keep(store, shades(3, 0.5), "purple", author=BOB)
        await keep(store, shades(4, 1), "own", author=ANN)
        gone = await keep(store, shades(5, 1), "gone", author=BOB)
        with sqlite3.connect(settings.store.data_dir / "hantei.sqlite3") as database:
            database.execute("update verdicts set crop = null where id = ?", (gone,))
        database.close()
    before = contents(settings)
    for each in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, each, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(AssertionError, match="a network"):
        socket.create_connection(("127.0.0.1", 9))  # the guard guards

    out = tmp_path / "out"
    out.mkdir()  # as a sweep leaves it that was stopped
    assert await run(config, "x:search", "--head", "taste", "--top", 2, "--out", out) == 0

    assert contents(settings) == before
    rows = table(out)
    assert [row["author"] for row in rows] == ["red", "purple", "blue", "red again", "own", "gone"]
    assert [row["rank"] for row in rows] == ["1", "2", "3", "", "", ""]
    assert [row["suggestion"] for row in rows][::2] == ["like", "nope", ""]
    assert float(rows[0]["low"]) < float(rows[0]["score"]) < float(rows[0]["high"])
    assert "near copy" in rows[3]["refused"]
    assert "x:ann's own picture" in rows[4]["refused"]
    assert "expired" in rows[5]["refused"]
    assert rows[0]["consent"].startswith("the poster has not agreed; kept until 20")
    page = (out / "sheet.html").read_text("utf-8")
    assert page.count("data:image/jpeg;base64,") == 2
    assert "likes, follows and messages nobody" in page
    assert [oct(each.stat().st_mode & 0o777) for each in (out, *sorted(out.iterdir()))] == [
        "0o700",
        *["0o600"] * 3,
    ]
    told = capsys.readouterr().out
    assert f"{SOURCE}: 3 ranked, the best 2 on the sheet." in told
    assert "1 refused: It is a near copy of an older picture." in told
    assert str(out / "sheet.html") in told

    assert await run(config, SOURCE, "--head", "taste", "--out", out) == sweep.USAGE_ERROR
    assert "is not empty; name a new folder" in capsys.readouterr().err


async def test_without_a_source_what_was_collected_is_listed(
    settings: Settings, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(config) == sweep.USAGE_ERROR
    assert "nothing has been kept there yet" in capsys.readouterr().err
    async with Store(settings.store.data_dir) as store:
        assert await run(config) == 0
        assert "Nothing was collected yet" in capsys.readouterr().out
        await keep(store, shades(1, 1), "red")
        await keep(store, shades(2, 1), "also red")
    assert await run(config) == 0
    told = capsys.readouterr().out.split()
    assert told[-3:] == [SOURCE, "x", "2"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing",), "nothing: no such source. There are: x:search:#アイドル in x (1)."),
        (("x", "--scope", "web"), "Nothing was collected yet"),
        (("x",), "--head taste: nobody has rated anything in x yet."),
    ],
)
async def test_what_is_not_there_is_said(
    settings: Settings,
    config: Path,
    arguments: tuple[str, ...],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with Store(settings.store.data_dir) as store:
        await keep(store, shades(1, 1), "red")
    assert await run(config, *arguments, "--head", "taste") == sweep.USAGE_ERROR
    assert said in capsys.readouterr().err
    assert not sheets_dir(settings.store.data_dir).exists()


async def test_it_has_to_be_said_by_whose_taste(
    settings: Settings, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Store(settings.store.data_dir) as store:
        await like_red(store, ANN, "x:dave")
    for given, wrong in (((), "say by whose taste"), (("--for", "x:eve"), "x:eve has rated not")):
        assert await run(config, "folder", "--head", "taste", *given) == sweep.USAGE_ERROR
        told = capsys.readouterr().err
        assert wrong in told
        assert "x:ann (18, of which 18 can be learned from), x:dave (18" in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["x"], "--head says by what to judge: beauty, taste, photogenic."),
        (["x", "--head", "idol"], "invalid choice: 'idol'"),
        (["x", "--head", "taste", "--top", "0"], "0 is not 1 or more"),
    ],
)
def test_unusable_arguments(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        sweep.main(arguments)
    assert said in capsys.readouterr().err


def test_a_source_may_be_abbreviated_as_long_as_it_is_clear_which() -> None:
    sources = {
        ("x", "x:@mai"): 1,
        ("x", "x:@maika"): 2,
        ("web", "folder:a"): 3,
        ("x", "folder:a"): 4,
    }
    assert sweep.chosen("x:@mai", sources) == ("x", "x:@mai")
    assert sweep.chosen("x:@maik", sources) == ("x", "x:@maika")
    for several in ("x", "folder:a", ""):
        with pytest.raises(SettingsError, match="could be several; write more of it, or name a"):
            sweep.chosen(several, sources)


# the table


def sheet(swept: list[Swept], head: str = "taste", locale: str = "en", **more: Any) -> Sheet:
    wish = Sweep("x", SOURCE, head, ANN if head == "taste" else None)
    return Sheet(wish, swept, 20, locale, **{"made": NOW, "keep_days": 7, **more})


NOW = datetime(2026, 11, 21, 12)
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1")


def test_no_word_becomes_a_formula() -> None:
    swept = [
        swept_of(each, Scored("taste", 4, 3, 5, "m"), text=f'{each}\n『」,"', licence=each)
        for each in FORMULAS
    ]
    text = contact_sheet.as_csv(sheet(swept, locale="ja"))
    assert text.startswith("\ufeffrank,score,")
    rows = list(csv.DictReader(text.removeprefix("\ufeff").splitlines(keepends=True)))
    assert [row["author"] for row in rows] == [f"'{each}" for each in FORMULAS]
    assert [row["licence"] for row in rows] == [f"'{each}" for each in FORMULAS]
    assert rows[0]["text"] == "'=1+1\n『」,\""
    assert rows[0]["suggestion"] == "いいね"
    assert rows[0]["author_id"] == BOB


@pytest.mark.parametrize(
    "url",
    [
        *("javascript:alert(1)", "file:///etc/passwd", "data:text/html,x"),
        *("https://", "//a.b/c", None, "http://[::1", "java\nscript:alert(1)"),
    ],
)
def test_only_addresses_on_the_web_are_linked_to(url: str | None) -> None:
    assert contact_sheet.web_address(url) == ""


def test_addresses_on_the_web_are_linked_to() -> None:
    for url in ("https://x.com/i/status/1?a=b#c", "http://example.org"):
        assert contact_sheet.web_address(url) == url


# what becomes of sheets


@pytest.fixture
async def kept_sheet(settings: Settings, store: Store, tmp_path: Path) -> Path:
    """One that shows one picture of somebody who has not agreed, and lists another one."""
    await keep(store, shades(1, 1), "shown")
    await keep(store, shades(2, 1), "listed", author="x:other")
    shown, listed = await store.collected.of("x", SOURCE)
    swept = [
        Swept(shown, Scored("taste", 4, 3, 5, "m"), NOW),
        Swept(listed, Refused("taste", NoScore.TOO_FEW_RATINGS), NOW),
    ]
    folder = sheets_dir(settings.store.data_dir) / "one"
    folder.mkdir(parents=True)
    await contact_sheet.write(sheet(swept, made=datetime.now()), folder, store)
    assert await drop_stale(store, settings.store.data_dir) == 0
    assert len(list(folder.iterdir())) == 3
    return folder


async def test_a_sheet_goes_with_who_is_forgotten(
    kept_sheet: Path, settings: Settings, store: Store
) -> None:
    await store.forget_posts(await store.posts_by("x", "x:other"))
    assert await drop_stale(store, settings.store.data_dir) == 1
    assert not kept_sheet.exists()


async def test_a_sheet_goes_with_what_expires(
    kept_sheet: Path, settings: Settings, store: Store
) -> None:
    await store.set_allowed("x", "x:other", True)
    await store.expire(timedelta(0))
    assert await drop_stale(store, settings.store.data_dir) == 1
    assert not kept_sheet.exists()


@pytest.mark.parametrize(
    ("agreed", "made", "left"),
    [(False, datetime(2026, 1, 1), 0), (True, datetime(2026, 1, 1), 1)],
)
async def test_words_of_who_has_not_agreed_are_not_kept_for_ever(
    agreed: bool, made: datetime, left: int, settings: Settings, store: Store
) -> None:
    await store.set_allowed("x", BOB, agreed)
    await keep(store, shades(1, 1), "bob")
    (bob,) = await store.collected.of("x", SOURCE)
    folder = sheets_dir(settings.store.data_dir) / "one"
    folder.mkdir(parents=True)
    swept = [Swept(bob, Refused("taste", Why.OWN), None if agreed else made)]
    await contact_sheet.write(sheet(swept, made=made), folder, store)
    assert await drop_stale(store, settings.store.data_dir) == 1 - left
    assert folder.exists() is bool(left)


async def test_the_bot_looks_after_sheets(
    kept_sheet: Path, settings: Settings, store: Store, intake: Intake, judge: Judge
) -> None:
    (kept_sheet / "pictures.json").write_text("damaged")
    async with Service(settings, store, intake, judge) as service:
        await service._expire()
    assert not kept_sheet.exists()


def test_every_head_has_a_title(tmp_path: Path) -> None:
    """Of pictures that are gone by now, or were never scored."""
    for head in SCORING_HEADS:
        for locale in LOCALES:
            folder = tmp_path / f"{head}-{locale}"
            folder.mkdir()
            swept = [scored("gone", 3, 4, 5)] if locale == "ja" else []
            asyncio.run(contact_sheet.write(sheet(swept, head, locale), folder, Store(tmp_path)))
            page = (folder / "sheet.html").read_text("utf-8")
            assert ("写真はもうありません" if locale == "ja" else "None of the pictures") in page
