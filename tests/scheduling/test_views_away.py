"""The page of the days on which a patient cannot come."""

import pytest
from django.test import Client
from django.urls import reverse

from clinic.enums import Role
from clinic.models import Patient
from scheduling.models import PatientAway
from scheduling.services import booking
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories.scheduling import BY, House, days_ahead
from tests.factories.scheduling import house as build

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return build(physicians=1, rooms=1)


@pytest.fixture
def desk(house: House) -> Client:
    browser = Client()
    browser.force_login(clinic.user(Role.FRONT_DESK, at=house.site))
    return browser


@pytest.fixture
def patient() -> Patient:
    return clinic.patient()


def page_of(patient: Patient) -> str:
    return reverse("scheduling:patient-away", args=[patient.pk])


def test_days_are_kept_shown_with_what_is_booked_on_them_and_taken_back(
    desk: Client, house: House, patient: Patient
) -> None:
    day = days_ahead(3, house.site)
    consultation = house.visit("consultation").pk
    request = VisitRequest(patient.pk, consultation, house.site.pk, house.at(day, 9))
    visit = booking.book(request=request, by=BY)
    desk.post(page_of(patient), {"first_day": day.isoformat(), "last_day": ""})
    span = PatientAway.objects.get()
    assert (span.first_day, span.last_day) == (day, day)
    assert (
        reverse("scheduling:appointment-move", args=[visit.pk]) in desk.get(page_of(patient)).content.decode()
    )
    pane = reverse("scheduling:patient-pane", args=[patient.pk])
    assert "Cannot come:" in desk.get(pane).content.decode()
    desk.post(page_of(patient), {"end": str(span.pk)})
    assert "Cannot come:" not in desk.get(pane).content.decode()


def test_days_that_run_backwards_are_refused_and_kept_in_the_form(
    desk: Client, house: House, patient: Patient
) -> None:
    first, last = days_ahead(9, house.site).isoformat(), days_ahead(3, house.site).isoformat()
    response = desk.post(page_of(patient), {"first_day": first, "last_day": last})
    page = response.content.decode()
    assert (response.status_code, PatientAway.objects.count()) == (422, 0)
    assert ["The last day comes before the first one." in page, f'value="{first}"' in page] == [True, True]
