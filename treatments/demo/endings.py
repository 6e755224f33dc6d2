"""The state in which its sessions leave a course: under way, at a gate, followed up, ended."""

import datetime as dt

from treatments.demo import gates
from treatments.demo.outcomes import AFTER, FOLLOW_UP
from treatments.demo.outcomes import Patient as Reporting
from treatments.demo.planner import Placed
from treatments.demo.stories import Fate, Story
from treatments.demo.world import World
from treatments.enums import CourseStatus, Decision
from treatments.models import Course

_HOLDS = (
    "Away until the end of next month.",
    "Dental treatment first; antibiotics until it is over.",
    "Waits for the cardiologist's letter.",
)


def settle(
    world: World,
    story: Story,
    course: Course,
    placed: list[Placed],
    reporting: Reporting,
    *,
    injected: int,
    gate_is_open: bool,
) -> None:
    """The course's state, as the rules would have left it."""
    course.version = 2 + 2 * injected
    if not injected:
        return
    if injected == len(placed):
        _close(world, story, course, placed[-1], reporting, injected=injected)
        return
    course.status = CourseStatus.REVIEW_DUE if gate_is_open else CourseStatus.ACTIVE
    if story.fate == Fate.HELD:
        course.status, course.status_before_hold = CourseStatus.ON_HOLD, course.status
        course.hold_reason = world.rng.choice(_HOLDS)
        course.held_at = world.now - dt.timedelta(days=world.rng.randrange(2, 9))
        course.held_by = course.physician.user
        course.held_until = world.today + dt.timedelta(days=world.rng.randrange(3, 24))


def _close(
    world: World, story: Story, course: Course, last: Placed, reporting: Reporting, *, injected: int
) -> None:
    """After the last session: the closing decision, the follow-up, the end."""
    day = world.day_of(last.start)
    decided_at = world.local(day + dt.timedelta(days=world.rng.randrange(2, 15)), dt.time(16, 50))
    for time_point, days in FOLLOW_UP:
        at = world.local(day + dt.timedelta(days=days + world.rng.randrange(-2, 3)), gates.EVENING)
        if at < world.now and not (story.fate == Fate.STOPPED and at > decided_at):
            reporting.answer(AFTER, time_point, at, rate=0.84)
    if decided_at > world.now:
        course.status = CourseStatus.REVIEW_DUE
        return
    decision = Decision.STOP if story.fate == Fate.STOPPED else Decision.COMPLETE
    suggested = reporting.suggestion(
        decided_at, injected=injected, left=course.planned_sessions - injected
    ).decision
    reason = gates.REASONS[decision] if decision == Decision.STOP or suggested not in (decision, None) else ""
    gates.decide(world, course, injected + 1, decision, reporting, at=decided_at, reason=reason)
    if decision == Decision.STOP:
        course.status, course.ended_at, course.end_reason = CourseStatus.DISCONTINUED, decided_at, reason
        return
    course.status = CourseStatus.FOLLOW_UP
    ends = world.local(day + dt.timedelta(days=world.rng.randrange(185, 380)), dt.time(11))
    if ends < world.now:
        course.status, course.ended_at = CourseStatus.COMPLETED, ends
