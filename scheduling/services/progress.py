"""A visit on its day: arrived, stage by stage, discharged. Facts, with their own times: no tap is refused
because a plan says otherwise, and no tap moves anybody's allocation. What a higher app knows of the patient may
refuse a stage (`stage_guards`)."""

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock
from clinic.actors import Actor, Staff
from clinic.enums import Permission
from clinic.exceptions import IllegalMove, NotFound, TryAgain
from clinic.transactions import explain_constraint, use_case
from scheduling import policies, stage_guards
from scheduling.enums import AppointmentStatus, ChangeKind, ReasonUse
from scheduling.models import Appointment, VisitStage
from scheduling.selectors import calls
from scheduling.services import changes, notices, occupancy
from scheduling.services.visits import locked, moved_to
from scheduling.signals import appointment_changed


@use_case
def arrive(*, appointment_id: UUID, by: Actor) -> Appointment:
    """The patient is here, and gets the day's smallest call number that nobody has. Reminders of the visit end.

    Arrivals of one site wait for each other, so that two at once get different numbers; behind the lock stands
    a constraint, whose refusal would say that somebody else was faster.
    """
    appointment = locked(appointment_id, by=by, permission=Permission.RUN_BOARD, site=True, patient=True)
    appointment.arrived_at = clock.now()
    appointment.call_day = clock.today(appointment.site.zone)
    appointment.call_number = calls.smallest_unused(site=appointment.site, day=appointment.call_day)
    moved_to(appointment, AppointmentStatus.ARRIVED, extra=["arrived_at", "call_day", "call_number"])
    notices.cancel_all(appointment=appointment, by=by, reason=notices.ARRIVED)
    return _done(appointment, "arrived", by)


@use_case
def arrive_by_record(*, appointment_id: UUID, at: dt.datetime, by: Actor) -> Appointment:
    """What was done at the visit is being recorded, so the patient is here, though nobody tapped "arrived".

    An inner step: the caller has checked the right to record, and holds the visit with its site and patient. Nothing
    happens before the visit's day, and where the visit has long begun or ended. `at` is when the step was done; a day
    that is over gets the planned start as arrival, and no number for a wall screen.
    """
    appointment = locked(appointment_id, by=by, permission=None, site=True, patient=True)
    zone, start = appointment.site.zone, appointment.period.lower
    day, today = start.astimezone(zone).date(), clock.today(zone)
    if appointment.status not in policies.MOVABLE or today < day:
        return appointment
    appointment.arrived_at = min(at, clock.now()) if at.astimezone(zone).date() == day else start
    if today == day:
        appointment.call_day = day
        appointment.call_number = calls.smallest_unused(site=appointment.site, day=day)
    if appointment.status == AppointmentStatus.PROVISIONAL:
        # The repeat that the review has not released was done: it is told by having happened.
        moved_to(appointment, AppointmentStatus.BOOKED)
    moved_to(appointment, AppointmentStatus.ARRIVED, extra=["arrived_at", "call_day", "call_number"])
    notices.cancel_all(appointment=appointment, by=by, reason=notices.ARRIVED)
    return _done(appointment, "arrived", by, detail={"from": "record"})


@use_case
def undo_arrive(*, appointment_id: UUID, by: Actor) -> Appointment:
    """A mis-click: the visit is booked again, its number is free, and what is still to come is planned again."""
    appointment = locked(appointment_id, by=by, permission=Permission.RUN_BOARD)
    if appointment.status != AppointmentStatus.ARRIVED:
        raise IllegalMove(_("There is no arrival to take back."))
    appointment.arrived_at = appointment.call_day = appointment.call_number = None
    # The arrival ended the reminders for good: those that are still to come speak of a new revision.
    appointment.told_rev += 1 if notices.ended_by_arrival(appointment) else 0
    moved_to(
        appointment,
        AppointmentStatus.BOOKED,
        extra=["arrived_at", "call_day", "call_number", "told_rev"],
        undo=True,
    )
    notices.plan_reminders(appointment=appointment, by=by)
    return _done(appointment, "undone", by)


@use_case
def start_stage(*, appointment_id: UUID, stage: str, by: Actor, at: dt.datetime | None = None) -> Appointment:
    """A stage begins (at a time entered late, if given); the visit is in progress from its first one."""
    appointment = locked(appointment_id, by=by, permission=Permission.RUN_BOARD)
    row = _stage(appointment, stage)
    _begin(appointment, row, by, at or clock.now())
    return _done(appointment, "stage", by, stage=stage)


@use_case
def end_stage(*, appointment_id: UUID, stage: str, by: Actor, at: dt.datetime | None = None) -> Appointment:
    """A stage has ended. One that nobody started began and ended now; ending the last one discharges the patient."""
    appointment = locked(appointment_id, by=by, permission=Permission.RUN_BOARD)
    row = _stage(appointment, stage)
    instant = at or clock.now()
    if row.started_at is None:
        _begin(appointment, row, by, instant)
    _finish(row, by, instant)
    return _after_end(appointment, row, by)


@use_case
def advance(*, appointment_id: UUID, by: Actor, version: int | None = None) -> Appointment:
    """One tap: end the running stage and begin the next. The last one completes the visit.

    `version` is the visit as it was shown: of two people who tap the same next stage the second is told
    (StaleVersion), and the patient is not sent past a stage.
    """
    appointment = locked(appointment_id, by=by, permission=Permission.RUN_BOARD, version=version)
    if appointment.status not in (AppointmentStatus.ARRIVED, AppointmentStatus.IN_PROGRESS):
        raise IllegalMove(_("The patient has not arrived, or the visit is over."))
    now = clock.now()
    stages = list(appointment.stages.all())
    running = next((row for row in stages if row.started_at is not None and row.ended_at is None), None)
    waiting = next((row for row in stages if row.started_at is None), None)
    if running is not None:
        _finish(running, by, now)
    if waiting is not None:
        _begin(appointment, waiting, by, now)
        return _done(appointment, "stage", by, stage=waiting.code)
    return _complete(appointment, by)


