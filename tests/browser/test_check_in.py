"""A patient of the recovery week on a phone of 360 px: the check-in, an emergency without network, a nurse who calls back."""

import datetime as dt
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from clinic import clock
from clinic.enums import Role, TaskState
from clinic.models import Link, Task
from clinic.services import links
from tests.browser.conftest import PASSWORD, SCREENS, Person, Running
from tests.database import Database
from tests.factories import clinic, treatments
from tests.factories.treatments import Ward
from treatments.models import CheckIn, Session
from treatments.services import red_flags

pytestmark = pytest.mark.browser

RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
_SMALL = """() => [...document.querySelectorAll("a, button, summary, label.answer-tick, label.answer-choice")]
  .filter(e => e.offsetParent && !e.classList.contains("skip") && e.getBoundingClientRect().height < 44)
  .map(e => e.outerHTML.slice(0, 80))"""
_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
_KEPT = "() => JSON.stringify(Object.entries(localStorage).filter(([name]) => name.startsWith('check-in:')))"


@pytest.fixture(scope="module")
def ward(own_database: Database) -> Iterator[Ward]:
    """At eleven in the morning, while the house is open."""
    built = treatments.ward()
    clock.set_offset(built.house.at(dt.date(2027, 3, 2), 11) - clock.now())
    yield built
    clock.set_offset(dt.timedelta(0))


def treated(ward: Ward, **patient: str) -> Session:
    course = treatments.order(ward, clinic.patient(**patient)).course
    return treatments.inject(ward, course, at=clock.now() - dt.timedelta(days=1))


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
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert [
        said for said in complaints if "ERR_INTERNET_DISCONNECTED" not in said and "422" not in said
    ] == []


def enter(page: Page, session: Session) -> None:
    born = session.course.patient.birth_date
    token = links.token_of(Link.objects.get(about=f"session:{session.pk}", contact=None))
    page.goto(reverse("clinic:link", args=[token]))
    page.locator("[name=day]").fill(str(born.day))
    page.locator("[name=month]").select_option(str(born.month))
    page.locator("[name=year]").fill(str(born.year))
    page.locator("form.link-birth button").click()
    expect(page.locator("form.check-form")).to_be_visible()


def faults(page: Page, name: str, *, widths: tuple[int, ...] = (320, 360), small: bool = True) -> list[str]:
    SCREENS.mkdir(parents=True, exist_ok=True)
    found: list[str] = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.screenshot(path=SCREENS / f"{name}-{theme}.png", full_page=True)
        found += [
            f"{name} {theme}: {each['id']}: {each['nodes'][0]['html'][:120]}"
            for each in Axe().run(page, options=RULES).response["violations"]
        ]
    page.emulate_media(color_scheme="light")
    found += [f"{name}: small: {each}" for each in page.evaluate(_SMALL)] if small else []
    before = page.viewport_size
    assert before is not None
    for width in widths:
        page.set_viewport_size({"width": width, "height": before["height"]})
        if page.evaluate(_WIDE) > 0:
            found.append(f"{name}: sideways at {width}")
    page.set_viewport_size(before)
    return found


def test_patient_checks_in_and_what_was_filled_in_outlives_a_reload(ward: Ward, phone: Page) -> None:
    session = treated(ward)
    enter(phone, session)
    phone.locator("input[name=pain][value='3']").check()
    phone.locator("input[name=trend][value=better]").check()
    phone.reload()
    expect(phone.locator("input[name=pain][value='3']")).to_be_checked()
    phone.locator("#check-note").fill("Slept well")
    assert faults(phone, "check-in") == []
    phone.get_by_role("button", name="Send my answers").click()
    expect(phone.get_by_role("heading", name="Thank you")).to_be_visible()
    row = CheckIn.objects.get(session=session)
    assert (row.pain, row.trend, row.note, row.day) == (3, "better", "Slept well", 1)
    assert phone.evaluate(_KEPT) == "[]"
    assert faults(phone, "check-in-done") == []


