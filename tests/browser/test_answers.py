"""A patient answers on a phone of 360 px, and on the clinic's tablet; a scanner opens the link first and changes nothing."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from clinic import tokens
from clinic.enums import Role
from clinic.models import Link
from clinic.services import links
from tests import walk
from tests.browser.conftest import PASSWORD, SCREENS, Person, Running
from tests.database import Database
from tests.factories import clinic, treatments
from tests.factories.scheduling import BY
from tests.factories.treatments import Ward
from treatments.instruments import BUILTIN
from treatments.models import AnswerSheet, Course, Response
from treatments.services import asking, planning

pytestmark = pytest.mark.browser

RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
_SMALL = """() => [...document.querySelectorAll("a, button, label.answer-tick, label.answer-choice")]
  .filter(e => e.offsetParent && !e.classList.contains("skip") && e.getBoundingClientRect().height < 44)
  .map(e => e.outerHTML.slice(0, 80))"""
_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def ward(own_database: Database) -> Ward:
    return treatments.ward()


def asked(ward: Ward, hour: int, **patient: str) -> Course:
    """A course whose baseline is open."""
    placed = treatments.order(ward, clinic.patient(**patient))
    starts = {number: ward.at(5 + 28 * (number - 1), hour) for number in range(1, placed.sessions + 1)}
    planning.book_course(by=ward.desk, order_id=placed.pk, starts=starts, request_key=placed.pk)
    asking.ask_due(by=BY)
    return placed.course


@pytest.fixture
def phone(chromium: Browser, web: Running) -> Iterator[Page]:
    context = chromium.new_context(
        base_url=web.url,
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
        locale="en-GB",
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert [said for said in complaints if not any(code in said for code in ("404", "410", "422"))] == []


def faults(page: Page, name: str) -> list[str]:
    """axe in both themes, small targets, sideways scrolling at 320 and 360 px; and pictures."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    found: list[str] = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.screenshot(path=SCREENS / f"{name}-{theme}.png", full_page=True)
        found += [
            f"{name} {theme}: {each['id']}: {each['help']}: {each['nodes'][0]['html'][:120]}"
            for each in Axe().run(page, options=RULES).response["violations"]
        ]
    found += [f"{name}: small: {each}" for each in page.evaluate(_SMALL)]
    for width in (320, 360):
        page.set_viewport_size({"width": width, "height": 740})
        if page.evaluate(_WIDE) > 0:
            found.append(f"{name}: scrolls sideways at {width}")
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return found


def give_birth_date(page: Page, course: Course) -> None:
    born = course.patient.birth_date
    page.locator("#id_day").fill(str(born.day))
    page.locator("#id_month").select_option(str(born.month))
    page.locator("#id_year").fill(str(born.year))
    page.locator("main button").click()


def door_of(course: Course) -> str:
    return reverse(
        "clinic:link", args=[links.token_of(Link.objects.get(purpose="answers", patient=course.patient_id))]
    )


def test_patient_answers_peg_and_rmdq_on_a_phone(ward: Ward, phone: Page) -> None:
    course = asked(ward, 9, given_name="Wilhelmine")
    door = door_of(course)
    tables = walk.business_tables()
    before = walk.fingerprint(tables)
    for _look in range(3):
        phone.goto(door)  # as the mail scanner does, which runs the page too
    assert walk.fingerprint(tables) == before
    found = faults(phone, "answers-birth")
    give_birth_date(phone, course)
    expect(phone.get_by_text("Hello Wilhelmine")).to_be_visible()
    found += faults(phone, "answers-begin")
    phone.get_by_role("link", name="Begin").click()
    phone.locator("label.answer-choice", has_text="6").click()
    expect(phone.get_by_text("Kept")).to_be_visible()
    phone.reload()
    expect(phone.locator("input[value='6']")).to_be_checked()
    found += faults(phone, "answers-scale")
    phone.get_by_role("button", name="Next").click()
    for value in ("5", "6", "7"):
        phone.locator("label.answer-choice", has_text=value).first.click()
        phone.get_by_role("button", name="Next").click()
    found += faults(phone, "answers-ticks")
    for number in (1, 7, 13, 19):
        words = BUILTIN["rmdq"].by_code[str(number)].words["en"]
        phone.get_by_label(words).check()
        phone.get_by_role("button", name="Next").click()
    phone.get_by_role("link", name="Back").click()
    expect(phone.get_by_label(BUILTIN["rmdq"].by_code["19"].words["en"])).to_be_checked()
    phone.get_by_role("button", name="Next").click()
    found += faults(phone, "answers-number")
    phone.get_by_role("button", name="Next").click()
    expect(phone.get_by_role("heading", name="Something is still open")).to_be_visible()
    found += faults(phone, "answers-check")
    phone.get_by_role("link", name="How normal is your back").click()
    phone.locator("#answer-number").fill("40")
    phone.get_by_role("button", name="Next").click()
    expect(phone.get_by_role("heading", name="Thank you")).to_be_visible()
    found += faults(phone, "answers-done")
    scores = dict(Response.objects.filter(course=course).values_list("instrument", "score"))
    assert scores == {"nrs": 6, "peg": 6, "rmdq": 4, "sane": 40}
    assert AnswerSheet.objects.get(course=course).status == "answered"
    assert found == []


def test_forged_and_ended_links_say_what_to_do_in_both_languages(ward: Ward, phone: Page) -> None:
    course = asked(ward, 11, language="es")
    link = Link.objects.get(purpose="answers", patient=course.patient_id)
    phone.goto(door_of(course))
    expect(phone.get_by_role("heading", name="Díganos su fecha de nacimiento")).to_be_visible()
    found = faults(phone, "answers-birth-es")
    give_birth_date(phone, course)
    phone.get_by_role("link", name="Empezar").click()
    expect(phone.get_by_text("¿Cómo de fuerte ha sido")).to_be_visible()
    found += faults(phone, "answers-scale-es")
    links.revoke(by=BY, purpose=asking.DOOR, about=[link.about], reason="done")
    phone.goto(door_of_link(link))
    expect(phone.get_by_role("heading", name="Este enlace ya no hace falta")).to_be_visible()
    found += faults(phone, "answers-ended-es")
    phone.goto(reverse("clinic:link", args=[tokens.new()]))
    expect(phone.get_by_role("heading", name="This link does not work")).to_be_visible()
    found += faults(phone, "answers-forged")
    assert found == []


def door_of_link(link: Link) -> str:
    return reverse("clinic:link", args=[links.token_of(link)])


def test_tablet_is_handed_over_and_taken_back(ward: Ward, chromium: Browser, web: Running) -> None:
    course = asked(ward, 13)
    user = clinic.user(Role.NURSE, at=ward.house.site, password=PASSWORD)
    nurse = Person(chromium, web, user).sign_in()
    page = nurse.page
    page.goto(reverse("treatments:outcomes", args=[course.pk]))
    nurse.screen("answers-overview")
    page.get_by_role("button", name="Hand this tablet over").click()
    page.get_by_role("link", name="Begin").click()
    page.set_viewport_size({"width": 768, "height": 1024})
    nurse.screen("answers-tablet")
    page.goto("/")
    expect(page.get_by_text("in a patient’s hands")).to_be_visible()
    nurse.screen("answers-take-back")
    page.locator("input[type=password]").fill(PASSWORD)
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("heading", name="Answers and findings")).to_be_visible()
    assert nurse.complaints == []
    nurse.close()
