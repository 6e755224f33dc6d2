"""What a patient, or a contact who may book, does with one visit through the link in a mail: say that they will come,
move it, cancel it, ask for a call.

The same services as the desk's do the work, under the same locks and rules; here stand the right of the link, which is
asked again under the locks, and what is left to the desk. Nothing is held while somebody chooses.
"""

import datetime as dt
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import clock
from clinic.actors import Actor, Contact, Patient
from clinic.enums import Role
from clinic.exceptions import InvalidInput, NotAllowed, NotFound
from clinic.models import Link, Task
from clinic.services import tasks
from clinic.transactions import use_case
from scheduling import policies
from scheduling.enums import AppointmentStatus, ReasonUse
from scheduling.exceptions import SlotTaken, VisitChanged
from scheduling.models import Appointment, ChangeReason
from scheduling.services import booking, changes, endings, moves, occupancy
from scheduling.services.knowledge import DOOR, about
from scheduling.services.plans import VisitPlan, VisitRequest
from scheduling.services.visits import locked

MOVE_WANTED = "visit.move_wanted"
CANCELLED_LATE = "visit.cancelled_late"
CALL_WITHIN = dt.timedelta(hours=4)


@use_case
def confirm(*, appointment_id: UUID, seen_rev: int, by: Actor) -> Appointment:
    """They will come. Said twice, it is written once. `seen_rev` is the `told_rev` that they saw.

    Raises VisitChanged when time or place were told anew since, NotFound for another visit's link, NotAllowed for a
    contact who may not book.
    """
    appointment = locked(appointment_id, by=by, permission=None, patient=True)
    check_right(appointment, by)
    _check_unchanged(appointment, seen_rev)
    if appointment.status == AppointmentStatus.CONFIRMED:
        return appointment
    return endings.confirm(appointment_id=appointment_id, by=by, permission=None)


def move(
    *,
    appointment_id: UUID,
    start: dt.datetime,
    seen_rev: int,
    by: Actor,
    key: UUID,
    lead_id: UUID | None = None,
) -> Appointment:
    """Take a free start instead, once for each `key` of a page; a team lost to somebody faster is tried anew.

    Raises SlotTaken, BookingRefused (a warning too: who reads it may not accept it), VisitChanged, InvalidInput where
    the start is none that patients are offered, NotAllowed, NotFound.
    """
    for attempt in range(booking.TEAMS_TRIED):
        row = Appointment.objects.select_related("visit_type", "site").filter(pk=appointment_id).first()
        if row is None:
            raise NotFound(_("There is no such visit."))
        check_right(row, by)
        if changes.made_by(row, key):
            return row
        policies.check_patient_may_take(
            start,
            now=clock.now(),
            rules=booking_rules(row),
            notice_hours=row.site.patient_notice_hours,
            zone=row.site.zone,
        )
        request = VisitRequest(row.patient_id, row.visit_type_id, row.site_id, start, lead_id, row.purpose)
        plans = booking.plan([request], appointment_id=appointment_id, turn=booking.turn_of(attempt))
        try:
            return move_to(appointment_id=appointment_id, plan=plans[0], seen_rev=seen_rev, by=by, key=key)
        except SlotTaken as error:
            lost = error
    raise lost


@use_case
def move_to(*, appointment_id: UUID, plan: VisitPlan, seen_rev: int, by: Actor, key: UUID) -> Appointment:
    """The same with its team chosen. What the page said is asked again under the locks."""
    held_now = occupancy.resource_ids_of(appointment_id)
    appointment = locked(
        appointment_id, by=by, permission=None, resources=held_now | plan.resource_ids, patient=True
    )
    check_right(appointment, by)
    if changes.made_by(appointment, key) or appointment.period.lower == plan.request.start:
        return appointment
    _check_unchanged(appointment, seen_rev)
    policies.check_patient_may_change(
        appointment.period.lower, now=clock.now(), notice_hours=appointment.site.patient_notice_hours
    )
    moved = moves.move_to(appointment_id=appointment_id, plan=plan, by=by, key=key, permission=None)
    _settle(appointment_id, by=by)
    return moved


