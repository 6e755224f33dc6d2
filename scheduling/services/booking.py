"""Booking, moving and ending visits. It can never clash: locks in one order, a check in a later statement, and
behind both the constraints of the database."""

import datetime as dt
import random
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import DomainError, InvalidInput, NotFound
from clinic.models import Patient
from clinic.permissions import check
from clinic.transactions import explain_constraint, use_case
from scheduling import policies, rules
from scheduling.enums import TOLD, AppointmentStatus, Told
from scheduling.exceptions import SlotTaken
from scheduling.models import Appointment
from scheduling.rules import Override
from scheduling.selectors import calendar as calendars
from scheduling.services import notices, occupancy, overrides
from scheduling.services.availability import TeamMember, missing, team_at
from scheduling.services.plans import VisitPlan, VisitRequest
from scheduling.services.visits import locked, moved_to
from scheduling.signals import appointment_changed

_TEAMS_TRIED = 6


def book(*, request: VisitRequest, by: Actor, override: Override | None = None) -> Appointment:
    """Book one visit; when a team is lost to somebody faster, another team for the same start is tried.

    Raises SlotTaken when no team is left, BookingRefused with every refusal that `override` does not cover.
    The same `request_key` books once, however often it is sent.
    """
    for attempt in range(_TEAMS_TRIED):
        plans = plan([request], turn=_turn(attempt))
        try:
            return book_many(plans=plans, by=by, override=override)[0]
        except SlotTaken as error:
            lost = error
    raise lost


def plan(
    requests: Sequence[VisitRequest], *, appointment_id: UUID | None = None, turn: int = 0
) -> list[VisitPlan]:
    """Choose a team for each request, as the calendar stands now. Nothing is held. Raises SlotTaken."""
    plans = []
    for request in requests:
        if request.request_key is not None and (known := _known(request.request_key)):
            plans.append(VisitPlan(request, tuple(occupancy.team_of(known))))
            continue
        calendar = _calendar(request, appointment_id)
        calendar.turn = turn
        team = (
            None
            if missing(calendar, request.start, request.lead_id)
            else team_at(calendar, request.start, request.lead_id)
        )
        if team is None:
            raise SlotTaken(
                missing(calendar, request.start, request.lead_id) or [_("That time has just been taken.")]
            )
        plans.append(VisitPlan(request, team))
    return plans


@use_case
def book_many(
    *, plans: Sequence[VisitPlan], by: Actor, override: Override | None = None
) -> list[Appointment]:
    """Hold every resource that the visits need, all or none, and plan what their patients are told.

    Raises SlotTaken when another booking was first, BookingRefused, NotFound, InvalidInput. Nothing is
    written then. Nearest free starts are the caller's next question, asked after the rollback.
    """
    requests = [each.request for each in plans]
    for request in requests:
        check(by, Permission.BOOK, site_id=request.site_id)
    locks.take(
        resource={key for each in plans for key in each.resource_ids},
        patient={request.patient_id for request in requests},
        **rules.lock_keys(request.purpose for request in requests),
    )
    if (key := requests[0].request_key) and (known := _known(key)):
        return [known]
    now = clock.now()
    occupancy.check_free(plans, now=now)
    patients = _patients(requests)
    occupancy.release_expired_holds(
        resource_ids={key for each in plans for key in each.resource_ids}, now=now
    )
    teams = [_confirmed_team(each, now=now) for each in plans]
    accepted = overrides.ask_rules(requests, by=by, override=override)

    appointments = []
    for each, team in zip(plans, teams, strict=True):
        appointment = occupancy.insert(
            request=each.request,
            team=team,
            patient=patients[each.request.patient_id],
            now=now,
            override_reason=overrides.reason(accepted, override),
        )
        appointments.append(appointment)
    audit.record(
        "scheduling.appointment.booked",
        by=by,
        about=appointments,
        detail=overrides.detail(accepted, override),
    )
    notices.plan_booked(appointments=appointments, by=by)
    _tell(appointments, "booked", by)
    return appointments


