"""The booking desk played by keyboard alone, with the keys counted: letters of names and dates apart, they are few.

Times are for the machine's part; a person's typing is added at 0.25 s a key, slower than most clerks.
"""

import datetime as dt
import re
import sys
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from clinic.enums import Role
from clinic.models import Patient
from clinic.services import patients
from clinic.services.patients import PatientData
from scheduling.models import Appointment, Hold
from scheduling.services import booking
from scheduling.services.plans import VisitRequest
from tests.browser.conftest import PASSWORD, Person, Running
from tests.database import Database
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import BY, House

pytestmark = pytest.mark.browser

SECONDS_A_KEY = 0.25


@pytest.fixture(scope="module")
def house(own_database: Database) -> House:
    return factory.house()


@pytest.fixture(scope="module")
def desk(house: House, web: Running, chromium: Browser) -> Iterator[Person]:
    person = Person(chromium, web, clinic.user(Role.FRONT_DESK, at=house.site, password=PASSWORD)).sign_in()
    yield person
    person.close()


class Keys:
    """Presses keys and counts them; what is typed as words is counted apart."""

    def __init__(self, page: Page, what: str) -> None:
        self.page, self.what = page, what
        self.pressed = self.typed = 0
        self.began = time.monotonic()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.typed += len(text)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began + SECONDS_A_KEY * (self.pressed + self.typed)

    def say(self) -> None:
        sys.stdout.write(
            f"\n{self.what}: {self.pressed} keys and {self.typed} letters or digits, {self.seconds:.1f} s\n"
        )


def chosen(page: Page) -> None:
    """The first free time has the focus and is read back."""
    expect(page.locator("#slots input[name=start]:checked")).to_be_focused()
    expect(page.locator("#picked .picked-time")).to_be_visible()


def test_a_known_patient_is_booked_in_under_twenty_seconds(desk: Person) -> None:
    page = desk.page
    who = PatientData(
        given_name="Adelheid",
        family_name="Kaltenbrunner",
        birth_date=dt.date(1951, 5, 6),
        email="ak@mail.example",
    )
    ada = patients.register(by=BY, data=who)
    page.goto("/schedule/board/")
    keys = Keys(page, "known patient")
    keys.press("n")
    expect(page.locator("#chooser-field")).to_be_focused()
    keys.type("kalten")
    expect(page.get_by_role("link", name=re.compile("Adelheid"))).to_be_visible()
    keys.press("Enter")
    chosen(page)
    keys.press("Enter")
    expect(page.locator("#book-button")).to_be_focused()
    keys.press("Enter")
    expect(page.locator(".readback-when")).to_be_visible()
    keys.say()
    assert Appointment.objects.filter(patient=ada).count() == 1
    assert (keys.pressed, keys.seconds < 20) == (4, True)
    desk.screen("desk-read-back")


def test_a_new_caller_is_registered_and_booked_in_under_seventy_five_seconds(desk: Person) -> None:
    page = desk.page
    page.goto("/schedule/board/")
    keys = Keys(page, "new caller, first consultation")
    keys.press("n")
    expect(page.locator("#chooser-field")).to_be_focused()
    keys.type("Wilhelmine Zuckerbrot")
    expect(page.get_by_text("Nobody found")).to_be_visible()
    keys.press("Enter")
    expect(page.get_by_label("Date of birth")).to_be_focused()
    keys.type("04021958")
    keys.press("Tab", "Tab")
    if not page.get_by_label("Mobile phone").evaluate("field => field === document.activeElement"):
        keys.press("Tab")
    expect(page.get_by_label("Mobile phone")).to_be_focused()
    keys.type("0305550177")
    keys.press("Enter")
    chosen(page)
    keys.press("Enter", "Enter")
    expect(page.locator(".readback-when")).to_be_visible()
    keys.say()
    caller = Patient.objects.get(family_name="Zuckerbrot")
    visit = Appointment.objects.get(patient=caller)
    assert (visit.visit_type.code, caller.phones.get().e164) == ("consultation", "+49305550177")
    assert (keys.pressed <= 9, keys.seconds < 75) == (True, True)


