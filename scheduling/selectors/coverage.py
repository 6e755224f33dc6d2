"""Visits that stand outside the hours as they are now: asked after a change of hours, before it is committed."""

import datetime as dt
from collections import defaultdict
from uuid import UUID

from django.db.models import Q

from clinic import clock
from clinic.models import Site
from scheduling import intervals
from scheduling.models import Allocation, Appointment, ExtraHours, WorkingHours
from scheduling.selectors import setup as reads

FAR = dt.timedelta(days=3660)


def uncovered(
    site: Site, resource_id: UUID | None, *, start: dt.datetime, end: dt.datetime | None = None
) -> list[Appointment]:
    """Visits not yet over that meet `[start, end)` and do not lie inside one open time of the clinician, or,
    without one, of the site: weekly hours and extra hours alone; closures and time off have their own question.

    A constant number of queries. A clinician need only be there for what the visit asks of them.
    """
    until = end or start + FAR
    if resource_id is None:
        visits = reads.visits_at(site_id=site.pk, start=start, end=until)
        spans = {visit.pk: [visit.period] for visit in visits}
    else:
        visits = reads.visits_using(resource_ids=[resource_id], start=start, end=until, site_id=site.pk)
        spans = defaultdict(list)
        held = Allocation.objects.filter(
            appointment__in=[visit.pk for visit in visits], resource=resource_id, active=True
        )
        for key, period in held.values_list("appointment_id", "period"):
            spans[key].append(period)
    if not visits:
        return []
    first = min(period.lower for periods in spans.values() for period in periods)
    last = max(period.upper for periods in spans.values() for period in periods)
    hours = _open(site, resource_id, first, last)
    return [
        visit
        for visit in visits
        if not all(
            any(low <= period.lower and period.upper <= high for low, high in hours)
            for period in spans[visit.pk]
        )
    ]


def _open(
    site: Site, resource_id: UUID | None, first: dt.datetime, last: dt.datetime
) -> list[tuple[dt.datetime, dt.datetime]]:
    owner = Q(resource_id=resource_id) if resource_id else Q(resource__isnull=True)
    windows = list(WorkingHours.objects.filter(owner, site=site))
    extra = ExtraHours.objects.filter(
        owner, site=site, ended_at__isnull=True, period__overlap=(first, last)
    ).values_list("period", flat=True)
    day, stop = first.astimezone(site.zone).date(), last.astimezone(site.zone).date()
    found = [(period.lower, period.upper) for period in extra]
    while day <= stop:
        found += [
            (clock.local(day, row.opens, site.zone), clock.local(day, row.closes, site.zone))
            for row in windows
            if row.weekday == day.weekday()
            and row.valid_from <= day
            and (row.valid_until is None or day <= row.valid_until)
        ]
        day += dt.timedelta(days=1)
    joined = intervals.union((round(low.timestamp()), round(high.timestamp())) for low, high in found)
    return [
        (dt.datetime.fromtimestamp(low, tz=dt.UTC), dt.datetime.fromtimestamp(high, tz=dt.UTC))
        for low, high in joined
    ]
