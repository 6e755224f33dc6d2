"""Days on which a patient cannot come: kept, ended, and said at every start on them."""

import datetime as dt
from collections.abc import Sequence

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic import clock
from clinic.exceptions import InvalidInput, NotFound
from clinic.models import AuditEvent, Patient
from scheduling import rules
from scheduling.exceptions import BookingRefused
from scheduling.models import PatientAway
from scheduling.rules import Override, StartRequest
from scheduling.services import availability, away, booking
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return factory.house()


def day(house: House, number: int) -> dt.date:
    return factory.days_ahead(number, house.site)


def asked(house: House, patient: Patient, starts: Sequence[dt.datetime]) -> StartRequest:
    return StartRequest(house.site.pk, house.visit("consultation").pk, starts, patient.pk)


def words(requests: Sequence[StartRequest]) -> list[tuple[dt.datetime, str]]:
    return [(each.start, each.words) for each in rules.ask(requests) if each.code == away.CODE]


def test_starts_on_the_days_are_warned_of_from_midnight_to_midnight(house: House) -> None:
    patient, by = clinic.patient(), clinic.staff(at=house.site)
    away.add(patient_id=patient.pk, first_day=day(house, 3), last_day=day(house, 10), by=by)
    starts = [
        house.at(day(house, 2), 23, 59),
        house.at(day(house, 3), 0),
        house.at(day(house, 10), 23, 59),
        house.at(day(house, 11), 0),
    ]
    said = words([asked(house, patient, starts)])
    assert [start for start, _ in said] == starts[1:3]
    first, last = day(house, 3), day(house, 10)
    assert {text for _, text in said} == {
        f"The patient said they cannot come from {first.day} {first:%b} to {last.day} {last:%b}."
    }


def test_other_patients_are_not_warned_of(house: House) -> None:
    by = clinic.staff(at=house.site)
    away.add(patient_id=clinic.patient().pk, first_day=day(house, 3), last_day=day(house, 3), by=by)
    assert words([asked(house, clinic.patient(), [house.at(day(house, 3), 9)])]) == []


def test_ended_days_warn_no_more_and_are_kept(house: House) -> None:
    patient, by = clinic.patient(), clinic.staff(at=house.site)
    span = away.add(patient_id=patient.pk, first_day=day(house, 3), last_day=day(house, 3), by=by)
    away.end(away_id=span.pk, by=by)
    away.end(away_id=span.pk, by=by)
    assert words([asked(house, patient, [house.at(day(house, 3), 9)])]) == []
    assert PatientAway.objects.get().ended_at is not None
    assert AuditEvent.objects.filter(action="scheduling.patient_away.ended").count() == 1


def test_same_days_twice_are_one_entry(house: House) -> None:
    patient, by = clinic.patient(), clinic.staff(at=house.site)
    for _ in range(2):
        away.add(patient_id=patient.pk, first_day=day(house, 3), last_day=day(house, 4), by=by)
    assert PatientAway.objects.count() == 1


def test_booking_on_such_a_day_needs_a_reason_from_whoever_books(house: House) -> None:
    patient, by = clinic.patient(), clinic.staff(at=house.site)
    away.add(patient_id=patient.pk, first_day=day(house, 3), last_day=day(house, 3), by=by)
    request = VisitRequest(
        patient.pk, house.visit("consultation").pk, house.site.pk, house.at(day(house, 3), 9)
    )
    with pytest.raises(BookingRefused, match="cannot come on"):
        booking.book(request=request, by=by)
    override = Override("She can come after all", frozenset({away.CODE}))
    assert booking.book(request=request, by=by, override=override).override_reason == "She can come after all"


def test_availability_offers_such_a_day_with_its_warning(house: House) -> None:
    patient, by = clinic.patient(), clinic.staff(at=house.site)
    away.add(patient_id=patient.pk, first_day=day(house, 3), last_day=day(house, 3), by=by)
    slots = availability.free_starts(
        visit_type_id=house.visit("consultation").pk,
        site_id=house.site.pk,
        patient_id=patient.pk,
        earliest=house.at(day(house, 3), 9),
        latest=house.at(day(house, 3), 9, 1),
    )
    assert [[warning.code for warning in slot.warnings] for slot in slots] == [[away.CODE]]


@pytest.mark.parametrize(("first", "last"), [(5, 4), (-9, -8), (1, 400)])
def test_days_that_make_no_sense_are_refused(house: House, first: int, last: int) -> None:
    by = clinic.staff(at=house.site)
    with pytest.raises(InvalidInput):
        away.add(
            patient_id=clinic.patient().pk, first_day=day(house, first), last_day=day(house, last), by=by
        )


def test_nobody_is_away_who_is_not_there(house: House) -> None:
    by = clinic.staff(at=house.site)
    dead = clinic.patient(deceased_on=clock.today(house.site.zone))
    with pytest.raises(NotFound):
        away.add(patient_id=dead.pk, first_day=day(house, 1), last_day=day(house, 1), by=by)
    with pytest.raises(NotFound):
        away.end(away_id=dead.pk, by=by)


@pytest.mark.parametrize("many", [1, 30])
def test_rule_asks_two_questions_however_many_are_asked(house: House, many: int) -> None:
    by = clinic.staff(at=house.site)
    patients = [clinic.patient() for _ in range(many)]
    for patient in patients:
        away.add(patient_id=patient.pk, first_day=day(house, 3), last_day=day(house, 5), by=by)
    requests = [asked(house, patient, [house.at(day(house, 3), 9)]) for patient in patients]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert len(away.refusals(requests)) == many
    assert len(queries) == 2
