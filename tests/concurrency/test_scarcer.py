"""Whoever makes time scarcer against a booking: one of the two is first, and the other is told so."""

import datetime as dt
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from clinic import locks
from clinic.enums import Role
from clinic.models import Site
from scheduling.exceptions import SlotTaken
from scheduling.models import Appointment, Closure, Qualification
from scheduling.services import booking, closures, qualifications, scarcity, site_use
from scheduling.services.plans import VisitRequest
from scheduling.services.scarcity import VisitsInTheWay
from tests.concurrency.together import together
from tests.database import Database
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

ROUNDS = 6


@pytest.fixture(scope="module")
def house(own_database: Database) -> House:
    return factory.house(physicians=2)


@pytest.fixture(autouse=True)
def slow_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """They look at the visits and hesitate: without their locks a booking slips in between."""
    accept = scarcity.accept_or_refuse

    def hesitate(*args: Any, **options: Any) -> None:
        time.sleep(0.3)
        accept(*args, **options)

    monkeypatch.setattr(scarcity, "accept_or_refuse", hesitate)


def close_the_day(house: House, start: dt.datetime) -> Callable[[], object]:
    manager = clinic.staff(Role.MANAGER, at=house.site)
    end = start + dt.timedelta(hours=8)
    return partial(closures.close, by=manager, site_id=house.site.pk, start=start, end=end, name="Works")


def move_the_clock(house: House, start: dt.datetime) -> Callable[[], object]:
    manager = clinic.staff(Role.MANAGER, at=house.site)
    return partial(site_use.rezone, by=manager, site_id=house.site.pk, time_zone="Europe/Lisbon")


def close_for_good(house: House, start: dt.datetime) -> Callable[[], object]:
    account = clinic.user(Role.MANAGER, at=house.site)
    account.sites.add(clinic.site(name=f"Elsewhere {start.date()}"))
    return partial(site_use.close, by=account.actor(), site_id=house.site.pk)


def shut_out(house: House, start: dt.datetime) -> Callable[[], object]:
    manager = clinic.staff(Role.MANAGER, at=house.site)
    pair = (house.resources["physician"][1].pk, house.visit("consultation").pk)
    return partial(qualifications.save, by=manager, site_id=house.site.pk, pairs={pair})


def rounds(
    house: House, scarcer: Callable[[House, dt.datetime], Callable[[], object]], first: int
) -> list[set[str]]:
    """The errors of each round."""
    desk, found = clinic.staff(at=house.site), []
    for number in range(ROUNDS):
        start = house.at(factory.days_ahead(first + number, house.site), 9)
        request = VisitRequest(
            clinic.patient().pk,
            house.visit("consultation").pk,
            house.site.pk,
            start,
            house.one("physician").pk,
        )
        book = partial(booking.book, request=request, by=desk)
        pair = [scarcer(house, start), book]
        outcomes = together(pair if number % 2 else pair[::-1])
        found.append({type(outcome.error).__name__ for outcome in outcomes if outcome.error is not None})
        Qualification.objects.all().delete()
        Closure.objects.all().delete()
        Site.objects.filter(pk=house.site.pk).update(time_zone="Europe/Berlin", is_active=True)
        Appointment.objects.update(status="completed")
    return found


@pytest.mark.parametrize(("scarcer", "first"), [(shut_out, 20), (close_the_day, 40), (close_for_good, 80)])
def test_one_of_the_two_is_told(house: House, scarcer: Any, first: int) -> None:
    allowed = ({SlotTaken.__name__}, {VisitsInTheWay.__name__})
    assert [errors for errors in rounds(house, scarcer, first) if errors not in allowed] == []


def test_a_clock_that_moves_meets_every_visit_booked_before_it(house: House) -> None:
    """Either the visit is seen, or it was booked by the new clock: nobody is told a time that the clock then changes."""
    for errors in rounds(house, move_the_clock, 100):
        assert errors in (set(), {VisitsInTheWay.__name__}, {SlotTaken.__name__})


def test_without_the_locks_both_would_succeed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    take = locks.take
    monkeypatch.setattr(
        scarcity.locks, "take", lambda *then, **keys: None if "site" in keys else take(*then, **keys)
    )
    assert set() in rounds(house, shut_out, 60)
