"""The desk plans a whole course: one session kept, one moved by keyboard, a day away, all booked; then two moved."""

import datetime as dt
import itertools
import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from clinic.enums import Role
from scheduling.models import Appointment
from tests.browser.conftest import PASSWORD, Person, Running
from tests.database import Database
from tests.factories import clinic, treatments
from tests.factories.treatments import Ward
from treatments.enums import Urgency

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def ward(own_database: Database) -> Ward:
    return treatments.ward()


@pytest.fixture(scope="module")
def desk(ward: Ward, web: Running, chromium: Browser) -> Iterator[Person]:
    person = Person(
        chromium, web, clinic.user(Role.FRONT_DESK, at=ward.house.site, password=PASSWORD)
    ).sign_in()
    yield person
    assert person.complaints == []
    person.close()


def planned(page: Page, number: int) -> str:
    return page.get_by_role("region", name=f"Session {number}", exact=True).locator(".plan-when").inner_text()


def settled(page: Page, words: str) -> None:
    """The plan was made anew, and whoever cannot see it heard so."""
    expect(page.get_by_role("status").filter(has_text=words)).to_have_count(1)


def no_faults(page: Page) -> None:
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        found = Axe().run(page).response["violations"]
        assert [(rule["id"], rule["nodes"][0]["html"][:120]) for rule in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
    page.set_viewport_size({"width": 1440, "height": 900})


def test_whole_course_is_planned_kept_moved_and_booked(desk: Person, ward: Ward) -> None:
    page, order = desk.page, treatments.order(ward, note_for_desk="Mornings, please.", urgency=Urgency.URGENT)
    page.goto("/treatments/orders/")
    page.keyboard.press("1")
    expect(page.get_by_role("heading", name="Session 4")).to_be_visible()
    page.get_by_label("Not before").fill(str(ward.day(12)))
    page.get_by_label("Not before").blur()
    settled(page, f"{ward.day(12):%a} {ward.day(12).day}")
    page.get_by_label("Time of day").select_option("morning")
    settled(page, "Planned anew")

    second = planned(page, 2)
    page.locator("#pin-2").focus()
    with page.expect_response(lambda response: "/book/" in response.url):
        page.keyboard.press("Space")
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
    expect(page.locator("#pin-2")).to_be_checked()
    expect(page.locator("label[for=pin-2]")).to_contain_text("Kept")
    expect(page.locator("#pin-2")).to_be_focused()
    page.keyboard.press("Enter")  # in a field: books nothing
    expect(page.locator("#pin-2")).to_be_focused()

    third = planned(page, 3)
    page.locator("#change-3").focus()
    page.keyboard.press("Enter")
    page.locator("#other-3 input[type=radio]").last.focus()
    page.keyboard.press("Space")
    expect(page.locator("label[for=pin-3]")).to_contain_text("Kept")
    expect(page.locator("#change-3")).to_be_focused()
    assert planned(page, 3) != third
    assert planned(page, 2) == second
    desk.screen("course-plan")
    no_faults(page)

    page.locator("#book-course").click()
    expect(page.get_by_text("Saved. Read it back:")).to_be_visible()
    expect(page.get_by_role("heading", name="4 visits")).to_be_visible()
    desk.screen("course-booked")
    no_faults(page)
    visits = list(Appointment.objects.filter(patient=order.patient_id).order_by("period"))
    assert [visit.status for visit in visits] == ["booked", *["provisional"] * 3]
    days = [visit.period.lower.astimezone(ward.house.site.zone) for visit in visits]
    assert all(14 <= (b.date() - a.date()).days <= 56 for a, b in itertools.pairwise(days))
    assert all(day.time() < dt.time(12) for day in days)
    assert f"{days[1]:%a} {days[1].day} {days[1]:%b}" in second


def test_days_away_are_entered_on_the_spot(desk: Person, ward: Ward) -> None:
    page = desk.page
    other = treatments.order(ward)
    page.goto(f"/treatments/orders/{other.pk}/book/?earliest={ward.day(12)}")
    first = planned(page, 1)
    page.get_by_label("From", exact=True).fill(str(ward.day(12)))
    page.get_by_label("Until", exact=True).fill(str(ward.day(13)))
    page.get_by_role("button", name="Keep these days free").click()
    expect(page.get_by_role("button", name=re.compile("^Take back"))).to_be_visible()
    assert planned(page, 1) != first
    page.get_by_role("button", name=re.compile("^Take back")).click()
    expect(page.get_by_role("button", name=re.compile("^Take back"))).to_have_count(0)
    assert planned(page, 1) == first


def test_session_is_moved_with_those_after_it(desk: Person, ward: Ward) -> None:
    page = desk.page
    order, visits = treatments.booked(ward, first=13)
    page.goto(f"/schedule/visits/{visits[1].pk}/move/")
    page.get_by_role("link", name="Move the sessions after it too").click()
    later = visits[1].period.lower.astimezone(ward.house.site.zone).date() + dt.timedelta(days=21)
    page.get_by_label("Not before").fill(str(later))
    page.get_by_label("Not before").blur()
    settled(page, f"{later:%b}")
    expect(page.locator(".plan-was").first).to_be_visible()
    desk.screen("course-shift")
    no_faults(page)
    page.locator("#book-course").click()
    expect(page.get_by_text("Saved. Read it back:")).to_be_visible()
    after = list(Appointment.objects.filter(patient=order.patient_id).order_by("period"))
    assert [visit.pk for visit in after] == [visit.pk for visit in visits]
    assert after[0].period == visits[0].period
    assert after[1].period.lower.astimezone(ward.house.site.zone).date() >= later
