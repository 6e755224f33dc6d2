"""Two clerks at once: one pencilled time, one mistaken cancellation. Exactly one visit comes of it.

Each twin shows the race with the guard out: without the lock on what is held, both would have gone ahead.
"""

import datetime as dt
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from clinic import clock, locks
from scheduling.exceptions import HoldEnded, SlotTaken
from scheduling.models import Appointment, Hold
from scheduling.services import booking, endings, holds, occupancy, undoing
from scheduling.services.plans import VisitRequest
from tests.concurrency.together import Outcome, look_away, overlaps, together, without_the_constraint
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


def at_its_last_moment(
    house: House, days: int, monkeypatch: pytest.MonkeyPatch
) -> tuple[Hold, list[Outcome[Any]]]:
    """A clerk books what is pencilled in, and hesitates; its time runs out; another clerk books, the sweep tidies."""
    hold, look = pencilled(house, days), occupancy.team_of_hold
    until = clock.now() + dt.timedelta(milliseconds=150)
    Hold.objects.filter(pk=hold.pk).update(expires_at=until)

    def hesitate(hold: Hold) -> Any:
        team = look(hold)
        time.sleep(0.25)
        return team

    def later(act: Callable[[], object]) -> Callable[[], object]:
        def run() -> object:
            time.sleep(0.2)
            return act()

        return run

    with monkeypatch.context() as patch:
        patch.setattr(occupancy, "team_of_hold", hesitate)
        other = partial(booking.book, request=request_at(house, days), by=BY)
        outcomes = together(
            [
                partial(holds.book_held, hold_id=hold.pk, by=BY),
                later(other),
                later(partial(holds.tidy, by=BY)),
            ]
        )
    return hold, outcomes


def test_pencilled_time_that_expires_while_two_book_it_is_given_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In time is in time: whoever has the locks first has the visit, and an expired hold stops nobody."""
    for number in range(ROUNDS):
        hold, outcomes = at_its_last_moment(house, 60 + number, monkeypatch)
        failed = {type(outcome.error) for outcome in outcomes[:2] if outcome.error is not None}
        assert (len(failed), failed <= {HoldEnded, SlotTaken}) == (1, True)
        assert outcomes[2].error is None
        standing = Appointment.objects.filter(period__startswith=hold.period.lower, status="booked")
        assert standing.count() == 1
    assert overlaps() == 0


def test_pencilled_time_that_expires_without_guards_is_given_twice(
    house: House, own_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: with locks, look and constraint out the same moment has two visits."""
    look_away(monkeypatch)
    with without_the_constraint(own_database):
        for number in range(ROUNDS):
            at_its_last_moment(house, 70 + number, monkeypatch)
        assert overlaps() > 0


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
    monkeypatch.setattr(locks, "take", lambda *_then, **_keys: None)
    refused = 0
    for number in range(ROUNDS):
        visit = booking.book(request=request_at(house, 45 + number), by=BY)
        endings.cancel(appointment_id=visit.pk, reason="booked_by_mistake", by=BY)
        change = visit.changes.get()
        both = together([partial(undoing.undo, change_id=change.pk, by=BY)] * 4)
        refused += sum(outcome.error is not None for outcome in both)
    assert (refused > 0, overlaps()) == (True, 0)
