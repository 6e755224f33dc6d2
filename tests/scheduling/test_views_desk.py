"""The booking desk's pages: first free, pencilled times, squeeze-ins, late, missed, booked for the wrong patient."""

import datetime as dt
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.enums import Role
from clinic.models import Patient
from scheduling.enums import AppointmentStatus, Told
from scheduling.models import Appointment, Hold
from scheduling.services import away, booking, endings, holds, moves, squeeze, telling
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories.scheduling import BY, House, days_ahead
from tests.factories.scheduling import house as build

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return build(physicians=1, rooms=2)


@pytest.fixture
def desk(house: House) -> Client:
    return signed_in(house, Role.FRONT_DESK)


@pytest.fixture
def patient() -> Patient:
    return clinic.patient(given_name="Greta", family_name="Möller")


def signed_in(house: House, role: Role) -> Client:
    browser = Client()
    browser.force_login(clinic.user(role, at=house.site))
    return browser


def nine(house: House, minute: int = 0, *, days: int = 3) -> dt.datetime:
    return house.at(days_ahead(days, house.site), 9, minute)


def request_at(house: House, patient: Patient | None = None, **fields: Any) -> VisitRequest:
    values: dict[str, Any] = {
        "patient_id": (patient or clinic.patient()).pk,
        "visit_type_id": house.visit("consultation").pk,
        "site_id": house.site.pk,
        "start": nine(house),
    }
    return VisitRequest(**(values | fields))


def said(house: House, **fields: Any) -> dict[str, Any]:
    values = {
        "visit_type": house.visit("consultation").pk,
        "lead": "",
        "earliest": days_ahead(3, house.site).isoformat(),
        "part": "any",
        "start": nine(house).isoformat(),
        "told": "phone",
        "note": "",
        "request_key": uuid4(),
    }
    return values | fields


def slots(client: Client, house: House, **fields: Any) -> str:
    asked = said(house, start="") | fields
    return client.get(reverse("scheduling:slots"), asked).content.decode()


def test_slots_choose_the_first_free_time_and_read_it_back(
    desk: Client, house: House, patient: Patient
) -> None:
    page = slots(desk, house, patient=patient.pk)
    assert [page.count(" checked"), 'hx-swap-oob="true"' in page, "08:00–08:30" in page] == [1, True, True]


def test_slots_keep_the_time_that_was_chosen(desk: Client, house: House, patient: Patient) -> None:
    page = slots(
        desk,
        house,
        patient=patient.pk,
        start=nine(house).astimezone(house.site.zone).isoformat(timespec="minutes"),
    )
    assert [page.count(" checked"), "picked-time" in page] == [1, False]


def test_slots_only_on_the_weekdays_chosen(desk: Client, house: House) -> None:
    wanted = (days_ahead(3, house.site).weekday() + 2) % 7
    page = desk.get(reverse("scheduling:slots"), said(house, start="", weekdays=[wanted]))
    days = [day["day"].weekday() for day in page.context["days"]]
    assert set(days) == {wanted}


def test_what_was_looked_for_stays_for_the_next_visit(desk: Client, house: House, patient: Patient) -> None:
    page = desk.get(
        reverse("scheduling:slots"),
        said(
            house,
            start="",
            weekdays=[1, 3],
            part="morning",
            page=reverse("scheduling:book", args=[patient.pk]),
        ),
        headers={"HX-Request": "true"},
    )
    assert page["HX-Replace-Url"].endswith("part=morning&weekdays=1&weekdays=3")
    done = desk.post(
        reverse("scheduling:book", args=[patient.pk]), said(house, weekdays=[1, 3]), follow=True
    ).content.decode()
    assert "weekdays=1&amp;weekdays=3" in done


def test_book_with_a_start_in_its_address_has_it_chosen(desk: Client, house: House, patient: Patient) -> None:
    page = desk.get(reverse("scheduling:book", args=[patient.pk]), {"start": nine(house).isoformat()})
    assert page.context["keep"] == nine(house).astimezone(house.site.zone).isoformat(timespec="minutes")


