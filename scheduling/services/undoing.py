"""Taking back a mis-click: a move, a cancellation or a no-show of a visit.

An undo is a transition of its own and a new attempt for the same team at the old time: whoever has part of it
by now keeps it, and the undo is refused.
"""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from django.apps import apps
from django.utils.translation import gettext as _

from clinic import audit, clock
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import NotFound
from clinic.transactions import use_case
from scheduling import policies, rules
from scheduling.enums import AppointmentStatus, ChangeKind, RefusalLevel, Told
from scheduling.exceptions import BookingRefused, SlotTaken
from scheduling.models import Allocation, Appointment, VisitChange
from scheduling.rules import StartRequest
from scheduling.selectors import ledger
from scheduling.selectors.teams import TeamMember
from scheduling.services import booking, changes, looking, notices, occupancy, rebooking
from scheduling.services.plans import VisitPlan, VisitRequest
from scheduling.services.visits import locked, tell


@use_case
def undo(*, change_id: UUID, by: Actor) -> Appointment:
    """Take back the latest change of a visit: same team, same time, same state as before it.

    Raises SlotTaken when somebody else has part of it by now, BookingRefused when a start rule speaks against it,
    IllegalMove when the visit was changed again since, or its old time is over. Sent twice, it undoes once.
    Nothing of the mistaken change goes out within its grace; where it had gone out already, one further mail says
    what holds. Who was told by phone is to be rung by the desk. A line of the call list that the change had finished
    is open again.
    """
    change = VisitChange.objects.filter(pk=change_id).first()
    if change is None:
        raise NotFound(_("There is no such change."))
    rows = list(
        Allocation.objects.filter(pk__in=change.old_allocations).select_related(
            "requirement__stage", "resource"
        )
    )
    appointment = locked(
        change.appointment_id,
        by=by,
        permission=Permission.BOOK,
        resources={row.resource_id for row in rows} | occupancy.resource_ids_of(change.appointment_id),
        patient=True,
    )
    if VisitChange.objects.filter(undoes=change).exists():
        return appointment
    now = clock.now()
    kind, status = ChangeKind(change.kind), AppointmentStatus(appointment.status)
    latest = ledger.latest_standing(appointment_id=appointment.pk)
    policies.check_can_undo(
        kind,
        is_latest=latest is not None and latest.pk == change.pk,
        status=status,
        ends=change.old_period.upper,
        now=now,
    )
    line = rebooking.settled_by(change)
    _check_still_possible(appointment, change, rows, now=now, was_to_be_moved=line is not None)

    old_period = appointment.period
    to = AppointmentStatus(change.old_status)
    if to != status:
        policies.check_transition(status, to, undo=True)
    ended = occupancy.restore(appointment=appointment, period=change.old_period, rows=rows)
    appointment.status, appointment.reason_id = to, None
    if kind != ChangeKind.NO_SHOW and appointment.told_rev > 0:
        appointment.told_rev += 1
        appointment.told = Told.MAIL if notices.was_ever_mailed(appointment) else appointment.told
    appointment.squeezed_on_id = _was_squeezed_on(appointment, rows)
    appointment.expected_at = None
    appointment.version += 1
    appointment.save(
        update_fields=[
            "period",
            "status",
            "reason",
            "told",
            "told_rev",
            "squeezed_on",
            "expected_at",
            "version",
        ]
    )
    changes.record(
        appointment,
        ChangeKind.UNDONE,
        by=by,
        old_status=status,
        old_period=old_period,
        old_allocations=ended,
        told=appointment.told if kind != ChangeKind.NO_SHOW else "",
        undoes=change,
    )
    audit.record("scheduling.appointment.undone", by=by, about=[appointment], detail={"change": kind})
    if kind == ChangeKind.NO_SHOW:
        notices.plan_reminders(appointment=appointment, by=by)
    else:
        notices.plan_undone(appointment=appointment, by=by)
    tell([appointment], "undone", by)
    if line is not None:
        rebooking.unsettle(task_id=line, by=by)
    return appointment


def _check_still_possible(
    appointment: Appointment,
    change: VisitChange,
    rows: Sequence[Allocation],
    *,
    now: dt.datetime,
    was_to_be_moved: bool,
) -> None:
    """Under the locks: the team is free, at work and not away, and no rule forbids what was allowed before.

    A visit that stood on the call list stood there because its team is away: it goes back to be moved again.
    """
    looking.check_free_again(rows, now=now, appointment_id=appointment.pk)
    occupancy.release_expired_holds(resource_ids={row.resource_id for row in rows}, now=now)
    start = change.old_period.lower
    if start >= now and any(row.is_lead for row in rows) and not was_to_be_moved:
        team = tuple(TeamMember.of(row.resource, row.requirement) for row in rows if row.requirement)
        if len(team) < len(rows):
            raise SlotTaken([_("This kind of visit was changed meanwhile. Choose a time anew.")])
        booking.confirmed_team(
            VisitPlan(_request(appointment, start), team), now=now, appointment_id=appointment.pk
        )
    asked = StartRequest(
        appointment.site_id,
        appointment.visit_type_id,
        (start,),
        appointment.patient_id,
        appointment.pk,
        appointment.purpose,
    )
    # A warning was accepted when the visit was booked; so was a block that its override covered.
    standing = [
        refusal
        for refusal in rules.ask([asked])
        if refusal.level == RefusalLevel.BLOCK
        and not (refusal.overridable_by is not None and appointment.override_reason)
    ]
    if standing:
        raise BookingRefused(standing)


def _was_squeezed_on(appointment: Appointment, rows: Sequence[Allocation]) -> UUID | None:
    """A team without its lead was a squeeze-in; on whom, the history of the row still knows."""
    if not rows or any(row.is_lead for row in rows):
        return None
    past = apps.get_model("scheduling", "AppointmentEvent").objects.filter(
        pgh_obj_id=appointment.pk, squeezed_on__isnull=False
    )
    last: UUID | None = past.order_by("-pgh_id").values_list("squeezed_on", flat=True).first()
    return last


def _request(appointment: Appointment, start: dt.datetime) -> VisitRequest:
    return VisitRequest(
        appointment.patient_id,
        appointment.visit_type_id,
        appointment.site_id,
        start,
        purpose=appointment.purpose,
    )
