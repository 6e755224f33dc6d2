"""A patient acts on a visit while others do: the desk moves or cancels it, they tap twice, somebody else takes the time.

Each race ends in one state that everybody can be told of. The twins take the guards out and show the same race going
wrong, so that the tests would notice.
"""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from copy import copy
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from clinic import clock, locks
from clinic.actors import Actor, Staff
from clinic.models import Link
from clinic.services import links
from scheduling.exceptions import SlotTaken, VisitChanged
from scheduling.models import Allocation, Appointment, VisitChange
from scheduling.services import endings, moves, self_service
from scheduling.services.knowledge import DOOR, about
from tests.concurrency.together import (
    Outcome,
    deadlocks,
    look_away,
    overlaps,
    together,
    without_the_constraint,
)
from tests.database import Database
from tests.factories import clinic, waiting
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

ROUNDS = 3
CANNOT = "patient_cannot_come"


@pytest.fixture(scope="module")
def house(own_database: Database) -> House:
    return factory.house(physicians=1, rooms=1)


@pytest.fixture(scope="module")
def desk(house: House) -> Staff:
    return clinic.staff(at=house.site)


@pytest.fixture(autouse=True)
def clean(house: House) -> Iterator[None]:
    """What one race left stands in no other's way."""
    yield
    Allocation.objects.update(active=False)
    Appointment.objects.update(status="no_show")


def at(house: House, days: int, hour: int) -> dt.datetime:
    return house.at(factory.days_ahead(days, house.site), hour)


def patient_of(visit: Appointment) -> Actor:
    return links.actor_of(Link.objects.get(purpose=DOOR, about=about(visit)))


def takes(visit: Appointment, start: dt.datetime, key: Any = None) -> Callable[[], Appointment]:
    return partial(
        self_service.move,
        appointment_id=visit.pk,
        start=start,
        seen_rev=visit.told_rev,
        by=patient_of(visit),
        key=key or uuid4(),
    )


def confirms(visit: Appointment) -> Callable[[], Appointment]:
    return partial(
        self_service.confirm, appointment_id=visit.pk, seen_rev=visit.told_rev, by=patient_of(visit)
    )


def cancels(visit: Appointment, key: Any = None) -> Callable[[], Appointment]:
    return partial(
        self_service.cancel,
        appointment_id=visit.pk,
        reason=CANNOT,
        seen_rev=visit.told_rev,
        by=patient_of(visit),
        key=key or uuid4(),
    )


def errors(outcomes: list[Outcome[Any]]) -> list[type[BaseException]]:
    return [type(outcome.error) for outcome in outcomes if outcome.error is not None]


def changes_of(*visits: Appointment) -> list[str]:
    rows = VisitChange.objects.filter(appointment__in=visits)
    return sorted(rows.values_list("kind", flat=True))


def test_slot_taken_between_the_list_and_the_tap_has_one_winner(house: House) -> None:
    before = deadlocks()
    for number in range(ROUNDS):
        visits = [waiting.visit(house, at(house, 10 + number, hour)) for hour in (9, 10, 11)]
        wanted = at(house, 4 + number, 12)
        found = together([takes(visit, wanted) for visit in visits])
        assert errors(found) == [SlotTaken] * 2
        assert Appointment.objects.filter(period__startswith=wanted, status="booked").count() == 1
    assert (overlaps(), deadlocks() - before) == (0, 0)


def test_twin_without_lock_look_and_constraint_lets_several_have_it(
    house: House, own_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits = [waiting.visit(house, at(house, 15, hour)) for hour in (9, 10, 11)]
    wanted = at(house, 9, 12)
    taps = [takes(visit, wanted) for visit in visits]
    with without_the_constraint(own_database):
        look_away(monkeypatch)
        together(taps)
        assert Appointment.objects.filter(period__startswith=wanted, status="booked").count() > 1
        monkeypatch.undo()


def test_two_taps_of_one_page_move_once(house: House) -> None:
    visit, key = waiting.visit(house, at(house, 16, 9)), uuid4()
    found = together([takes(visit, at(house, 6, 14), key) for _ in range(4)])
    assert errors(found) == []
    assert changes_of(visit) == ["moved"]


def test_two_taps_that_cancel_cancel_once_and_so_do_two_that_confirm(house: House) -> None:
    visit, other, key = (
        waiting.visit(house, at(house, 17, 9)),
        waiting.visit(house, at(house, 17, 10)),
        uuid4(),
    )
    assert errors(together([cancels(visit, key) for _ in range(4)])) == []
    assert errors(together([confirms(other) for _ in range(4)])) == []
    assert (changes_of(visit), changes_of(other)) == (["cancelled"], ["confirmed"])


def test_twin_without_the_lock_writes_two_confirmations(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = waiting.visit(house, at(house, 18, 9))
    right = self_service.check_right

    def slowly(appointment: Appointment, by: Actor) -> None:
        right(appointment, by)
        time.sleep(0.3)

    monkeypatch.setattr(locks, "take", lambda *_then, **_keys: None)
    monkeypatch.setattr(self_service, "check_right", slowly)
    monkeypatch.setattr(endings, "locked", _unlocked(visit))
    found = together([confirms(visit) for _ in range(3)])
    assert errors(found) == []
    assert len(changes_of(visit)) > 1


def _unlocked(visit: Appointment) -> Callable[..., Appointment]:
    """What each had read before anybody wrote."""
    row = Appointment.objects.select_related("site", "patient", "visit_type").get(pk=visit.pk)
    return lambda *_args, **_keys: copy(row)


@pytest.mark.parametrize("desk_does", ["moves", "cancels"])
def test_desk_and_patient_at_once_end_in_one_state(house: House, desk: Staff, desk_does: str) -> None:
    before = deadlocks()
    for number in range(ROUNDS):
        visit = waiting.visit(house, at(house, 20 + number, 9))
        mine, theirs = at(house, 12, 13 + number), at(house, 13, 13 + number)
        by_desk: Callable[[], Appointment] = (
            partial(moves.move, appointment_id=visit.pk, start=theirs, by=desk)
            if desk_does == "moves"
            else partial(endings.cancel, appointment_id=visit.pk, reason=CANNOT, by=desk)
        )
        found = together([takes(visit, mine), by_desk])
        visit.refresh_from_db()
        done = changes_of(visit)
        if desk_does == "moves":
            # Whoever came second either did not see what they would change, or, the desk without a version, moves on.
            assert visit.period.lower in (mine, theirs)
            assert set(errors(found)) <= {VisitChanged, SlotTaken}
            assert (visit.period.lower == theirs) or errors(found)
        else:
            assert visit.status == "cancelled"
            assert set(errors(found)) <= {VisitChanged, SlotTaken}
        assert len(done) + len(errors(found)) == 2
    assert (overlaps(), deadlocks() - before) == (0, 0)


def test_link_taken_away_meanwhile_moves_nothing(house: House) -> None:
    """The right is asked again under the locks: whoever revoked it first has the last word."""
    visit = waiting.visit(house, at(house, 25, 9))
    tap = takes(visit, at(house, 14, 14))
    Link.objects.filter(purpose=DOOR, about=about(visit)).update(revoked_at=clock.now())
    [outcome] = together([tap])
    assert outcome.error is not None
    assert changes_of(visit) == []
