"""What stands on paper: the day, a week of one resource, a patient's dates, the labels of a visit."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Prefetch, Q

from clinic import clock
from clinic.models import Patient, PatientPhone, Site
from clinic.policies import phones
from scheduling import purposes
from scheduling.enums import OCCUPYING, AppointmentStatus
from scheduling.models import Allocation, Appointment, Closure, Resource, TimeOff
from scheduling.selectors import names, visits

COMING = (AppointmentStatus.PROVISIONAL, AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED)
ON_SHEET = (*OCCUPYING, AppointmentStatus.NO_SHOW, AppointmentStatus.NOT_DONE)


@dataclass(frozen=True, slots=True)
class Line:
    """One visit of the day sheet. `steps` are the resources by the time from which each is held."""

    visit: Appointment
    phone: str
    namesake: bool
    steps: Sequence[tuple[dt.datetime, str]]
    session: str


@dataclass(slots=True)
class Day:
    """One day of a week sheet: closures, absences, and what the resource does, in time order."""

    day: dt.date
    notes: list[str] = field(default_factory=list)
    away: list[TimeOff] = field(default_factory=list)
    entries: list[Allocation] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Label:
    """What every label of a visit says."""

    visit: Appointment
    namesake: bool
    session: str


def day_sheet(*, site: Site, day: dt.date) -> list[Line]:
    """The day's visits in time order with what is needed when the screens are dark."""
    start, end = clock.day_bounds(day, site.zone)
    rows = Appointment.objects.filter(site=site, status__in=ON_SHEET, period__overlap=(start, end))
    rows = rows.filter(period__startswith__gte=start, period__startswith__lt=end)
    called = Prefetch("patient__phones", queryset=PatientPhone.objects.order_by("position"))
    found = list(visits.with_parts(rows).prefetch_related(called).order_by("period", "pk"))
    alike = names.alike({visit.patient_id: visit.patient for visit in found}.values())
    sessions = purposes.words({visit.purpose for visit in found})
    return [
        Line(
            visit,
            _phone(visit.patient, site),
            visit.patient_id in alike,
            _steps(visit),
            sessions.get(visit.purpose, "") if visit.purpose else "",
        )
        for visit in found
    ]


def _phone(patient: Patient, site: Site) -> str:
    first = next(iter(patient.phones.all()), None)
    return phones.shown(first.e164, country=site.country) if first else ""


def _steps(visit: Appointment) -> list[tuple[dt.datetime, str]]:
    """People before rooms and equipment."""
    by_start: dict[dt.datetime, list[str]] = {}
    for held in sorted(visits.held_by(visit), key=lambda held: held.resource.kind.position):
        by_start.setdefault(held.period.lower, []).append(held.resource.name)
    return [(start, ", ".join(who)) for start, who in sorted(by_start.items())]


def week_sheet(*, site: Site, resource: Resource, first: dt.date) -> list[Day]:
    """Seven days of one clinician, room or device at this site, with what else keeps it from working."""
    days = [Day(first + dt.timedelta(days=number)) for number in range(7)]
    start, _ = clock.day_bounds(days[0].day, site.zone)
    _, end = clock.day_bounds(days[-1].day, site.zone)
    now = clock.now()
    live = Q(hold__isnull=True) | Q(hold__released_at__isnull=True, hold__expires_at__gt=now)
    rows = Allocation.objects.filter(
        live, site=site, resource=resource, active=True, period__overlap=(start, end)
    )
    rows = rows.select_related(
        "appointment__patient", "appointment__visit_type", "hold__visit_type", "hold__patient"
    )
    for row in rows.order_by("period", "pk"):
        _on(days, row.period.lower.astimezone(site.zone).date()).entries.append(row)
    away = TimeOff.objects.filter(resource=resource, ended_at__isnull=True, period__overlap=(start, end))
    closed = Closure.objects.filter(site=site, period__overlap=(start, end))
    for absence in away:
        for day in _touched(days, absence.period, site):
            day.away.append(absence)
    for closure in closed:
        for day in _touched(days, closure.period, site):
            day.notes.append(closure.name)
    return days


def _on(days: Sequence[Day], day: dt.date) -> Day:
    return days[min(max((day - days[0].day).days, 0), len(days) - 1)]


def _touched(days: Sequence[Day], period: object, site: Site) -> list[Day]:
    found = []
    for day in days:
        low, high = clock.day_bounds(day.day, site.zone)
        if period.lower < high and low < period.upper:  # type: ignore[attr-defined]  # a range of the database
            found.append(day)
    return found


def card(*, patient_id: UUID, now: dt.datetime, planned: bool) -> list[Appointment]:
    """A patient's dates to come, at every site; those that a review has yet to release only if `planned`."""
    rows = Appointment.objects.filter(patient_id=patient_id, status__in=COMING, period__endswith__gt=now)
    if not planned:
        rows = rows.exclude(status=AppointmentStatus.PROVISIONAL)
    return list(rows.select_related("visit_type", "site").order_by("period", "pk"))


def label(visit: Appointment) -> Label:
    """The words of the labels of one visit, and whether somebody of nearly the same name comes that day."""
    day = visit.period.lower.astimezone(visit.site.zone).date()
    alike = names.same_names(site=visit.site, day=day, besides=None)
    session = purposes.words({visit.purpose}).get(visit.purpose, "") if visit.purpose else ""
    return Label(visit, visit.patient_id in alike, session)