def test_a_visit_is_moved_with_six_keys_and_taken_back(desk: Person, house: House) -> None:
    page = desk.page
    start = house.at(factory.days_ahead(3, house.site), 13)
    kind = house.visit("consultation").pk
    visit = booking.book(request=VisitRequest(clinic.patient().pk, kind, house.site.pk, start), by=BY)
    was = visit.period.lower
    page.goto(f"/schedule/visits/{visit.pk}/")
    keys = Keys(page, "move")
    keys.press("m")
    chosen(page)
    keys.press("ArrowRight", "ArrowDown")
    expect(page.locator("#picked")).not_to_have_class(re.compile("htmx-request"))
    keys.press("Enter")
    expect(page.locator("#book-button")).to_be_focused()
    keys.press("Enter")
    expect(page.locator(".readback-when")).to_be_visible()
    keys.say()
    visit.refresh_from_db()
    assert (visit.period.lower != was, keys.pressed <= 6, keys.seconds < 25) == (True, True, True)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back.", exact=False).last).to_be_visible()
    visit.refresh_from_db()
    assert visit.period.lower == was
    desk.screen("desk-history")


def test_a_filter_never_books_and_a_time_is_pencilled_in(desk: Person, house: House) -> None:
    page = desk.page
    person = clinic.patient(given_name="Ottilie")
    page.goto(f"/schedule/book/{person.pk}/")
    chosen(page)
    keys = Keys(page, "pencil")
    keys.press("f")
    expect(page.locator("#id_visit_type")).to_be_focused()
    page.get_by_label("From").focus()
    keys.press("Enter")
    expect(page.locator("#slots input[name=start]:checked")).to_be_focused()
    assert Appointment.objects.filter(patient=person).count() == 0
    page.get_by_text("Not sure yet?").click()
    page.get_by_label("2 hours").check()
    page.get_by_role("button", name="Pencil in").click()
    expect(page.get_by_role("button", name=re.compile("Book it"))).to_be_visible()
    desk.screen("desk-pencilled")
    page.get_by_role("button", name=re.compile("Book it Ada|Book it Ottilie")).first.click()
    expect(page.locator(".readback-when")).to_be_visible()
    assert Hold.objects.filter(patient=person, released_at__isnull=False).count() == 1


def test_the_clash_offers_the_nearest_and_back_never_books_twice(desk: Person, house: House) -> None:
    page = desk.page
    person = clinic.patient(given_name="Hedwig", family_name="Stein")
    page.goto(f"/schedule/book/{person.pk}/")
    chosen(page)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator(".readback-when")).to_be_visible()
    page.go_back()
    expect(page.locator("#book-button")).to_be_visible()
    expect(page.locator("#slots input[name=start]").first).to_be_attached()
    page.locator("#slots input[name=start]").first.focus()
    page.keyboard.press("Enter")
    page.locator("#book-button").press("Enter")
    expect(page.locator(".readback-when").or_(page.locator("#lost"))).to_be_visible()
    assert Appointment.objects.filter(patient=person).count() == 1
    assert desk.complaints == []


def test_a_new_search_brings_no_inline_style_past_the_policy(desk: Person) -> None:
    """htmx would copy the style that a script gave an element onto the one that takes its place: as an attribute,
    which the policy refuses and the console reports."""
    page = desk.page
    mira = patients.register(
        by=BY, data=PatientData(given_name="Mira", family_name="Ng", birth_date=dt.date(1961, 5, 6))
    )
    page.goto(f"/schedule/book/{mira.pk}/")
    chosen(page)
    desk.complaints.clear()
    page.locator("#picked").evaluate("element => { element.style.minHeight = '1px' }")

    # The other half of the day: the time that is read back must change, whatever the clock says now.
    kept = page.locator("#slots input[name=start]:checked").get_attribute("value") or ""
    half = "afternoon" if dt.datetime.fromisoformat(kept).hour < 12 else "morning"
    with page.expect_response(lambda answer: "/slots/" in answer.url and f"part={half}" in answer.url):
        page.get_by_label("Time of day").select_option(half)
    expect(page.locator("#picked .picked-time")).to_be_visible()
    expect(page.locator("#picked[style]")).to_have_count(0)

    assert desk.complaints == []
