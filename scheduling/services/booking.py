"""Booking visits. It can never clash: locks in one order, a check in a later statement, and behind both the
constraints of the database."""

import datetime as dt
import random
from collections.abc import Collection, Sequence
from itertools import zip_longest
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
from scheduling.exceptions import SlotTaken
from scheduling.models import Appointment
from scheduling.rules import Override
from scheduling.selectors import calendar as calendars
from scheduling.selectors.facts import Taken
from scheduling.selectors.teams import TeamMember
from scheduling.services import looking, notices, occupancy, overrides
from scheduling.services.availability import missing, team_at
from scheduling.services.occupancy import NewVisit
from scheduling.services.plans import VisitPlan, VisitRequest
from scheduling.services.visits import tell

TEAMS_TRIED = 6


def book(*, request: VisitRequest, by: Actor, override: Override | None = None) -> Appointment:
    """Book one visit; when a team is lost to somebody faster, another team for the same start is tried.

    Raises SlotTaken when no team is left, BookingRefused with every refusal that `override` does not cover.
    The same `request_key` books once, however often it is sent.
    """
    plans: list[VisitPlan] = []
    for attempt in range(TEAMS_TRIED):
        plans = plan([request], turn=turn_of(attempt), earlier=plans)
        try:
            return book_many(plans=plans, by=by, override=override)[0]
        except SlotTaken as error:
            lost = error
    raise lost


def plan(
    requests: Sequence[VisitRequest],
    *,
    appointment_id: UUID | None = None,
    also_moving: Collection[UUID] = (),
    turn: int = 0,
    earlier: Sequence[VisitPlan] = (),
) -> list[VisitPlan]:
    """Choose a team for each request, as the calendar stands now. Nothing is held. Raises SlotTaken.

    `appointment_id` and `also_moving` are visits that are being moved: they stand in nobody's way. `earlier` are the
    plans of the same requests that were lost a moment ago: only what is taken is read again.
    """
    plans = []
    for request, lost in zip_longest(requests, earlier):
        if request.request_key is not None and (known := _known(request.request_key)):
            plans.append(VisitPlan(request, tuple(occupancy.team_of(known))))
            continue
        calendar = _calendar(request, appointment_id, lost=lost, also_moving=also_moving)
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
        plans.append(VisitPlan(request, team, calendar.visit_type, calendar.setup))
    return plans


@use_case
def book_many(
    *,
    plans: Sequence[VisitPlan],
    by: Actor,
    override: Override | None = None,
    permission: Permission | None = Permission.BOOK,
) -> list[Appointment]:
    """Hold every resource that the visits need, all or none, and plan what their patients are told.

    Without a `permission` the caller has checked that `by` has a right to these very starts: a patient who
    takes the time that was offered to them. Raises SlotTaken when another booking was first, BookingRefused, NotFound, InvalidInput. Nothing is
    written then. Nearest free starts are the caller's next question, asked after the rollback.
    """
    requests = [each.request for each in plans]
    for request in requests:
        if permission is not None:
            check(by, permission, site_id=request.site_id)
        if request.squeezed_on is not None:
            check(by, Permission.SQUEEZE_IN, site_id=request.site_id)
    seen = locks.take(
        looking.question(plans),
        resource={key for each in plans for key in each.resource_ids},
        patient={request.patient_id for request in requests},
        **rules.lock_keys(request.purpose for request in requests),
    )
    if (key := requests[0].request_key) and (known := _known(key)):
        return [known]
    now = clock.now()
    look = looking.check_free(plans, now=now, seen=seen)
    patients = active_patients(requests)
    if look.expired:
        occupancy.lapse_holds(look.expired, now=now)
    visits = [
        _confirmed(each, patients[each.request.patient_id], now=now, taken=look.around(each))
        for each in plans
    ]
    accepted = overrides.ask_rules(requests, by=by, override=override)

    appointments = occupancy.insert(visits, now=now, override_reason=overrides.reason(accepted, override))
    audit.record(
        "scheduling.appointment.booked",
        by=by,
        about=appointments,
        detail=overrides.detail(accepted, override),
    )
    notices.plan_booked(appointments=appointments, by=by)
    tell(appointments, "booked", by)
    return appointments


