"""When something regular is due, by the clock of who wants it. Pure.

Moments are UTC without a zone, as the store keeps them.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

_FEW = 25
"""Zones to suggest: as many as a list on a chat service holds."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Once a day, or once a week.

    A time that the clocks skip in spring counts an hour later; one that they show twice in autumn
    counts the first time.

    Attributes:
        minute: of the day, 0..1439, by the clock of the zone.
        zone: its IANA name.
        weekday: 0 is Monday; None is every day.
    """

    minute: int
    zone: str
    weekday: int | None = None


def latest(schedule: Schedule, now: datetime) -> datetime:
    """The last moment of a schedule that is not after `now`.

    However many moments were missed meanwhile, comparing this one with what was done last makes up
    for them once.
    """
    return max(each for each in _moments(schedule, now, range(-8, 2)) if each <= now)


def following(schedule: Schedule, now: datetime) -> datetime:
    """The first moment of a schedule after `now`."""
    return min(each for each in _moments(schedule, now, range(-1, 9)) if each > now)


def _moments(schedule: Schedule, now: datetime, days: Iterable[int]) -> Iterator[datetime]:
    """Those on days that are so many away from today."""
    zone = ZoneInfo(schedule.zone)
    today = now.replace(tzinfo=UTC).astimezone(zone).date()
    at = time(*divmod(schedule.minute, 60))
    for away in days:
        day = today + timedelta(days=away)
        if schedule.weekday in (None, day.weekday()):
            yield datetime.combine(day, at, zone).astimezone(UTC).replace(tzinfo=None)


def today(zone: str, now: datetime) -> int:
    """The weekday in a zone, 0 for Monday."""
    return now.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).weekday()


def minute_of(typed: str) -> int:
    """The minute of the day that `HH:MM` means.

    Raises:
        ValueError: it means none.
    """
    plain = unicodedata.normalize("NFKC", typed).strip()
    at = datetime.strptime(plain, "%H:%M")
    return 60 * at.hour + at.minute


def is_zone(name: str) -> bool:
    """Whether there is a zone of this name."""
    return name in _zones()


def zones_like(typed: str) -> list[str]:
    """A few zones whose names hold what was typed, those that begin with it first."""
    wanted = typed.strip().replace(" ", "_").casefold()
    found = [zone for zone in _zones() if wanted in zone.casefold()]
    return sorted(found, key=lambda zone: not _begins(zone, wanted))[:_FEW]


def _begins(zone: str, wanted: str) -> bool:
    return any(part.startswith(wanted) for part in zone.casefold().split("/"))


@cache
def _zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))
