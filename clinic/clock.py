"""The only clock. SQL gets `now()` from here as a parameter, never its own.

Where CLOCK_OFFSET_ALLOWED is set (tests, never production), an offset kept in the database moves web,
worker and beat alike.
"""

import datetime as dt
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection


def now() -> dt.datetime:
    """This instant, in UTC."""
    instant = dt.datetime.now(tz=dt.UTC)
    return instant + _offset() if settings.CLOCK_OFFSET_ALLOWED else instant


def database_now() -> dt.datetime:
    """This instant by the database's clock: one authority where several machines claim the same rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        instant: dt.datetime = cursor.fetchone()[0]
    return instant + _offset() if settings.CLOCK_OFFSET_ALLOWED else instant


def today(zone: ZoneInfo) -> dt.date:
    """The calendar day in that zone."""
    return now().astimezone(zone).date()


def local(day: dt.date, time: dt.time, zone: ZoneInfo) -> dt.datetime:
    """The instant of a wall-clock time.

    In the autumn fold the first of the two readings; a time that the spring gap skips becomes the
    instant at which the gap ends, so that a rule "from 02:30" starts at 03:00.
    """
    wall = dt.datetime.combine(day, time, tzinfo=zone)
    instant = wall.astimezone(dt.UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != wall.replace(tzinfo=None):
        return _end_of_gap(instant, zone)
    return instant


def day_bounds(day: dt.date, zone: ZoneInfo) -> tuple[dt.datetime, dt.datetime]:
    """`[midnight, next midnight)` of a local day: 23, 24 or 25 hours."""
    return local(day, dt.time(0), zone), local(day + dt.timedelta(days=1), dt.time(0), zone)


def set_offset(offset: dt.timedelta) -> None:
    """Move every process that shares this database. For tests."""
    if not settings.CLOCK_OFFSET_ALLOWED:
        raise RuntimeError("CLOCK_OFFSET_ALLOWED is off")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO clinic_clockoffset (id, seconds) VALUES (1, %s)"
            " ON CONFLICT (id) DO UPDATE SET seconds = excluded.seconds",
            [offset.total_seconds()],
        )


def _offset() -> dt.timedelta:
    with connection.cursor() as cursor:
        cursor.execute("SELECT seconds FROM clinic_clockoffset WHERE id = 1")
        row = cursor.fetchone()
    return dt.timedelta(seconds=row[0] if row else 0)


def _end_of_gap(instant: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The transition nearest to an instant that was read from a skipped wall time, to the minute."""
    low, high = instant - dt.timedelta(hours=3), instant + dt.timedelta(hours=3)
    before = low.astimezone(zone).utcoffset()
    while high - low > dt.timedelta(minutes=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(second=0, microsecond=0)
