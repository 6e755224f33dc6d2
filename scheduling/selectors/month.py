"""How full the days of a month are, in a constant number of queries."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, DateTimeField, DurationField, ExpressionWrapper, F, Func, Q, Sum
from django.db.models.functions import TruncDate

from clinic import clock
from clinic.models import Site
from scheduling import intervals
from scheduling.enums import AppointmentStatus
from scheduling.intervals import Intervals, minute
from scheduling.models import Allocation, Appointment
from scheduling.selectors import presence
from scheduling.selectors.grid import clinicians_at, span

_FREED = (AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW, AppointmentStatus.NOT_DONE)


@dataclass(frozen=True, slots=True)
class DayLoad:
    """One day: how many visits, and how much of its clinicians' open time is taken (percent, None when closed)."""

    day: dt.date
    visits: int
    unconfirmed: int
    taken_minutes: int
    open_minutes: int
    closures: Sequence[str]

    @property
    def percent(self) -> int | None:
        return min(100, round(100 * self.taken_minutes / self.open_minutes)) if self.open_minutes else None


def load(*, site: Site, days: Sequence[dt.date]) -> list[DayLoad]:
    """The load of consecutive days. Visits that were cancelled or did not come are not counted."""
    window = span(days, site)
    visits = _visits(site, window)
    taken = _taken(site, window)
    there = presence.of(site=site, resources=clinicians_at(site), window=window)
    loads = []
    for day in days:
        start, end = clock.day_bounds(day, site.zone)
        count, unconfirmed = visits.get(day, (0, 0))
        names = [row.name for row in there.closures if row.period.lower < end and start < row.period.upper]
        opened = sum(_minutes(parts, start, end) for parts in there.open.values())
        loads.append(DayLoad(day, count, unconfirmed, taken.get(day, 0), opened, names))
    return loads


def _minutes(parts: Intervals, start: dt.datetime, end: dt.datetime) -> int:
    return sum(high - low for low, high in intervals.intersect(parts, [(minute(start), minute(end))]))


def _day(site: Site) -> TruncDate:
    start = Func(F("period"), function="lower", output_field=DateTimeField())
    return TruncDate(start, tzinfo=site.zone)


def _visits(site: Site, window: tuple[dt.datetime, dt.datetime]) -> dict[dt.date, tuple[int, int]]:
    rows = Appointment.objects.filter(site=site, period__overlap=window).exclude(status__in=_FREED)
    counted = (
        rows.annotate(day=_day(site))
        .values("day")
        .order_by()
        .annotate(n=Count("pk"), open=Count("pk", filter=Q(status=AppointmentStatus.BOOKED)))
    )
    return {row["day"]: (row["n"], row["open"]) for row in counted}


def _taken(site: Site, window: tuple[dt.datetime, dt.datetime]) -> dict[dt.date, int]:
    """Minutes for which clinicians are held by visits, by day."""
    rows = Allocation.objects.filter(
        site=site, active=True, appointment__isnull=False, resource__is_clinician=True, period__overlap=window
    )
    length = ExpressionWrapper(
        Func(F("period"), function="upper", output_field=DateTimeField())
        - Func(F("period"), function="lower", output_field=DateTimeField()),
        output_field=DurationField(),
    )
    summed = rows.annotate(day=_day(site)).values("day").order_by().annotate(total=Sum(length))
    found: dict[dt.date, int] = defaultdict(int)
    for row in summed:
        found[row["day"]] = int(row["total"].total_seconds()) // 60
    return found
