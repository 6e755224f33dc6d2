"""Where a time stands on the grid: rows of five minutes of wall-clock time, as the classes r<row> and s<length>."""

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from scheduling.intervals import Interval, instant

ROW = 5  # minutes
_PER_HOUR = 60 // ROW
_DEFAULT = (8, 18)
_HOURS = 24


@dataclass(frozen=True, slots=True)
class Ruler:
    """The hours that a grid shows, the same for all of its columns."""

    first_hour: int
    last_hour: int
    zone: ZoneInfo

    @property
    def rows(self) -> int:
        return (self.last_hour - self.first_hour) * _PER_HOUR

    @property
    def first_minute(self) -> int:
        return self.first_hour * 60

    def hours(self) -> list[tuple[str, int]]:
        """Each full hour with its row."""
        hours = range(self.first_hour, self.last_hour)
        return [(f"{hour:02d}:00", (hour - self.first_hour) * _PER_HOUR) for hour in hours]

    def minute(self, at: dt.datetime, day: dt.date) -> int:
        """Wall-clock minute of that day: below 0 for the day before, above 1440 for the day after."""
        local = at.astimezone(self.zone)
        return (local.date() - day).days * 1440 + local.hour * 60 + local.minute

    def classes(self, start: dt.datetime, end: dt.datetime, day: dt.date) -> tuple[str, int] | None:
        """The classes of a block and its length in rows; None where none of it is on the grid."""
        low = round((self.minute(start, day) - self.first_minute) / ROW)
        high = max(round((self.minute(end, day) - self.first_minute) / ROW), low + 1)
        low, high = max(low, 0), min(high, self.rows)
        return (f"r{low} s{high - low}", high - low) if low < high else None


def ruler(
    intervals: Iterable[Interval], periods: Iterable[tuple[dt.datetime, dt.datetime]], zone: ZoneInfo
) -> Ruler:
    """As many hours as the open times and what is booked outside of them need; 8 to 18 where nothing is."""
    spans = [(instant(low), instant(high)) for low, high in intervals]
    spans += list(periods)
    lows = [start.astimezone(zone) for start, _end in spans]
    highs = [(start.astimezone(zone), end.astimezone(zone)) for start, end in spans]
    if not spans:
        return Ruler(*_DEFAULT, zone)
    first = min(each.hour for each in lows)
    last = max(
        _HOURS if end.date() > start.date() else math.ceil(end.hour + end.minute / 60) for start, end in highs
    )
    return Ruler(first, max(last, first + 1), zone)
