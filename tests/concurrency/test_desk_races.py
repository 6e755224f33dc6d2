"""Two clerks at once: one pencilled time, one mistaken cancellation. Exactly one visit comes of it.

Each twin shows the race with the guard out: without the lock on what is held, both would have gone ahead.
"""

import datetime as dt
from functools import partial

import pytest

from clinic import clock, locks
from scheduling.exceptions import SlotTaken
from scheduling.models import Appointment, Hold
from scheduling.services import booking, endings, holds, undoing
from scheduling.services.plans import VisitRequest
from tests.concurrency.together import overlaps, together
from tests.database import Database
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import BY, House

ROUNDS = 4


@pytest.fixture(scope="module")
def house(own_database: Database) -> House:
    return factory.house(physicians=1, rooms=1)


def request_at(house: House, days: int) -> VisitRequest:
    start = house.at(factory.days_ahead(days, house.site), 9)
    return VisitRequest(clinic.patient().pk, house.visit("consultation").pk, house.site.pk, start)


def pencilled(house: House, days: int) -> Hold:
    until = clock.now() + dt.timedelta(hours=1)
    return holds.pencil(request=request_at(house, days), until=until, by=BY)


def test_one_pencilled_time_booked_and_released_at_once(house: House) -> None:
    """Whoever is first decides: a visit and no free time, or a free time and no visit."""
    for number in range(ROUNDS):
        hold = pencilled(house, 10 + number)
        both = together(
            [
                partial(holds.book_held, hold_id=hold.pk, by=BY),
                partial(holds.book_held, hold_id=hold.pk, by=BY),
                partial(holds.release, hold_id=hold.pk, by=BY),
            ]
        )
        visits = {outcome.value.pk for outcome in both[:2] if isinstance(outcome.value, Appointment)}
        assert len(visits) <= 1
        assert Appointment.objects.filter(request_key=hold.pk).count() == len(visits)
    assert overlaps() == 0


def test_a_cancellation_taken_back_against_a_new_booking(house: House) -> None:
    for number in range(ROUNDS):
        visit = booking.book(request=request_at(house, 30 + number), by=BY)
        endings.cancel(appointment_id=visit.pk, reason="booked_by_mistake", by=BY)
        change = visit.changes.get()
        both = together(
            [
                partial(undoing.undo, change_id=change.pk, by=BY),
                partial(undoing.undo, change_id=change.pk, by=BY),
                partial(booking.book, request=request_at(house, 30 + number), by=BY),
            ]
        )
        assert {type(outcome.error) for outcome in both} <= {type(None), SlotTaken}
        undone = visit.changes.filter(kind="undone").count()
        assert undone + (both[2].error is None) == 1
    assert overlaps() == 0


def test_without_its_lock_a_change_is_taken_back_twice(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: with no lock taken both pass the look at the ledger, and only the constraint is left to refuse."""
    monkeypatch.setattr(locks, "take", lambda **_keys: None)
    refused = 0
    for number in range(ROUNDS):
        visit = booking.book(request=request_at(house, 45 + number), by=BY)
        endings.cancel(appointment_id=visit.pk, reason="booked_by_mistake", by=BY)
        change = visit.changes.get()
        both = together([partial(undoing.undo, change_id=change.pk, by=BY)] * 4)
        refused += sum(outcome.error is not None for outcome in both)
    assert (refused > 0, overlaps()) == (True, 0)