@use_case
def cancel(*, appointment_id: UUID, reason: str, seen_rev: int, by: Actor, key: UUID) -> Appointment:
    """They do not come, for one of the reasons that are a patient's to give; once for each `key` of a page.

    The time is free at once. Nearer than the site's notice the desk is asked to ring them. Raises VisitChanged,
    InvalidInput, IllegalMove once the visit has begun, NotAllowed, NotFound.
    """
    appointment = locked(appointment_id, by=by, permission=None, patient=True)
    check_right(appointment, by)
    if changes.made_by(appointment, key):
        return appointment
    _check_unchanged(appointment, seen_rev)
    own = ChangeReason.objects.filter(pk=reason, is_active=True, by_patient=True)
    if not own.filter(used_for__contains=[ReasonUse.CANCEL]).exists():
        raise InvalidInput(_("Choose one of the reasons."), field="reason")
    near = not policies.patient_may_change(
        appointment.period.lower, now=clock.now(), notice_hours=appointment.site.patient_notice_hours
    )
    done = endings.cancel(appointment_id=appointment_id, reason=reason, by=by, key=key, permission=None)
    _settle(appointment_id, by=by)
    if near:
        _ask(done, CANCELLED_LATE, _("Call: the patient cancelled at short notice through the mail"), by=by)
    return done


@use_case
def ask_for_call(*, appointment_id: UUID, seen_rev: int, by: Actor) -> Task:
    """The patient wants another time and the desk must find it. Asked twice, it is one task."""
    appointment = locked(appointment_id, by=by, permission=None, patient=True)
    check_right(appointment, by)
    _check_unchanged(appointment, seen_rev)
    policies.check_can_move(AppointmentStatus(appointment.status))
    return _ask(appointment, MOVE_WANTED, _("Call: the patient asks for another time"), by=by)


def check_right(appointment: Appointment, by: Actor) -> None:
    """The link is of this very visit and this very person, and stands; a contact stands too and may book.

    Everybody else's looks like none. Raises NotFound, NotAllowed.
    """
    if not isinstance(by, Patient | Contact):
        raise NotFound(_("There is no such visit."))
    link = (
        Link.objects.select_related("contact")
        .filter(
            pk=by.link_id,
            purpose=DOOR,
            about=about(appointment),
            patient=appointment.patient_id,
            revoked_at=None,
            expires_at__gt=clock.now(),
        )
        .first()
    )
    if link is None or not _is_of(link, by):
        raise NotFound(_("There is no such visit."))
    if link.contact is not None and not link.contact.may_book:
        raise NotAllowed(_("Only somebody who may book can change this visit."))


def booking_rules(appointment: Appointment) -> policies.BookingRules:
    """How the kind of visit is offered."""
    kind = appointment.visit_type
    return policies.BookingRules(kind.grid_minutes, kind.notice_minutes, kind.horizon_days)


def _is_of(link: Link, by: Patient | Contact) -> bool:
    if isinstance(by, Contact):
        contact = link.contact
        return contact is not None and contact.pk == by.contact_id and contact.ended_at is None
    return link.contact_id is None and link.patient_id == by.patient_id


def _check_unchanged(appointment: Appointment, seen_rev: int) -> None:
    """Nobody says yes or no to a time that they have not seen."""
    if appointment.told_rev != seen_rev:
        raise VisitChanged(_("This visit was changed since you opened the page."))


def _ask(appointment: Appointment, kind: str, title: str, *, by: Actor) -> Task:
    return tasks.open_task(
        by=by,
        site_id=appointment.site_id,
        kind=kind,
        title=title,
        role=Role.FRONT_DESK,
        due_at=clock.now() + CALL_WITHIN,
        patient_id=appointment.patient_id,
        about=about(appointment),
    )


def _settle(appointment_id: UUID, *, by: Actor) -> None:
    """Who found another time by themselves, or cancelled, need not be rung about it."""
    waiting = Task.objects.filter(kind=MOVE_WANTED, about=f"appointment:{appointment_id}", state="open")
    for task_id in waiting.values_list("pk", flat=True):
        tasks.finish(by=by, task_id=task_id, outcome=_("Settled through the link."))