def test_pick_by_the_clock_says_why_not(desk: Client, house: House, patient: Patient) -> None:
    booking.book(request=request_at(house), by=BY)
    asked = said(house, patient=patient.pk, at="09:00", by_clock="1", start="")
    page = desk.get(reverse("scheduling:pick"), asked).content.decode()
    assert ["09:00 is not free" in page, "Squeeze in" in page] == [True, False]


def test_pick_flags_a_patient_of_the_same_name(desk: Client, house: House, patient: Patient) -> None:
    namesake = clinic.patient(given_name="Gerda", family_name="Moller")
    booking.book(request=request_at(house, namesake, start=nine(house, 30)), by=BY)
    page = desk.get(reverse("scheduling:pick"), said(house, patient=patient.pk)).content.decode()
    assert "same name comes that day" in page


def test_manager_squeezes_in_and_the_page_says_so(house: House, patient: Patient) -> None:
    manager = signed_in(house, Role.MANAGER)
    booking.book(request=request_at(house), by=BY)
    page = manager.get(reverse("scheduling:pick"), said(house, patient=patient.pk)).content.decode()
    assert "Squeeze in" in page
    form = said(house, act="squeeze", squeeze_on=house.one("physician").pk)
    for _time in range(2):
        done = manager.post(reverse("scheduling:book", args=[patient.pk]), form, follow=True).content.decode()
    visit = Appointment.objects.get(patient=patient)
    assert (visit.squeezed_on, "Queued on Physician 1" in done) == (house.one("physician"), True)
    detail = manager.get(reverse("scheduling:appointment-detail", args=[visit.pk])).content.decode()
    assert "who is not held" in detail


def test_desk_cannot_squeeze_in(desk: Client, house: House, patient: Patient) -> None:
    booking.book(request=request_at(house), by=BY)
    form = said(house, act="squeeze", squeeze_on=house.one("physician").pk)
    assert desk.post(reverse("scheduling:book", args=[patient.pk]), form).status_code == 403


def test_pencil_in_from_the_booking_page_holds_once_and_is_listed(
    desk: Client, house: House, patient: Patient
) -> None:
    form = said(house, act="pencil", term="two_hours", note="Asks her daughter")
    for _time in range(2):
        listed = desk.post(reverse("scheduling:book", args=[patient.pk]), form, follow=True).content.decode()
    hold = Hold.objects.get()
    assert ["Asks her daughter" in listed, Appointment.objects.count()] == [True, 0]
    assert hold.expires_at - clock.now() > dt.timedelta(minutes=115)
    pane = desk.get(reverse("scheduling:patient-pane", args=[patient.pk])).content.decode()
    assert "Pencilled in: Consultation" in pane


def test_pencil_in_where_the_time_was_lost_keeps_everything_and_offers_others(
    desk: Client, house: House, patient: Patient
) -> None:
    booking.book(request=request_at(house), by=BY)
    response = desk.post(
        reverse("scheduling:book", args=[patient.pk]), said(house, act="pencil", note="Asks her daughter")
    )
    page = response.content.decode()
    assert (response.status_code, "Asks her daughter" in page, "Nearest free" in page) == (409, True, True)


def test_a_pencilled_time_is_booked_by_one_button_and_sent_twice_once(
    desk: Client, house: House, patient: Patient
) -> None:
    hold = holds.pencil(request=request_at(house, patient), until=clock.now() + dt.timedelta(hours=1), by=BY)
    answers = [desk.post(reverse("scheduling:pencil-book", args=[hold.pk]))["Location"] for _time in range(2)]
    visit = Appointment.objects.get()
    assert answers == [reverse("scheduling:booked", args=[visit.pk])] * 2


