"""The booking page: free times, the time chosen, booking once, and what happens when somebody was faster."""

import datetime as dt
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from clinic.enums import Permission, Role
from clinic.models import Patient
from clinic.templatetags.dates import clinic_day
from scheduling import rules
from scheduling.enums import RefusalLevel
from scheduling.models import Appointment
from scheduling.rules import Refusal, StartRequest
from scheduling.selectors import teams
from scheduling.services import booking
from scheduling.services.plans import VisitRequest
from tests.factories import clinic
from tests.factories.scheduling import BY, House, days_ahead
from tests.factories.scheduling import house as build

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    """One physician and one room: whoever is second loses."""
    return build(physicians=1, rooms=1)


@pytest.fixture
def patient() -> Patient:
    return clinic.patient(given_name="Mira", family_name="Ng")


def as_role(role: Role, house: House) -> Client:
    browser = Client()
    browser.force_login(clinic.user(role, at=house.site))
    return browser


@pytest.fixture
def desk(house: House) -> Client:
    return as_role(Role.FRONT_DESK, house)


def nine(house: House, minute: int = 0) -> dt.datetime:
    return house.at(days_ahead(3, house.site), 9, minute)


def said(house: House, **fields: Any) -> dict[str, Any]:
    values = {
        "visit_type": house.visit("consultation").pk,
        "lead": "",
        "earliest": days_ahead(3, house.site).isoformat(),
        "part": "any",
        "start": nine(house).isoformat(),
        "told": "phone",
        "note": "Comes with her daughter",
        "request_key": uuid4(),
    }
    return values | fields


def take_nine(house: House) -> Appointment:
    kind = house.visit("consultation").pk
    return booking.book(request=VisitRequest(clinic.patient().pk, kind, house.site.pk, nine(house)), by=BY)


def test_book_page_offers_no_visit_that_needs_an_order(desk: Client, patient: Patient) -> None:
    page = desk.get(reverse("scheduling:book", args=[patient.pk])).content.decode()
    assert ("Consultation" in page, "PRP session" in page) == (True, False)


def test_slots_are_grouped_by_day(desk: Client, house: House, patient: Patient) -> None:
    page = desk.get(reverse("scheduling:slots"), said(house, patient=patient.pk, start="")).content.decode()
    assert page.count("<fieldset") == 5
    assert f'value="{nine(house).astimezone(house.site.zone).isoformat(timespec="minutes")}"' in page


