"""An INR that keeps a patient from the draw until the physician decides, and a consent signed on a tablet."""

import datetime as dt
from collections.abc import Iterator
from io import BytesIO

import pytest
from playwright.sync_api import Browser, expect
from pypdf import PdfReader

from clinic import clock
from clinic.enums import Role
from clinic.models import User
from scheduling.models import Appointment, VisitStage
from scheduling.services import progress
from tests.browser.conftest import PASSWORD, Person, Running
from tests.database import Database
from tests.factories import clinic
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from treatments.data import MedicineData
from treatments.models import Consent, ScreeningAnswer, ScreeningRuling
from treatments.services import medicines

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def ward(own_database: Database) -> Ward:
    return factory.ward(screened=True)


@pytest.fixture(scope="module")
def visit(ward: Ward) -> Appointment:
    """It is the day of a first session; the patient takes an anticoagulant and is checked in."""
    patient = clinic.patient(given_name="Ottilie", family_name="Roth")
    order, visits = factory.booked(ward, first=3, placed=factory.order(ward, patient, sessions=1))
    medicines.add(by=ward.nurse, course_id=order.course_id, data=MedicineData("Warfarin", "anticoagulant"))
    clock.set_offset(dt.timedelta(0))
    clock.set_offset(ward.at(3, 9) - clock.now())
    progress.arrive(appointment_id=visits[0].pk, by=ward.desk)
    progress.advance(appointment_id=visits[0].pk, by=ward.nurse)
    return visits[0]


def person(role: Role, ward: Ward, chromium: Browser, web: Running) -> Person:
    account: User = clinic.user(role, at=ward.house.site, password=PASSWORD)
    return Person(chromium, web, account).sign_in()


@pytest.fixture(scope="module")
def nurse(ward: Ward, chromium: Browser, web: Running) -> Iterator[Person]:
    found = person(Role.NURSE, ward, chromium, web)
    found.page.set_viewport_size({"width": 768, "height": 1024})
    yield found
    found.close()


@pytest.fixture(scope="module")
def physician(ward: Ward, chromium: Browser, web: Running) -> Iterator[Person]:
    found = person(Role.PHYSICIAN, ward, chromium, web)
    yield found
    found.close()


def drawn(visit: Appointment) -> bool:
    return VisitStage.objects.get(appointment=visit, code="draw").started_at is not None


def test_an_inr_that_blocks_and_a_consent_on_the_tablet(
    nurse: Person, physician: Person, visit: Appointment
) -> None:
    """Told as one story: the tap that is refused leads to what is missing, line by line, and back to the board."""
    page = nurse.page
    page.goto("/schedule/board/")
    page.locator(f"#tap-{visit.pk}").click()
    page.wait_for_url("**/ready/?next=*")
    expect(page.get_by_text("No blood is drawn yet", exact=True)).to_be_visible()
    assert not drawn(visit)

    # The list of the day, by keyboard: two answers, an INR, then no to the rest, looked over and saved.
    day = page.locator("#list-day")
    day.locator("[data-line]", has_text="New illness").locator("input").first.focus()
    page.keyboard.press("n")
    page.keyboard.press("n")
    day.locator("[data-line]", has_text="INR").locator("[type=number]").fill("2.1")
    day.locator("[data-line]", has_text="Temperature").locator("[type=number]").fill("36.7")
    day.locator("[data-line]", has_text="Glucose").get_by_text("not measured").click()
    day.get_by_role("button", name="No to the rest").click()
    expect(page.locator("#list-day .filled").first).to_be_visible()
    nurse.screen("screening-look-over")
    assert not ScreeningAnswer.objects.exists()
    page.locator("#list-day").get_by_role("button", name="Save answers").click()
    expect(page.get_by_text("INR 2.1, above 1.4.").first).to_be_visible()
    nurse.screen("screening-blocked-nurse")

    # Consent, signed on the tablet.
    page.locator("#consent").get_by_role("link", name="Sign a consent").click()
    pad = page.locator("canvas")
    pad.scroll_into_view_if_needed()
    page.get_by_role("button", name="I agree").click()
    expect(page.get_by_text("Please sign in the field").first).to_be_visible()
    box = pad.bounding_box()
    assert box is not None
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 120)
    page.mouse.down()
    for step in range(1, 12):
        page.mouse.move(box["x"] + 40 + step * 30, box["y"] + (40 if step % 2 else 130))
    page.mouse.up()
    nurse.screen("consent-signing")
    page.get_by_role("button", name="I agree").click()
    page.wait_for_url("**/ready/**")
    consent = Consent.objects.get()
    assert (consent.method, consent.signer) == ("drawn", "Ottilie Roth")
    assert consent.strokes is not None
    assert len(consent.strokes[0]) > 5

    # What is left: the medicine's prescriber and the INR. The physician decides both, with reasons, and the tap works.
    desk = physician.page
    desk.goto("/schedule/board/")
    desk.locator(f"#tap-{visit.pk}").click()
    desk.wait_for_url("**/ready/?next=*")
    physician.screen("screening-blocked-physician")
    inr = desk.locator(".r-standing > li", has_text="INR 2.1")
    inr.get_by_role("textbox").fill("Spoken to Dr Berg at 8:50: facet joints only")
    inr.get_by_role("button", name="Override").click()
    thinner = desk.locator(".r-standing > li", has_text="Warfarin")
    thinner.locator("summary").click()
    thinner.get_by_role("textbox").fill("As above")
    thinner.get_by_role("button", name="Override").click()
    desk.wait_for_url("**/board/")
    assert ScreeningRuling.objects.count() == 2
    button = desk.locator(f"#tap-{visit.pk}")
    with desk.expect_response(lambda response: "advance" in response.url):
        button.click()
    expect(desk.locator(f"#card-{visit.pk}")).to_contain_text("to: Centrifuge")
    assert drawn(visit)

    # The consent prints on one page.
    desk.goto(f"/treatments/consents/{consent.pk}/")
    expect(desk.locator("svg.r-strokes polyline")).to_have_count(1)
    physician.screen("consent-detail")
    printed = PdfReader(BytesIO(desk.pdf(format="A4", print_background=False)))
    assert len(printed.pages) == 1
    assert "Ottilie Roth" in printed.pages[0].extract_text()
    assert nurse.complaints == []
    assert physician.complaints == []