def test_emergency_without_network_shows_what_to_do_and_sends_itself_when_it_is_back(
    ward: Ward, phone: Page
) -> None:
    session = treated(ward)
    enter(phone, session)
    advice = phone.locator("[data-advice=emergency]")
    expect(advice).to_be_hidden()
    phone.context.set_offline(True)
    phone.get_by_text("A leg or foot has become weak").click()
    expect(advice).to_be_visible()
    expect(advice.get_by_role("link", name="Call 112")).to_have_attribute("href", "tel:112")
    assert faults(phone, "check-in-emergency") == []
    expect(phone.locator("[data-told]")).to_contain_text("kept on this phone")
    assert CheckIn.objects.filter(session=session).count() == 0
    assert session.course.patient.family_name not in phone.evaluate(_KEPT)

    phone.context.set_offline(False)
    expect(phone.locator("[data-told]")).to_have_text("The clinic has your message.", timeout=20_000)
    row = CheckIn.objects.get(session=session)
    assert (row.red_flags, row.emergency) == (["leg_weakness"], True)
    assert (
        Task.objects.get(kind=red_flags.EMERGENCY, about=red_flags.about(session.pk)).state == TaskState.OPEN
    )
    expect(advice).to_be_visible()
    phone.locator("input[name=pain][value='8']").check()
    phone.get_by_role("button", name="Send my answers").click()
    expect(phone.get_by_role("heading", name="This needs help now", level=1)).to_be_visible()
    assert CheckIn.objects.filter(session=session).count() == 2
    assert Task.objects.filter(about=red_flags.about(session.pk)).count() == 1
    assert faults(phone, "check-in-emergency-done") == []


def test_slip_of_the_finger_that_is_taken_back_tells_nobody(ward: Ward, phone: Page) -> None:
    session = treated(ward)
    enter(phone, session)
    phone.get_by_text("A leg or foot has become weak").click()
    expect(phone.locator("[data-advice=emergency]")).to_be_visible()
    phone.get_by_text("A leg or foot has become weak").click()
    expect(phone.locator("[data-advice=emergency]")).to_be_hidden()
    phone.wait_for_timeout(5_500)
    assert CheckIn.objects.filter(session=session).count() == 0


def test_answers_sent_without_network_go_by_themselves(ward: Ward, phone: Page) -> None:
    session = treated(ward)
    enter(phone, session)
    phone.context.set_offline(True)
    phone.locator("input[name=pain][value='5']").check()
    phone.get_by_role("button", name="Send my answers").click()
    expect(phone.locator("[data-state]")).to_contain_text("kept on this phone")
    phone.context.set_offline(False)
    expect(phone.get_by_role("heading", name="Thank you")).to_be_visible(timeout=20_000)
    assert [row.pain for row in CheckIn.objects.filter(session=session)] == [5]
    assert phone.evaluate(_KEPT) == "[]"


def test_without_script_it_is_a_plain_form_and_the_advice_shows_all_the_same(
    ward: Ward, chromium: Browser, web: Running
) -> None:
    session = treated(ward)
    context = chromium.new_context(
        base_url=web.url, viewport={"width": 360, "height": 740}, java_script_enabled=False
    )
    page = context.new_page()
    enter(page, session)
    page.get_by_text("New trouble holding").click()
    expect(page.locator("[data-advice=emergency]")).to_be_visible()
    page.get_by_role("button", name="Send my answers").click()
    expect(page.get_by_role("heading", name="This needs help now", level=1)).to_be_visible()
    assert CheckIn.objects.get(session=session).emergency
    context.close()


def test_nurse_finds_the_red_flag_on_the_first_page_and_closes_it_with_words(
    ward: Ward, phone: Page, chromium: Browser, web: Running
) -> None:
    session = treated(ward)
    enter(phone, session)
    phone.get_by_text("Fever or chills").click()
    expect(phone.locator("[data-advice=today]")).to_be_visible()
    phone.get_by_role("button", name="Send my answers").click()
    expect(phone.get_by_text("We call you by")).to_be_visible()

    nurse = Person(chromium, web, clinic.user(Role.NURSE, at=ward.house.site, password=PASSWORD)).sign_in()
    page = nurse.page
    page.goto(reverse("clinic:home"))
    strip = page.get_by_role("region", name="Cannot wait")
    row = (
        strip.get_by_role("listitem")
        .filter(has_text="Call today")
        .filter(has_text=session.course.patient.full_name)
    )
    expect(row).to_contain_text("min left")
    assert faults(page, "urgent-home", widths=(390, 1280), small=False) == []
    row.get_by_role("link").click()
    expect(page.get_by_text("Fever or chills").first).to_be_visible()
    assert faults(page, "red-flag", widths=(390, 1280), small=False) == []
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    page.get_by_label("What was done").fill("Reached, 38.2, comes in at three.")
    page.get_by_role("button", name="Finish").click()
    page.wait_for_url("**/")
    task = Task.objects.get(kind=red_flags.SAME_DAY, about=red_flags.about(session.pk))
    assert (task.state, task.outcome) == (TaskState.DONE, "Reached, 38.2, comes in at three.")
    page.goto(reverse("treatments:course-detail", args=[session.course_id]))
    expect(page.locator(".week-flag")).to_have_count(1)
    assert faults(page, "course-week", widths=(390, 1280), small=False) == []
    assert nurse.complaints == []
    nurse.close()