def test_slots_choose_a_team_only_for_the_time_that_is_read_back(
    desk: Client, house: House, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who would serve each of the hundred times listed is nobody's question yet; nothing is held by asking."""
    chosen: list[int] = []
    team_at = teams.team_at
    monkeypatch.setattr(
        teams, "team_at", lambda calendar, at, lead=None: chosen.append(at) or team_at(calendar, at, lead)
    )
    page = desk.get(reverse("scheduling:slots"), said(house, patient=patient.pk, start="")).content.decode()
    assert (page.count('class="picked-time num"'), len(chosen)) == (1, 1)


@pytest.mark.parametrize(("part", "shown"), [("morning", [True, False]), ("afternoon", [False, True])])
def test_slots_of_a_part_of_the_day(desk: Client, house: House, part: str, shown: list[bool]) -> None:
    page = desk.get(reverse("scheduling:slots"), said(house, part=part, start="")).content.decode()
    assert [">09:00<" in page, ">14:00<" in page] == shown


def test_slots_remember_the_search_in_the_address(desk: Client, house: House, patient: Patient) -> None:
    here = reverse("scheduling:book", args=[patient.pk])
    response = desk.get(reverse("scheduling:slots"), said(house, page=here, part="morning", lead=""))
    day = days_ahead(3, house.site).isoformat()
    assert (
        response["HX-Replace-Url"]
        == f"{here}?visit_type={house.visit('consultation').pk}&earliest={day}&part=morning"
    )


def test_slots_put_no_foreign_address_into_the_bar(desk: Client, house: House) -> None:
    assert (
        "HX-Replace-Url"
        not in desk.get(reverse("scheduling:slots"), said(house, page="//evil.example/")).headers
    )


def test_slots_name_the_day_that_a_typed_time_is_on(desk: Client, house: House) -> None:
    """Only Fridays are listed, but the time typed in is on the first day searched: the words must say so."""
    day = days_ahead(3, house.site)
    others = [str(number) for number in range(5) if number != day.weekday()][:1]
    response = desk.get(
        reverse("scheduling:slots"),
        said(house, start="", weekdays=others),
        headers={"HX-Request": "true"},
    )
    line = f'<span id="clock-day" class="num" hx-swap-oob="true">{clinic_day(day)}</span>'
    assert response.content.decode().count(line) == 1


def test_start_says_the_time_that_was_clicked_on_the_grid(desk: Client, house: House) -> None:
    clicked = nine(house, 15)
    page = desk.get(reverse("scheduling:book"), {"start": clicked.isoformat()}).content.decode()
    assert page.count(f"{clinic_day(clicked.date())}, 09:15") == 1


@pytest.mark.parametrize(
    "wrong", [{"earliest": "soon"}, {"earliest": "9999-12-31"}, {"lead": "nobody"}, {"visit_type": "x"}]
)
def test_slots_for_a_bad_search_say_what_is_wrong(desk: Client, house: House, wrong: dict[str, str]) -> None:
    response = desk.get(reverse("scheduling:slots"), said(house, **wrong))
    assert (response.status_code, "notice attention" in response.content.decode()) == (200, True)


def test_pick_reads_the_time_back(desk: Client, house: House, patient: Patient) -> None:
    page = desk.get(reverse("scheduling:pick"), said(house, patient=patient.pk)).content.decode()
    assert "09:00–09:30" in page
    assert house.one("physician").name in page


def test_pick_of_a_time_that_is_taken_says_why_and_offers_others(
    desk: Client, house: House, patient: Patient
) -> None:
    take_nine(house)
    page = desk.get(reverse("scheduling:pick"), said(house, patient=patient.pk)).content.decode()
    assert "taken until 09:30" in page
    assert ">09:30<" in page


def test_book_saves_and_reads_back(desk: Client, house: House, patient: Patient) -> None:
    response = desk.post(reverse("scheduling:book", args=[patient.pk]), said(house), follow=True)
    visit = Appointment.objects.get()
    (address, status), *_more = response.redirect_chain
    assert (address.partition("?")[0], status) == (reverse("scheduling:booked", args=[visit.pk]), 302)
    assert (visit.patient_id, visit.period.lower, visit.told, visit.note) == (
        patient.pk,
        nine(house),
        "phone",
        "Comes with her daughter",
    )
    page = response.content.decode()
    assert [word in page for word in ("09:00", house.site.address, "You tell them yourself")] == [
        True,
        True,
        True,
    ]


def test_book_sent_twice_books_once(desk: Client, house: House, patient: Patient) -> None:
    form = said(house)
    answers = [
        desk.post(reverse("scheduling:book", args=[patient.pk]), form)["Location"] for _time in range(2)
    ]
    assert answers[0] == answers[1]
    assert Appointment.objects.count() == 1


def test_book_sent_again_for_another_time_says_that_it_had_booked(
    desk: Client, house: House, patient: Patient
) -> None:
    form = said(house)
    url = reverse("scheduling:book", args=[patient.pk])
    desk.post(url, form)
    page = desk.post(url, form | {"start": nine(house, 30).isoformat()}, follow=True).content.decode()
    assert "had already booked" in page
    assert Appointment.objects.get().period.lower == nine(house)


def test_book_a_time_just_taken_keeps_everything_and_offers_others(
    desk: Client, house: House, patient: Patient
) -> None:
    take_nine(house)
    form = said(house)
    response = desk.post(reverse("scheduling:book", args=[patient.pk]), form)
    page = response.content.decode()
    assert response.status_code == 409
    assert [
        word in page
        for word in ("taken until 09:30", "Comes with her daughter", str(form["request_key"]), ">09:30<")
    ] == [
        True,
        True,
        True,
        True,
    ]
    assert Appointment.objects.count() == 1


@pytest.mark.parametrize(
    "start", ["", "tomorrow", "2026-11-24T09:30:00", "2020-01-01T09:00:00+00:00", "9999-12-31T23:59:00+00:00"]
)
def test_book_an_absurd_start_writes_nothing(
    desk: Client, house: House, patient: Patient, start: str
) -> None:
    response = desk.post(reverse("scheduling:book", args=[patient.pk]), said(house, start=start))
    assert response.status_code in (409, 422)
    assert Appointment.objects.count() == 0


def test_book_outside_hours_is_refused_in_words(desk: Client, house: House, patient: Patient) -> None:
    late = house.at(days_ahead(3, house.site), 22)
    response = desk.post(reverse("scheduling:book", args=[patient.pk]), said(house, start=late.isoformat()))
    assert (response.status_code, "not working or closed" in response.content.decode()) == (409, True)


def test_book_a_long_note_is_refused(desk: Client, house: House, patient: Patient) -> None:
    response = desk.post(reverse("scheduling:book", args=[patient.pk]), said(house, note="x" * 301))
    assert (response.status_code, Appointment.objects.count()) == (422, 0)


def test_book_for_nobody_is_404(desk: Client, house: House) -> None:
    assert desk.get(reverse("scheduling:book", args=[uuid4()])).status_code == 404


def test_mail_is_offered_only_to_patients_who_agreed(desk: Client, house: House) -> None:
    without = clinic.patient(email="", reminders_consent=False)
    response = desk.post(reverse("scheduling:book", args=[without.pk]), said(house, told="mail"))
    assert (response.status_code, Appointment.objects.count()) == (422, 0)


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> None:
    """A start rule that warns of everything; physicians and managers may accept it."""

    def warn(requests: list[StartRequest]) -> list[Refusal]:
        return [
            Refusal(
                start,
                RefusalLevel.WARN,
                "too_soon",
                "Only 9 days since the last one.",
                Permission.OVERRIDE_SCHEDULE_WARNING,
            )
            for request in requests
            for start in request.starts
        ]

    monkeypatch.setattr(rules, "_rules", {"warn": warn})


@pytest.mark.usefixtures("warned")
def test_warning_without_the_permission_cannot_be_accepted(
    desk: Client, house: House, patient: Patient
) -> None:
    page = desk.get(reverse("scheduling:pick"), said(house, patient=patient.pk)).content.decode()
    assert ["Only 9 days" in page, "override_reason" in page] == [True, False]
    form = said(house, override_codes="too_soon", override_reason="I insist")
    assert desk.post(reverse("scheduling:book", args=[patient.pk]), form).status_code == 409
    assert Appointment.objects.count() == 0


@pytest.mark.usefixtures("warned")
def test_warning_is_accepted_with_a_reason(house: House, patient: Patient) -> None:
    physician = as_role(Role.PHYSICIAN, house)
    url = reverse("scheduling:book", args=[patient.pk])
    page = physician.get(reverse("scheduling:pick"), said(house, patient=patient.pk)).content.decode()
    assert 'value="too_soon"' in page
    assert physician.post(url, said(house)).status_code == 409
    form = said(house, override_codes="too_soon", override_reason="Agreed on the phone")
    assert physician.post(url, form).status_code == 302
    assert Appointment.objects.count() == 1


def test_find_leads_to_the_booking_page_and_keeps_the_day(desk: Client, house: House) -> None:
    page = desk.post(
        reverse("scheduling:book-find") + "?earliest=2026-12-01", {"q": "Nobody at all"}
    ).content.decode()
    assert "Nobody found" in page


@pytest.mark.parametrize("query", ["", "x", "x" * 5000, "\x00\x00", "%%", "'; --"])
def test_find_survives_any_text(desk: Client, house: House, query: str) -> None:
    assert desk.post(reverse("scheduling:book-find"), {"q": query}).status_code in (200, 400)


def test_book_the_time_read_back_while_other_days_are_shown(
    desk: Client, house: House, patient: Patient
) -> None:
    form = said(house, start="", kept_start=nine(house).isoformat())
    desk.post(reverse("scheduling:book", args=[patient.pk]), form)
    assert Appointment.objects.get().period.lower == nine(house)


def test_book_with_an_error_elsewhere_keeps_the_time_chosen(
    desk: Client, house: House, patient: Patient
) -> None:
    page = desk.post(
        reverse("scheduling:book", args=[patient.pk]), said(house, note="x" * 301)
    ).content.decode()
    local = nine(house).astimezone(house.site.zone).isoformat(timespec="minutes")
    assert page.count(f'{{"start": "{local}"}}') == 2
