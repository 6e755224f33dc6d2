"""The strip, the light of readiness and the close of the day: what waits, in a constant number of queries."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic import clock
from clinic.enums import CallOutcome, Role
from clinic.services import calls
from clinic.services.calls import CallData
from scheduling import duties
from scheduling.duties import Light
from scheduling.enums import AppointmentStatus
from scheduling.models import Appointment
from scheduling.selectors import closing
from scheduling.selectors import strip as reads
from scheduling.services import booking, endings, progress
from scheduling.services.plans import VisitRequest
from tests.factories import clinic, treatments
from tests.factories.scheduling import BY, House, days_ahead
from tests.factories.scheduling import house as build
from treatments.enums import CourseStatus
from treatments.models import Course
from treatments.services import reviews

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return build(physicians=4, rooms=4)


def book(house: House, hour: int = 9, day: int = 1, **patient: str) -> Appointment:
    person = clinic.patient(**patient)
    start = house.at(days_ahead(day, house.site), hour)
    kind = house.visit("consultation").pk
    return booking.book(request=VisitRequest(person.pk, kind, house.site.pk, start), by=BY)


def browser(house: House, role: Role = Role.FRONT_DESK) -> Client:
    client = Client()
    client.force_login(clinic.user(role, at=house.site))
    return client


def value(house: House, url_name: str) -> int:
    return {count.url_name: count.value for count in reads.counts(site=house.site)}[url_name]


def test_unconfirmed_are_those_booked_until_the_second_day(house: House) -> None:
    book(house, 9, day=1)
    book(house, 9, day=2)
    book(house, 9, day=3)
    endings.confirm(appointment_id=book(house, 10, day=1).pk, by=BY)
    assert value(house, "scheduling:unconfirmed") == 2


def test_strip_says_zero_quietly_and_links_what_waits(house: House) -> None:
    client = browser(house)
    page = client.get(reverse("scheduling:strip")).content.decode()
    assert ("all confirmed" in page, reverse("scheduling:unconfirmed") in page) == (True, False)
    book(house)
    page = client.get(reverse("scheduling:strip")).content.decode()
    assert (reverse("scheduling:unconfirmed") in page, "1</span> not confirmed" in page) == (True, True)


def test_call_back_counts_on_its_day_only(house: House) -> None:
    desk, now = clinic.staff(at=house.site), clock.now()
    for later in (dt.timedelta(minutes=1), dt.timedelta(days=3)):
        data = CallData(outcome=CallOutcome.CALL_BACK, call_back_at=now + later)
        calls.log(by=desk, site_id=house.site.pk, patient_id=clinic.patient().pk, data=data)
    assert value(house, "clinic:task-list") <= 1


@pytest.mark.parametrize("count", [1, 30])
def test_strip_asks_the_same_questions_however_full_the_days(house: House, count: int) -> None:
    for number in range(count):
        book(house, 8 + number % 8, day=1 + number // 24)
    client, url = browser(house), reverse("scheduling:strip")
    client.get(url)
    with CaptureQueriesContext(connection) as asked:
        client.get(url)
    # The tests' clock is a table: production has none.
    assert sum("clinic_clockoffset" not in query["sql"] for query in asked) == 9


@pytest.mark.parametrize("name", ["unconfirmed", "not-ready", "same-names"])
def test_lists_behind_the_counts_open(house: House, name: str) -> None:
    book(house)
    assert browser(house).get(reverse(f"scheduling:{name}")).status_code == 200


def test_list_of_unconfirmed_is_rung_through_by_one_key_a_line(house: House) -> None:
    visit, client, url = book(house), browser(house), reverse("scheduling:unconfirmed")
    calls_url = reverse("scheduling:visit-calls", args=[visit.pk])
    assert client.post(calls_url, {"outcome": "voicemail", "next": url}).headers["Location"] == url
    assert "<div>Left a message<div" in client.get(url).content.decode()
    client.post(calls_url + "?confirm=1", {"outcome": "reached", "next": url})
    assert "Everybody has confirmed" in client.get(url).content.decode()


@pytest.mark.parametrize("count", [1, 30])
def test_list_of_unconfirmed_asks_the_same_questions(house: House, count: int) -> None:
    for number in range(count):
        book(house, 8 + number % 8, day=1 + number // 24)
    client, url = browser(house), reverse("scheduling:unconfirmed")
    client.get(url)
    with CaptureQueriesContext(connection) as asked:
        page = client.get(url).content.decode()
    assert page.count("data-line") == count
    assert sum("clinic_clockoffset" not in query["sql"] for query in asked) == 9


def test_visit_without_a_purpose_has_no_light_and_an_unknown_purpose_is_not_known(house: House) -> None:
    visit = book(house)
    assert duties.lights([visit]) == {}
    visit.purpose = visit.pk
    assert duties.lights([visit]) == {visit.pk: Light.UNKNOWN}


def test_light_follows_the_course(house: House) -> None:
    ward = treatments.ward()
    order, visits = treatments.booked(ward, first=15)
    first = visits[0]
    assert duties.lights([first]) == {first.pk: Light.READY}
    reviews.hold(by=ward.physician, course_id=order.course_id, reason="Away on a journey.")
    assert Course.objects.get().status == CourseStatus.ON_HOLD
    assert duties.lights([first]) == {first.pk: Light.OPEN}
    page = browser(ward.house).get(reverse("scheduling:appointment-detail", args=[first.pk])).content.decode()
    assert "Something open" in page


def test_day_close_names_each_open_end_with_its_act(house: House) -> None:
    today, now = clock.today(house.site.zone), clock.now()
    assert closing.open_ends(site=house.site, day=today, now=now) == closing.DayClose({}, 0)
    tomorrow = days_ahead(1, house.site)
    here, expected, missed = book(house, 9), book(house, 10), book(house, 11)
    progress.arrive(appointment_id=here.pk, by=BY)
    Appointment.objects.filter(pk=missed.pk).update(status=AppointmentStatus.NO_SHOW)
    found = closing.open_ends(site=house.site, day=tomorrow, now=expected.period.lower)
    assert {group: [end.url for end in ends] for group, ends in found.groups.items()} == {
        "Here and not discharged": [("scheduling:appointment-detail", str(here.pk))],
        "Neither come nor noted": [("scheduling:appointment-detail", str(expected.pk))],
        "Did not come, no reason yet": [("scheduling:appointment-detail", str(missed.pk))],
    }


def test_day_close_in_the_morning_counts_what_is_to_come_and_lists_it_not(house: House) -> None:
    visit = book(house, 10)
    before = visit.period.lower - dt.timedelta(minutes=1)
    found = closing.open_ends(site=house.site, day=days_ahead(1, house.site), now=before)
    assert found == closing.DayClose({}, 1)


def test_day_close_says_plainly_that_everything_is_closed(house: House) -> None:
    assert "Everything is closed" in browser(house).get(reverse("scheduling:day-close")).content.decode()


def test_day_close_holds_records_that_nobody_signed(house: House) -> None:
    ward = treatments.ward()
    order, _visits = treatments.booked(ward, first=1)
    treatments.inject(ward, order.course, at=clock.now())
    now = clock.now()
    found = closing.open_ends(site=ward.house.site, day=clock.today(ward.house.site.zone), now=now)
    assert len(found.groups["Records not signed"]) == 1


@pytest.mark.parametrize("count", [1, 30])
def test_day_close_asks_the_same_questions_however_much_is_open(house: House, count: int) -> None:
    for number in range(count):
        book(house, 8 + number % 8 if number < 28 else 17, day=1)
    client, url = browser(house), reverse("scheduling:day-close", args=[days_ahead(1, house.site)])
    client.get(url)
    with CaptureQueriesContext(connection) as asked:
        client.get(url)
    assert sum("clinic_clockoffset" not in query["sql"] for query in asked) == 7
