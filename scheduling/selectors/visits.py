"""Reads of visits for pages: one day, the board, one visit, a patient's visits. Each in a constant number of queries."""

import datetime as dt
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from clinic import clock
from clinic.models import Site
from scheduling.enums import OCCUPYING, AppointmentStatus
from scheduling.models import Allocation, Appointment, VisitStage

HIDDEN = (AppointmentStatus.CANCELLED,)
MOST_SHOWN = 5


def with_parts(rows: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """Everything that a list of visits shows: patient, type, active allocations (`held`), stages."""
    held = Allocation.objects.filter(active=True).order_by("period", "pk").select_related("resource__kind")
    return rows.select_related("patient", "visit_type", "site", "reason", "squeezed_on").prefetch_related(
        Prefetch("allocations", queryset=held, to_attr="held"),
        Prefetch("stages", queryset=VisitStage.objects.order_by("position"), to_attr="steps"),
    )


def of_day(*, site: Site, day: dt.date, include_cancelled: bool = False) -> QuerySet[Appointment]:
    """The visits that start on a local day of the site, in time order, without their parts."""
    start, end = clock.day_bounds(day, site.zone)
    rows = Appointment.objects.filter(site=site, period__startswith__gte=start, period__startswith__lt=end)
    rows = rows.filter(period__overlap=(start, end + dt.timedelta(days=1)))
    if not include_cancelled:
        rows = rows.exclude(status__in=HIDDEN)
    return rows.order_by("period", "pk")


def day_list(*, site: Site, day: dt.date, include_cancelled: bool = False) -> list[Appointment]:
    """The same with everything that a list of visits shows."""
    return list(with_parts(of_day(site=site, day=day, include_cancelled=include_cancelled)))


def place(appointment: Appointment) -> str:
    """Where a visit is now: `expected`, `arrived`, the code of the running stage, `done` or `off`."""
    status = AppointmentStatus(appointment.status)
    if status in (AppointmentStatus.PROVISIONAL, AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED):
        return "expected"
    if status == AppointmentStatus.IN_PROGRESS:
        running = [step for step in steps_of(appointment) if step.started_at and not step.ended_at]
        begun = [step for step in steps_of(appointment) if step.started_at]
        return (running or begun)[-1].code if begun else "arrived"
    if status == AppointmentStatus.ARRIVED:
        return "arrived"
    return "done" if status == AppointmentStatus.COMPLETED else "off"


def steps_of(appointment: Appointment) -> Sequence[VisitStage]:
    """Stages in order, from the prefetch where there is one."""
    steps = getattr(appointment, "steps", None)
    return list(appointment.stages.order_by("position")) if steps is None else steps


def lead_of(appointment: Appointment) -> str:
    """The name of the clinician with whom the visit is booked, from the prefetch of `with_parts`."""
    return next((row.resource.name for row in held_by(appointment) if row.is_lead), "")


def held_by(appointment: Appointment) -> Sequence[Allocation]:
    """What a visit holds now, from the prefetch of `with_parts`."""
    held: Sequence[Allocation] = getattr(appointment, "held", [])
    return held


def detail(*, appointment_id: UUID) -> Appointment | None:
    return with_parts(Appointment.objects.filter(pk=appointment_id)).first()


def patient_appointments(*, patient_id: UUID) -> list[Appointment]:
    """All visits of a patient, newest first."""
    return list(with_parts(Appointment.objects.filter(patient_id=patient_id)).order_by("-period", "pk"))


def coming_of(*, patient_id: UUID, site_ids: Iterable[UUID], now: dt.datetime) -> list[Appointment]:
    """The next visits that a patient has at these sites, soonest first. One query."""
    rows = Appointment.objects.filter(
        patient_id=patient_id, site_id__in=site_ids, status__in=OCCUPYING, period__endswith__gt=now
    )
    return list(rows.select_related("visit_type").order_by("period")[:MOST_SHOWN])


def next_day_with_visits(*, site: Site, after: dt.date, within: int = 7) -> list[Appointment]:
    """The visits of the first day after `after` that has any, looking a week ahead."""
    start, _end = clock.day_bounds(after + dt.timedelta(days=1), site.zone)
    end = start + dt.timedelta(days=within)
    rows = Appointment.objects.filter(site=site, period__overlap=(start, end), period__startswith__gte=start)
    found = list(with_parts(rows.exclude(status__in=HIDDEN)).order_by("period", "pk"))
    first = found[0].period.lower.astimezone(site.zone).date() if found else None
    return [visit for visit in found if visit.period.lower.astimezone(site.zone).date() == first]