def test_an_expired_pencil_leads_to_its_time_on_the_booking_page(
    desk: Client, house: House, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = holds.pencil(request=request_at(house, patient), until=clock.now() + dt.timedelta(hours=1), by=BY)
    later = clock.now() + dt.timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert "Nothing is pencilled in" in desk.get(reverse("scheduling:pencils")).content.decode()
    response = desk.post(reverse("scheduling:pencil-book", args=[hold.pk]), follow=True)
    assert (response.context["keep"], "not pencilled in any more" in response.content.decode()) == (
        nine(house).astimezone(house.site.zone).isoformat(timespec="minutes"),
        True,
    )


def test_release_frees_and_says_so(desk: Client, house: House, patient: Patient) -> None:
    hold = holds.pencil(request=request_at(house, patient), until=clock.now() + dt.timedelta(hours=1), by=BY)
    desk.post(reverse("scheduling:pencil-release", args=[hold.pk]))
    hold.refresh_from_db()
    assert hold.released_at is not None


def test_pencils_of_another_site_are_not_found(house: House, patient: Patient) -> None:
    hold = holds.pencil(request=request_at(house, patient), until=clock.now() + dt.timedelta(hours=1), by=BY)
    stranger = Client()
    stranger.force_login(clinic.user(Role.FRONT_DESK, at=clinic.site(name="Elsewhere")))
    assert stranger.post(reverse("scheduling:pencil-release", args=[hold.pk])).status_code == 404


@pytest.mark.parametrize("count", [1, 30])
def test_pencils_ask_the_same_number_of_queries(count: int) -> None:
    full = build(physicians=count, rooms=count)
    browser = signed_in(full, Role.FRONT_DESK)
    for _number in range(count):
        holds.pencil(request=request_at(full), until=clock.now() + dt.timedelta(hours=1), by=BY)
    browser.get(reverse("scheduling:pencils"))
    with CaptureQueriesContext(connection) as asked:
        page = browser.get(reverse("scheduling:pencils"))
    count_of = sum("clinic_clockoffset" not in query["sql"] for query in asked.captured_queries)
    assert (len(page.context["holds"]), count_of) == (count, 6)


@pytest.fixture
def visit(house: House, patient: Patient) -> Appointment:
    return booking.book(request=request_at(house, patient), by=BY)


def test_late_is_noted_and_shown(desk: Client, visit: Appointment) -> None:
    page = desk.post(
        reverse("scheduling:appointment-late", args=[visit.pk]),
        {"minutes": 20, "reason": "travel"},
        follow=True,
    ).content.decode()
    visit.refresh_from_db()
    assert visit.expected_at == visit.period.lower + dt.timedelta(minutes=20)
    assert ["at about 09:20" in page, "Travel or traffic" in page] == [True, True]


def test_late_by_nonsense_changes_nothing(desk: Client, visit: Appointment) -> None:
    for minutes in ("soon", "7", ""):
        desk.post(reverse("scheduling:appointment-late", args=[visit.pk]), {"minutes": minutes})
    visit.refresh_from_db()
    assert (visit.expected_at, visit.changes.count()) == (None, 0)


def test_missed_with_its_reason_and_undone(
    desk: Client, house: House, visit: Appointment, monkeypatch: pytest.MonkeyPatch
) -> None:
    after = nine(house, 20)
    monkeypatch.setattr(clock, "now", lambda: after)
    desk.post(reverse("scheduling:appointment-no-show", args=[visit.pk]), {"reason": "travel"})
    change = visit.changes.get()
    assert (change.kind, change.reason_id) == ("no_show", "travel")
    desk.post(reverse("scheduling:change-undo", args=[change.pk]))
    visit.refresh_from_db()
    assert visit.status == AppointmentStatus.BOOKED


def test_a_cancelled_visit_offers_its_undo_and_says_who_did_it(desk: Client, visit: Appointment) -> None:
    desk.post(
        reverse("scheduling:appointment-cancel", args=[visit.pk]),
        {"reason": "patient_unwell", "told": "phone", "version": 1},
    )
    page = desk.get(reverse("scheduling:appointment-detail", args=[visit.pk])).content.decode()
    assert [word in page for word in ("Patient is unwell", "Robin Example", "Told by phone")] == [True] * 3
    undone = desk.post(reverse("scheduling:change-undo", args=[visit.changes.get().pk]), follow=True)
    assert "please ring them again" in undone.content.decode()


def test_cancel_and_move_sent_twice_change_once(desk: Client, house: House, visit: Appointment) -> None:
    move = said(house, start=nine(house, 30).isoformat(), version=1, reason="patient_cannot_come")
    for _time in range(2):
        answer = desk.post(reverse("scheduling:appointment-move", args=[visit.pk]), move)
    assert answer.status_code == 302
    cancel = {"reason": "patient_unwell", "told": "phone", "version": 2, "request_key": uuid4()}
    for _time in range(2):
        answer = desk.post(reverse("scheduling:appointment-cancel", args=[visit.pk]), cancel)
    assert answer.status_code == 302
    assert list(visit.changes.values_list("kind", flat=True)) == ["cancelled", "moved"]


def test_move_sent_again_for_another_time_says_that_it_had_moved(
    desk: Client, house: House, visit: Appointment
) -> None:
    move = said(house, start=nine(house, 30).isoformat(), version=1)
    url = reverse("scheduling:appointment-move", args=[visit.pk])
    desk.post(url, move)
    again = desk.post(url, move | {"start": nine(house, 45).isoformat()}, follow=True)
    visit.refresh_from_db()
    assert ("already moved" in again.content.decode(), visit.period.lower) == (True, nine(house, 30))


def test_the_wrong_patient_is_changed_in_one_action(desk: Client, visit: Appointment) -> None:
    right = clinic.patient(given_name="Ruth", email="")
    found = desk.post(reverse("scheduling:appointment-patient-find", args=[visit.pk]), {"q": "Beispiel"})
    assert found.status_code == 200
    url = reverse("scheduling:appointment-patient-to", args=[visit.pk, right.pk])
    assert "Ruth" in desk.get(url).content.decode()
    form = {"told": "phone", "version": 1, "request_key": uuid4()}
    answers = [desk.post(url, form)["Location"] for _time in range(2)]
    visit.refresh_from_db()
    assert (visit.patient, visit.told, answers) == (
        right,
        "phone",
        [reverse("scheduling:booked", args=[visit.pk])] * 2,
    )


def test_a_refused_change_of_patient_says_why_on_the_page(
    desk: Client, house: House, visit: Appointment
) -> None:
    right = clinic.patient()
    booking.book(request=request_at(house, right, lead_id=None, start=nine(house, 30)), by=BY)
    endings.cancel(appointment_id=visit.pk, reason="patient_unwell", by=BY)
    url = reverse("scheduling:appointment-patient-to", args=[visit.pk, right.pk])
    response = desk.post(url, {"told": "phone", "version": 2, "request_key": uuid4()})
    assert (response.status_code, "Only a visit that has not begun" in response.content.decode()) == (
        409,
        True,
    )


def test_change_of_patient_against_a_warning_is_accepted_with_a_reason(
    desk: Client, house: House, visit: Appointment
) -> None:
    right, day = clinic.patient(given_name="Ruth"), days_ahead(3, house.site)
    away.add(patient_id=right.pk, first_day=day, last_day=day, by=BY)
    url = reverse("scheduling:appointment-patient-to", args=[visit.pk, right.pk])
    form = {"told": "phone", "version": 1, "request_key": uuid4()}
    asked = desk.post(url, form)
    assert (asked.status_code, 'name="override_reason"' in asked.content.decode()) == (409, True)
    accepted = {"override_codes": asked.context["caution"].codes, "override_reason": "Comes all the same"}
    desk.post(url, form | accepted)
    visit.refresh_from_db()
    assert (visit.patient, visit.override_reason) == (right, "Comes all the same")


def test_change_of_patient_that_clashes_offers_the_nearest_times(desk: Client, patient: Patient) -> None:
    two = build(physicians=2, rooms=2)
    browser, right = signed_in(two, Role.FRONT_DESK), clinic.patient(given_name="Ruth")
    visit = booking.book(request=request_at(two, patient), by=BY)
    booking.book(request=request_at(two, right), by=BY)
    url = reverse("scheduling:appointment-patient-to", args=[visit.pk, right.pk])
    refused = browser.post(url, {"told": "phone", "version": 1, "request_key": uuid4()})
    near = refused.context["near"]
    assert (refused.status_code, len(near)) == (409, 4)
    assert browser.get(near[0]["url"]).context["keep"] != ""


def test_a_pencil_against_a_warning_asks_first_and_keeps_its_time(
    desk: Client, house: House, patient: Patient
) -> None:
    hold = holds.pencil(request=request_at(house, patient), until=clock.now() + dt.timedelta(hours=1), by=BY)
    day = days_ahead(3, house.site)
    away.add(patient_id=patient.pk, first_day=day, last_day=day, by=BY)
    url = reverse("scheduling:pencil-book", args=[hold.pk])
    asked = desk.post(url)
    assert (asked.status_code, "Book it all the same" in asked.content.decode()) == (409, True)
    accepted = {"override_codes": asked.context["caution"].codes, "override_reason": "Her son drives her"}
    booked = desk.post(url, accepted)
    visit = Appointment.objects.get()
    assert (booked["Location"], visit.override_reason, visit.period.lower) == (
        reverse("scheduling:booked", args=[visit.pk]),
        "Her son drives her",
        nine(house),
    )


def test_undo_of_a_move_told_by_phone_afterwards_reminds_to_ring(
    desk: Client, house: House, visit: Appointment
) -> None:
    moves.move(appointment_id=visit.pk, start=nine(house, 30), version=visit.version, by=BY)
    telling.by_phone(appointment_id=visit.pk, by=BY)
    change = visit.changes.get(kind="moved")
    page = desk.post(reverse("scheduling:change-undo", args=[change.pk]), follow=True).content.decode()
    assert "please ring them again" in page


def test_undo_that_is_refused_does_not_ask_to_ring(desk: Client, house: House, visit: Appointment) -> None:
    endings.cancel(appointment_id=visit.pk, reason="patient_unwell", told=Told.PHONE, by=BY)
    booking.book(request=request_at(house), by=BY)
    change = visit.changes.get(kind="cancelled")
    page = desk.post(reverse("scheduling:change-undo", args=[change.pk]), follow=True).content.decode()
    assert "please ring them again" not in page


def test_day_list_marks_a_squeeze_in(desk: Client, house: House, patient: Patient) -> None:
    booking.book(request=request_at(house), by=BY)
    squeeze.squeeze_in(request=request_at(house, patient), on=house.one("physician").pk, by=BY)
    page = desk.get(
        reverse("scheduling:day", args=[days_ahead(3, house.site)]) + "?view=list"
    ).content.decode()
    assert page.count("Squeezed in with") == 1


def test_the_day_leads_to_the_pencilled_times(desk: Client) -> None:
    pages = [
        desk.get(reverse("scheduling:day") + f"?view={view}").content.decode() for view in ("grid", "list")
    ]
    assert [reverse("scheduling:pencils") in page for page in pages] == [True, True]


def test_grid_says_a_same_name_before_the_name(desk: Client, house: House, patient: Patient) -> None:
    """In a narrow column the end of a long name is cut off, and with it whatever follows."""
    booking.book(request=request_at(house, patient), by=BY)
    twin = clinic.patient(given_name="Gerda", family_name="Möller")
    booking.book(request=request_at(house, twin, start=nine(house, 30)), by=BY)
    page = desk.get(
        reverse("scheduling:day", args=[days_ahead(3, house.site)]) + "?view=grid"
    ).content.decode()
    line = page.split('<span class="gb-line"><b>09:00</b>')[1].split("</a>")[0]
    assert "gb-same" in line
    assert line.index("Same name, same day") < line.index("Möller")


def test_day_list_leads_to_the_week_of_the_clinician_shown(desk: Client, house: House) -> None:
    day, lead = days_ahead(3, house.site), house.one("physician").pk
    page = desk.get(reverse("scheduling:day", args=[day]), {"view": "list", "lead": lead}).content.decode()
    assert reverse("scheduling:week", args=[lead, day]) in page
