"""What a decision does to a course's sessions and their visits. Inner steps of use cases that hold all of it."""

from uuid import UUID

from django.utils.translation import gettext as _

from clinic import clock, locks
from clinic.actors import Actor
from clinic.exceptions import TryAgain
from scheduling.enums import AppointmentStatus, Told
from scheduling.services import endings
from scheduling.services.together import Together
from treatments.enums import CourseStatus, OrderStatus, SessionStatus
from treatments.models import Course, Session, SessionBooking
from treatments.services import gate_tasks
from treatments.services.moves import move

COURSE_ENDED = "course_ended"
_WAITING = (SessionStatus.PLANNED, SessionStatus.CLEARED)


def lock(course_id: UUID) -> None:
    """Everything that a decision can touch: the course, its patient, all its sessions, every visit that serves one."""
    sessions = list(Session.objects.filter(course_id=course_id).values_list("pk", flat=True))
    before = _visits(course_id)
    patient = Course.objects.filter(pk=course_id).values_list("patient_id", flat=True)
    locks.take(patient=patient, appointment=before, course=[course_id], session=sessions)
    if _visits(course_id) - before:
        # Booked between our reading and our locks: those visits are not ours to change.
        raise TryAgain(_("A visit of this course was booked this very moment. Please try again."))


def go_on(course: Course, number: int, *, by: Actor) -> None:
    """The next session goes ahead: its visit, kept free until now, is released and its patient told."""
    if course.status == CourseStatus.REVIEW_DUE:
        move(course, CourseStatus.ACTIVE, by=by)
    waiting = SessionBooking.objects.filter(
        session__course=course,
        session__number=number,
        is_open=True,
        appointment__status=AppointmentStatus.PROVISIONAL,
    )
    if visits := list(waiting.values_list("appointment_id", flat=True)):
        endings.release(appointment_ids=visits, by=by)


def extend(course: Course, sessions: int, *, by: Actor) -> None:
    """Once in a course: so many sessions more, on the desk's list to be booked; a fresh consent where it is asked for."""
    last = max(course.sessions.values_list("number", flat=True))
    added = Session.objects.bulk_create(
        Session(site_id=course.site_id, course=course, number=last + step) for step in range(1, sessions + 1)
    )
    locks.add_created("session", *(session.pk for session in added))
    course.planned_sessions = last + sessions
    course.extended, course.extended_at = True, clock.now()
    course.save(update_fields=["planned_sessions", "extended", "extended_at"])
    order = course.order
    order.sessions += sessions
    order.save(update_fields=["sessions"])
    if order.status == OrderStatus.BOOKED:
        move(order, OrderStatus.OPEN, by=by)
    move(course, CourseStatus.ACTIVE, by=by)
    if course.protocol_version.clinical.consent.fresh_on_extension:
        gate_tasks.ask_for_consent(course, by=by)


def free_the_rest(course: Course, *, by: Actor) -> None:
    """Sessions first, so that a freed visit asks nobody to book it again; and one mail for all that was told."""
    left = list(course.sessions.filter(status__in=_WAITING))
    visits = SessionBooking.objects.filter(session__in=left, is_open=True).exclude(
        appointment__status__in=[AppointmentStatus.ARRIVED, AppointmentStatus.IN_PROGRESS]
    )
    ids = list(visits.order_by("appointment_id").values_list("appointment_id", flat=True))
    for session in left:
        move(session, SessionStatus.DROPPED, by=by)
    together = Together()
    for appointment_id in ids:
        endings.cancel(
            appointment_id=appointment_id, reason=COURSE_ENDED, by=by, told=Told.MAIL, together=together
        )
    together.tell(by=by)
    SessionBooking.objects.filter(session__in=left, is_open=True).update(is_open=False)


def _visits(course_id: UUID) -> set[UUID]:
    rows = SessionBooking.objects.filter(session__course_id=course_id, is_open=True)
    return set(rows.values_list("appointment_id", flat=True))
