"""The one way in which a course, a session or an order changes its state."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.exceptions import IllegalMove
from treatments.enums import (
    COURSE_TRANSITIONS,
    ENDED_COURSE,
    ORDER_TRANSITIONS,
    SESSION_TRANSITIONS,
    CourseStatus,
    SessionStatus,
)
from treatments.models import Course, Order, Session
from treatments.services import sheets

Movable = Course | Session | Order

_TABLES: Mapping[type[Movable], Mapping[str, frozenset[str]]] = {
    Course: COURSE_TRANSITIONS,
    Session: SESSION_TRANSITIONS,
    Order: ORDER_TRANSITIONS,
}


def move(row: Movable, to: str, *, by: Actor, reason: str = "") -> None:
    """Move a row that was read after its lock was taken; save it and write the audit event.

    An inner step: the course (for an order, its course) must be locked by the outermost use case.
    `reason` says in words why a course ends or is on hold. Raises IllegalMove when the table does not hold the move.
    """
    locks.take(**_rank_of(row))
    if to not in _TABLES[type(row)][row.status]:
        raise IllegalMove(
            _("From “%(state)s” this step is not possible. Reload the page.")
            % {"state": row.get_status_display()}
        )
    if isinstance(row, Session) and to == SessionStatus.CLEARED:
        _check_gate(row.course)
    before, row.status = row.status, to
    changed = {"status"}
    if isinstance(row, Course):
        changed |= _date_course(row, before, reason)
    if not isinstance(row, Order):
        row.version += 1
        changed.add("version")
    row.save(update_fields=sorted(changed))
    audit.record(
        f"treatments.{row._meta.model_name}.moved",
        by=by,
        about=[row],
        site_id=row.site_id,
        detail={"from": before, "to": to},
    )
    if isinstance(row, Course) and row.status in ENDED_COURSE:
        sheets.withdraw(row, by=by)


def _check_gate(course: Course) -> None:
    """Nobody is treated while the physician's decision is open."""
    if course.status == CourseStatus.REVIEW_DUE:
        raise IllegalMove(
            _("The physician has not decided about this session yet: it can be cleared after that.")
        )


def _rank_of(row: Movable) -> dict[str, list[object]]:
    if isinstance(row, Session):
        return {"session": [row.pk]}
    return {"course": [row.pk if isinstance(row, Course) else row.course_id]}


def _date_course(course: Course, before: str, reason: str) -> set[str]:
    if course.status == CourseStatus.ON_HOLD:
        course.status_before_hold, course.hold_reason, course.held_at = before, reason, clock.now()
        return {"status_before_hold", "hold_reason", "held_at", "held_until", "held_by"}
    if before == CourseStatus.ON_HOLD and course.status not in (
        course.status_before_hold,
        CourseStatus.DISCONTINUED,
    ):
        raise IllegalMove(_("A course on hold goes back to where it was."))
    changed = set()
    if before == CourseStatus.ON_HOLD:
        course.hold_reason, course.held_until, course.held_at, course.held_by = "", None, None, None
        changed |= {"hold_reason", "held_until", "held_at", "held_by"}
    if before == CourseStatus.SCREENING and course.status == CourseStatus.APPROVED:
        course.approved_at = clock.now()
        changed.add("approved_at")
    if course.status in ENDED_COURSE:
        course.ended_at, course.end_reason = clock.now(), reason
        changed |= {"ended_at", "end_reason"}
    return changed
