"""When the invented site is open and who works when; so that today has visits whenever the demo is loaded."""

import datetime as dt

from clinic.models import Site
from scheduling import intervals
from scheduling.models import Resource, WorkingHours

OPEN = {day: (dt.time(8), dt.time(18)) for day in range(5)}
MORNING_AND_AFTERNOON = {
    "miriam.okafor": (range(5), ("08:00", "12:30"), ("13:15", "16:45")),
    "tomas.rivera": (range(4), ("08:30", "12:00"), ("12:45", "17:30")),
    "ingrid.halvorsen": (range(1, 5), ("09:00", "13:00"), ("13:45", "18:00")),
    "grace.mensah": (range(5), ("08:00", "17:00"), None),
    "paul.kowalski": (range(5), ("09:00", "18:00"), None),
}
_AROUND_NOW = dt.timedelta(hours=2, minutes=30)


def write_hours(site: Site, people: dict[str, Resource], now: dt.datetime) -> None:
    rows = [
        WorkingHours(site=site, weekday=day, opens=opens, closes=closes)
        for day, (opens, closes) in OPEN.items()
    ]
    for name, (days, *windows) in MORNING_AND_AFTERNOON.items():
        rows += [
            WorkingHours(
                site=site,
                resource=people[name],
                weekday=day,
                opens=dt.time.fromisoformat(window[0]),
                closes=dt.time.fromisoformat(window[1]),
            )
            for day in days
            for window in windows
            if window is not None
        ]
    today = now.astimezone(site.zone).date()
    for opens, closes in _extra(now.astimezone(site.zone)):
        rows += [
            WorkingHours(
                site=site,
                resource=resource,
                weekday=today.weekday(),
                opens=opens,
                closes=closes,
                valid_from=today,
                valid_until=today,
            )
            for resource in [None, *people.values()]
        ]
    WorkingHours.objects.bulk_create(rows)


def _extra(now: dt.datetime) -> list[tuple[dt.time, dt.time]]:
    """Windows that open today alone, so that there is something to see whenever the demo is loaded."""
    moment = now.hour * 60 + now.minute
    reach = int(_AROUND_NOW.total_seconds()) // 60
    low, high = max(0, (moment - reach) // 15 * 15), min(24 * 60 - 15, (moment + reach) // 15 * 15)
    usual = [(8 * 60, 18 * 60)]
    wanted = intervals.union([(low, high), *([] if now.weekday() in OPEN else usual)])
    extra = intervals.subtract(wanted, usual if now.weekday() in OPEN else [])
    return [(dt.time(*divmod(opens, 60)), dt.time(*divmod(closes, 60))) for opens, closes in extra]
