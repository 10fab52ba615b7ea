"""`python -m bot.collect posts`: what a community reacted to becomes a score, or says it cannot."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot import collect
from bot.domain import Attachment, Post
from bot.intake import Intake
from bot.judging import Judge, Networks
from bot.service import Service
from bot.settings import Settings
from bot.store import Store

AUTHORS, EACH = 11, 10


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    """Pictures of which the community likes the red ones, whoever posts them."""
    rng = np.random.default_rng(0)
    lines = ["file\tauthor\treactions\taudience"]
    for author in range(AUTHORS):
        (tmp_path / "posts" / str(author)).mkdir(parents=True)
        for n in range(EACH):
            red = n / (EACH - 1)
            name = f"{author}/{n}.png"
            Image.fromarray(shades(rng, red)).save(tmp_path / "posts" / name)
            audience = int(rng.integers(200, 400))
            likes = rng.binomial(audience, (0.05 + 0.3 * red) * (0.4 + author / AUTHORS))
            lines.append(f"{name}\t{author}\t{likes}\t{audience}")
    (tmp_path / "counts.tsv").write_text("\n".join(lines))
    return tmp_path / "posts"


def shades(rng: np.random.Generator, red: float) -> np.ndarray:
    """Speckles from blue (0) to red (1)."""
    pixels = rng.normal((60 + 160 * red, 120, 220 - 160 * red), 25, (48, 64, 3))
    return pixels.clip(0, 255).astype(np.uint8)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(f'[store]\ndata_dir = "{tmp_path / "data"}"\n[safety]\ngate = false\n')
    return file


def run(config: Path, *arguments: object) -> int:
    return collect.main([*map(str, arguments), "--config", str(config)])


async def test_a_community_teaches_and_a_stranger_is_forgotten(
    posts: Path,
    config: Path,
    settings: Settings,
    intake: Intake,
    networks: Networks,
    capsys: pytest.CaptureFixture[str],
) -> None:
    counts = posts.parent / "counts.tsv"
    told = await told_by(config, capsys, "posts", posts, "--counts", counts)
    assert f"{AUTHORS * EACH} added." in told
    assert "Photogenic scores now: rank correlation" in told

    rng = np.random.default_rng(1)
    red, blue = (shades(rng, red) for red in (1.0, 0.0))
    async with (
        Store(settings.store.data_dir) as store,
        Judge(settings, networks) as judge,
        Service(settings, store, intake, judge) as service,
    ):
        await service.choose_heads("web:", ["photogenic"])
        scores = [await score(service, posts.parent, pixels) for pixels in (red, blue)]
        assert scores[0] > 3.3 > 2.7 > scores[1]

    again = await told_by(config, capsys, "posts", posts, "--counts", counts)
    assert f"{AUTHORS * EACH} there already, counted anew." in again
    assert "10 pictures of 3 are forgotten" in await told_by(config, capsys, "forget", 3)
    async with Store(settings.store.data_dir) as store:
        assert len(await store.receptions.of("web")) == (AUTHORS - 1) * EACH


async def told_by(config: Path, capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    capsys.readouterr()
    assert await asyncio.to_thread(run, config, *arguments) == 0
    return " ".join(capsys.readouterr().out.split())


async def score(service: Service, folder: Path, pixels: np.ndarray) -> float:
    file = folder / "new.png"
    Image.fromarray(pixels).save(file)
    key = str(pixels[0, 0])
    picture = Attachment("new.png", file.read_bytes())
    reply = await service.answer(Post("web", key, "web:a", "web:a", "en", (picture,), place="web:"))
    assert reply is not None
    (part,) = reply.parts
    return float(part.words.split("Photogenic: ")[1].split(" of 5")[0])


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("0/0.png\t0\t5", "line 2: expected a file, its author"),
        ("0/0.png\t0\t5\t0", "audience (1 or more)"),
        ("0/0.png\t0\t-5\t9", "reactions (0 or more)"),
        ("gone.png\t0\t5\t9", "1 of the 1 files that --counts names are not there: gone.png"),
        ("", "holds no counts"),
    ],
)
def test_what_is_wrong_with_the_counts_is_said(
    line: str, told: str, tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = tmp_path / "counts.tsv"
    counts.write_text(f"file\tauthor\treactions\taudience\n{line}\n")
    assert run(config, "posts", tmp_path, "--counts", counts) == collect.USAGE_ERROR
    assert told in capsys.readouterr().err
