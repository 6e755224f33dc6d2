"""A manager sets the site up without a programmer, and what they drew up can be booked."""

import datetime as dt
import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from clinic import clock
from clinic.enums import Role
from clinic.models import Site
from scheduling.models import Appointment, Closure, Resource, VisitType
from tests.browser.conftest import PASSWORD, Person, Running
from tests.database import Database
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def house(own_database: Database) -> House:
    return factory.house(physicians=1, nurses=1, rooms=1)


@pytest.fixture
def manager(house: House, web: Running, chromium: Browser) -> Iterator[Person]:
    account = clinic.user(Role.MANAGER, at=house.site, password=PASSWORD)
    person = Person(chromium, web, account).sign_in()
    yield person
    person.close()


def test_manager_sets_up_and_books_what_was_set_up(manager: Person, house: House) -> None:
    page = manager.page

    # A room of a kind of their own, with minutes to change over.
    page.goto("/schedule/set-up/kinds/new/")
    page.get_by_label("Name").fill("Ultrasound room")
    page.get_by_label("What it is").select_option(label="Room")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Add Ultrasound room").click()
    page.get_by_label("Name").fill("Ultrasound 1")
    page.get_by_label("Kept free after (minutes)").fill("10")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("kept free 0 min before, 10 after")).to_be_visible()

    # A kind of visit in three stages; the picture follows what is typed.
    page.goto("/schedule/set-up/visit-types/new/")
    page.get_by_label("Name", exact=False).first.fill("Ultrasound check")
    page.locator(".stage-row").first.get_by_label("Stage").fill("Welcome")
    page.get_by_label("Minutes", exact=True).first.fill("10")
    for number, (name, minutes) in enumerate((("Scan", "20"), ("Talk", "15")), start=1):
        page.get_by_role("button", name="Add a stage").click()
        row = page.locator(".stage-row").nth(number)
        row.get_by_label("Stage").fill(name)
        row.get_by_label("Minutes").fill(minutes)
        row.get_by_label("Minutes").blur()
    expect(page.get_by_text("The patient is here for 45 minutes, in 3 stages.")).to_be_visible()
    page.get_by_role("button", name="Move stage 3 up").click()
    expect(page.locator(".stage-row").nth(1).get_by_label("Stage")).to_have_value("Talk")
    page.get_by_role("button", name="Move stage 2 down").click()
    expect(page.locator(".stage-row").nth(2).get_by_label("Stage")).to_have_value("Talk")
    page.get_by_role("button", name="Add a need").click()
    need = page.locator(".need-row").nth(1)
    need.get_by_label("Needs").select_option(label="Ultrasound room")
    need.get_by_label("From start of").select_option(label="Scan")
    expect(page.get_by_text("Ultrasound room: busy for 20 minutes.")).to_be_visible()
    manager.screen("setup-visit-type")
    assert axe_faults(manager) == []
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_role("heading", name=re.compile("Ultrasound check"))).to_be_visible()
    kind = VisitType.objects.get(name="Ultrasound check")
    assert list(kind.stages.values_list("name", "offset", "minutes")) == [
        ("Welcome", 0, 10),
        ("Scan", 10, 20),
        ("Talk", 30, 15),
    ]

    # A holiday is closed.
    page.goto("/schedule/set-up/holidays/")
    page.get_by_role("button", name=re.compile("^Closed")).first.click()
    expect(page.get_by_text("The site is closed on that day.")).to_be_visible()
    closure = Closure.objects.get()

    # And the new kind of visit is booked, in the new room.
    person = clinic.patient()
    page.goto(f"/schedule/book/{person.pk}/")
    page.get_by_role("combobox", name="Visit").select_option(label="Ultrasound check")
    day = clock.today(house.site.zone) + dt.timedelta(days=2)
    if day == closure.holiday:
        day += dt.timedelta(days=1)
    page.locator("input[name=earliest]").fill(str(day))
    page.locator("input[name=earliest]").blur()
    page.wait_for_load_state("networkidle")
    page.locator("#slots input[name=start]").first.check(force=True)
    page.get_by_role("button", name=re.compile("^Book")).last.click()
    expect(page.get_by_text(Site.objects.get().address).first).to_be_visible()
    visit = Appointment.objects.get(patient=person)
    room = Resource.objects.get(name="Ultrasound 1")
    held = visit.allocations.get(resource=room)
    assert held.period.lower - visit.period.lower == dt.timedelta(minutes=10)
    assert held.blocks.upper - held.period.upper == dt.timedelta(minutes=10)
    assert manager.complaints == []


def axe_faults(person: Person) -> list[str]:
    found = Axe().run(person.page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found]