def turn_of(attempt: int) -> int:
    """The first attempt goes by position; whoever lost then stands somewhere else in the line than the others."""
    return random.randrange(64) if attempt else 0  # noqa: S311 - spreads load, no secret


def _known(request_key: UUID) -> Appointment | None:
    return Appointment.objects.filter(request_key=request_key).first()


def is_known(request_key: UUID) -> bool:
    """Whether a form with this key has booked already."""
    return _known(request_key) is not None


def active_patients(requests: Sequence[VisitRequest]) -> dict[UUID, Patient]:
    patients = Patient.objects.in_bulk({request.patient_id for request in requests})
    for request in requests:
        patient = patients.get(request.patient_id)
        if patient is None:
            raise NotFound(_("There is no such patient."))
        if not patient.is_active:
            raise InvalidInput(_("Nothing can be booked for this patient any more."))
    return patients


def _calendar(
    request: VisitRequest,
    appointment_id: UUID | None,
    *,
    planned: VisitPlan | None = None,
    lost: VisitPlan | None = None,
    also_moving: Collection[UUID] = (),
    taken: Taken | None = None,
) -> calendars.Calendar:
    now = clock.now()
    policies.check_start(request.start, now=now)
    calendar = calendars.load(
        visit_type_id=request.visit_type_id,
        site_id=request.site_id,
        earliest=request.start,
        latest=request.start + dt.timedelta(minutes=1),
        now=now,
        patient_id=request.patient_id,
        appointment_id=appointment_id,
        also_moving=also_moving,
        resource_ids=planned.resource_ids if planned else None,
        visit_type=known.visit_type if (known := planned or lost) else None,
        taken=taken,
        setup=lost.setup if lost else None,
    )
    if request.squeezed_on is not None:
        # The clinician is not held; everything else of the visit is, and is refused as always.
        calendar.spans = [span for span in calendar.spans if not span.requirement.is_lead]
    return calendar


def confirmed_team(
    plan: VisitPlan,
    *,
    now: dt.datetime,
    appointment_id: UUID | None = None,
    also_moving: Collection[UUID] = (),
    taken: Taken | None = None,
) -> tuple[TeamMember, ...]:
    """Under the locks: the team is still free, in hours and not away. Raises SlotTaken.

    `taken` is what the look under the locks has seen already.
    """
    calendar = _calendar(plan.request, appointment_id, planned=plan, also_moving=also_moving, taken=taken)
    return _team_in(calendar, plan.request, now=now)


def _confirmed(plan: VisitPlan, patient: Patient, *, now: dt.datetime, taken: Taken | None) -> NewVisit:
    """Under the locks: the visit as it can be written now."""
    calendar = _calendar(plan.request, None, planned=plan, taken=taken)
    team = _team_in(calendar, plan.request, now=now)
    return NewVisit(plan.request, team, patient, calendar.visit_type, calendar.stages)


def _team_in(
    calendar: calendars.Calendar, request: VisitRequest, *, now: dt.datetime
) -> tuple[TeamMember, ...]:
    calendar.rules.check_horizon(request.start, now=now)
    policies.check_order(needs_order=calendar.visit_type.needs_order, purpose=request.purpose)
    if sentences := missing(calendar, request.start, request.lead_id):
        raise SlotTaken(sentences)
    team = team_at(calendar, request.start, request.lead_id)
    if team is None:
        raise SlotTaken([_("That time has just been taken.")])
    return team


def _taken() -> DomainError:
    return SlotTaken([_("Somebody else has just taken part of that time.")])


explain_constraint("resource_taken_twice", _taken)
explain_constraint(
    "patient_in_two_visits", lambda: SlotTaken([_("The patient has another visit at that time.")])
)
explain_constraint("one_booking_per_form", _taken)
