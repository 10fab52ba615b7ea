"""Collecting from folders: what is kept, what comes twice, what a crash leaves behind."""

import asyncio
import io
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from bot import collect
from bot.collect_folder import FolderSource
from bot.collected_store import Collected, Origin
from bot.collecting import Collector, Found, Reached, Terms, user_of
from bot.errors import SettingsError
from bot.intake import Intake
from bot.judging import Judge
from bot.settings import Settings
from bot.store import Store

MOST_BYTES = 20_000_000
Collecting = Callable[..., Collector]


@pytest.fixture
def said() -> io.StringIO:
    """What the operator is told on the way."""
    return io.StringIO()


@pytest.fixture
def collecting(
    settings: Settings, store: Store, intake: Intake, judge: Judge, said: io.StringIO
) -> Collecting:
    """Makes a collector for the scope "web" on some terms."""
    console = Console(file=said, width=200)
    return lambda **terms: Collector(settings, store, intake, judge, Terms(**terms), console)


@pytest.fixture
def folder(tmp_path: Path, astronaut: bytes) -> Path:
    """Two of somebody's pictures, one with a face, and one of somebody else."""
    made = tmp_path / "idols"
    for name in ("ann", "bob"):
        (made / name).mkdir(parents=True)
    (made / "ann" / "face.jpg").write_bytes(astronaut)
    (made / "ann" / "sea.png").write_bytes(noise(1))
    (made / "bob" / "hill.png").write_bytes(noise(2))
    return made


def noise(seed: int) -> bytes:
    """A picture of nobody that looks like no other."""
    patches = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(patches).resize((96, 96), Image.Resampling.NEAREST).save(file, "PNG")
    return file.getvalue()


def source(folder: Path, licence: str = "ours", author: str | None = None) -> FolderSource:
    return FolderSource(folder, licence, author, MOST_BYTES)


async def kept(store: Store) -> list[Collected]:
    return await store.collected.of("web", "folder:idols")


async def test_a_folder_is_kept_by_author(
    collecting: Collecting, store: Store, folder: Path
) -> None:
    told = await collecting().run(source(folder), "web")
    assert told == (
        "folder:idols: 3 added. 1 show one face. To 3 of them nobody agreed: they expire after 7 "
        "days (store.keep_days)."
    )
    face, sea, hill = await kept(store)
    assert face.origin == Origin("folder:idols", None, "ours", "ann")
    assert [each.author for each in (face, sea, hill)] == [
        "collected:ann",
        "collected:ann",
        "collected:bob",
    ]
    assert [each.faces for each in (face, sea, hill)] == [1, 0, 0]
    assert face.face is not None
    assert sea.face is None
    verdict = await store.verdict(face.face)
    assert verdict is not None
    assert verdict.guesses == ()  # nobody was looked for
    assert not verdict.whole


async def test_copies_are_kept_once(
    collecting: Collecting, store: Store, folder: Path, astronaut: bytes
) -> None:
    (folder / "bob" / "stolen.jpg").write_bytes(astronaut)
    Image.open(io.BytesIO(astronaut)).resize((300, 300)).save(
        folder / "bob" / "smaller.jpg", quality=60
    )
    told = await collecting().run(source(folder), "web")
    assert "3 added, 1 there already, 1 near copies of others left out." in told
    again = await collecting().run(source(folder), "web")
    assert again == "folder:idols: 4 there already, 1 near copies of others left out."
    assert len(await kept(store)) == 3


async def test_what_cannot_be_kept_is_told_and_the_rest_goes_on(
    collecting: Collecting, store: Store, folder: Path, said: io.StringIO
) -> None:
    (folder / "ann" / "[b]text.jpg").write_text("no picture")
    (folder / "ann" / "huge.jpg").write_bytes(bytes(MOST_BYTES + 1))
    (folder / "ann" / "locked.jpg").symlink_to("/proc/self/mem")
    told = await collecting().run(source(folder), "web")
    assert "3 added, 3 refused." in told
    assert "[b]text.jpg: This is not a picture." in said.getvalue()
    assert "huge.jpg: The file is too large." in said.getvalue()


class Stopped(BaseException):
    """Ctrl-C, or the end of the process."""


class _Killed(FolderSource):
    """A folder of which the second picture is the last that this process sees."""

    async def found(self, cursor: str | None) -> AsyncGenerator[Found | Reached, None]:
        number = 0
        async for each in super().found(cursor):
            number += 1
            yield each if number == 1 else replace(each, read=self._stop)

    async def _stop(self) -> bytes:
        raise Stopped


