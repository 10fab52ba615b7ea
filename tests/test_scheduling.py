"""When a digest is due: fixed instants, around changes of the clocks above all."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.scheduling import Schedule, following, is_zone, latest, minute_of, today, zones_like

EVENING = Schedule(20 * 60, "Asia/Tokyo")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_time_is_that_of_the_zone() -> None:
    assert latest(EVENING, utc("2026-11-21T10:59")) == utc("2026-11-20T11:00")
    assert latest(EVENING, utc("2026-11-21T11:00")) == utc("2026-11-21T11:00")
    assert following(EVENING, utc("2026-11-21T11:00")) == utc("2026-11-22T11:00")
    late = Schedule(60, "Asia/Tokyo")  # one o'clock in the night there is the day before in UTC
    assert latest(late, utc("2026-11-20T16:00")) == utc("2026-11-20T16:00")


def test_once_a_week_is_on_its_weekday_there() -> None:
    sunday = Schedule(60, "Asia/Tokyo", weekday=6)
    assert latest(sunday, utc("2026-11-21T16:00")) == utc("2026-11-21T16:00")
    assert latest(sunday, utc("2026-11-21T15:59")) == utc("2026-11-14T16:00")
    assert following(sunday, utc("2026-11-21T16:00")) == utc("2026-11-28T16:00")
    assert today("Asia/Tokyo", utc("2026-11-21T16:00")) == 6
    assert today("UTC", utc("2026-11-21T16:00")) == 5


def test_clocks_going_forward_and_back_skip_nothing_and_repeat_nothing() -> None:
    morning = Schedule(8 * 60, "Europe/Berlin")
    assert following(morning, utc("2026-03-28T07:00")) == utc("2026-03-29T06:00")
    assert following(morning, utc("2026-10-24T06:00")) == utc("2026-10-25T07:00")
    skipped = Schedule(150, "Europe/Berlin")  # 2:30 did not exist on 29 March, and did twice later
    assert latest(skipped, utc("2026-03-29T12:00")) == utc("2026-03-29T01:30")
    assert latest(skipped, utc("2026-10-25T12:00")) == utc("2026-10-25T00:30")
    assert following(skipped, utc("2026-10-25T00:30")) == utc("2026-10-26T01:30")


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
    st.integers(0, 1439),
    st.sampled_from(["Asia/Tokyo", "UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Chatham"]),
    st.none() | st.integers(0, 6),
)
def test_now_is_between_the_latest_and_the_following(
    now: datetime, minute: int, zone: str, weekday: int | None
) -> None:
    schedule = Schedule(minute, zone, weekday)
    before, after = latest(schedule, now), following(schedule, now)
    assert before <= now < after
    days = 1 if weekday is None else 7
    assert abs(after - before - timedelta(days=days)) <= timedelta(hours=1)


@pytest.mark.parametrize(
    ("typed", "minute"), [("20:00", 1200), (" 8:05", 485), ("０７：３０", 450)]
)
def test_times_as_people_type_them(typed: str, minute: int) -> None:
    assert minute_of(typed) == minute


@pytest.mark.parametrize("typed", ["", "25:00", "8", "20:60", "eight"])
def test_what_is_no_time(typed: str) -> None:
    with pytest.raises(ValueError):
        minute_of(typed)


def test_zones_are_suggested_by_city_and_by_continent() -> None:
    assert zones_like("tok")[0] == "Asia/Tokyo"
    assert zones_like("new york")[0] == "America/New_York"
    assert len(zones_like("")) == 25
    assert is_zone("Asia/Tokyo")
    assert not is_zone("Asia/Nowhere")
