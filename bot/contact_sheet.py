"""What a sweep found, for a person to act on: a page with the best, a table with all.

The page is whole by itself: it fetches nothing, runs nothing and does nothing. All that comes from
where the pictures were collected (names, texts, addresses) may be hostile.
"""

import asyncio
import base64
import csv
import hashlib
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot import drawing, old_sheets, page_files
from bot.replying import LIKES, say, why_no_score
from bot.store import Store
from bot.sweeping import Sweep, Swept, Why, ranked
from datasets.label_files import as_text
from models.types import Crop, NoScore, Refused, Scored

MOST_REFUSED = 200
"""Of those refused, so many are on the page; all are in the table."""

COLUMNS = (
    *("rank", "score", "low", "high", "suggestion", "refused", "author", "author_id", "text"),
    *("likes", "audience", "posted", "link", "licence", "consent"),
)

_WORDED_HERE = (*Why, NoScore.NOT_YOURS, NoScore.UNCONFIRMED, NoScore.TOO_FEW_RATINGS)
"""The reasons that read differently where whoever reads them is not who posted."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sweep, done.

    Attributes:
        top: how many of the best are shown.
        locale: `ja` or `en`.
        made: when, UTC without a zone.
        keep_days: for how long what is said here of people who have not agreed may be kept.
    """

    wish: Sweep
    swept: Sequence[Swept]
    top: int
    locale: str
    made: datetime
    keep_days: float

    @property
    def until(self) -> datetime | None:
        """When it has to go, whatever it shows; None if all agreed whom it speaks of."""
        agreed = all(each.collected.agreed for each in self.swept)
        return None if agreed else self.made + timedelta(days=self.keep_days)

    @property
    def best(self) -> list[Swept]:
        """What is shown."""
        return ranked(self.swept)[: self.top]

    @property
    def refused(self) -> list[tuple[Swept, str]]:
        """What has no score, and why, in words."""
        return [
            (each, why_refused(self.locale, self.wish, each.guess.reason))
            for each in self.swept
            if isinstance(each.guess, Refused)
        ]


def why_refused(locale: str, wish: Sweep, reason: str) -> str:
    """In words, for whoever collected the pictures."""
    if reason in _WORDED_HERE:
        return say(locale, f"sweep-no-{reason}", viewer=wish.viewer or "")
    return why_no_score(locale, reason)


async def write(sheet: Sheet, folder: Path, store: Store) -> None:
    """Write sheet.html and sheet.csv into a folder, both for their owner alone."""
    best = sheet.best
    ends = [sheet.until, *(each.until for each in best)]
    cards = [await _card(store, sheet, *each) for each in enumerate(best, start=1)]
    context = {
        "say": lambda message, **values: say(sheet.locale, message, **values),
        "sheet": sheet,
        "cards": cards,
        "scored": sum(isinstance(each.guess, Scored) for each in sheet.swept),
        "refused": [(_origin(each, sheet.locale), why) for each, why in sheet.refused],
        "reasons": Counter(why for _, why in sheet.refused).most_common(),
        "most_refused": MOST_REFUSED,
        "delete_by": min((end for end in ends if end is not None), default=None),
    }
    page = await asyncio.to_thread(_page, context)
    await asyncio.to_thread(old_sheets.put, _note(sheet), folder)
    await asyncio.to_thread(page_files.write, folder / "sheet.html", page)
    await asyncio.to_thread(page_files.write, folder / "sheet.csv", as_csv(sheet))


def _page(context: dict[str, Any]) -> str:
    style = (files("bot") / "pages" / "static" / "sweep.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return page_files.render("sweep.html", {**context, "style": style, "policy": policy})


def _note(sheet: Sheet) -> old_sheets.Note:
    return old_sheets.Note(
        scope=sheet.wish.scope,
        source=sheet.wish.source,
        shown=[each.collected.whole for each in sheet.best],
        listed=[each.collected.whole for each in sheet.swept],
        until=sheet.until,
    )


async def _card(store: Store, sheet: Sheet, rank: int, each: Swept) -> dict[str, Any]:
    """What the page shows of one picture; its picture is None if it is gone by now."""
    score, crop_hash = each.guess, each.collected.crop
    assert isinstance(score, Scored)  # noqa: S101 - it is ranked
    crop = None if crop_hash is None else await store.crop(crop_hash)
    return {
        **_origin(each, sheet.locale),
        "rank": rank,
        "picture": None if crop is None else await asyncio.to_thread(_picture, crop),
        "suggestion": LIKES[score.likes],
        "score": score,
        "numbers": {key: f"{getattr(score, key):.1f}" for key in ("value", "low", "high")},
    }


def _picture(crop: Crop) -> tuple[str, int, int]:
    """Its address, width and height."""
    height, width = crop.pixels.shape[:2]
    return drawing.data_url(drawing.plain(crop)), width, height


def _origin(each: Swept, locale: str) -> dict[str, Any]:
    """Where a picture is from, as page and table tell it."""
    origin = each.collected.origin
    return {
        "author": origin.author_name,
        "author_id": each.collected.author,
        "text": origin.text or "",
        "likes": origin.likes,
        "audience": origin.audience,
        "posted": origin.posted,
        "link": web_address(origin.url),
        "licence": origin.licence,
        "consent": _consent(each, locale),
    }


def _consent(each: Swept, locale: str) -> str:
    if each.until is None:
        return say(locale, "sweep-agreed")
    if each.collected.crop is None:
        return say(locale, "sweep-not-agreed")
    return say(locale, "sweep-not-agreed-until", date=each.until.date().isoformat())


def web_address(url: str | None) -> str:
    """The address if it may be linked to, else nothing: never `javascript:` or `file:`."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return ""
    return url or "" if parts.scheme in ("http", "https") and parts.hostname else ""


def as_csv(sheet: Sheet) -> str:
    """All pictures, the best first, in UTF-8 with a mark as spreadsheets ask.

    What a spreadsheet would take for a formula has an apostrophe put in front.
    """
    table = io.StringIO(newline="")
    table.write("\ufeff")
    writer = csv.DictWriter(table, COLUMNS)
    writer.writeheader()
    for rank, each in enumerate(ranked(sheet.swept), start=1):
        writer.writerow(_row(sheet, each, rank=rank))
    for each, why in sheet.refused:
        writer.writerow(_row(sheet, each, refused=why))
    return table.getvalue()


def _row(sheet: Sheet, each: Swept, **told: Any) -> dict[str, Any]:
    row = {**_origin(each, sheet.locale), **told}
    if isinstance(each.guess, Scored):
        row |= {key: f"{getattr(each.guess, key):.2f}" for key in ("low", "high")}
        row["score"] = f"{each.guess.value:.2f}"
        row["suggestion"] = say(sheet.locale, LIKES[each.guess.likes])
    if row["posted"] is not None:
        row["posted"] = row["posted"].isoformat(timespec="seconds") + "Z"
    return {key: as_text(value) if isinstance(value, str) else value for key, value in row.items()}
