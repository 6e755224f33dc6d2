"""The gate before a repeat: opened in time, decided by the physician, followed by the calendar. A course's holds and end."""

import datetime as dt
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import IllegalMove, InvalidInput
from clinic.transactions import use_case
from treatments.enums import CourseStatus, Decision
from treatments.models import Course, Review
from treatments.policies import gate
from treatments.selectors import reviews
from treatments.selectors.reviews import Gate
from treatments.services import course_visits, gate_tasks, inviting, reading
from treatments.services.moves import move


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
    inviting.to_review(course, reviews.next_number(course), by=by)
    return True


@use_case
def decide(
    *,
    by: Actor,
    course_id: UUID,
    before_session: int,
    decision: str,
    reason: str = "",
    sessions: int = 1,
    version: int | None = None,
) -> Review:
    """Write the physician's decision beside what the evidence suggested, and let the calendar follow.

    Continue releases the provisional visit of the next session, whose patient is told only now, however late that is.
    Complete and stop drop what is left and free its visits under one reason. Extend, once and when no session is left,
    adds so many `sessions`, which the desk then books; also a course in follow-up can be extended. Deciding against the
    suggestion, re-evaluating and stopping need a reason. One decision a repeat: a second one is refused.

    What the physician saw, the rule that fired and the thresholds are kept with the decision.
    """
    course_visits.lock(course_id)
    course = reading.course(course_id, by=by, permission=Permission.DECIDE_COURSE)
    reading.check_version(course, version)
    opened = _open_gate_of(course, before_session, decision)
    if gate.needs_reason(decision, opened.suggestion) and not reason.strip():
        raise InvalidInput(_("Say why: this decision needs a reason."), field="reason")
    if decision == Decision.EXTEND and not 1 <= sessions <= opened.evidence.extra:
        raise InvalidInput(
            _("The protocol allows %(most)s more at most.") % {"most": opened.evidence.extra},
            field="sessions",
        )
    review = Review.objects.create(
        course=course,
        before_session=before_session,
        suggestion=opened.suggestion.decision or "",
        suggestion_rule=opened.suggestion.rule[:200],
        evidence=opened.snapshot,
        decision=decision,
        reason=reason.strip(),
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
    _follow(course, review, sessions, by=by)
    gate_tasks.settle(course, by=by)
    inviting.decided(course, before_session, by=by)
    return review


def _open_gate_of(course: Course, before_session: int, decision: str) -> Gate:
    """The gate as it stands, or the refusal of a decision that it does not leave open."""
    follows = course.status == CourseStatus.FOLLOW_UP and decision == Decision.EXTEND
    if course.status not in (CourseStatus.ACTIVE, CourseStatus.REVIEW_DUE) and not follows:
        raise IllegalMove(
            _("There is nothing to decide: the course is “%(state)s”.")
            % {"state": course.get_status_display()}
        )
    standing = course.reviews.filter(before_session=before_session, superseded_at__isnull=True)
    if follows:
        standing.update(superseded_at=clock.now())
    if before_session != reviews.next_number(course) or standing.exists():
        raise IllegalMove(_("This was decided meanwhile. Reload the page."))
    opened = reviews.gates([course])[0]
    if decision not in opened.possible:
        raise InvalidInput(_("The course does not leave this decision open now."), field="decision")
    return opened


def _follow(course: Course, review: Review, sessions: int, *, by: Actor) -> None:
    if course.status == CourseStatus.ACTIVE:
        move(course, CourseStatus.REVIEW_DUE, by=by)
    if review.decision == Decision.EXTEND:
        course_visits.extend(course, sessions, by=by)
    elif review.decision == Decision.COMPLETE:
        move(course, CourseStatus.FOLLOW_UP, by=by)
        course_visits.free_the_rest(course, by=by)
    elif review.decision == Decision.STOP:
        move(course, CourseStatus.DISCONTINUED, by=by, reason=review.reason)
        course_visits.free_the_rest(course, by=by)
    else:
        course_visits.go_on(course, review.before_session, by=by)


@use_case
def hold(
    *, by: Actor, course_id: UUID, reason: str, until: dt.date | None = None, version: int | None = None
) -> None:
    """Put a course on hold, for a reason; its visits stay as they are until somebody decides.

    With `until` a task reminds the physicians on that day. Raises InvalidInput without a reason or for a day gone by.
    """
    course_visits.lock(course_id)
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
    course_visits.lock(course_id)
    course = reading.course(course_id, by=by, permission=Permission.DECIDE_COURSE)
    reading.check_version(course, version)
    if course.status != CourseStatus.ON_HOLD:
        raise IllegalMove(_("This course is not on hold. Reload the page."))
    move(course, course.status_before_hold, by=by)
    gate_tasks.settle(course, by=by)


@use_case
def discontinue(*, by: Actor, course_id: UUID, reason: str, version: int | None = None) -> None:
    """End a course from any state of treatment, outside a gate: the patient withdrew, or must not go on."""
    course_visits.lock(course_id)
    course = reading.course(course_id, by=by, permission=Permission.DECIDE_COURSE)
    reading.check_version(course, version)
    if not reason.strip():
        raise InvalidInput(_("Say why the course ends."), field="reason")
    to = CourseStatus.CANCELLED if course.status == CourseStatus.APPROVED else CourseStatus.DISCONTINUED
    move(course, to, by=by, reason=reason)
    course_visits.free_the_rest(course, by=by)
    gate_tasks.settle(course, by=by)


@use_case
def close(*, by: Actor, course_id: UUID, version: int | None = None) -> None:
    """The follow-up is over: the course is complete."""
    course_visits.lock(course_id)
    course = reading.course(course_id, by=by, permission=Permission.DECIDE_COURSE)
    reading.check_version(course, version)
    move(course, CourseStatus.COMPLETED, by=by)


@use_case
def renew_approval(*, by: Actor, course_id: UUID, version: int | None = None) -> None:
    """The physician screened the patient anew and attests fitness: a lapsed approval stands again from today."""
    locks.take(course=[course_id])
    course = reading.course(course_id, by=by, permission=Permission.DECIDE_COURSE)
    reading.check_version(course, version)
    if course.status not in (CourseStatus.APPROVED, CourseStatus.ACTIVE, CourseStatus.REVIEW_DUE):
        raise IllegalMove(_("There is no approval to renew in this course."))
    course.approved_at = clock.now()
    course.version += 1
    course.save(update_fields=["approved_at", "version"])
    audit.record("treatments.course.approved_anew", by=by, about=[course], site_id=course.site_id)
