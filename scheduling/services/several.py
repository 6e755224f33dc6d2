"""Moving several visits in one act: the locks are taken once for all of them, and all are moved or none."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import clock, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import NotFound, StaleVersion
from clinic.permissions import check
from clinic.transactions import use_case
from scheduling import policies, rules
from scheduling.enums import AppointmentStatus, Told
from scheduling.exceptions import SlotTaken
from scheduling.models import Appointment
from scheduling.rules import Override
from scheduling.services import booking, looking, moves, occupancy, overrides
from scheduling.services.plans import VisitPlan, VisitRequest
from scheduling.services.together import Together


@dataclass(frozen=True, slots=True)
class Shift:
    """One visit and where it is to go; without `lead_id` any clinician of the right kind will do."""

    appointment_id: UUID
    start: dt.datetime
    lead_id: UUID | None = None


def move_many(
    *,
    shifts: Sequence[Shift],
    by: Actor,
    told: Told = Told.MAIL,
    reason: str | None = None,
    override: Override | None = None,
    versions: Mapping[UUID, int] | None = None,
) -> list[Appointment]:
    """Move visits that have not begun, all or none; when a team is lost to somebody faster, another one is tried.

    None of them stands in another's way: one may go where another was. A patient gets one mail of all that moved. Raises SlotTaken, BookingRefused, StaleVersion
    for a visit saved since its version in `versions` was shown, NotFound, IllegalMove; nothing is written then.
    """
    ids = [shift.appointment_id for shift in shifts]
    for attempt in range(booking.TEAMS_TRIED):
        rows = Appointment.objects.in_bulk(ids)
        if len(rows) < len(ids):
            raise NotFound(_("There is no such visit."))
        requests = [_request(rows[shift.appointment_id], shift, told) for shift in shifts]
        plans = booking.plan(requests, also_moving=ids, turn=booking.turn_of(attempt))
        try:
            return move_all(
                plans=dict(zip(ids, plans, strict=True)),
                by=by,
                reason=reason,
                override=override,
                versions=versions or {},
            )
        except SlotTaken as error:
            lost = error
    raise lost


@use_case
def move_all(
    *,
    plans: Mapping[UUID, VisitPlan],
    by: Actor,
    reason: str | None,
    override: Override | None,
    versions: Mapping[UUID, int],
) -> list[Appointment]:
    """The transaction of `move_many`: everything old ends, then everything new is checked, then written."""
    appointments, held = _locked(plans, by=by, versions=versions)
    if {key for pk in plans for key in occupancy.resource_ids_of(pk)} - held:
        # Moved by somebody else between our reading and our locks: their resources are not ours to end.
        raise SlotTaken([_("Somebody else has just moved one of these visits.")])
    now = clock.now()
    ended = {pk: occupancy.end(appointment=appointment) for pk, appointment in appointments.items()}
    looking.check_free(list(plans.values()), now=now)
    requests = [plan.request for plan in plans.values()]
    booking.active_patients(requests)
    occupancy.release_expired_holds(
        resource_ids={key for plan in plans.values() for key in plan.resource_ids}, now=now
    )
    teams = {pk: booking.confirmed_team(plan, now=now, also_moving=list(plans)) for pk, plan in plans.items()}
    accepted = overrides.ask_rules(requests, by=by, override=override, appointment_ids=list(plans))
    together = Together()
    for pk in _clear_first(appointments, plans):
        moves.write(
            appointments[pk],
            plans[pk].request,
            teams[pk],
            by=by,
            ended=ended[pk],
            reason=reason,
            accepted=accepted,
            override=override,
            together=together,
        )
    together.tell(by=by)
    return list(appointments.values())


def _locked(
    plans: Mapping[UUID, VisitPlan], *, by: Actor, versions: Mapping[UUID, int]
) -> tuple[dict[UUID, Appointment], set[UUID]]:
    """All visits, locked with everything that moving them touches, and read again; and the resources they held."""
    rows = Appointment.objects.in_bulk(list(plans))
    for row in rows.values():
        check(by, Permission.BOOK, site_id=row.site_id)
    held = {key for pk in plans for key in occupancy.resource_ids_of(pk)}
    locks.take(
        resource=held | {key for plan in plans.values() for key in plan.resource_ids},
        patient={row.patient_id for row in rows.values()},
        appointment=rows.keys(),
        **rules.lock_keys(row.purpose for row in rows.values()),
    )
    fresh = Appointment.objects.select_related("site", "patient", "visit_type").in_bulk(list(plans))
    for pk in plans:
        if versions.get(pk, fresh[pk].version) != fresh[pk].version:
            raise StaleVersion(
                _(
                    "Somebody else has changed one of these visits since you opened the page. Look at it as it is now."
                ),
                current_version=fresh[pk].version,
            )
        policies.check_can_move(AppointmentStatus(fresh[pk].status))
    return {pk: fresh[pk] for pk in plans}, held


def _request(row: Appointment, shift: Shift, told: Told) -> VisitRequest:
    return VisitRequest(
        row.patient_id, row.visit_type_id, row.site_id, shift.start, shift.lead_id, row.purpose, told=told
    )


def _clear_first(appointments: Mapping[UUID, Appointment], plans: Mapping[UUID, VisitPlan]) -> list[UUID]:
    """An order in which no visit is written where another of them still stands: the database looks at each write.

    Visits that keep their order among themselves always have one. Where there is none, the database refuses.
    """
    waiting, order = list(plans), []
    while waiting:
        clear = next((pk for pk in waiting if not _meets(pk, waiting, appointments, plans)), waiting[0])
        waiting.remove(clear)
        order.append(clear)
    return order


def _meets(
    pk: UUID,
    waiting: Sequence[UUID],
    appointments: Mapping[UUID, Appointment],
    plans: Mapping[UUID, VisitPlan],
) -> bool:
    period = appointments[pk].period
    start = plans[pk].request.start
    end = start + (period.upper - period.lower)
    return any(
        other != pk and appointments[other].period.lower < end and start < appointments[other].period.upper
        for other in waiting
    )
