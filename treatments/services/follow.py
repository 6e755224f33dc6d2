"""Treatments follow the visits that serve their sessions. They never veto."""

import datetime as dt

from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Role, TaskState
from clinic.models import Task
from clinic.services import tasks
from scheduling.enums import AppointmentStatus
from scheduling.models import Appointment
from treatments.enums import OPEN_COURSE, OrderStatus, SessionStatus
from treatments.models import Session, SessionBooking
from treatments.services import inviting
from treatments.services.moves import move

REBOOK = "rebook_session"
_ENDING = {AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW, AppointmentStatus.NOT_DONE}
_WAITING = (SessionStatus.PLANNED, SessionStatus.CLEARED)
_REBOOK_WITHIN = dt.timedelta(days=1)


def visit_changed(*, appointment: Appointment, by: Actor) -> None:
    """Bring the session's booking into line with its visit, whatever the change was called.

    Runs inside the transaction that changed the visit, which holds the course and the session through
    `lock_keys`. A cancelled, missed or not-done visit no longer serves; its session waits to be booked
    again, unless it was injected or dropped meanwhile.
    """
    if appointment.purpose is None or locks.is_absent("session", appointment.purpose):
        return
    session = Session.objects.select_related("course__order").filter(pk=appointment.purpose).first()
    if session is None:
        return
    if appointment.status in _ENDING:
        _released(session, appointment, by=by)
    else:
        _served(session, appointment, by=by)


def _served(session: Session, appointment: Appointment, *, by: Actor) -> None:
    booking = SessionBooking.objects.filter(appointment=appointment).first()
    if booking is None:
        booking = SessionBooking(session=session, appointment=appointment)
    elif booking.is_open:
        return
    booking.is_open = not SessionBooking.objects.filter(session=session, is_open=True).exists()
    booking.save()
    if booking.is_open:
        audit.record("treatments.session.booked", by=by, about=[session])
        _close_rebooking(session, by=by)
        inviting.booked(session.course, session.number, by=by)
    if session.course.order.status == OrderStatus.OPEN and not _unbooked(session):
        move(session.course.order, OrderStatus.BOOKED, by=by)


def _released(session: Session, appointment: Appointment, *, by: Actor) -> None:
    if session.status not in _WAITING:
        return
    if not SessionBooking.objects.filter(appointment=appointment, is_open=True).update(is_open=False):
        return
    audit.record("treatments.session.freed", by=by, about=[session], detail={"visit": appointment.status})
    if session.status == SessionStatus.CLEARED:
        move(session, SessionStatus.PLANNED, by=by)
    if session.course.status not in OPEN_COURSE:
        return
    order = session.course.order
    if (
        order.status == OrderStatus.BOOKED
        and not session.course.sessions.filter(injected_at__isnull=False).exists()
        and session.number == 1
    ):
        move(order, OrderStatus.OPEN, by=by)
    tasks.open_task(
        by=by,
        site_id=session.site_id,
        kind=REBOOK,
        title=_("Rebook session %(number)s") % {"number": session.number},
        role=Role.FRONT_DESK,
        due_at=clock.now() + _REBOOK_WITHIN,
        patient_id=session.course.patient_id,
        about=_about(session),
    )


def _unbooked(session: Session) -> bool:
    waiting = session.course.sessions.filter(status__in=_WAITING)
    return waiting.exclude(bookings__is_open=True).exists()


def _close_rebooking(session: Session, *, by: Actor) -> None:
    waiting = Task.objects.filter(kind=REBOOK, about=_about(session), state=TaskState.OPEN)
    for task_id in waiting.values_list("pk", flat=True):
        tasks.finish(by=by, task_id=task_id, outcome=_("Booked again."))


def _about(session: Session) -> str:
    return f"session:{session.pk}"
