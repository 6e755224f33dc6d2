"""Targets entered on the drawn spine: tapped on a tablet, and by keyboard alone."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from clinic.enums import Role
from tests.browser.conftest import PASSWORD, Person, Running
from tests.database import Database
from tests.factories import clinic, treatments
from tests.factories.treatments import Ward
from treatments.data import TargetData
from treatments.models import Course, Session

pytestmark = pytest.mark.browser

LEFT, RIGHT = TargetData("facet", "L4-L5", "left"), TargetData("facet", "L4-L5", "right")


@pytest.fixture(scope="module")
def ward(own_database: Database) -> Ward:
    return treatments.ward()


@pytest.fixture(scope="module")
def physician(ward: Ward, web: Running, chromium: Browser) -> Iterator[Person]:
    account = clinic.user(Role.PHYSICIAN, at=ward.house.site, password=PASSWORD)
    found = Person(chromium, web, account).sign_in()
    yield found
    assert found.complaints == []
    found.close()


@pytest.fixture
def session(ward: Ward) -> Session:
    return treatments.session(treatments.order(ward, targets=[LEFT, RIGHT]).course)


def record(page: Page, session: Session) -> None:
    page.goto(reverse("treatments:session-detail", args=[session.pk]))
    expect(page.locator("[data-spine=injections]")).to_be_visible()


def save(page: Page) -> None:
    with page.expect_response(lambda answer: "/record/injections/" in answer.url):
        page.get_by_role("button", name="Record injections").click()
    expect(page.locator("#injections [data-keep=saved]")).to_contain_text("✓")


def no_faults(page: Page) -> None:
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        found = Axe().run(page).response["violations"]
        assert [(rule["id"], rule["nodes"][0]["html"][:120]) for rule in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
    page.set_viewport_size({"width": 1280, "height": 900})


def given(session: Session) -> list[tuple[str, str, str, str]]:
    return sorted(
        (row.structure, row.level, row.side, str(row.volume_ml)) for row in session.injections.all()
    )


def test_three_targets_are_tapped_on_a_tablet(physician: Person, session: Session) -> None:
    page = physician.page
    page.set_viewport_size({"width": 768, "height": 1024})
    record(page, session)
    facet = page.get_by_role("button", name="Facet joint L4–L5 left")
    expect(facet).to_have_accessible_name("Facet joint L4–L5 left, planned")
    size = facet.locator(".spine-hit").bounding_box()
    assert size is not None
    assert min(size["width"], size["height"]) >= 44
    facet.click()
    expect(facet).to_have_accessible_name("Facet joint L4–L5 left, 1.0 mL now")
    page.get_by_role("button", name="Sacroiliac joint right").click()
    page.get_by_role("button", name="Facet joint L5–S1 right").click()
    page.get_by_role("button", name="Less").click()
    expect(page.locator("[data-spine-ml]")).to_have_text("0.9 mL")
    save(page)
    assert given(session) == [
        ("facet", "L4-L5", "left", "1.0"),
        ("facet", "L5-S1", "right", "0.9"),
        ("si_joint", "S", "right", "1.0"),
    ]


def test_three_targets_are_entered_by_keyboard_alone(physician: Person, session: Session) -> None:
    page = physician.page
    page.set_viewport_size({"width": 1280, "height": 900})
    record(page, session)
    keys = page.keyboard
    page.get_by_role("button", name="Facet joint L4–L5 left").focus()
    keys.press("Enter")
    keys.press("ArrowRight")
    expect(page.get_by_role("button", name="Facet joint L4–L5 right")).to_be_focused()
    keys.press("Enter")
    keys.press("+")
    keys.press("ArrowDown")
    expect(page.get_by_role("button", name="Facet joint L5–S1 right")).to_be_focused()
    keys.press("Enter")
    keys.press("Delete")
    quick = page.get_by_label("Or type level, side, structure")
    quick.focus()
    keys.type("L45 x f")
    keys.press("Enter")
    expect(page.locator("[data-spine-said]")).to_have_text(
        "Not understood. Type level, side, structure: L45 l f"
    )
    quick.fill("s r si 2")
    keys.press("Enter")
    expect(quick).to_have_value("")
    expect(page.locator("[data-spine-said]")).to_have_text("Sacroiliac joint right, 2.0 mL now")
    no_faults(page)
    save(page)
    assert given(session) == [
        ("facet", "L4-L5", "left", "1.0"),
        ("facet", "L4-L5", "right", "1.1"),
        ("si_joint", "S", "right", "2.0"),
    ]


def test_course_is_ordered_from_the_drawing(physician: Person, ward: Ward) -> None:
    page, patient = physician.page, clinic.patient()
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(reverse("treatments:order-new", args=[patient.pk]))
    quick = page.get_by_label("Or type level, side, structure")
    quick.fill("L5S1 b f")
    quick.press("Enter")
    page.get_by_role("button", name="Facet joint L3–L4 left").click()
    page.get_by_role("button", name="Facet joint L3–L4 left, chosen").click()
    page.get_by_role("button", name="Discs").click()
    page.get_by_role("button", name="Disc L4–L5").click()
    no_faults(page)
    page.get_by_label("Diagnosis code").fill("M47.816")
    page.get_by_label("Diagnosis in words").fill("Spondylosis, lumbar region")
    page.get_by_role("button", name="Order", exact=True).click()
    page.wait_for_url("**/treatments/courses/**")
    course = Course.objects.get(patient=patient)
    assert sorted(course.targets.values_list("structure", "level", "side")) == [
        ("disc", "L4-L5", "midline"),
        ("facet", "L5-S1", "left"),
        ("facet", "L5-S1", "right"),
    ]
