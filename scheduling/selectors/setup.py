"""Reads for setting the site up: what there is, when it is open, and which visits a change would meet."""

import datetime as dt
from collections.abc import Collection
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from clinic import clock
from clinic.models import Site
from scheduling.enums import OCCUPYING
from scheduling.models import (
    Allocation,
    Appointment,
    Closure,
    Requirement,
    Resource,
    Stage,
    TimeOff,
    VisitType,
    WorkingHours,
)


def resources(site_id: UUID) -> QuerySet[Resource]:
    """Clinicians of the clinic, rooms and equipment of the site; those not in use last."""
    rows = Resource.objects.filter(Q(site_id=site_id) | Q(is_clinician=True)).select_related("kind", "user")
    return rows.order_by("-is_active", "kind__position", "position", "name")


def resource(site_id: UUID, resource_id: UUID) -> Resource | None:
    return resources(site_id).filter(pk=resource_id).first()


def hours(site_id: UUID, *, today: dt.date) -> dict[UUID | None, list[WorkingHours]]:
    """Weekly windows that are valid now or later, by clinician; None holds the site's own."""
    found: dict[UUID | None, list[WorkingHours]] = {}
    rows = WorkingHours.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gte=today), site_id=site_id
    )
    for row in rows.order_by("weekday", "opens", "valid_from"):
        found.setdefault(row.resource_id, []).append(row)
    return found


def closures(site_id: UUID, *, after: dt.datetime) -> QuerySet[Closure]:
    return Closure.objects.filter(site_id=site_id, period__endswith__gt=after)


def time_off(site_id: UUID, *, after: dt.datetime) -> QuerySet[TimeOff]:
    rows = TimeOff.objects.filter(
        resource__in=resources(site_id), period__endswith__gt=after, ended_at__isnull=True
    )
    return rows.select_related("resource__kind")


def visit_types(site_id: UUID) -> QuerySet[VisitType]:
    """Visit types with their stages and what each needs."""
    needs = Requirement.objects.select_related("kind", "stage").order_by("offset", "pk")
    return (
        VisitType.objects.filter(site_id=site_id)
        .order_by("-is_active", "position", "name")
        .prefetch_related(
            Prefetch("stages", queryset=Stage.objects.order_by("position"), to_attr="steps"),
            Prefetch("requirements", queryset=needs, to_attr="needs"),
        )
    )


def visits_using(
    *,
    resource_ids: Collection[UUID],
    start: dt.datetime,
    end: dt.datetime | None = None,
    site_id: UUID | None = None,
) -> list[Appointment]:
    """Visits not yet over that hold one of the resources within `[start, end)`, soonest first."""
    held = Allocation.objects.filter(resource__in=resource_ids, active=True, appointment__isnull=False)
    held = held.filter(period__overlap=(start, end))
    rows = Appointment.objects.filter(pk__in=held.values("appointment"), status__in=OCCUPYING[:-1])
    if site_id is not None:
        rows = rows.filter(site_id=site_id)
    return list(rows.select_related("patient", "visit_type", "site").order_by("period", "pk"))


def visits_at(*, site_id: UUID, start: dt.datetime, end: dt.datetime) -> list[Appointment]:
    """Visits of the site not yet over that meet `[start, end)`, soonest first."""
    rows = Appointment.objects.filter(
        site_id=site_id, period__overlap=(start, end), status__in=OCCUPYING[:-1]
    )
    return list(rows.select_related("patient", "visit_type", "site").order_by("period", "pk"))


def visits_in_window(window: WorkingHours, *, site: Site, from_day: dt.date) -> list[Appointment]:
    """Visits that lie in a weekly window from a day on: those that ending it would leave without hours."""
    start, _end = clock.day_bounds(max(from_day, window.valid_from), site.zone)
    start = max(start, clock.now())
    end = clock.day_bounds(window.valid_until, site.zone)[1] if window.valid_until else None
    if window.resource_id is not None:
        found = visits_using(resource_ids=[window.resource_id], start=start, end=end, site_id=site.pk)
    else:
        found = visits_at(site_id=site.pk, start=start, end=end or start + dt.timedelta(days=3660))
    return [visit for visit in found if _meets(visit, window, site)]


def _meets(visit: Appointment, window: WorkingHours, site: Site) -> bool:
    begin, end = (instant.astimezone(site.zone) for instant in (visit.period.lower, visit.period.upper))
    return bool(
        begin.weekday() == window.weekday and begin.time() < window.closes and window.opens < end.time()
    )
