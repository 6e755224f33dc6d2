"""The front desk and the nurse tap at the same moment: every patient gets a number of their own, a tap counts once."""

import time
from functools import partial
from typing import Any

import pytest

from clinic.enums import Role
from clinic.exceptions import DomainError
from scheduling.models import Appointment
from scheduling.selectors import calls
from scheduling.services import booking, progress
from scheduling.services.plans import VisitRequest
from tests.concurrency.together import deadlocks, together
from tests.database import Database
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House


@pytest.fixture(scope="module")
def house(own_database: Database) -> House:
    return factory.house(physicians=4, rooms=4)


def _visits(house: House, day: int, count: int) -> list[Appointment]:
    start = house.at(factory.days_ahead(day, house.site), 9)
    requests = [
        VisitRequest(clinic.patient().pk, house.visit("consultation").pk, house.site.pk, start)
        for _ in range(count)
    ]
    return [booking.book(request=request, by=factory.BY) for request in requests]


@pytest.fixture
def slow_look_at_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks for a number hesitates: without the lock the other looks meanwhile and finds the same."""
    look = calls.smallest_unused

    def hesitate(**asked: Any) -> int:
        found = look(**asked)
        time.sleep(0.2)
        return found

    monkeypatch.setattr(calls, "smallest_unused", hesitate)


@pytest.mark.usefixtures("slow_look_at_numbers")
def test_arrivals_at_once_get_different_numbers(house: House) -> None:
    nurse, before = clinic.staff(Role.NURSE, at=house.site), deadlocks()
    visits = _visits(house, 3, 4)
    outcomes = together([partial(progress.arrive, appointment_id=visit.pk, by=nurse) for visit in visits])
    assert [outcome.error for outcome in outcomes] == [None] * 4
    given = Appointment.objects.filter(pk__in=[visit.pk for visit in visits])
    assert len(set(given.values_list("call_number", flat=True)) - {None}) == 4
    assert deadlocks() == before


def test_two_taps_at_once_on_one_visit_count_once_or_the_second_is_told(house: House) -> None:
    """Two people press "Arrived"; and two press the same next stage, each having seen the one before."""
    nurse = clinic.staff(Role.NURSE, at=house.site)
    (visit,) = _visits(house, 4, 1)
    outcomes = together([partial(progress.arrive, appointment_id=visit.pk, by=nurse)] * 2)
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    assert [isinstance(error, DomainError) for error in errors] == [True]
    visit.refresh_from_db()
    seen = visit.version
    taps = together([partial(progress.advance, appointment_id=visit.pk, by=nurse, version=seen)] * 2)
    told = [outcome.error for outcome in taps if outcome.error is not None]
    assert [isinstance(error, DomainError) for error in told] == [True]
    visit.refresh_from_db()
    assert (visit.status, visit.stages.filter(ended_at__isnull=False).count()) == ("in_progress", 0)
