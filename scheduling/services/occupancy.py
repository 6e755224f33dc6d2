"""Inner steps on what a visit holds: insert, end, replace allocations. The caller holds the locks.

A period is never updated in place: one UPDATE of two adjoining allocations would collide with itself.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from clinic.exceptions import InvalidInput
from clinic.models import Patient
from clinic.rows import insert_together
from scheduling.enums import AppointmentStatus, ReasonUse
from scheduling.models import (
    Allocation,
    Appointment,
    ChangeReason,
    Hold,
    Stage,
    VisitChange,
    VisitStage,
    VisitType,
)
from scheduling.selectors.teams import TeamMember
from scheduling.services import lapsing
from scheduling.services.plans import VisitRequest, blocks_of, span_of


@dataclass(frozen=True, slots=True)
class NewVisit:
    """A visit that nothing stands against any more, with the rows that were read to find that out."""

    request: VisitRequest
    team: Sequence[TeamMember]
    patient: Patient
    visit_type: VisitType
    """With its site at hand."""
    stages: Sequence[Stage]


def insert(visits: Sequence[NewVisit], *, now: dt.datetime, override_reason: str = "") -> list[Appointment]:
    """The visits with their stages and allocations, one statement a table, sent together."""
    appointments = [_appointment(visit, now=now, override_reason=override_reason) for visit in visits]
    pairs = list(zip(visits, appointments, strict=True))
    insert_together(
        appointments,
        [_visit_stage(stage, appointment) for visit, appointment in pairs for stage in visit.stages],
        [row for visit, appointment in pairs for row in _allocations(appointment, visit.team)],
    )
    return appointments


def _appointment(visit: NewVisit, *, now: dt.datetime, override_reason: str) -> Appointment:
    request = visit.request
    return Appointment(
        site=visit.visit_type.site,
        patient=visit.patient,
        visit_type=visit.visit_type,
        period=span_of(request.start, 0, visit.visit_type.minutes),
        status=request.status,
        purpose=request.purpose,
        told=request.told,
        told_rev=0 if request.status == AppointmentStatus.PROVISIONAL else 1,
        note=request.note,
        request_key=request.request_key,
        override_reason=override_reason,
        squeezed_on_id=request.squeezed_on,
        created_at=now,
    )


def _visit_stage(stage: Stage, appointment: Appointment) -> VisitStage:
    start = appointment.period.lower
    return VisitStage(
        appointment=appointment,
        code=stage.code,
        name=stage.name,
        done_name=stage.done_name,
        position=stage.position,
        planned_start=start + dt.timedelta(minutes=stage.offset),
        planned_end=start + dt.timedelta(minutes=stage.offset + stage.minutes),
    )


def replace(*, appointment: Appointment, start: dt.datetime, team: Sequence[TeamMember]) -> list[int]:
    """End what the visit holds and hold the new team from the new start; planned stage times follow.

    Returns the keys of the rows that ended.
    """
    length = appointment.period.upper - appointment.period.lower
    ended = end(appointment=appointment)
    _shift(appointment, DateTimeTZRange(start, start + length))
    _allocate(appointment, team)
    return ended


def restore(*, appointment: Appointment, period: DateTimeTZRange, rows: Sequence[Allocation]) -> list[int]:
    """End what the visit holds and hold again what these ended rows held, as new rows.

    The constraint refuses when somebody else has part of it by now. Returns the keys of the rows that ended.
    """
    ended = end(appointment=appointment)
    _shift(appointment, period)
    Allocation.objects.bulk_create(
        Allocation(
            site_id=row.site_id,
            resource_id=row.resource_id,
            appointment=appointment,
            requirement_id=row.requirement_id,
            stage_code=row.stage_code,
            is_lead=row.is_lead,
            period=row.period,
            blocks=row.blocks,
        )
        for row in rows
    )
    return ended


def end(*, appointment: Appointment) -> list[int]:
    """Free everything that the visit holds. The rows stay, inactive; returns their keys."""
    rows = Allocation.objects.filter(appointment=appointment, active=True)
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    rows.update(active=False)
    return keys


def team_of(appointment: Appointment) -> list[TeamMember]:
    """The team that the visit holds now, or held last: by its own rows, whatever its kind of visit needs by now."""
    rows = Allocation.objects.filter(appointment=appointment, requirement__isnull=False)
    rows = rows.select_related("requirement__stage", "resource").order_by("pk")
    held = list(rows.filter(active=True))
    if not held:
        ending = VisitChange.objects.filter(appointment=appointment).exclude(old_allocations=[]).first()
        held = list(rows.filter(pk__in=ending.old_allocations)) if ending else []
    return [TeamMember.of(row.resource, row.requirement) for row in held if row.requirement is not None]


def resource_ids_of(appointment_id: UUID, *, active: bool = True) -> set[UUID]:
    rows = Allocation.objects.filter(appointment_id=appointment_id)
    return set((rows.filter(active=True) if active else rows).values_list("resource_id", flat=True))


def release_expired_holds(*, resource_ids: Collection[UUID], now: dt.datetime) -> int:
    """An expired hold never blocks a booking: the booking itself ends it. A sweep only tidies."""
    expired = Hold.objects.filter(
        allocations__resource__in=resource_ids, allocations__active=True, expires_at__lte=now
    ).values_list("pk", flat=True)
    keys = list(expired.distinct())
    if not keys:
        return 0
    return lapse_holds(keys, now=now)


def lapse_holds(keys: Collection[UUID], *, now: dt.datetime) -> int:
    """These holds have expired: what they kept is free, and an offer that stood on one has lapsed with it."""
    count = free_holds(keys, now=now)
    lapsing.offers_of(keys, now=now)
    return count


def free_holds(keys: Collection[UUID], *, now: dt.datetime) -> int:
    """Let go of what these holds keep. Always in this order, holds before allocations, so that nobody waits in a ring."""
    count = Hold.objects.filter(pk__in=keys, released_at__isnull=True).update(released_at=now)
    Allocation.objects.filter(hold__in=keys, active=True).update(active=False)
    return count


def insert_hold(*, hold: Hold, team: Sequence[TeamMember]) -> Hold:
    """A hold with its allocations, from its period's start. The caller holds the locks; the constraint has the last word."""
    hold.save(force_insert=True)
    _allocate(hold, team)
    return hold