def move(
    *,
    appointment_id: UUID,
    start: dt.datetime,
    by: Actor,
    version: int | None = None,
    lead_id: UUID | None = None,
    told: Told = Told.MAIL,
    override: Override | None = None,
) -> Appointment:
    """Move a visit that has not begun; when a team is lost to somebody faster, another one is tried."""
    for attempt in range(_TEAMS_TRIED):
        row = Appointment.objects.filter(pk=appointment_id).first()
        if row is None:
            raise NotFound(_("There is no such visit."))
        request = VisitRequest(
            row.patient_id, row.visit_type_id, row.site_id, start, lead_id, row.purpose, told=told
        )
        plans = plan([request], appointment_id=appointment_id, turn=_turn(attempt))
        try:
            return move_to(
                appointment_id=appointment_id, plan=plans[0], by=by, version=version, override=override
            )
        except SlotTaken as error:
            lost = error
    raise lost


@use_case
def move_to(
    *,
    appointment_id: UUID,
    plan: VisitPlan,
    by: Actor,
    version: int | None = None,
    override: Override | None = None,
) -> Appointment:
    """End the old allocations (kept, inactive) and insert new ones, in one transaction with the new messages."""
    request = plan.request
    held_now = occupancy.resource_ids_of(appointment_id)
    appointment = locked(
        appointment_id,
        by=by,
        permission=Permission.BOOK,
        version=version,
        resources=held_now | plan.resource_ids,
        patient=True,
    )
    policies.check_can_move(AppointmentStatus(appointment.status))
    if occupancy.resource_ids_of(appointment_id) - held_now:
        # Moved by somebody else between our reading and our locks: their resources are not ours to end.
        raise SlotTaken([_("Somebody else has just moved this visit.")])
    now = clock.now()
    occupancy.check_free([plan], now=now, appointment_id=appointment_id)
    _patients([request])
    occupancy.release_expired_holds(resource_ids=plan.resource_ids, now=now)
    team = _confirmed_team(plan, now=now, appointment_id=appointment_id)
    accepted = overrides.ask_rules([request], by=by, override=override, appointment_id=appointment_id)

    occupancy.replace(appointment=appointment, start=request.start, team=team)
    appointment.told = request.told
    appointment.told_rev += 1 if appointment.status in TOLD else 0
    appointment.status = (
        AppointmentStatus.BOOKED if appointment.status == AppointmentStatus.CONFIRMED else appointment.status
    )
    appointment.override_reason = overrides.reason(accepted, override) or appointment.override_reason
    appointment.version += 1
    appointment.save(update_fields=["period", "told", "told_rev", "status", "override_reason", "version"])
    audit.record(
        "scheduling.appointment.moved",
        by=by,
        about=[appointment],
        detail=overrides.detail(accepted, override),
    )
    notices.plan_moved(appointment=appointment, by=by)
    _tell([appointment], "moved", by)
    return appointment


@use_case
def cancel(
    *, appointment_id: UUID, reason: str, by: Actor, version: int | None = None, told: Told = Told.MAIL
) -> Appointment:
    """Cancel with a coded reason. The resources are free at once; the row and its allocations are kept."""
    appointment = locked(appointment_id, by=by, permission=Permission.BOOK, version=version)
    occupancy.check_reason(reason)
    was = appointment.status
    appointment.reason_id = reason
    appointment.told = told
    appointment.told_rev += 1 if was in TOLD else 0
    moved_to(appointment, AppointmentStatus.CANCELLED, extra=["reason", "told", "told_rev"])
    occupancy.end(appointment=appointment)
    audit.record(
        "scheduling.appointment.cancelled", by=by, about=[appointment], detail={"reason": reason, "was": was}
    )
    notices.plan_cancelled(appointment=appointment, was_told=was in TOLD, by=by)
    _tell([appointment], "cancelled", by)
    return appointment


@use_case
def release(*, appointment_ids: Sequence[UUID], by: Actor, told: Told = Told.MAIL) -> list[Appointment]:
    """The physician's review lets a provisional repeat go ahead: from now on the patient is told of it."""
    appointments = [
        locked(key, by=by, permission=Permission.BOOK, all_ids=appointment_ids) for key in appointment_ids
    ]
    for appointment in appointments:
        appointment.told, appointment.told_rev = told, appointment.told_rev + 1
        moved_to(appointment, AppointmentStatus.BOOKED, extra=["told", "told_rev"])
    audit.record("scheduling.appointment.released", by=by, about=appointments)
    notices.plan_booked(appointments=appointments, by=by)
    _tell(appointments, "released", by)
    return appointments


@use_case
def confirm(*, appointment_id: UUID, by: Actor, version: int | None = None) -> Appointment:
    """The patient said that they will come: a recorded act."""
    return _simple_move(appointment_id, AppointmentStatus.CONFIRMED, "confirmed", by=by, version=version)


