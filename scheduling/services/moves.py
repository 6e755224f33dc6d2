"""Moving a visit that has not begun: old allocations end and are kept, new ones are inserted, in one transaction."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import NotFound
from clinic.permissions import check
from clinic.transactions import use_case
from scheduling import policies
from scheduling.enums import TOLD, AppointmentStatus, ChangeKind, ReasonUse, Told
from scheduling.exceptions import SlotTaken
from scheduling.models import Appointment
from scheduling.rules import Override, Refusal
from scheduling.services import booking, changes, freed, looking, notices, occupancy, overrides
from scheduling.services.availability import TeamMember
from scheduling.services.plans import VisitPlan, VisitRequest
from scheduling.services.together import Together
from scheduling.services.visits import locked, tell


def move(
    *,
    appointment_id: UUID,
    start: dt.datetime,
    by: Actor,
    version: int | None = None,
    lead_id: UUID | None = None,
    told: Told = Told.MAIL,
    reason: str | None = None,
    override: Override | None = None,
    key: UUID | None = None,
) -> Appointment:
    """Move a visit that has not begun, once for each `key` of a form; when a team is lost to somebody faster, another one is tried."""
    for attempt in range(booking.TEAMS_TRIED):
        row = Appointment.objects.filter(pk=appointment_id).first()
        if row is None:
            raise NotFound(_("There is no such visit."))
        request = VisitRequest(
            row.patient_id, row.visit_type_id, row.site_id, start, lead_id, row.purpose, told=told
        )
        if changes.made_by(row, key):
            check(by, Permission.BOOK, site_id=row.site_id)
            return row
        plans = booking.plan([request], appointment_id=appointment_id, turn=booking.turn_of(attempt))
        try:
            return move_to(
                appointment_id=appointment_id,
                plan=plans[0],
                by=by,
                version=version,
                reason=reason,
                override=override,
                key=key,
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
    reason: str | None = None,
    override: Override | None = None,
    key: UUID | None = None,
    permission: Permission | None = Permission.BOOK,
    together: Together | None = None,
) -> Appointment:
    """End the old allocations (kept, inactive) and insert new ones, in one transaction with the new messages.

    Without a `permission` the caller has checked that `by` has a right to this very move. With `together` the
    caller tells the patient.
    """
    request = plan.request
    held_now = occupancy.resource_ids_of(appointment_id)
    appointment = locked(
        appointment_id,
        by=by,
        permission=permission,
        version=version,
        key=key,
        resources=held_now | plan.resource_ids,
        patient=True,
    )
    if changes.made_by(appointment, key):
        return appointment
    policies.check_can_move(AppointmentStatus(appointment.status))
    if reason is not None:
        occupancy.check_reason(reason, ReasonUse.MOVE)
    if occupancy.resource_ids_of(appointment_id) - held_now:
        # Moved by somebody else between our reading and our locks: their resources are not ours to end.
        raise SlotTaken([_("Somebody else has just moved this visit.")])
    now = clock.now()
    look = looking.check_free([plan], now=now, appointment_id=appointment_id)
    booking.active_patients([request])
    occupancy.release_expired_holds(resource_ids=plan.resource_ids, now=now)
    team = booking.confirmed_team(plan, now=now, appointment_id=appointment_id, taken=look.around(plan))
    accepted = overrides.ask_rules([request], by=by, override=override, appointment_id=appointment_id)

    write(
        appointment,
        request,
        team,
        by=by,
        reason=reason,
        accepted=accepted,
        override=override,
        key=key,
        together=together,
    )
    return appointment


def write(
    appointment: Appointment,
    request: VisitRequest,
    team: Sequence[TeamMember],
    *,
    by: Actor,
    reason: str | None,
    accepted: Sequence[Refusal],
    override: Override | None,
    key: UUID | None = None,
    ended: Sequence[int] = (),
    together: Together | None = None,
) -> None:
    """Inner step, under the locks and after the checks: the visit holds its new team from its new start on.

    `ended` are allocations that the caller has ended already; with `together` the caller tells the patient.
    """
    was, old_period = appointment.status, appointment.period
    phoned = appointment.told == Told.PHONE
    ended = [*ended, *occupancy.replace(appointment=appointment, start=request.start, team=team)]
    appointment.told, appointment.squeezed_on_id = request.told, request.squeezed_on
    # Who serves a visit stands in no mail: at the same time nothing changes that the patient was told or has said.
    same_time = request.start == old_period.lower
    if not same_time:
        appointment.expected_at = None
        appointment.told_rev += 1 if appointment.status in TOLD else 0
        if appointment.status == AppointmentStatus.CONFIRMED:
            appointment.status = AppointmentStatus.BOOKED
    appointment.override_reason = overrides.reason(accepted, override) or appointment.override_reason
    appointment.version += 1
    appointment.save(
        update_fields=[
            "period",
            "told",
            "told_rev",
            "status",
            "override_reason",
            "squeezed_on",
            "expected_at",
            "version",
        ]
    )
    audit.record(
        "scheduling.appointment.moved",
        by=by,
        about=[appointment],
        detail=overrides.detail(accepted, override),
    )
    changes.record(
        appointment,
        ChangeKind.MOVED,
        by=by,
        old_status=was,
        old_period=old_period,
        old_allocations=ended,
        reason=reason,
        told=request.told,
        key=key,
    )
    freed.record(appointment=appointment, period=old_period, ended=ended)
    if not same_time:
        notices.plan_moved(appointment=appointment, phoned=phoned, by=by, together=together)
    tell([appointment], "moved", by)
