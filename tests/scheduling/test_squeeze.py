"""Squeeze-ins: queued on a busy clinician, everything else held and refused as always."""

import datetime as dt
from uuid import uuid4

import pytest

from clinic import clock
from clinic.actors import Staff
from clinic.enums import Role
from clinic.exceptions import DomainError, NotAllowed
from scheduling.exceptions import SlotTaken
from scheduling.models import Allocation, Appointment
from scheduling.services import availability, booking, moves, squeeze, undoing
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return factory.house(physicians=1, rooms=2)


@pytest.fixture
def manager(house: House) -> Staff:
    return clinic.staff(Role.MANAGER, at=house.site)


def at(house: House, hour: int = 9, **fields: object) -> VisitRequest:
    values: dict[str, object] = {
        "patient_id": clinic.patient().pk,
        "visit_type_id": house.visit("consultation").pk,
        "site_id": house.site.pk,
        "start": house.at(factory.days_ahead(3, house.site), hour),
        "request_key": uuid4(),
    }
    return VisitRequest(**(values | fields))  # type: ignore[arg-type]


def squeezed(house: House, by: Staff, **fields: object) -> Appointment:
    return squeeze.squeeze_in(request=at(house, **fields), on=house.one("physician").pk, by=by)


def test_it_holds_everything_but_the_clinician(house: House, manager: Staff) -> None:
    booking.book(request=at(house), by=manager)
    visit = squeezed(house, manager)
    kinds = visit.allocations.filter(active=True).values_list("resource__kind", flat=True)
    assert (list(kinds), visit.squeezed_on) == (["consulting_room"], house.one("physician"))


def test_only_the_manager_may(house: House, manager: Staff) -> None:
    booking.book(request=at(house), by=manager)
    for role in (Role.FRONT_DESK, Role.NURSE, Role.PHYSICIAN):
        with pytest.raises(NotAllowed):
            squeezed(house, clinic.staff(role, at=house.site))
    request = at(house, squeezed_on=house.one("physician").pk)
    with pytest.raises(NotAllowed):
        booking.book(request=request, by=clinic.staff(at=house.site))


def test_a_room_that_is_taken_stays_refused(house: House, manager: Staff) -> None:
    booking.book(request=at(house), by=manager)
    squeezed(house, manager)
    with pytest.raises(SlotTaken, match="taken until"):
        squeezed(house, manager)


def test_the_patient_who_has_another_visit_stays_refused(house: House, manager: Staff) -> None:
    other = booking.book(request=at(house), by=manager)
    with pytest.raises(SlotTaken, match="The patient has another visit"):
        squeezed(house, manager, patient_id=other.patient_id)


def test_a_free_clinician_is_booked_as_usual_and_one_who_is_off_is_not_queued_on(
    house: House, manager: Staff
) -> None:
    with pytest.raises(DomainError, match="book it as usual"):
        squeezed(house, manager)
    with pytest.raises(SlotTaken, match="not working"):
        squeezed(house, manager, hour=19)
    with pytest.raises(SlotTaken, match="does not lead"):
        squeeze.squeeze_in(request=at(house), on=house.one("nurse").pk, by=manager)


def test_it_is_never_offered(house: House, manager: Staff) -> None:
    request = at(house)
    booking.book(request=request, by=manager)
    offered = availability.free_starts(
        visit_type_id=request.visit_type_id,
        site_id=request.site_id,
        earliest=request.start,
        latest=request.start + dt.timedelta(minutes=1),
    )
    assert offered == []


def test_one_form_squeezes_once(house: House, manager: Staff) -> None:
    booking.book(request=at(house), by=manager)
    request, on = at(house), house.one("physician").pk
    first, second = (squeeze.squeeze_in(request=request, on=on, by=manager) for _time in range(2))
    assert (first.pk, Appointment.objects.count()) == (second.pk, 2)


def test_moved_to_a_free_time_it_holds_the_clinician_and_undone_it_is_queued_again(
    house: House, manager: Staff
) -> None:
    booking.book(request=at(house), by=manager)
    visit = squeezed(house, manager)
    moved = moves.move(appointment_id=visit.pk, start=visit.period.lower + dt.timedelta(hours=2), by=manager)
    assert (moved.squeezed_on, Allocation.objects.filter(appointment=visit, active=True).count()) == (None, 2)
    undone = undoing.undo(change_id=visit.changes.get().pk, by=manager)
    assert (undone.squeezed_on_id, undone.period.lower) == (house.one("physician").pk, visit.period.lower)
    assert Allocation.objects.filter(appointment=visit, active=True).count() == 1


def test_of_a_time_that_has_passed_nothing_is_written(house: House, manager: Staff) -> None:
    with pytest.raises(DomainError, match="has passed"):
        squeezed(house, manager, start=clock.now().replace(second=0, microsecond=0) - dt.timedelta(days=1))
    assert Appointment.objects.count() == 0