def team_of_hold(hold: Hold) -> tuple[TeamMember, ...]:
    """Who and what the hold keeps, for the visit that takes its place."""
    rows = Allocation.objects.filter(hold=hold, requirement__isnull=False, active=True)
    return tuple(
        TeamMember.of(row.resource, row.requirement)
        for row in rows.select_related("requirement__stage", "resource").order_by("pk")
        if row.requirement is not None
    )


def check_reason(code: str, use: ReasonUse) -> None:
    """The coded reason is in use for this change. Raises InvalidInput."""
    if not ChangeReason.objects.filter(pk=code, is_active=True, used_for__contains=[use]).exists():
        raise InvalidInput(_("Choose one of the reasons."), field="reason")


def _shift(appointment: Appointment, period: DateTimeTZRange) -> None:
    """The visit's planned times follow its new period; the caller saves the visit itself."""
    shift = period.lower - appointment.period.lower
    appointment.period = period
    stages = list(appointment.stages.all())
    for stage in stages:
        stage.planned_start += shift
        stage.planned_end += shift
    VisitStage.objects.bulk_update(stages, ["planned_start", "planned_end"])


def _allocate(owner: Appointment | Hold, team: Sequence[TeamMember]) -> None:
    Allocation.objects.bulk_create(_allocations(owner, team))


def _allocations(owner: Appointment | Hold, team: Sequence[TeamMember]) -> list[Allocation]:
    begin = owner.period.lower
    return [
        Allocation(
            site_id=owner.site_id,
            resource_id=member.resource_id,
            appointment=owner if isinstance(owner, Appointment) else None,
            hold=owner if isinstance(owner, Hold) else None,
            requirement=member.requirement,
            stage_code=member.requirement.stage.code if member.requirement.stage else "",
            is_lead=member.requirement.is_lead,
            period=span_of(begin, member.offset, member.requirement.minutes),
            blocks=blocks_of(begin, member),
        )
        for member in team
    ]
