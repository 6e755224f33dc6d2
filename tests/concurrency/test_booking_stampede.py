"""32 writers at once want overlapping times of shared people, rooms, machines and patients.

The guarantee is the constraint, the courtesy is the lock. Each is shown to matter: with the lock out the
constraint has to speak, and with both out visits do overlap, so the stampede is a real one.
"""

import datetime as dt
import random
from collections.abc import Callable, Iterator
from functools import partial
from uuid import uuid4

import psycopg
import pytest
from django.db import connections

from clinic import locks, transactions
from clinic.actors import Staff
from clinic.exceptions import TryAgain
from clinic.models import Patient
from scheduling.exceptions import SlotTaken
from scheduling.models import Allocation, Appointment
from scheduling.services import booking
from scheduling.services.plans import VisitRequest
from tests.concurrency.together import Outcome, deadlocks, overlaps, together
from tests.database import Database
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

WRITERS = 32


@pytest.fixture(scope="module")
def house(own_database: Database) -> House:
    """One physician, room and centrifuge, two nurses: nearly everything collides."""
    return factory.house(physicians=1, nurses=2, rooms=1, chairs=2, centrifuges=1, bays=2)


@pytest.fixture(scope="module")
def desk(house: House) -> Staff:
    return clinic.staff(at=house.site)


_days = iter(range(5, 200))


@pytest.fixture
def day(house: House) -> dt.date:
    """A day that no other test of this module has used."""
    return factory.days_ahead(next(_days), house.site)


def stampede(house: House, desk: Staff, day: dt.date) -> list[Outcome[Appointment]]:
    chance = random.Random(7)
    shared = [clinic.patient() for _ in range(4)]
    return together(
        [
            partial(_book, house, desk, day, chance.randrange(12), _someone(shared, index))
            for index in range(WRITERS)
        ]
    )


def _someone(shared: list[Patient], index: int) -> Patient:
    return shared[index % 4] if index % 3 == 0 else clinic.patient()


def _book(house: House, desk: Staff, day: dt.date, quarter: int, patient: Patient) -> Appointment:
    start = house.at(day, 9) + dt.timedelta(minutes=15 * quarter)
    request = VisitRequest(patient.pk, house.visit("prp_session").pk, house.site.pk, start, purpose=uuid4())
    return booking.book(request=request, by=desk)


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


def test_stampede_never_overlaps_and_losers_are_told_kindly(
    house: House, desk: Staff, day: dt.date, constraint_refusals: list[str]
) -> None:
    before = deadlocks()
    outcomes = stampede(house, desk, day)
    lost = [outcome.error for outcome in outcomes if outcome.error is not None]
    assert overlaps() == 0
    assert {type(error) for error in lost} <= {SlotTaken, TryAgain}
    assert 1 <= len(outcomes) - len(lost) < WRITERS
    assert constraint_refusals == []
    assert deadlocks() == before


def test_stampede_without_locks_leaves_it_to_the_constraint(
    house: House, desk: Staff, day: dt.date, constraint_refusals: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "take", lambda *_then, **_keys: None)
    before = deadlocks()
    stampede(house, desk, day)
    assert overlaps() == 0
    assert len(constraint_refusals) + deadlocks() - before > 0


def test_stampede_without_any_guard_overlaps(
    house: House, desk: Staff, day: dt.date, monkeypatch: pytest.MonkeyPatch, unguarded: None
) -> None:
    monkeypatch.setattr(locks, "take", lambda *_then, **_keys: None)
    stampede(house, desk, day)
    assert overlaps() > 0


@pytest.fixture
def unguarded(own_database: Database) -> Iterator[None]:
    """The same database without its exclusion constraints; put back afterwards, with what overlapped removed."""
    with psycopg.connect(own_database.owner_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE scheduling_allocation DROP CONSTRAINT resource_taken_twice")
        owner.execute("ALTER TABLE scheduling_appointment DROP CONSTRAINT patient_in_two_visits")
    yield
    Allocation.objects.update(active=False)
    Appointment.objects.update(status="no_show")
    connections.close_all()
    with psycopg.connect(own_database.owner_url, autocommit=True) as owner:
        owner.execute(
            "ALTER TABLE scheduling_allocation ADD CONSTRAINT resource_taken_twice"
            " EXCLUDE USING gist (resource_id WITH =, blocks WITH &&) WHERE (active)"
        )
        owner.execute(
            "ALTER TABLE scheduling_appointment ADD CONSTRAINT patient_in_two_visits EXCLUDE USING gist"
            " (patient_id WITH =, period WITH &&) WHERE (status NOT IN ('cancelled', 'no_show', 'not_done'))"
        )


def test_two_crossing_plans_of_five_visits_end_without_a_deadlock(
    house: House, desk: Staff, day: dt.date
) -> None:
    before = deadlocks()
    for week in range(4):
        first = day + dt.timedelta(days=200 + 10 * week)
        hours = [house.at(first + dt.timedelta(days=n), 9 + n) for n in range(5)]
        one, two = clinic.patient(), clinic.patient()
        forwards = booking.plan([_request(house, one, start) for start in hours])
        backwards = booking.plan([_request(house, two, start) for start in reversed(hours)])
        outcomes = together(
            [partial(booking.book_many, plans=plans, by=desk) for plans in (forwards, backwards)]
        )
        errors = [outcome.error for outcome in outcomes if outcome.error is not None]
        assert [type(error) for error in errors] == [SlotTaken]
        assert Appointment.objects.filter(patient__in=[one, two]).count() == 5
    assert deadlocks() == before


def _request(house: House, patient: Patient, start: dt.datetime) -> VisitRequest:
    return VisitRequest(patient.pk, house.visit("prp_session").pk, house.site.pk, start, purpose=uuid4())


def test_same_form_sent_eight_times_at_once_books_once(house: House, desk: Staff, day: dt.date) -> None:
    request = VisitRequest(
        clinic.patient().pk,
        house.visit("prp_session").pk,
        house.site.pk,
        house.at(day, 9),
        purpose=uuid4(),
        request_key=uuid4(),
    )
    outcomes = together([partial(booking.book, request=request, by=desk) for _ in range(8)])
    assert [outcome.error for outcome in outcomes] == [None] * 8
    assert len({outcome.value.pk for outcome in outcomes if outcome.value}) == 1
