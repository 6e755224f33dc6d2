"""Gates that nobody has decided yet: opened in time, handed on when the time runs out. The patient is told nothing."""

from uuid import UUID

from clinic import clock, locks
from clinic.actors import Actor, System
from clinic.enums import Permission
from clinic.transactions import use_case
from treatments.enums import CourseStatus
from treatments.models import Course
from treatments.selectors import reviews
from treatments.selectors.reviews import Step
from treatments.services import gate_tasks, reading
from treatments.services.moves import move


def escalate_due(*, by: System) -> int:
    """A task of the physician's when the release comes near, one of the manager's when it has passed. Returns how many.

    One transaction a course, as with opening; a gate has each task once, also when somebody has closed it.
    """
    return sum(_escalate(course_id=course_id, by=by) for course_id in reviews.to_escalate(now=clock.now()))


@use_case
def _escalate(*, course_id: UUID, by: Actor) -> bool:
    locks.take(course=[course_id])
    step = reviews.to_escalate(now=clock.now(), course_id=course_id).get(course_id)
    if step is None:
        return False
    course = reading.course(course_id, by=by, permission=Permission.DECIDE_COURSE)
    if step.kind == Step.PHYSICIAN:
        gate_tasks.ask_physician(course, step.number, due_at=step.release_by, by=by)
    else:
        gate_tasks.tell_manager(course, step.number, by=by)
    return True


def grave_event(course: Course, *, by: Actor) -> None:
    """An inner step of writing an event down that is serious or grave: the course stops at its gate, at once.

    A decision that let the next session go ahead is superseded: the physician decides anew. Its visit stays booked
    until then, for the patient knows of it.
    """
    if course.status in (CourseStatus.COMPLETED, CourseStatus.DISCONTINUED, CourseStatus.DECLINED):
        return
    gate_tasks.tell_of_grave_event(course, by=by)
    if course.status == CourseStatus.ACTIVE:
        number = reviews.next_number(course)
        course.reviews.filter(before_session=number, superseded_at__isnull=True).update(
            superseded_at=clock.now()
        )
        move(course, CourseStatus.REVIEW_DUE, by=by)
