"""Leave with bookings: two moved in one action, one left as a task; the call list worked by keyboard alone."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from clinic.enums import Role
from clinic.models import Call, Task
from clinic.services import tasks
from scheduling.enums import Told
from scheduling.models import Appointment
from scheduling.selectors.disruption import REBOOK
from scheduling.services import absences, booking
from scheduling.services.plans import VisitRequest
from tests.browser.conftest import PASSWORD, Person, Running
from tests.database import Database
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import BY, House

pytestmark = pytest.mark.browser

RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
DAYS = 6


@pytest.fixture
def house(own_database: Database) -> House:
    """A site of its own for each test: what one takes out of order is not the next one's matter."""
    return factory.house(physicians=2, rooms=2)


@pytest.fixture
def clerk(house: House, chromium: Browser, web: Running) -> Iterator[Person]:
    account = clinic.user(Role.MANAGER, at=house.site, password=PASSWORD)
    person = Person(chromium, web, account).sign_in()
    yield person
    person.close()


def book(house: House, hour: int, day: int) -> Appointment:
    start = house.at(factory.days_ahead(day, house.site), hour)
    lead = house.one("physician").pk
    kind = house.visit("consultation").pk
    return booking.book(request=VisitRequest(clinic.patient().pk, kind, house.site.pk, start, lead), by=BY)


def faults(page: Page) -> list[str]:
    found = [
        f"{each['id']}: {each['help']}" for each in Axe().run(page, options=RULES).response["violations"]
    ]
    for width in (320, 390, 768, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate(_WIDE) > 0:
            found.append(f"scrolls sideways at {width}")
    page.set_viewport_size({"width": 1440, "height": 900})
    return found


def test_leave_with_bookings_moves_two_and_leaves_one_as_a_task(house: House, clerk: Person) -> None:
    visits = [book(house, hour, DAYS) for hour in (9, 10, 11)]
    page, day = clerk.page, factory.days_ahead(DAYS, house.site).isoformat()
    page.goto(reverse("scheduling:setup-time-off"))
    page.get_by_label("Who or what").select_option(str(house.one("physician").pk))
    page.get_by_label("First day").fill(day)
    page.get_by_label("Last day").fill(day)
    page.get_by_role("button", name="Save time off").click()
    page.get_by_role("button", name="Save time off anyway").click()
    page.wait_for_url("**/to-move/**")
    choosers = page.locator("select[name=go]")
    expect(choosers).to_have_count(3)
    clerk.screen("to-move-1440")
    assert faults(page) == []
    choosers.nth(0).select_option(index=1)  # the same time with a colleague
    choosers.nth(1).select_option(index=2)
    page.get_by_role("button", name="Move all that are chosen").click()
    expect(page.get_by_text("2 visits are moved.")).to_be_visible()
    expect(page.locator("[data-line]:not([data-done])")).to_have_count(1)
    first, second, third = (Appointment.objects.get(pk=visit.pk) for visit in visits)
    assert (first.period, first.told_rev) == (visits[0].period, 1)
    assert second.period != visits[1].period
    assert Task.objects.get(site=house.site, kind=REBOOK, state="open").about == f"appointment:{third.pk}"
    assert clerk.complaints == []


def test_call_list_is_worked_by_keyboard(house: House, clerk: Person) -> None:
    absences.take_off(
        by=BY,
        site_id=house.site.pk,
        resource_id=house.one("physician").pk,
        start=house.at(factory.days_ahead(DAYS + 9, house.site), 0),
        end=house.at(factory.days_ahead(DAYS + 10, house.site), 0),
        accept=True,
    )
    page, keys = clerk.page, clerk.page.keyboard
    visits = [book(house, hour, DAYS + 4) for hour in (9, 10)]
    page.goto(reverse("scheduling:out-of-order"))
    page.get_by_label("Who or what").select_option(str(house.one("physician").pk))
    page.get_by_label("Until").fill(factory.days_ahead(DAYS + 5, house.site).isoformat())
    page.get_by_role("button", name="Out from now on").click()
    page.wait_for_url("**/to-move/**")
    expect(page.locator("select[name=go]")).to_have_count(
        page.locator("[data-line]:not([data-done])").count()
    )
    line = page.locator("[data-line]", has_text=visits[0].patient.full_name)
    line.focus()
    keys.press("v")
    expect(line).to_contain_text("Left a message")
    line = page.locator("[data-line]", has_text=visits[1].patient.full_name)
    expect(line).to_be_focused()
    expect(line.locator("select")).to_have_count(1)
    keys.press("2")
    keys.press("m")
    clerk.screen("to-move-keys-1440")
    expect(page.locator("[data-line][data-done]", has_text=visits[1].patient.full_name)).to_have_count(1)
    moved = Appointment.objects.get(pk=visits[1].pk)
    assert (moved.period != visits[1].period, moved.told) == (True, Told.PHONE)
    assert set(Call.objects.filter(site=house.site).values_list("outcome", flat=True)) == {
        "voicemail",
        "reached",
    }
    assert clerk.complaints == []


def test_a_line_that_a_colleague_takes_says_so_within_ten_seconds(house: House, clerk: Person) -> None:
    visit = book(house, 9, DAYS + 30)
    absences.take_off(
        by=BY,
        site_id=house.site.pk,
        resource_id=house.one("physician").pk,
        start=visit.period.lower,
        end=visit.period.upper,
        accept=True,
    )
    page = clerk.page
    page.goto(reverse("scheduling:to-move"))
    line = page.locator("[data-line]", has_text=visit.patient.full_name)
    expect(line.locator("select")).to_have_count(1)
    line.focus()
    task = Task.objects.get(kind=REBOOK, about=f"appointment:{visit.pk}")
    tasks.claim(by=clinic.staff(at=house.site), task_id=task.pk)
    expect(line).to_contain_text("has this one", timeout=10_000)
    expect(line).to_be_focused()
    expect(line.locator("button")).to_have_count(0)
    assert clerk.complaints == []


def test_a_call_is_kept_by_one_key_on_the_visits_page(house: House, clerk: Person) -> None:
    visit = book(house, 14, DAYS + 20)
    page = clerk.page
    page.goto(reverse("scheduling:appointment-detail", args=[visit.pk]))
    expect(page.get_by_role("heading", name="Calls")).to_be_visible()
    page.keyboard.press("k")
    expect(page.get_by_text("call is noted.")).to_be_visible()
    assert Appointment.objects.get(pk=visit.pk).status == "confirmed"
    clerk.screen("visit-calls-1440")
    page.goto(reverse("clinic:home"))
    expect(page.get_by_role("list", name="What waits")).to_be_visible()
    clerk.screen("home-strip-1440")
    assert faults(page) == []
    page.goto(reverse("scheduling:day-close"))
    clerk.screen("day-close-1440")
    assert (faults(page), clerk.complaints) == ([], [])
