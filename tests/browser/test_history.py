"""The page of a five-session course: faultless, reached by keyboard, and on two sheets of A4."""

import datetime as dt
import io

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from pypdf import PdfReader

from clinic import clock
from clinic.enums import Role
from tests.browser.conftest import PASSWORD, Person, Running
from tests.database import Database
from tests.factories import clinic, treatments
from tests.factories.treatments import Ward
from treatments.models import Course
from treatments.services import outcomes

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def ward(own_database: Database) -> Ward:
    return treatments.ward()


@pytest.fixture(scope="module")
def course(ward: Ward) -> Course:
    """The most sessions that the protocol allows, the first done, with answers before it and before the second."""
    placed = treatments.order(ward, sessions=ward.protocol.max_sessions)
    order, _visits = treatments.booked(ward, first=1, apart=21, placed=placed)
    treatments.inject(ward, order.course, at=clock.now() - dt.timedelta(days=20))
    for point, pain, peg, back in (("baseline", 8, 7, 15), ("before_2", 4, 5, 9)):
        for code, answers in (
            ("nrs", {"value": pain}),
            ("peg", {"pain": peg, "enjoyment": peg, "activity": peg}),
            ("rmdq", {"total": back}),
        ):
            outcomes.record_response(
                by=ward.nurse, course_id=order.course_id, instrument=code, time_point=point, answers=answers
            )
    return Course.objects.get(pk=order.course_id)


def test_course_is_read_at_a_glance_and_printed_on_two_sheets(
    ward: Ward, course: Course, web: Running, chromium: Browser
) -> None:
    account = clinic.user(Role.PHYSICIAN, at=ward.house.site, password=PASSWORD)
    person = Person(chromium, web, account).sign_in()
    page = person.page
    page.goto(f"/treatments/courses/{course.pk}/")
    expect(page.locator(".h-gains")).to_contain_text("−50 %")
    first = page.locator(".h-axis.wide a").first
    first.focus()
    page.keyboard.press("Enter")
    assert page.url.endswith("#session-1")
    person.screen("course-history")
    for width in (1280, 768, 390):
        page.set_viewport_size({"width": width, "height": 900})
        found = Axe().run(page).response["violations"]
        assert [(rule["id"], rule["nodes"][0]["html"][:120]) for rule in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
    reader = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    assert len(reader.pages) == 2
    assert course.patient.full_name in reader.pages[1].extract_text()
    assert person.complaints == []
    person.close()
