"""Opening and working hours as instants.

They are wall-clock rules and are expanded here, in Python, because PostgreSQL and Python read the repeated hour of
the autumn fold differently and one of them has to be the authority.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic import clock
from scheduling import intervals
from scheduling.intervals import Interval, Intervals, minute
from scheduling.models import Resource
from scheduling.selectors.facts import Setup

Rule = tuple[int, dt.time, dt.time, dt.date, dt.date | None]
"""Weekday, opens, closes, and the first and last day on which this counts."""


def open_times(
    setup: Setup, resources: Iterable[Resource], *, low: dt.datetime, high: dt.datetime, zone: ZoneInfo
) -> dict[UUID, Intervals]:
    """When each resource is there, around `[low, high)`.

    Extra hours of the site open it. Those of one resource count inside open time only: nobody works alone in a
    locked house. A closure and time off win over both. Rooms and equipment without hours of their own are there
    whenever the site is open; a clinician only when their hours say so.
    """
    rules: dict[str | None, list[Rule]] = defaultdict(list)
    for key, *rule in setup.hours:
        rules[key].append(_rule(rule))
    extra: dict[str | None, list[Interval]] = defaultdict(list)
    for key, begin, end in setup.extra:
        extra[key].append((begin, end))
    away: dict[str, list[Interval]] = defaultdict(list)
    for key, begin, end in setup.away:
        away[key].append((begin, end))

    days = _Days(low, high, zone)
    closed = intervals.union((begin, end) for begin, end in setup.closed)
    site_open = intervals.subtract(intervals.union([*days.expand(rules[None]), *extra[None]]), closed)
    alike: dict[tuple[frozenset[Rule], tuple[Interval, ...]], Intervals] = {}
    result: dict[UUID, Intervals] = {}
    for resource in resources:
        key = str(resource.pk)
        hours = site_open
        if resource.is_clinician or key in rules:
            # Many clinicians keep the same hours: a year of them is expanded once.
            same = (frozenset(rules.get(key, ())), tuple(extra.get(key, ())))
            if same not in alike:
                own = intervals.union([*days.expand(same[0]), *same[1]])
                alike[same] = intervals.intersect(own, site_open)
            hours = alike[same]
        result[resource.pk] = intervals.subtract(hours, intervals.union(away[key])) if key in away else hours
    return result


def _rule(row: list[Any]) -> Rule:
    weekday, opens, closes, first, last = row
    return (
        weekday,
        dt.time.fromisoformat(opens),
        dt.time.fromisoformat(closes),
        dt.date.fromisoformat(first),
        dt.date.fromisoformat(last) if last else None,
    )


class _Days:
    """The local days of a window. Each wall-clock time of a day is resolved once."""

    def __init__(self, low: dt.datetime, high: dt.datetime, zone: ZoneInfo) -> None:
        first = low.astimezone(zone).date() - dt.timedelta(days=1)
        last = high.astimezone(zone).date() + dt.timedelta(days=1)
        self.by_weekday: dict[int, list[dt.date]] = defaultdict(list)
        for number in range((last - first).days + 1):
            day = first + dt.timedelta(days=number)
            self.by_weekday[day.weekday()].append(day)
        self._minute = cache(lambda day, time: minute(clock.local(day, time, zone)))

    def expand(self, rules: Iterable[Rule]) -> Intervals:
        return intervals.union(
            (self._minute(day, opens), self._minute(day, closes))
            for weekday, opens, closes, first, last in rules
            for day in self.by_weekday[weekday]
            if first <= day and (last is None or day <= last)
        )
