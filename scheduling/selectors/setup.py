"""Reads for setting the site up: what there is, when it is open, and which visits a change would meet."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from clinic import clock
from clinic.models import Site
from scheduling.enums import OCCUPYING
from scheduling.models import (
    Allocation,
    Appointment,
    ChangeReason,
    Closure,
    ExtraHours,
    Qualification,
    Requirement,
    Resource,
    ResourceKind,
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


def extra_hours(site_id: UUID, *, after: dt.datetime) -> QuerySet[ExtraHours]:
    rows = ExtraHours.objects.filter(site_id=site_id, ended_at__isnull=True, period__endswith__gt=after)
    return rows.select_related("resource")


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


def kinds() -> list[ResourceKind]:
    return list(ResourceKind.objects.all())


def reasons() -> list[ChangeReason]:
    """All of them, in the order in which the desk sees them; those not in use last."""
    return list(ChangeReason.objects.order_by("-is_active", "position", "code"))


def supply(site_id: UUID, *, visit_type_id: UUID | None = None) -> dict[str, int]:
    """How many resources of each kind could serve here: in use, with hours at the site where they are clinicians,
    and, where a kind has qualified clinicians for this visit type, only those."""
    works_here = WorkingHours.objects.filter(resource=OuterRef("pk"), site_id=site_id)
    rows = Resource.objects.filter(Q(site_id=site_id) | Q(Exists(works_here), is_clinician=True))
    qualified = dict(
        Qualification.objects.filter(visit_type=visit_type_id).values_list("resource_id", "resource__kind_id")
    )
    limited = set(qualified.values())
    found: dict[str, int] = {}
    for key, kind in rows.filter(is_active=True).values_list("pk", "kind_id"):
        if kind not in limited or key in qualified:
            found[kind] = found.get(kind, 0) + 1
    return found


@dataclass(frozen=True, slots=True)
class Matrix:
    """Who may serve what at a site: clinicians in use, kinds of visit in use with what they ask for, and the pairs
    that are named, also those of clinicians who have left."""

    clinicians: list[Resource]
    visit_types: list[VisitType]
    named: set[tuple[UUID, UUID]]
    kind_of: dict[UUID, str]

    def asks_for(self, visit_type: VisitType) -> set[str]:
        needs: list[Requirement] = getattr(visit_type, "needs", [])
        return {kind for need in needs for kind in (need.kind_id, *need.also_kinds)}


def qualification_matrix(site_id: UUID) -> Matrix:
    named = list(
        Qualification.objects.filter(visit_type__site_id=site_id).values_list(
            "resource_id", "visit_type_id", "resource__kind_id"
        )
    )
    clinicians = list(resources(site_id).filter(is_clinician=True, is_active=True))
    return Matrix(
        clinicians=clinicians,
        visit_types=list(visit_types(site_id).filter(is_active=True)),
        named={(resource_id, visit_type_id) for resource_id, visit_type_id, _kind in named},
        kind_of={row.pk: row.kind_id for row in clinicians} | {key: kind for key, _type, kind in named},
    )


def visits_held(pairs: Collection[tuple[UUID, UUID]], *, start: dt.datetime) -> list[Appointment]:
    """Visits not yet over, from an instant on, of a kind and held by the clinician of one of the pairs."""
    if not pairs:
        return []
    held = Allocation.objects.filter(
        active=True,
        resource__in={resource_id for resource_id, _type in pairs},
        appointment__visit_type__in={visit_type_id for _resource, visit_type_id in pairs},
        period__endswith__gt=start,
    ).values_list("resource_id", "appointment__visit_type_id", "appointment_id")
    keys = {visit for resource, visit_type, visit in held if (resource, visit_type) in pairs}
    rows = Appointment.objects.filter(pk__in=keys, status__in=OCCUPYING[:-1])
    return list(rows.select_related("patient", "visit_type", "site").order_by("period", "pk"))
