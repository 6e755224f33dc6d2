"""A time zone as VTIMEZONE (RFC 5545 3.6.5), one observance a change of the clocks, for the years of a feed.

Ours because icalendar 7.3 lists the changes as RDATE, which other programs read as no change at all (vobject puts July
into winter time), and names the spring change by the hour after the gap instead of the one before it.
"""

import datetime as dt
from collections.abc import Iterator
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

_MINUTE = dt.timedelta(minutes=1)


@lru_cache(maxsize=64)
def vtimezone(zone: ZoneInfo, first: int, last: int) -> Timezone:
    """The zone from the beginning of the year `first` to the end of `last`."""
    begin = dt.datetime(first, 1, 1, tzinfo=dt.UTC)
    found = Timezone()
    found.add("tzid", zone.key)
    found.add_component(_observance(zone, begin, begin))
    for change in _changes(zone, begin, dt.datetime(last + 1, 1, 1, tzinfo=dt.UTC)):
        found.add_component(_observance(zone, change - _MINUTE, change))
    return found


def _changes(zone: ZoneInfo, begin: dt.datetime, end: dt.datetime) -> Iterator[dt.datetime]:
    """The instants from which another offset holds."""
    day = begin
    while day < end:
        following = day + dt.timedelta(days=1)
        if _offset(zone, day) != _offset(zone, following):
            low, high = day, following
            while high - low > _MINUTE:
                middle = low + (high - low) // 2 // _MINUTE * _MINUTE
                low, high = (middle, high) if _offset(zone, middle) == _offset(zone, day) else (low, middle)
            yield high
        day = following


def _observance(
    zone: ZoneInfo, before: dt.datetime, change: dt.datetime
) -> TimezoneDaylight | TimezoneStandard:
    """What holds from `change` on. Its start is written by the clock that was in force before it."""
    summer = bool(change.astimezone(zone).dst())
    part = TimezoneDaylight() if summer else TimezoneStandard()
    was, now = _offset(zone, before), _offset(zone, change)
    part.add("dtstart", (change + was).replace(tzinfo=None))
    part.add("tzoffsetfrom", was)
    part.add("tzoffsetto", now)
    part.add("tzname", change.astimezone(zone).tzname() or zone.key)
    return part


def _offset(zone: ZoneInfo, instant: dt.datetime) -> dt.timedelta:
    return instant.astimezone(zone).utcoffset() or dt.timedelta(0)
