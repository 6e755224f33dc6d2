"""What the database itself refuses, each both ways: the wrong row is refused, its nearest right neighbour is not."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinic import clock
from scheduling.models import Allocation, Appointment, Hold, VisitStage, VisitType, WorkingHours
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2031, 3, 5, 12, 0, tzinfo=dt.UTC)

# Minutes from noon of a second period beside [0, 60), and whether the two overlap.
NEIGHBOURS = [
    pytest.param(0, 60, True, id="equal"),
    pytest.param(0, 30, True, id="same start"),
    pytest.param(30, 60, True, id="same end"),
    pytest.param(-30, 90, True, id="containing"),
    pytest.param(15, 45, True, id="contained"),
    pytest.param(59, 120, True, id="last minute"),
    pytest.param(60, 120, False, id="back to back after"),
    pytest.param(-60, 0, False, id="back to back before"),
]


def period(start: int, end: int) -> DateTimeTZRange:
    return DateTimeTZRange(NOON + dt.timedelta(minutes=start), NOON + dt.timedelta(minutes=end))


@pytest.fixture
def house() -> House:
    return factory.house(physicians=2)


def appointment(house: House, start: int = 0, end: int = 60, **fields: Any) -> Appointment:
    values = {
        "site": house.site,
        "visit_type": house.visit("review"),
        "period": period(start, end),
        "created_at": clock.now(),
    }
    if "patient" not in fields:
        fields["patient"] = clinic.patient()
    return Appointment.objects.create(**(values | fields))


def allocation(house: House, start: int, end: int, **fields: Any) -> Allocation:
    values = {
        "site": house.site,
        "resource": house.one("physician"),
        "period": period(start, end),
        "blocks": period(start, end),
    }
    if "hold" not in fields and "appointment" not in fields:
        fields["appointment"] = appointment(house, start, end)
    return Allocation.objects.create(**(values | fields))


def hold(house: House) -> Hold:
    return Hold.objects.create(
        site=house.site,
        reason="pencil",
        visit_type=house.visit("review"),
        period=period(0, 60),
        expires_at=NOON,
        created_at=clock.now(),
    )


def refused(constraint: str, write: Callable[[], object]) -> None:
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        write()
    assert caught.value.__cause__.diag.constraint_name == constraint  # type: ignore[union-attr]


@pytest.mark.parametrize(("start", "end", "overlap"), NEIGHBOURS)
def test_resource_held_twice(house: House, start: int, end: int, overlap: bool) -> None:
    allocation(house, 0, 60)
    if overlap:
        refused("resource_taken_twice", lambda: allocation(house, start, end))
    else:
        allocation(house, start, end)


def test_resource_held_during_turnover(house: House) -> None:
    allocation(house, 0, 60, blocks=period(0, 70))
    refused("resource_taken_twice", lambda: allocation(house, 60, 90))
    allocation(house, 70, 90)


def test_resource_held_twice_where_one_has_ended(house: House) -> None:
    allocation(house, 0, 60, active=False)
    allocation(house, 0, 60)


def test_two_resources_held_at_once(house: House) -> None:
    allocation(house, 0, 60)
    allocation(house, 0, 60, resource=house.resources["physician"][1])


@pytest.mark.parametrize(("start", "end", "overlap"), NEIGHBOURS)
def test_patient_in_two_visits(house: House, start: int, end: int, overlap: bool) -> None:
    patient = clinic.patient()
    appointment(house, 0, 60, patient=patient)
    if overlap:
        refused("patient_in_two_visits", lambda: appointment(house, start, end, patient=patient))
    else:
        appointment(house, start, end, patient=patient)


def test_patient_in_two_visits_where_one_is_cancelled(house: House) -> None:
    patient = clinic.patient()
    appointment(house, patient=patient, status="cancelled", reason_id="patient_unwell")
    appointment(house, patient=patient)


def test_appointment_period_empty(house: House) -> None:
    refused("appointment_period_well_formed", lambda: appointment(house, 0, 0))


def test_appointment_period_backwards(house: House) -> None:
    with pytest.raises(Exception, match="lower bound must be less"), transaction.atomic():
        appointment(house, 60, 0)


def test_appointment_period_unbounded(house: House) -> None:
    refused("appointment_period_well_formed", lambda: appointment(house, period=DateTimeTZRange(NOON, None)))


def test_appointment_period_closed_at_its_end(house: House) -> None:
    whole = DateTimeTZRange(NOON, NOON + dt.timedelta(hours=1), "[]")
    refused("appointment_period_well_formed", lambda: appointment(house, period=whole))


def test_cancelled_without_a_reason(house: House) -> None:
    refused("cancelled_has_a_reason", lambda: appointment(house, status="cancelled"))
    appointment(house, status="cancelled", reason_id="patient_unwell")


def test_status_outside_the_table(house: House) -> None:
    refused("appointment_status_in_table", lambda: appointment(house, status="maybe"))


def test_allocation_of_both_or_neither(house: House) -> None:
    visit, kept = appointment(house), hold(house)
    refused("allocation_of_one_owner", lambda: allocation(house, 0, 60, appointment=visit, hold=kept))
    refused("allocation_of_one_owner", lambda: allocation(house, 0, 60, appointment=None))
    allocation(house, 0, 60, hold=kept)


def test_allocation_blocks_less_than_its_period(house: House) -> None:
    refused("allocation_blocks_hold_period", lambda: allocation(house, 0, 60, blocks=period(0, 30)))


def test_stage_ended_before_it_began(house: House) -> None:
    visit = appointment(house)
    values: dict[str, Any] = {
        "appointment": visit,
        "name": "Draw",
        "done_name": "drawn",
        "position": 1,
        "planned_start": NOON,
        "planned_end": NOON,
    }
    refused(
        "stage_started_before_it_ended",
        lambda: VisitStage.objects.create(code="draw", ended_at=NOON, **values),
    )
    VisitStage.objects.create(code="draw", started_at=NOON, ended_at=NOON, **values)


def test_hours_that_close_before_they_open(house: House) -> None:
    values: dict[str, Any] = {"site": house.site, "weekday": 0}
    refused(
        "hours_open_before_close",
        lambda: WorkingHours.objects.create(opens=dt.time(9), closes=dt.time(9), **values),
    )
    WorkingHours.objects.create(opens=dt.time(9), closes=dt.time(10), **values)


def test_offer_that_leaves_no_time_to_answer(house: House) -> None:
    kinds = VisitType.objects.filter(pk=house.visit("review").pk)
    refused("offer_leaves_time_to_answer", lambda: kinds.update(offer_minutes=29))
    kinds.update(offer_minutes=30)


def test_two_bookings_from_one_form(house: House) -> None:
    key = appointment(house).pk
    appointment(house, request_key=key)
    refused("one_booking_per_form", lambda: appointment(house, request_key=key))