@use_case
def undo(*, appointment_id: UUID, by: Actor, version: int | None = None) -> Appointment:
    """Take back the last tap: discharge, the last stage, or the arrival. A move of its own, and audited.

    `version` as for `advance`: two who take back the same tap take back one.
    """
    appointment = locked(appointment_id, by=by, permission=Permission.RUN_BOARD, version=version)
    if appointment.status == AppointmentStatus.COMPLETED:
        _reopen_last(appointment)
        moved_to(appointment, AppointmentStatus.IN_PROGRESS, undo=True)
    elif appointment.status == AppointmentStatus.IN_PROGRESS:
        _take_back_stage(appointment)
    else:
        return undo_arrive(appointment_id=appointment_id, by=by)
    return _done(appointment, "undone", by)


@use_case
def not_done(*, appointment_id: UUID, reason: str, by: Actor) -> Appointment:
    """The patient came and the visit could not be done. What it still holds is free at once."""
    appointment = locked(appointment_id, by=by, permission=Permission.RUN_BOARD, patient=True)
    occupancy.check_reason(reason, ReasonUse.NOT_DONE)
    was = appointment.status
    appointment.reason_id = reason
    moved_to(appointment, AppointmentStatus.NOT_DONE, extra=["reason"])
    ended = occupancy.end(appointment=appointment)
    changes.record(
        appointment, ChangeKind.NOT_DONE, by=by, old_status=was, old_allocations=ended, reason=reason
    )
    notices.cancel_all(appointment=appointment, by=by, reason="not_done")
    return _done(appointment, "not_done", by)


def _begin(appointment: Appointment, row: VisitStage, by: Actor, at: dt.datetime) -> None:
    if row.started_at is not None:
        raise IllegalMove(_("%(stage)s has already begun.") % {"stage": row.name})
    stage_guards.check(appointment, row.code, by=by)
    row.started_at, row.started_by_id = at, _user(by)
    row.save(update_fields=["started_at", "started_by"])
    if appointment.status == AppointmentStatus.IN_PROGRESS:
        _newer(appointment)
    else:
        moved_to(appointment, AppointmentStatus.IN_PROGRESS)


def _finish(row: VisitStage, by: Actor, at: dt.datetime) -> None:
    if row.ended_at is not None:
        raise IllegalMove(_("%(stage)s has already ended.") % {"stage": row.name})
    row.ended_at, row.ended_by_id = at, _user(by)
    row.save(update_fields=["ended_at", "ended_by"])


def _after_end(appointment: Appointment, row: VisitStage, by: Actor) -> Appointment:
    if appointment.stages.filter(ended_at__isnull=True).exists():
        _newer(appointment)
        return _done(appointment, "stage", by, stage=row.code)
    return _complete(appointment, by)


def _complete(appointment: Appointment, by: Actor) -> Appointment:
    moved_to(appointment, AppointmentStatus.COMPLETED)
    return _done(appointment, "completed", by)


def _reopen_last(appointment: Appointment) -> None:
    row = appointment.stages.filter(ended_at__isnull=False).order_by("position").last()
    if row is not None:
        row.ended_at, row.ended_by = None, None
        row.save(update_fields=["ended_at", "ended_by"])


def _take_back_stage(appointment: Appointment) -> None:
    """Undo of `advance`: the newest begun stage has not begun, the one before it runs again."""
    row = appointment.stages.filter(started_at__isnull=False).order_by("position").last()
    if row is None:
        moved_to(appointment, AppointmentStatus.ARRIVED, undo=True)
        return
    row.started_at = row.ended_at = row.started_by = row.ended_by = None
    row.save(update_fields=["started_at", "ended_at", "started_by", "ended_by"])
    before = appointment.stages.filter(started_at__isnull=False).order_by("position").last()
    if before is None:
        moved_to(appointment, AppointmentStatus.ARRIVED, undo=True)
        return
    before.ended_at, before.ended_by = None, None
    before.save(update_fields=["ended_at", "ended_by"])
    _newer(appointment)


def _newer(appointment: Appointment) -> None:
    """A stage moved and the status did not: whoever still sees the visit as it was must not tap on."""
    appointment.version += 1
    appointment.save(update_fields=["version"])


def _stage(appointment: Appointment, code: str) -> VisitStage:
    row = appointment.stages.filter(code=code).first()
    if row is None:
        raise NotFound(_("This visit has no such stage."))
    return row


def _user(by: Actor) -> UUID | None:
    return by.user_id if isinstance(by, Staff) else None


def _done(
    appointment: Appointment,
    change: str,
    by: Actor,
    *,
    stage: str = "",
    detail: Mapping[str, str] | None = None,
) -> Appointment:
    audit.record(
        f"scheduling.appointment.{change}",
        by=by,
        about=[appointment],
        detail={"stage": stage} if stage else dict(detail or {}),
    )
    appointment_changed.send(sender=Appointment, appointment=appointment, change=change, by=by)
    return appointment


explain_constraint(
    "one_call_number_per_day",
    lambda: TryAgain(_("Somebody else arrived at the same moment. Nothing was saved; tap once more.")),
)
