"""A physician at the gate that suggests to stop; a protocol changed by the manager, compared and signed by the physician."""

import datetime as dt
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from clinic import clock
from clinic.enums import Role
from tests.browser.conftest import PASSWORD, Person, Running
from tests.database import Database
from tests.factories import clinic, treatments
from tests.factories.treatments import Ward
from treatments.data import EventData
from treatments.models import Course, ProtocolVersion, Review
from treatments.services import events, outcomes

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def ward(own_database: Database) -> Ward:
    return treatments.ward(screened=True)


def person(role: Role, ward: Ward, web: Running, chromium: Browser) -> Iterator[Person]:
    account = clinic.user(role, at=ward.house.site, password=PASSWORD)
    found = Person(chromium, web, account).sign_in()
    yield found
    assert found.complaints == []
    found.close()


@pytest.fixture(scope="module")
def physician(ward: Ward, web: Running, chromium: Browser) -> Iterator[Person]:
    yield from person(Role.PHYSICIAN, ward, web, chromium)


@pytest.fixture(scope="module")
def manager(ward: Ward, web: Running, chromium: Browser) -> Iterator[Person]:
    yield from person(Role.MANAGER, ward, web, chromium)


def no_faults(page: Page) -> None:
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        found = Axe().run(page).response["violations"]
        assert [(rule["id"], rule["nodes"][0]["html"][:120]) for rule in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
    page.set_viewport_size({"width": 1440, "height": 900})


@pytest.fixture(scope="module")
def infected(ward: Ward) -> Course:
    """Half better after the first session, and an infection of grade 3."""
    order, _visits = treatments.booked(ward, first=1, apart=20)
    treatments.inject(ward, order.course, at=clock.now() - dt.timedelta(days=12))
    for point, pain in (("baseline", 8), ("before_2", 4)):
        outcomes.record_response(
            by=ward.nurse,
            course_id=order.course_id,
            instrument="nrs",
            time_point=point,
            answers={"value": pain},
        )
    today = clock.today(ward.house.site.zone)
    data = EventData(code="infection", grade=3, started_on=today, note="Disc space, under antibiotics.")
    events.record(by=ward.nurse, course_id=order.course_id, data=data)
    return Course.objects.get(pk=order.course_id)


def test_gate_that_suggests_to_stop_is_decided_in_three_clicks(physician: Person, infected: Course) -> None:
    page = physician.page
    page.goto("/treatments/reviews/")
    page.get_by_role("link", name="Decide").click()
    expect(page.get_by_role("heading", name="Stop", exact=True)).to_be_visible()
    expect(page.locator(".g-verdict")).to_contain_text("grade 3 or more, is on record")
    expect(page.get_by_role("row", name="Pain")).to_contain_text("−50 %")
    expect(page.get_by_role("radio", name="Stop")).to_be_checked()
    expect(page.locator("#evidence")).to_contain_text("Infection, grade 3")
    physician.screen("gate-stop")
    no_faults(page)

    page.get_by_label("Reason").click()
    page.keyboard.type("Infection of the disc space")
    page.get_by_role("button", name="Decide and sign").click()

    expect(page.get_by_text("Decided: Stop.")).to_be_visible()
    review = Review.objects.get(course=infected)
    assert (review.decision, review.suggestion, review.evidence["rule"]) == ("stop", "stop", "grave_event")
    infected.refresh_from_db()
    assert infected.status == "discontinued"


@pytest.mark.usefixtures(
    "infected"
)  # ordered under the version that is in force until this test signs the next
def test_manager_changes_a_draft_which_the_physician_compares_and_signs(
    manager: Person, physician: Person, ward: Ward
) -> None:
    page = manager.page
    page.goto("/treatments/protocols/")
    page.get_by_role("button", name="Start a new version").click()
    page.get_by_role("link", name="Edit Naproxen").click()
    page.get_by_label("Last dose before the session").fill("5")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name="Naproxen")).to_contain_text("5 days")
    page.get_by_role("link", name="Edit Sessions and intervals").click()
    page.get_by_label("Review before the repeat", exact=True).fill("40")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("at most 28 days")
    page.get_by_label("Review before the repeat", exact=True).fill("14")
    page.get_by_role("button", name="Save").click()
    manager.screen("protocol-draft")
    expect(page.get_by_role("link", name="Read and sign")).to_have_count(0)

    reading = physician.page
    reading.goto("/treatments/protocols/")
    reading.get_by_role("link", name="Version 2").click()
    reading.get_by_role("link", name="Compare").click()
    expect(reading.get_by_role("row", name="Naproxen")).to_contain_text("4 days")
    expect(reading.get_by_role("row", name="Naproxen")).to_contain_text("5 days")
    physician.screen("protocol-compare")
    reading.go_back()
    reading.get_by_role("link", name="Read and sign").click()
    expect(reading.get_by_text("when the review is open already")).to_have_count(0)
    no_faults(reading)
    reading.get_by_role("button", name="Sign version 2").click()

    expect(reading.get_by_text("Signed off. New orders offer this version.")).to_be_visible()
    signed = ProtocolVersion.objects.get(protocol=ward.protocol.protocol_id, number=2)
    assert signed.signed_by_id == physician.user.pk
    assert (signed.review_lead_days, ward.protocol.review_lead_days) == (14, 12)
