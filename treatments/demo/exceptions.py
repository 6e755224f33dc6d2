"""Exceptions to the invented site's week: public holidays of its region, closures, people away, a Saturday clinic."""

import datetime as dt

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinic import clock
from clinic.models import Site
from clinic.policies import regions
from scheduling.models import Closure, ExtraHours, HolidayDecision, Resource, TimeOff

_CLOSED_ON = (
    "New Year's Day",
    "Memorial Day",
    "Juneteenth",
    "Independence Day",
    "Labor Day",
    "Thanksgiving",
    "Christmas Day",
)
_BACK, _AHEAD = dt.timedelta(days=760), dt.timedelta(days=370)
_SATURDAY_STAFF = ("miriam.okafor", "grace.mensah", "paul.kowalski")


def write(site: Site, people: dict[str, Resource], now: dt.datetime) -> None:
    today = now.astimezone(site.zone).date()
    monday = today - dt.timedelta(days=today.weekday())
    _holidays(site, today)
    Closure.objects.bulk_create(
        Closure(site=site, period=_days(site, day, count), name=name)
        for name, day, count in _closed(today)
        if not day <= today < day + dt.timedelta(days=count)
    )
    away = [
        ("tomas.rivera", monday + dt.timedelta(days=15), 3, "Congress"),
        ("tomas.rivera", monday - dt.timedelta(days=70), 12, "Holiday"),
        ("ingrid.halvorsen", monday + dt.timedelta(days=35), 5, "Holiday"),
        ("ingrid.halvorsen", monday - dt.timedelta(days=160), 12, "Holiday"),
        ("miriam.okafor", monday - dt.timedelta(days=115), 12, "Holiday"),
        ("paul.kowalski", monday + dt.timedelta(days=11), 1, "Training"),
    ]
    TimeOff.objects.bulk_create(
        TimeOff(resource=people[name], period=_days(site, first, count), reason=reason)
        for name, first, count, reason in away
    )
    saturday = monday + dt.timedelta(days=19)
    open_for = DateTimeTZRange(*(clock.local(saturday, dt.time(hour), site.zone) for hour in (9, 13)))
    ExtraHours.objects.bulk_create(
        ExtraHours(site=site, resource=resource, period=open_for, reason="Saturday clinic")
        for resource in [None, *(people[name] for name in _SATURDAY_STAFF)]
    )


def _holidays(site: Site, today: dt.date) -> None:
    """Of each public holiday of a year ahead the manager has said whether the site is closed; never closed today."""
    for day, name in regions.public_holidays(
        site.country, site.region, first=today - _BACK, last=today + _AHEAD
    ):
        closed = name.startswith(_CLOSED_ON) and day != today
        HolidayDecision.objects.create(site=site, day=day, name=name, is_closed=closed)
        if closed:
            Closure.objects.create(site=site, period=_days(site, day), name=name, holiday=day)


def _closed(today: dt.date) -> list[tuple[str, dt.date, int]]:
    """Days that the site takes beside the holidays."""
    found = [("Staff training", today + dt.timedelta(days=23 - today.weekday()), 1)]
    for year in range(today.year - 2, today.year + 2):
        november = dt.date(year, 11, 1)
        friday = november + dt.timedelta(days=(3 - november.weekday()) % 7 + 22)
        found += [("Day after Thanksgiving", friday, 1), ("Christmas Eve", dt.date(year, 12, 24), 1)]
    return [row for row in found if today - _BACK <= row[1] <= today + _AHEAD]


def _days(site: Site, first: dt.date, count: int = 1) -> DateTimeTZRange:
    until = first + dt.timedelta(days=count)
    return DateTimeTZRange(
        clock.local(first, dt.time(0), site.zone), clock.local(until, dt.time(0), site.zone)
    )