async def test_killed_in_the_middle_it_goes_on(
    collecting: Collecting, store: Store, folder: Path
) -> None:
    with pytest.raises(Stopped):
        await collecting().run(_Killed(folder, "ours", None, MOST_BYTES), "web")
    assert len(await kept(store)) == 1
    told = await collecting().run(source(folder), "web")
    assert "2 added, 1 there already." in told
    assert len(await kept(store)) == 3


class Numbered:
    """Pictures in order, of which the cursor says how many have been."""

    name, total = "feed:numbers", None

    def __init__(self, number: int) -> None:
        self._number = number
        self.read: list[int] = []

    async def found(self, cursor: str | None) -> AsyncGenerator[Found | Reached, None]:
        for each in range(int(cursor or 0), self._number):
            origin = Origin(self.name, None, "ours", "ann")
            yield Found(str(each), user_of("ann"), origin, lambda each=each: self._read(each))
            yield Reached(str(each + 1))

    async def _read(self, each: int) -> bytes:
        self.read.append(each)
        if each == 3 and self._number == 4:
            raise SettingsError("The server is gone; run it again.")
        return noise(each)


async def test_the_cursor_moves_with_the_pictures(
    collecting: Collecting, store: Store, said: io.StringIO
) -> None:
    first = Numbered(4)
    with pytest.raises(SettingsError, match="run it again"):
        await collecting().run(first, "web")
    assert "feed:numbers: 3 added." in said.getvalue()  # before the sentence that says why
    second = Numbered(6)
    assert "2 added" in await collecting(most=2).run(second, "web")
    assert second.read == [3, 4]
    third = Numbered(6)
    await collecting().run(third, "web")
    assert third.read == [5]


async def test_by_the_operators_statement_it_may_be_learned_from(
    collecting: Collecting, store: Store, folder: Path
) -> None:
    told = await collecting(agreed=True).run(source(folder), "web")
    assert told == "folder:idols: 3 added. 1 show one face."
    assert all(each.agreed for each in await kept(store))
    assert len(await store.questions.open("web")) == 1
    face = (await kept(store))[0].face
    assert face is not None
    verdict = await store.verdict(face)
    assert verdict is not None
    assert [guess.head for guess in verdict.guesses] == ["idol"]  # so that it can be clustered


async def test_whom_selfies_show_is_a_hint_and_nothing_else(
    collecting: Collecting, store: Store, folder: Path
) -> None:
    await collecting(agreed=True, selfies="齋藤飛鳥").run(source(folder), "web")
    face, sea, _ = await kept(store)
    assert (face.origin.suggestion, sea.origin.suggestion) == ("齋藤飛鳥", None)
    assert await store.live_labels("web", "idol") == []
    assert await store.votes(face.face or 0) == []
    assert await store.names.of("web") == []  # not even the name is known


def command(folder: Path, *arguments: object) -> int:
    config = folder.parent / "config.toml"
    config.write_text(f'[store]\ndata_dir = "{folder.parent / "data"}"\n')
    return collect.main([*map(str, arguments), "--config", str(config)])


async def test_the_command_keeps_and_forgets(
    folder: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["folder", folder, "--agreed", "--most", 2, "--selfies", "Ann"]
    assert await asyncio.to_thread(command, folder, *given) == 0
    assert "folder:idols: 2 added. 1 show one face." in capsys.readouterr().out
    assert await asyncio.to_thread(command, folder, "forget", "ann") == 0
    assert "web: 2 pictures of ann are forgotten." in capsys.readouterr().out
    async with Store(settings.store.data_dir) as store:
        assert await store.collected.sources("web") == []
        assert not await store.allowed("web", "collected:ann")
    assert list((settings.store.data_dir / "crops").rglob("*.png")) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["folder", "nowhere"], "nowhere: there is no such folder."),
        (["folder", "x", "--most", "0"], "'0' is no number from 1"),
        (["folder", ".", "--selfies", " "], "--selfies  : "),
        (["forget", "ann"], "forget ann: nothing of theirs was collected in web."),
        (["feed", "https://example.org/feed"], "say with --contact how"),
        (["feed", "nowhere.xml"], "nowhere.xml: there is no such file, and it is no http(s) URL."),
        (["feed", "http://127.0.0.1/", "--contact", "me"], "127.0.0.1 is an address"),
        (["feed", "http://example.org:99999/", "--contact", "me"], "no port"),
    ],
)
def test_bad_input_is_a_sentence(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").write_bytes(noise(1))
    try:
        status = command(tmp_path / "any", *arguments)
    except SystemExit as left:  # as argparse does
        status = int(left.code or 0)
    assert status == 2
    assert sentence in capsys.readouterr().err
