"""Wall-clock times of a site as instants, across both changes of clock."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from clinic import clock

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("zone", "day", "time", "instant"),
    [
        pytest.param(BERLIN, dt.date(2031, 1, 15), dt.time(9), utc(2031, 1, 15, 8), id="winter"),
        pytest.param(BERLIN, dt.date(2031, 7, 15), dt.time(9), utc(2031, 7, 15, 7), id="summer"),
        pytest.param(
            BERLIN, dt.date(2031, 3, 30), dt.time(1, 59), utc(2031, 3, 30, 0, 59), id="before the gap"
        ),
        pytest.param(BERLIN, dt.date(2031, 3, 30), dt.time(2, 0), utc(2031, 3, 30, 1), id="start of the gap"),
        pytest.param(BERLIN, dt.date(2031, 3, 30), dt.time(2, 30), utc(2031, 3, 30, 1), id="inside the gap"),
        pytest.param(BERLIN, dt.date(2031, 3, 30), dt.time(3, 0), utc(2031, 3, 30, 1), id="end of the gap"),
        pytest.param(
            BERLIN, dt.date(2031, 10, 26), dt.time(2, 30), utc(2031, 10, 26, 0, 30), id="first of the fold"
        ),
        pytest.param(BERLIN, dt.date(2031, 10, 26), dt.time(3, 0), utc(2031, 10, 26, 2), id="after the fold"),
        pytest.param(
            LORD_HOWE,
            dt.date(2031, 10, 5),
            dt.time(2, 15),
            utc(2031, 10, 4, 15, 30),
            id="gap of half an hour",
        ),
    ],
)
def test_local(zone: ZoneInfo, day: dt.date, time: dt.time, instant: dt.datetime) -> None:
    assert clock.local(day, time, zone) == instant


@pytest.mark.parametrize(
    ("day", "hours"), [(dt.date(2031, 3, 30), 23), (dt.date(2031, 6, 1), 24), (dt.date(2031, 10, 26), 25)]
)
def test_day_bounds_length(day: dt.date, hours: int) -> None:
    start, end = clock.day_bounds(day, BERLIN)
    assert end - start == dt.timedelta(hours=hours)


@pytest.mark.django_db
def test_set_offset_moves_now() -> None:
    before = clock.now()
    clock.set_offset(dt.timedelta(days=3))
    assert dt.timedelta(days=3) <= clock.now() - before < dt.timedelta(days=3, minutes=1)
    assert dt.timedelta(days=3) <= clock.database_now() - before < dt.timedelta(days=3, minutes=1)


@pytest.mark.django_db
def test_set_offset_is_refused_where_not_allowed(settings) -> None:  # type: ignore[no-untyped-def]
    settings.CLOCK_OFFSET_ALLOWED = False
    with pytest.raises(RuntimeError):
        clock.set_offset(dt.timedelta(days=3))
