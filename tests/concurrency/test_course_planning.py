"""Several clerks plan courses at once: each course is booked whole and once, or not at all."""

import contextlib
import datetime as dt
import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from clinic import locks, transactions
from clinic.exceptions import DomainError
from scheduling.exceptions import SlotTaken
from scheduling.models import Appointment
from scheduling.services import booking, looking
from scheduling.services.plans import VisitRequest
from tests.concurrency.together import deadlocks, overlaps, together
from tests.database import Database
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from treatments.models import Course, Order, Session, SessionBooking
from treatments.services import planning, shifting


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


class Meeting:
    """Two writers wait for each other after their look, unless a lock keeps the second one from looking at all."""

    barrier: threading.Barrier | None = None

    def arm(self) -> None:
        self.barrier = threading.Barrier(2)

    def wait(self) -> None:
        if self.barrier is not None:
            with contextlib.suppress(threading.BrokenBarrierError):
                self.barrier.wait(timeout=1.5)


@pytest.fixture
def meeting() -> Meeting:
    return Meeting()


@pytest.fixture
def both_look_at_what_is_booked(monkeypatch: pytest.MonkeyPatch, meeting: Meeting) -> None:
    """Whoever books a course looks which of its sessions wait: without locks both look before either writes."""
    look = planning.orders.unbooked

    def hesitate(course: Course) -> list[Session]:
        found = look(course)
        meeting.wait()
        return found

    monkeypatch.setattr(planning.orders, "unbooked", hesitate)


def _two_desks_on_other_days(ward: Ward, meeting: Meeting, first: int) -> tuple[int, int, bool]:
    """Two clerks plan one course for days that do not clash, so that no resource can tell.

    How many won, how many visits there are, and whether whoever lost was told in words.
    """
    order = factory.order(ward, sessions=3)
    meeting.arm()
    outcomes = together([partial(book, ward, order, first), partial(book, ward, order, first + 3)])
    won = sum(outcome.error is None for outcome in outcomes)
    kindly = all(isinstance(outcome.error, DomainError | None) for outcome in outcomes)
    return won, Appointment.objects.filter(patient=order.patient_id).count(), kindly


@pytest.mark.usefixtures("both_look_at_what_is_booked")
def test_two_desks_plan_one_course_for_other_days_and_one_wins_whole(ward: Ward, meeting: Meeting) -> None:
    before = deadlocks()
    assert _two_desks_on_other_days(ward, meeting, 20) == (1, 3, True)
    assert deadlocks() == before


@pytest.mark.usefixtures("both_look_at_what_is_booked")
def test_two_desks_without_locks_are_not_told_in_words(
    ward: Ward, meeting: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: with the locks out a course is booked twice, or a constraint that has no words has to stop it."""
    monkeypatch.setattr(locks, "take", lambda *_then, **_keys: None)
    assert _two_desks_on_other_days(ward, meeting, 27) in ((2, 6, True), (1, 3, False))


@pytest.fixture
def both_look_at_what_is_free(monkeypatch: pytest.MonkeyPatch, meeting: Meeting) -> None:
    """Both find the times free before either writes, unless a lock keeps the second one from looking."""
    look = looking.check_free

    def hesitate(*asked: Any, **more: Any) -> looking.Look:
        seen = look(*asked, **more)
        meeting.wait()
        return seen

    monkeypatch.setattr(looking, "check_free", hesitate)


def _shift_against_a_booking(
    ward: Ward, meeting: Meeting, first: int
) -> tuple[int, list[bool], list[Exception]]:
    """A desk moves sessions 2 and 3 while another books a consultation where session 3 is to go."""
    order, visits = factory.booked(ward, first=first, placed=factory.order(ward, sessions=3))
    before = [visit.period.lower for visit in visits]
    wanted = {2: ward.at(first + 30, 13), 3: ward.at(first + 60, 13)}
    consultation = VisitRequest(
        factory.clinic.patient().pk,
        ward.house.visit("consultation").pk,
        order.site_id,
        wanted[3] + dt.timedelta(minutes=40),
    )
    meeting.arm()
    outcomes = together(
        [
            partial(shifting.shift, by=ward.desk, appointment_id=visits[1].pk, starts=wanted),
            partial(booking.book, request=consultation, by=ward.desk),
        ]
    )
    for visit in visits:
        visit.refresh_from_db()
    moved = [visit.period.lower != was for visit, was in zip(visits, before, strict=True)]
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    return sum(outcome.error is None for outcome in outcomes), moved, errors


@pytest.mark.usefixtures("both_look_at_what_is_free")
def test_shift_against_a_booking_is_whole_or_absent(
    ward: Ward, meeting: Meeting, constraint_refusals: list[str]
) -> None:
    before = deadlocks()
    won, moved, errors = _shift_against_a_booking(ward, meeting, 50)
    assert won == 1
    assert moved in ([False, True, True], [False, False, False])
    assert {type(error) for error in errors} == {SlotTaken}
    assert (overlaps(), constraint_refusals, deadlocks() - before) == (0, [], 0)


@pytest.mark.usefixtures("both_look_at_what_is_free")
def test_shift_without_locks_leaves_it_to_the_constraint(
    ward: Ward, meeting: Meeting, constraint_refusals: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: nobody waits, both find the time free, and only the database refuses one of them."""
    monkeypatch.setattr(locks, "take", lambda *_then, **_keys: None)
    before = deadlocks()
    _won, moved, _errors = _shift_against_a_booking(ward, meeting, 57)
    assert moved in ([False, True, True], [False, False, False])
    assert len(constraint_refusals) + deadlocks() - before > 0
    assert overlaps() == 0


@pytest.fixture
def constraint_refusals(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every refusal that came from the database's constraints rather than from the check under the lock."""
    seen: list[str] = []
    explained: Callable[..., object] = transactions._explained

    def note(error: Exception) -> object:
        seen.append(str(getattr(error.__cause__, "sqlstate", "")))
        return explained(error)

    monkeypatch.setattr(transactions, "_explained", note)
    return seen


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
