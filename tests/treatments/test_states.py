"""The tables of moves, walked: every legal move passes, every other is refused and changes nothing."""

from typing import Any

import pytest

from clinic import locks
from clinic.exceptions import IllegalMove
from clinic.models import AuditEvent
from clinic.transactions import use_case
from tests.factories import treatments as factory
from tests.factories.scheduling import BY
from treatments.enums import (
    COURSE_TRANSITIONS,
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
        before_hold = to if start == "on_hold" and to != "discontinued" else ""
        walk(row, start, to, COURSE_TRANSITIONS, status_before_hold=before_hold, ended_at=None)


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
