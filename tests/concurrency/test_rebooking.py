"""Many visits moved in one action while a desk books: one is first, the other is told, and nothing is half moved."""

import datetime as dt
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from clinic import locks
from clinic.enums import TaskState
from clinic.exceptions import IllegalMove
from clinic.models import Task
from clinic.services import tasks
from scheduling.exceptions import SlotTaken
from scheduling.models import Appointment
from scheduling.services import booking, overrides, rebooking
from scheduling.services.plans import VisitRequest
from scheduling.services.rebooking import Choice, RebookingFailed
from tests.concurrency.together import deadlocks, overlaps, together
from tests.database import Database
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

ROUNDS = 4


@pytest.fixture(scope="module")
def house(own_database: Database) -> House:
    return factory.house(physicians=1, rooms=1)


@pytest.fixture(autouse=True)
def slow_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has seen that a time is free hesitates: without the locks the other slips in between."""
    ask_rules = overrides.ask_rules

    def hesitate(*args: Any, **options: Any) -> list[Any]:
        found = ask_rules(*args, **options)
        time.sleep(0.3 if options.get("appointment_id") else 0.45)
        return found

    monkeypatch.setattr(overrides, "ask_rules", hesitate)


def request(house: House, start: dt.datetime) -> VisitRequest:
    return VisitRequest(clinic.patient().pk, house.visit("consultation").pk, house.site.pk, start)


def race(house: House, first_day: int) -> list[tuple[set[str], int]]:
    """The errors of each round, and how many of the two visits stand at their new time."""
    desk, found = clinic.staff(at=house.site), []
    for number in range(ROUNDS):
        day = factory.days_ahead(first_day + 2 * number, house.site)
        later = day + dt.timedelta(days=1)
        visits = [booking.book(request=request(house, house.at(day, hour)), by=desk) for hour in (9, 10)]
        to = [house.at(later, hour) for hour in (9, 10)]
        choices = [Choice(visit.pk, start) for visit, start in zip(visits, to, strict=True)]
        writers: list[Callable[[], object]] = [
            partial(rebooking.rebook, site_id=house.site.pk, choices=choices, by=desk),
            partial(booking.book, request=request(house, to[1]), by=desk),
        ]
        outcomes = together(writers if number % 2 else writers[::-1])
        moved = Appointment.objects.filter(pk__in=[visit.pk for visit in visits], period__startswith__in=to)
        errors = {type(outcome.error).__name__ for outcome in outcomes if outcome.error is not None}
        found.append((errors, moved.count()))
    return found


def test_bulk_against_a_booking_is_all_or_none(house: House) -> None:
    before = deadlocks()
    allowed = (({SlotTaken.__name__}, 2), ({RebookingFailed.__name__}, 0))
    assert [result for result in race(house, 20) if result not in allowed] == []
    assert (overlaps(), deadlocks() - before) == (0, 0)


def test_without_the_locks_the_clerk_meets_the_constraint_in_the_middle(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database still refuses the overlap; but the bulk then fails without a word of which visit and why."""
    monkeypatch.setattr(locks, "take", lambda *_then, **_keys: None)
    allowed = (({SlotTaken.__name__}, 2), ({RebookingFailed.__name__}, 0))
    assert [result for result in race(house, 60) if result not in allowed] != []
    assert overlaps() == 0


def test_a_line_is_taken_by_one_of_two(house: House) -> None:
    clerks = [clinic.staff(at=house.site) for _number in range(2)]
    task = tasks.open_task(
        by=clerks[0],
        site_id=house.site.pk,
        kind="visit.rebook",
        title="Move",
        role="front_desk",
        due_at=house.at(factory.days_ahead(1, house.site), 9),
    )
    outcomes = together([partial(tasks.claim, by=clerk, task_id=task.pk) for clerk in clerks])
    assert [type(each.error) for each in outcomes if each.error] == [IllegalMove]
    assert Task.objects.get(pk=task.pk, state=TaskState.OPEN).owner_id in {clerk.user_id for clerk in clerks}
