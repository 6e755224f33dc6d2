"""Several clerks plan courses at once: each course is booked whole and once, or not at all."""

from functools import partial
from uuid import uuid4

import pytest

from clinic.exceptions import DomainError
from scheduling.models import Appointment
from tests.concurrency.together import deadlocks, overlaps, together
from tests.database import Database
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from treatments.models import Order, SessionBooking
from treatments.services import planning


@pytest.fixture(scope="module")
def ward(own_database: Database) -> Ward:
    return factory.ward(physicians=1, nurses=1, rooms=1, chairs=1, centrifuges=1, bays=1)


def book(ward: Ward, order: Order, first: int) -> list[Appointment]:
    starts = {number: ward.at(first + 28 * (number - 1)) for number in range(1, order.sessions + 1)}
    return planning.book_course(by=ward.desk, order_id=order.pk, starts=starts, request_key=uuid4())


def test_one_order_booked_by_several_clerks_is_booked_once(ward: Ward) -> None:
    order = factory.order(ward)
    outcomes = together([partial(book, ward, order, 5) for _ in range(6)])
    assert sum(outcome.error is None for outcome in outcomes) == 1
    assert all(isinstance(outcome.error, DomainError | None) for outcome in outcomes)
    assert SessionBooking.objects.filter(session__course=order.course_id, is_open=True).count() == 4


def test_courses_that_want_the_same_times_are_whole_or_absent(ward: Ward) -> None:
    before = deadlocks()
    orders = [factory.order(ward) for _ in range(6)]
    outcomes = together([partial(book, ward, order, 6) for order in orders])
    won = [order for order, outcome in zip(orders, outcomes, strict=True) if outcome.error is None]
    assert all(isinstance(outcome.error, DomainError | None) for outcome in outcomes)
    booked = {
        order.pk: SessionBooking.objects.filter(session__course=order.course_id).count() for order in orders
    }
    assert booked == {order.pk: 4 if order in won else 0 for order in orders}
    assert len(won) == 1
    assert overlaps() == 0
    assert deadlocks() == before


def test_decision_and_booking_do_not_wait_for_each_other(ward: Ward) -> None:
    before = deadlocks()
    order, _visits = factory.booked(ward, first=40, placed=factory.order(ward, sessions=2))
    factory.inject(ward, order.course, at=None)
    other = factory.order(ward, sessions=2)
    outcomes = together(
        [
            partial(_stop, ward, order),
            partial(book, ward, other, 40),
            partial(book, ward, other, 41),
        ]
    )
    assert all(isinstance(outcome.error, DomainError | None) for outcome in outcomes)
    assert deadlocks() == before
    assert overlaps() == 0


def _stop(ward: Ward, order: Order) -> list[Appointment]:
    from treatments.services import reviews

    reviews.decide(
        by=ward.physician, course_id=order.course_id, before_session=2, decision="stop", reason="Fever"
    )
    return []