@use_case
def no_show(*, appointment_id: UUID, by: Actor, version: int | None = None) -> Appointment:
    """The patient did not come. Refused before the visit's start; the rest of its time is free at once."""
    appointment = locked(appointment_id, by=by, permission=Permission.BOOK, version=version)
    policies.check_can_be_no_show(start=appointment.period.lower, now=clock.now())
    moved_to(appointment, AppointmentStatus.NO_SHOW)
    occupancy.end(appointment=appointment)
    notices.cancel_all(appointment=appointment, by=by, reason="no_show")
    audit.record("scheduling.appointment.no_show", by=by, about=[appointment])
    _tell([appointment], "no_show", by)
    return appointment


@use_case
def undo_no_show(*, appointment_id: UUID, by: Actor) -> Appointment:
    """A mis-click, or the patient came after all: a new attempt for the same team, which may lose (SlotTaken)."""
    held = occupancy.resource_ids_of(appointment_id, active=False)
    appointment = locked(appointment_id, by=by, permission=Permission.BOOK, resources=held, patient=True)
    moved_to(appointment, AppointmentStatus.BOOKED)
    occupancy.take_back(appointment=appointment)
    audit.record("scheduling.appointment.no_show_undone", by=by, about=[appointment])
    notices.plan_reminders(appointment=appointment, by=by)
    _tell([appointment], "undone", by)
    return appointment


def _simple_move(
    appointment_id: UUID, to: AppointmentStatus, change: str, *, by: Actor, version: int | None
) -> Appointment:
    appointment = locked(appointment_id, by=by, permission=Permission.BOOK, version=version)
    moved_to(appointment, to)
    audit.record(f"scheduling.appointment.{change}", by=by, about=[appointment])
    _tell([appointment], change, by)
    return appointment


def _turn(attempt: int) -> int:
    """The first attempt goes by position; whoever lost then stands somewhere else in the line than the others."""
    return random.randrange(64) if attempt else 0  # noqa: S311 - spreads load, no secret


def _known(request_key: UUID) -> Appointment | None:
    return Appointment.objects.filter(request_key=request_key).first()


def _patients(requests: Sequence[VisitRequest]) -> dict[UUID, Patient]:
    patients = Patient.objects.in_bulk({request.patient_id for request in requests})
    for request in requests:
        patient = patients.get(request.patient_id)
        if patient is None:
            raise NotFound(_("There is no such patient."))
        if not patient.is_active:
            raise InvalidInput(_("Nothing can be booked for this patient any more."))
    return patients


def _calendar(
    request: VisitRequest, appointment_id: UUID | None, *, only: set[UUID] | None = None
) -> calendars.Calendar:
    now = clock.now()
    policies.check_start(request.start, now=now)
    return calendars.load(
        visit_type_id=request.visit_type_id,
        site_id=request.site_id,
        earliest=request.start,
        latest=request.start + dt.timedelta(minutes=1),
        now=now,
        patient_id=request.patient_id,
        appointment_id=appointment_id,
        resource_ids=only,
    )


def _confirmed_team(
    plan: VisitPlan, *, now: dt.datetime, appointment_id: UUID | None = None
) -> tuple[TeamMember, ...]:
    """Under the locks: the team is still free, in hours and not away. Raises SlotTaken."""
    request = plan.request
    calendar = _calendar(request, appointment_id, only=plan.resource_ids)
    policies.check_horizon(request.start, now=now, horizon_days=calendar.visit_type.horizon_days)
    policies.check_order(needs_order=calendar.visit_type.needs_order, purpose=request.purpose)
    if sentences := missing(calendar, request.start, request.lead_id):
        raise SlotTaken(sentences)
    team = team_at(calendar, request.start, request.lead_id)
    if team is None:
        raise SlotTaken([_("That time has just been taken.")])
    return team


def _tell(appointments: Iterable[Appointment], change: str, by: Actor) -> None:
    for appointment in appointments:
        appointment_changed.send(sender=Appointment, appointment=appointment, change=change, by=by)


def _taken() -> DomainError:
    return SlotTaken([_("Somebody else has just taken part of that time.")])


explain_constraint("resource_taken_twice", _taken)
explain_constraint(
    "patient_in_two_visits", lambda: SlotTaken([_("The patient has another visit at that time.")])
)
explain_constraint("one_booking_per_form", _taken)
