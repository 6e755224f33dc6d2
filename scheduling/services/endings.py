"""Ending a visit before it began, letting a provisional one go ahead, and the patient's word that they will come."""

from collections.abc import Sequence
from uuid import UUID

from clinic import audit, clock
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.transactions import use_case
from scheduling import policies
from scheduling.enums import TOLD, AppointmentStatus, ChangeKind, ReasonUse, Told
from scheduling.models import Appointment
from scheduling.services import changes, freed, notices, occupancy
from scheduling.services.together import Together
from scheduling.services.visits import locked, moved_to, tell


@use_case
def cancel(
    *,
    appointment_id: UUID,
    reason: str,
    by: Actor,
    version: int | None = None,
    told: Told = Told.MAIL,
    key: UUID | None = None,
    together: Together | None = None,
    permission: Permission | None = Permission.BOOK,
) -> Appointment:
    """Cancel with a coded reason, once for each `key` of a form. The resources are free at once; the row and its
    allocations are kept. With `together` the caller tells the patient; without a `permission` they have checked that
    `by` has a right to this very visit."""
    appointment = locked(appointment_id, by=by, permission=permission, version=version, key=key, patient=True)
    if changes.made_by(appointment, key):
        return appointment
    occupancy.check_reason(reason, ReasonUse.CANCEL)
    was, phoned = appointment.status, appointment.told == Told.PHONE
    appointment.reason_id = reason
    appointment.told = told
    appointment.told_rev += 1 if was in TOLD else 0
    moved_to(appointment, AppointmentStatus.CANCELLED, extra=["reason", "told", "told_rev"])
    ended = occupancy.end(appointment=appointment)
    changes.record(
        appointment,
        ChangeKind.CANCELLED,
        by=by,
        old_status=was,
        old_allocations=ended,
        reason=reason,
        told=told,
        key=key,
    )
    freed.record(appointment=appointment, period=appointment.period, ended=ended)
    audit.record(
        "scheduling.appointment.cancelled", by=by, about=[appointment], detail={"reason": reason, "was": was}
    )
    notices.plan_cancelled(
        appointment=appointment, was_told=was in TOLD, phoned=phoned, by=by, together=together
    )
    tell([appointment], "cancelled", by)
    return appointment


@use_case
def release(*, appointment_ids: Sequence[UUID], by: Actor, told: Told = Told.MAIL) -> list[Appointment]:
    """The physician's review lets a provisional repeat go ahead: from now on the patient is told of it."""
    appointments = [
        locked(key, by=by, permission=Permission.BOOK, all_ids=appointment_ids) for key in appointment_ids
    ]
    for appointment in appointments:
        appointment.told, appointment.told_rev = told, appointment.told_rev + 1
        changes.record(appointment, ChangeKind.RELEASED, by=by, old_status=appointment.status, told=told)
        moved_to(appointment, AppointmentStatus.BOOKED, extra=["told", "told_rev"])
    audit.record("scheduling.appointment.released", by=by, about=appointments)
    notices.plan_booked(appointments=appointments, by=by)
    tell(appointments, "released", by)
    return appointments


@use_case
def confirm(
    *,
    appointment_id: UUID,
    by: Actor,
    version: int | None = None,
    permission: Permission | None = Permission.BOOK,
) -> Appointment:
    """The patient said that they will come: a recorded act. Without a `permission` the caller has checked the right."""
    appointment = locked(appointment_id, by=by, permission=permission, version=version)
    changes.record(appointment, ChangeKind.CONFIRMED, by=by, old_status=appointment.status)
    moved_to(appointment, AppointmentStatus.CONFIRMED)
    audit.record("scheduling.appointment.confirmed", by=by, about=[appointment])
    tell([appointment], "confirmed", by)
    return appointment


@use_case
def no_show(
    *, appointment_id: UUID, by: Actor, version: int | None = None, reason: str | None = None
) -> Appointment:
    """The patient did not come. Refused before the visit's start; the rest of its time is free at once."""
    appointment = locked(appointment_id, by=by, permission=Permission.BOOK, version=version, patient=True)
    if reason is not None:
        occupancy.check_reason(reason, ReasonUse.NO_SHOW)
    policies.check_can_be_no_show(start=appointment.period.lower, now=clock.now())
    was = appointment.status
    appointment.reason_id = reason
    moved_to(appointment, AppointmentStatus.NO_SHOW, extra=["reason"])
    ended = occupancy.end(appointment=appointment)
    changes.record(
        appointment, ChangeKind.NO_SHOW, by=by, old_status=was, old_allocations=ended, reason=reason
    )
    freed.record(appointment=appointment, period=appointment.period, ended=ended)
    notices.cancel_all(appointment=appointment, by=by, reason="no_show")
    audit.record("scheduling.appointment.no_show", by=by, about=[appointment])
    tell([appointment], "no_show", by)
    return appointment
