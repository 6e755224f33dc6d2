"""The tables of moves, walked: every legal move passes, every other is refused and changes nothing."""

from typing import Any

import pgtrigger
import pytest
from django.db import IntegrityError, transaction

from clinic import clock, locks
from clinic.exceptions import IllegalMove
from clinic.models import AuditEvent
from clinic.transactions import use_case
from tests.factories import treatments as factory
from tests.factories.scheduling import BY
from treatments.enums import (
    COURSE_TRANSITIONS,
    ENDED_COURSE,
    ORDER_TRANSITIONS,
    SESSION_TRANSITIONS,
    CourseStatus,
    OrderStatus,
    SessionStatus,
)
from treatments.models import Course, Order, Session
from treatments.services.moves import Movable, move

COURSE_MOVES = [(a, b) for a in CourseStatus.values for b in CourseStatus.values]
SESSION_MOVES = [
    (a, b) for a in SessionStatus.values if a != "signed" for b in SessionStatus.values if b != "signed"
]
ORDER_MOVES = [(a, b) for a in OrderStatus.values for b in OrderStatus.values]


@use_case
def _try(row: Movable, to: str) -> None:
    course_id = row.pk if isinstance(row, Course) else row.course_id
    locks.take(course=[course_id], session=[row.pk])
    move(row, to, by=BY, reason="because")


def walk(row: Movable, start: str, to: str, table: dict[str, frozenset[str]], **fields: Any) -> None:
    with pgtrigger.ignore("treatments.Course:course_moves_by_table"):
        type(row).objects.filter(pk=row.pk).update(status=start, **fields)
    row.refresh_from_db()
    before = AuditEvent.objects.count()
    if to in table[start]:
        _try(row, to)
        row.refresh_from_db()
        assert row.status == to
        assert AuditEvent.objects.count() == before + 1
    else:
        with pytest.raises(IllegalMove):
            _try(row, to)
        row.refresh_from_db()
        assert row.status == start
        assert AuditEvent.objects.count() == before


@pytest.mark.django_db
def test_course_moves_by_table() -> None:
    order = factory.order(factory.ward())
    for start, to in COURSE_MOVES:
        row = Course.objects.get(pk=order.course_id)
        walk(row, start, to, COURSE_TRANSITIONS, **state_fields(start, to))


def state_fields(start: str, to: str = "active") -> dict[str, Any]:
    """What a course's row must say beside its status."""
    held = start == "on_hold"
    return {
        "status_before_hold": (to if to != "discontinued" else "active") if held else "",
        "hold_reason": "Away" if held else "",
        "ended_at": clock.now() if start in ENDED_COURSE else None,
    }


@pytest.mark.django_db
def test_database_refuses_every_course_move_outside_the_table() -> None:
    course_id = factory.order(factory.ward()).course_id
    for start, to in COURSE_MOVES:
        with pgtrigger.ignore("treatments.Course:course_moves_by_table"):
            Course.objects.filter(pk=course_id).update(status=start, **state_fields(start))
        row = Course.objects.filter(pk=course_id)
        if start == to or to in COURSE_TRANSITIONS[start]:
            row.update(status=to, **state_fields(to))
        else:
            with pytest.raises(IntegrityError, match="does not move so"), transaction.atomic():
                row.update(status=to, **state_fields(to))
        assert row.get().status == (to if start == to or to in COURSE_TRANSITIONS[start] else start)


@pytest.mark.django_db
def test_course_on_hold_without_a_reason_is_refused_by_the_database() -> None:
    course = factory.order(factory.ward()).course
    with pytest.raises(IntegrityError, match="course_on_hold_says_why"), transaction.atomic():
        Course.objects.filter(pk=course.pk).update(status="on_hold", status_before_hold="approved")


@pytest.mark.django_db
def test_ended_course_without_its_day_is_refused_by_the_database() -> None:
    course = factory.order(factory.ward()).course
    with pytest.raises(IntegrityError, match="course_end_is_dated"), transaction.atomic():
        Course.objects.filter(pk=course.pk).update(status="cancelled")


@pytest.mark.django_db
def test_session_moves_by_table() -> None:
    order = factory.order(factory.ward())
    for start, to in SESSION_MOVES:
        row = Session.objects.filter(course=order.course_id).first()
        assert row is not None
        walk(row, start, to, SESSION_TRANSITIONS, injected_at=order.created_at)


@pytest.mark.django_db
def test_order_moves_by_table() -> None:
    order = factory.order(factory.ward())
    for start, to in ORDER_MOVES:
        walk(Order.objects.get(pk=order.pk), start, to, ORDER_TRANSITIONS)


@pytest.mark.django_db
def test_course_on_hold_goes_back_to_where_it_was() -> None:
    course = factory.order(factory.ward()).course
    _try(course, "on_hold")
    with pytest.raises(IllegalMove):
        _try(course, "active")
    course.refresh_from_db()
    _try(course, "approved")
    assert course.status == "approved"


@pytest.mark.django_db
def test_ended_course_says_when_and_why() -> None:
    course = factory.order(factory.ward()).course
    _try(course, "cancelled")
    course.refresh_from_db()
    assert course.ended_at is not None
    assert course.end_reason == "because"


def test_every_status_has_its_row_in_its_table() -> None:
    assert set(COURSE_TRANSITIONS) == set(CourseStatus.values)
    assert set(SESSION_TRANSITIONS) == set(SessionStatus.values)
    assert set(ORDER_TRANSITIONS) == set(OrderStatus.values)
