"""The gate before a repeat: opened in time, decided by the physician, followed by the calendar."""

import datetime as dt
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import IllegalMove, InvalidInput, TryAgain
from clinic.transactions import use_case
from scheduling.enums import AppointmentStatus, Told
from scheduling.services import endings
from scheduling.services.together import Together
from treatments.enums import CourseStatus, Decision, SessionStatus
from treatments.models import Course, Review, Session, SessionBooking
from treatments.policies import gate
from treatments.selectors import courses, reviews
from treatments.services import gate_tasks, reading
from treatments.services.moves import move

COURSE_ENDED = "course_ended"
_GOES_ON = (Decision.CONTINUE, Decision.RE_EVALUATE)
_WAITING = (SessionStatus.PLANNED, SessionStatus.CLEARED)


def open_due(*, by: Actor) -> int:
    """Open the gate of every course whose next repeat is near, or whose sessions are all done. Returns how many.

    One transaction a course: one that fails stops no other, and the next run finds it again.
    """
    return sum(_open_gate(course_id=course_id, by=by) for course_id in reviews.due(now=clock.now()))


@use_case
def _open_gate(*, course_id: UUID, by: Actor) -> bool:
    locks.take(course=[course_id])
    course = Course.objects.get(pk=course_id)
    if course.status != CourseStatus.ACTIVE or course_id not in reviews.due(
        now=clock.now(), course_id=course_id
    ):
        return False
    move(course, CourseStatus.REVIEW_DUE, by=by)
    return True


@use_case
def decide(
    *,
    by: Actor,
    course_id: UUID,
    before_session: int,
    decision: str,
    reason: str = "",
    version: int | None = None,
) -> Review:
    """Write the physician's decision beside what the evidence suggested, and let the calendar follow.

    Continue releases the provisional visit of the next session, whose patient is told only now. Complete
    and stop drop what is left and free its visits under one reason. Deciding against the suggestion,
    re-evaluating and stopping need a reason. One decision a repeat: a second one is refused.
    """
    _lock(course_id)
    course = reading.course(course_id, by=by, permission=Permission.DECIDE_COURSE)
    reading.check_version(course, version)
    if course.status not in (CourseStatus.ACTIVE, CourseStatus.REVIEW_DUE):
        raise IllegalMove(
            _("There is nothing to decide: the course is “%(state)s”.")
            % {"state": course.get_status_display()}
        )
    if (
        before_session != reviews.next_number(course)
        or course.reviews.filter(before_session=before_session).exists()
    ):
        raise IllegalMove(_("This was decided meanwhile. Reload the page."))
    suggestion = gate.suggest(courses.evidence([course])[course.pk])
    if gate.needs_reason(decision, suggestion) and not reason.strip():
        raise InvalidInput(_("Say why: this decision needs a reason."), field="reason")
    review = Review.objects.create(
        course=course,
        before_session=before_session,
        suggestion=suggestion.decision or "",
        suggestion_rule=suggestion.rule,
        decision=decision,
        reason=reason,
        decided_by_id=reading.person(by),
        decided_at=clock.now(),
    )
    audit.record(
        "treatments.review.decided",
        by=by,
        about=[review],
        patient_id=course.patient_id,
        site_id=course.site_id,
        detail={"decision": decision, "suggestion": review.suggestion},
    )
    if decision in _GOES_ON:
        _go_on(course, before_session, by=by)
    elif decision == Decision.COMPLETE:
        _to_review(course, by=by)
        move(course, CourseStatus.FOLLOW_UP, by=by)
        _free_the_rest(course, by=by)
    else:
        move(course, CourseStatus.DISCONTINUED, by=by, reason=reason)
        _free_the_rest(course, by=by)
    return review


@use_case
def hold(
    *, by: Actor, course_id: UUID, reason: str, until: dt.date | None = None, version: int | None = None
) -> None:
    """Put a course on hold, for a reason; its visits stay as they are until somebody decides.

    With `until` a task reminds the physicians on that day. Raises InvalidInput without a reason or for a day gone by.
    """
    _lock(course_id)
    course = reading.course(course_id, by=by, permission=Permission.DECIDE_COURSE)
    reading.check_version(course, version)
    if not reason.strip():
        raise InvalidInput(_("Say why the course is on hold."), field="reason")
    if until is not None and until < clock.today(course.site.zone):
        raise InvalidInput(_("This day has passed."), field="until")
    course.held_until, course.held_by_id = until, reading.person(by)
    move(course, CourseStatus.ON_HOLD, by=by, reason=reason.strip())
    if until is not None:
        gate_tasks.remind_of_hold(course, on=until, by=by)


@use_case
def resume(*, by: Actor, course_id: UUID, version: int | None = None) -> None:
    """Back to where the course was before its hold."""
    _lock(course_id)
    course = reading.course(course_id, by=by, permission=Permission.DECIDE_COURSE)
    reading.check_version(course, version)
    if course.status != CourseStatus.ON_HOLD:
        raise IllegalMove(_("This course is not on hold. Reload the page."))
    move(course, course.status_before_hold, by=by)
    gate_tasks.settle(course, by=by)


@use_case
def discontinue(*, by: Actor, course_id: UUID, reason: str, version: int | None = None) -> None:
    """End a course from any state of treatment, outside a gate: the patient withdrew, or must not go on."""
    _lock(course_id)
    course = reading.course(course_id, by=by, permission=Permission.DECIDE_COURSE)
    reading.check_version(course, version)
    if not reason.strip():
        raise InvalidInput(_("Say why the course ends."), field="reason")
    to = CourseStatus.CANCELLED if course.status == CourseStatus.APPROVED else CourseStatus.DISCONTINUED
    move(course, to, by=by, reason=reason)
    _free_the_rest(course, by=by)


@use_case
def close(*, by: Actor, course_id: UUID, version: int | None = None) -> None:
    """The follow-up is over: the course is complete."""
    _lock(course_id)
    course = reading.course(course_id, by=by, permission=Permission.DECIDE_COURSE)
    reading.check_version(course, version)
    move(course, CourseStatus.COMPLETED, by=by)


def _lock(course_id: UUID) -> None:
    """Everything that a decision can touch: the course, its patient, all its sessions, every visit that serves one."""
    sessions = list(Session.objects.filter(course_id=course_id).values_list("pk", flat=True))
    before = _visits(course_id)
    patient = Course.objects.filter(pk=course_id).values_list("patient_id", flat=True)
    locks.take(patient=patient, appointment=before, course=[course_id], session=sessions)
    if _visits(course_id) - before:
        # Booked between our reading and our locks: those visits are not ours to change.
        raise TryAgain(_("A visit of this course was booked this very moment. Please try again."))


def _visits(course_id: UUID) -> set[UUID]:
    rows = SessionBooking.objects.filter(session__course_id=course_id, is_open=True)
    return set(rows.values_list("appointment_id", flat=True))


def _to_review(course: Course, *, by: Actor) -> None:
    if course.status == CourseStatus.ACTIVE:
        move(course, CourseStatus.REVIEW_DUE, by=by)


def _go_on(course: Course, number: int, *, by: Actor) -> None:
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


def _free_the_rest(course: Course, *, by: Actor) -> None:
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
