"""One visit: its page, moving and cancelling it, stale forms, and the taps of its day."""

import datetime as dt
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from clinic import clock
from clinic.enums import Role
from scheduling.enums import AppointmentStatus
from scheduling.models import Appointment
from scheduling.services import booking, endings, moves
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
def visit(house: House) -> Appointment:
    return book(house, nine(house))


def nine(house: House, minute: int = 0) -> dt.datetime:
    return house.at(days_ahead(3, house.site), 9, minute)


def book(house: House, start: dt.datetime) -> Appointment:
    kind = house.visit("consultation").pk
    return booking.book(request=VisitRequest(clinic.patient().pk, kind, house.site.pk, start), by=BY)


def to(house: House, start: dt.datetime, version: int = 1, **fields: Any) -> dict[str, Any]:
    values = {
        "lead": "",
        "earliest": days_ahead(3, house.site).isoformat(),
        "part": "any",
        "start": start.isoformat(),
        "told": "phone",
        "version": version,
        "shown": nine(house).isoformat(),
    }
    return values | fields


def address(what: str, visit: Appointment) -> str:
    return reverse(f"scheduling:appointment-{what}", args=[visit.pk])


def test_detail_shows_the_plan_and_the_actions(desk: Client, visit: Appointment) -> None:
    page = desk.get(address("detail", visit)).content.decode()
    assert [word in page for word in ("09:00–09:30", address("move", visit), address("cancel", visit))] == [
        True
    ] * 3


@pytest.mark.parametrize("what", ["detail", "move", "cancel"])
def test_visit_of_another_site_is_not_found(desk: Client, what: str) -> None:
    other = build(site=clinic.site(name="Elsewhere"))
    foreign = book(other, nine(other))
    assert desk.get(address(what, foreign)).status_code == 404


def test_visit_that_does_not_exist_is_not_found(desk: Client) -> None:
    assert desk.get(reverse("scheduling:appointment-detail", args=[uuid4()])).status_code == 404


def test_move_to_a_free_time(desk: Client, house: House, visit: Appointment) -> None:
    response = desk.post(address("move", visit), to(house, nine(house, 30)))
    visit.refresh_from_db()
    assert response["Location"] == reverse("scheduling:booked", args=[visit.pk])
    assert (visit.period.lower, visit.told) == (nine(house, 30), "phone")


def test_move_page_offers_the_visits_own_neighbourhood(
    desk: Client, house: House, visit: Appointment
) -> None:
    page = desk.get(
        reverse("scheduling:slots"), to(house, nine(house), appointment=visit.pk)
    ).content.decode()
    assert [f">{time}<" in page for time in ("08:45", "09:00", "09:15")] == [True] * 3


def test_move_to_a_time_just_taken_keeps_the_visit_where_it_was(
    desk: Client, house: House, visit: Appointment
) -> None:
    book(house, nine(house, 30))
    response = desk.post(address("move", visit), to(house, nine(house, 30)))
    visit.refresh_from_db()
    assert response.status_code == 409
    assert ["taken until 10:00" in response.content.decode(), visit.period.lower] == [True, nine(house)]


def test_move_with_a_stale_form_shows_both_versions(desk: Client, house: House, visit: Appointment) -> None:
    moves.move(appointment_id=visit.pk, start=nine(house) + dt.timedelta(hours=2), by=BY)
    response = desk.post(address("move", visit), to(house, nine(house, 30)))
    page = response.content.decode()
    assert response.status_code == 409
    assert [time in page for time in ("09:00", "09:30", "11:00")] == [True] * 3
    visit.refresh_from_db()
    assert visit.period.lower == nine(house) + dt.timedelta(hours=2)


def test_cancel_asks_for_a_reason(desk: Client, visit: Appointment) -> None:
    response = desk.post(address("cancel", visit), {"told": "phone", "version": 1})
    visit.refresh_from_db()
    assert (response.status_code, visit.status) == (422, AppointmentStatus.BOOKED)


def test_cancel_with_a_reason(desk: Client, visit: Appointment) -> None:
    desk.post(address("cancel", visit), {"reason": "patient_unwell", "told": "phone", "version": 1})
    visit.refresh_from_db()
    assert (visit.status, visit.reason_id) == (AppointmentStatus.CANCELLED, "patient_unwell")


def test_cancel_with_a_stale_form_cancels_nothing(desk: Client, visit: Appointment) -> None:
    endings.confirm(appointment_id=visit.pk, by=BY)
    response = desk.post(
        address("cancel", visit), {"reason": "patient_unwell", "told": "phone", "version": 1}
    )
    visit.refresh_from_db()
    assert (response.status_code, visit.status) == (409, AppointmentStatus.CONFIRMED)


def test_confirm_goes_back_to_where_the_person_was(desk: Client, visit: Appointment) -> None:
    day = reverse("scheduling:day")
    assert desk.post(address("confirm", visit), {"next": day})["Location"] == day
    visit.refresh_from_db()
    assert visit.status == AppointmentStatus.CONFIRMED


def test_a_foreign_way_back_is_not_followed(desk: Client, visit: Appointment) -> None:
    response = desk.post(address("confirm", visit), {"next": "https://evil.example/"})
    assert response["Location"] == address("detail", visit)


def test_a_tap_that_the_state_refuses_is_said_and_changes_nothing(desk: Client, visit: Appointment) -> None:
    page = desk.post(address("advance", visit), follow=True).content.decode()
    visit.refresh_from_db()
    assert ["has not arrived" in page, visit.status] == [True, AppointmentStatus.BOOKED]


def test_no_show_before_the_visit_is_refused_and_after_it_can_be_undone(
    desk: Client, house: House, visit: Appointment, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.post(address("no-show", visit))
    visit.refresh_from_db()
    assert visit.status == AppointmentStatus.BOOKED
    after = nine(house, 20)
    monkeypatch.setattr(clock, "now", lambda: after)
    desk.post(address("no-show", visit))
    visit.refresh_from_db()
    assert visit.status == AppointmentStatus.NO_SHOW
    desk.post(address("undo", visit))
    visit.refresh_from_db()
    assert visit.status == AppointmentStatus.BOOKED


@pytest.mark.parametrize("what", ["confirm", "arrive", "advance", "undo", "no-show"])
def test_a_change_is_never_made_by_get(desk: Client, visit: Appointment, what: str) -> None:
    assert desk.get(address(what, visit)).status_code == 405


def test_a_cancelled_visit_cannot_be_moved(desk: Client, house: House, visit: Appointment) -> None:
    endings.cancel(appointment_id=visit.pk, reason="patient_unwell", by=BY)
    assert desk.post(address("move", visit), to(house, nine(house, 30), version=2)).status_code == 409


def test_not_done_needs_a_reason_and_frees_what_is_held(desk: Client, visit: Appointment) -> None:
    desk.post(address("arrive", visit))
    assert desk.post(address("not-done", visit), {}).status_code == 422
    desk.post(address("not-done", visit), {"reason": "not_fit"})
    visit.refresh_from_db()
    assert (visit.status, visit.reason_id) == (AppointmentStatus.NOT_DONE, "not_fit")
    assert visit.allocations.filter(active=True).count() == 0


def test_not_done_before_the_patient_came_is_refused(desk: Client, visit: Appointment) -> None:
    assert desk.get(address("not-done", visit)).status_code == 409
