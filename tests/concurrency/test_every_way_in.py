"""Every way into the calendar meets a clerk who books the same time at the same moment: one of the two wins.

A guard that stands at one door only is the bug most often reported of other systems. The twin takes the locks and
the constraint out and shows that the race is a real one: then both get the centrifuge.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from functools import partial
from uuid import uuid4

import pytest

from clinic import clock
from clinic.enums import Role
from clinic.exceptions import DomainError
from scheduling.enums import AppointmentStatus
from scheduling.models import Appointment
from scheduling.services import booking, endings, holds, moves, squeeze, undoing
from scheduling.services.plans import VisitRequest
from tests.concurrency.together import look_away, overlaps, together, without_the_constraint
from tests.database import Database
from tests.factories import clinic, treatments
from tests.factories.treatments import Ward
from treatments.services import planning

Way = Callable[[Ward, int], Callable[[], object]]

_days = iter(range(10, 2000, 12))


@pytest.fixture(scope="module")
def ward(own_database: Database) -> Ward:
    """One centrifuge, and enough of all else."""
    return treatments.ward(physicians=3, nurses=3, rooms=3, chairs=3, centrifuges=1, bays=3)


@pytest.fixture
def day() -> int:
    return next(_days)


def request(ward: Ward, start: dt.datetime, **fields: object) -> VisitRequest:
    values: dict[str, object] = {
        "patient_id": clinic.patient().pk,
        "visit_type_id": ward.house.visit("prp_session").pk,
        "site_id": ward.house.site.pk,
        "start": start,
        "purpose": uuid4(),
    }
    return VisitRequest(**(values | fields))  # type: ignore[arg-type]


def by_booking(ward: Ward, day: int) -> Callable[[], object]:
    return partial(booking.book, request=request(ward, ward.at(day)), by=ward.desk)


def by_overlapping_only_in_part(ward: Ward, day: int) -> Callable[[], object]:
    return partial(booking.book, request=request(ward, ward.at(day, 9, 15)), by=ward.desk)


def by_moving(ward: Ward, day: int) -> Callable[[], object]:
    """What a drag on the grid does."""
    visit = booking.book(request=request(ward, ward.at(day, 13)), by=ward.desk)
    return partial(moves.move, appointment_id=visit.pk, start=ward.at(day), by=ward.desk)


def by_taking_a_cancellation_back(ward: Ward, day: int) -> Callable[[], object]:
    visit = booking.book(request=request(ward, ward.at(day)), by=ward.desk)
    endings.cancel(appointment_id=visit.pk, reason="booked_by_mistake", by=ward.desk)
    change = visit.changes.get()
    return partial(undoing.undo, change_id=change.pk, by=ward.desk)


def by_a_whole_course(ward: Ward, day: int) -> Callable[[], object]:
    order = treatments.order(ward)
    starts = {number: ward.at(day + 28 * (number - 1)) for number in range(1, order.sessions + 1)}
    return partial(planning.book_course, by=ward.desk, order_id=order.pk, starts=starts, request_key=uuid4())


def by_pencilling(ward: Ward, day: int) -> Callable[[], object]:
    return partial(
        holds.pencil,
        request=request(ward, ward.at(day)),
        until=clock.now() + dt.timedelta(hours=2),
        by=ward.desk,
    )


def by_squeezing_in(ward: Ward, day: int) -> Callable[[], object]:
    manager = clinic.staff(Role.MANAGER, at=ward.house.site)
    on = ward.house.resources["physician"][0].pk
    return partial(squeeze.squeeze_in, request=request(ward, ward.at(day)), on=on, by=manager)


WAYS: list[Way] = [
    by_booking,
    by_overlapping_only_in_part,
    by_moving,
    by_taking_a_cancellation_back,
    by_a_whole_course,
    by_pencilling,
    by_squeezing_in,
]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_in_and_a_booking_at_once_leave_one_winner(way: Way, ward: Ward, day: int) -> None:
    other = partial(booking.book, request=request(ward, ward.at(day)), by=ward.desk)

    outcomes = together([way(ward, day), other])

    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    assert [isinstance(error, DomainError) for error in errors] == [True]
    assert overlaps() == 0


@pytest.mark.parametrize(
    "way", [by_booking, by_moving, by_taking_a_cancellation_back, by_pencilling, by_squeezing_in]
)
def test_every_way_in_without_its_guards_lets_both_in(
    way: Way, ward: Ward, day: int, monkeypatch: pytest.MonkeyPatch, unguarded: None
) -> None:
    """The check and the writes lie a moment apart, so that both have looked before either writes."""
    look_away(monkeypatch)
    others = [partial(booking.book, request=request(ward, ward.at(day)), by=ward.desk) for _ in range(3)]

    together([way(ward, day), *others])

    assert overlaps() > 0


@pytest.fixture
def unguarded(own_database: Database) -> Iterator[None]:
    with without_the_constraint(own_database):
        yield


def test_cancelling_while_others_book_the_freed_time_fills_it_once(ward: Ward, day: int) -> None:
    """A counter of what is left, changed by two at once, is how others lose count; here nothing is counted."""
    visit = booking.book(request=request(ward, ward.at(day)), by=ward.desk)
    cancel = partial(endings.cancel, appointment_id=visit.pk, reason="patient_unwell", by=ward.desk)
    rivals = [partial(booking.book, request=request(ward, ward.at(day)), by=ward.desk) for _ in range(6)]

    together([cancel, *rivals])

    standing = Appointment.objects.filter(period__startswith=ward.at(day), status=AppointmentStatus.BOOKED)
    assert standing.exclude(pk=visit.pk).count() <= 1
    assert overlaps() == 0
    if not standing.exists():
        booking.book(request=request(ward, ward.at(day)), by=ward.desk)
    assert standing.count() == 1


def test_any_clinician_is_given_to_as_many_as_there_are(ward: Ward, day: int) -> None:
    """Whoever asks for anybody gets somebody, as long as there is somebody, and nobody twice."""
    kind = ward.house.visit("review").pk
    starts = ward.at(day, 11)
    wanted = [request(ward, starts, visit_type_id=kind, purpose=None) for _ in range(7)]

    outcomes = together([partial(booking.book, request=each, by=ward.desk) for each in wanted])

    assert sum(outcome.error is None for outcome in outcomes) == len(ward.house.resources["physician"])
    assert overlaps() == 0
