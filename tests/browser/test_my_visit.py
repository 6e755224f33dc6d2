"""A patient answers from the mail on a phone of 360 px, without an account: confirm, move, cancel, stop mails."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect

from clinic import clock
from clinic.enums import Role
from clinic.models import Link, Message, Site
from clinic.selectors import preferences
from clinic.services import links, unsubscribing
from scheduling.enums import Notice
from scheduling.models import Appointment
from scheduling.services.knowledge import DOOR, about
from tests.browser.conftest import PASSWORD, SCREENS, Person, Running
from tests.database import Database
from tests.factories import clinic, waiting
from tests.factories import scheduling as factory
from tests.factories.scheduling import House

pytestmark = pytest.mark.browser

RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
_SMALL = """() => [...document.querySelectorAll("main a, main button, header a, main label")]
  .filter(e => e.getBoundingClientRect().height < 44 && !e.classList.contains("skip-link")
    && !e.closest(".link-birth .field label")).map(e => e.outerHTML.slice(0, 90))"""
_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def house(own_database: Database) -> House:
    house = factory.house(physicians=1, rooms=1)
    Site.objects.filter(pk=house.site.pk).update(
        directions="Tram M10 to Lindenplatz, then two minutes on foot.\nThe entrance is beside the bakery. The lift is left."
    )
    return house


@dataclass
class Phone:
    page: Page
    context: BrowserContext


@pytest.fixture
def phone(chromium: Browser, web: Running) -> Iterator[Phone]:
    context = chromium.new_context(
        base_url=web.url,
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
        locale="en-GB",
    )
    context.set_default_timeout(15_000)
    yield Phone(context.new_page(), context)
    context.close()


def booked(house: House, days: int, hour: int = 9, **patient: str) -> Appointment:
    start = house.at(factory.days_ahead(days, house.site), hour)
    return waiting.visit(house, start, clinic.patient(**patient))


def address(visit: Appointment) -> str:
    link = Link.objects.get(purpose=DOOR, about=about(visit))
    return reverse("clinic:link", args=[links.token_of(link)])


def give_birth_date(page: Page) -> None:
    fields = page.locator(".link-birth")
    fields.locator("[name=day]").fill("7")
    fields.locator("[name=month]").select_option("3")
    fields.locator("[name=year]").fill("1961")
    fields.get_by_role("button").tap()


def enter(page: Page, visit: Appointment) -> None:
    page.goto(address(visit))
    give_birth_date(page)
    expect(page.locator(".visit-card")).to_be_visible()


def faults(page: Page, name: str) -> list[str]:
    """axe in both themes, small targets, sideways scrolling at 320 px and 360 px; and pictures."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    found: list[str] = []
    for theme in ("light", "dark"):
        page.evaluate("theme => document.documentElement.setAttribute('data-bs-theme', theme)", theme)
        page.screenshot(path=SCREENS / f"{name}-{theme}.png", full_page=True, animations="disabled")
        result = Axe().run(page, options=RULES).response["violations"]
        found += [f"{theme} {each['id']}: {each['help']}" for each in result]
    found += page.evaluate(_SMALL)
    for width in (320, 360):
        page.set_viewport_size({"width": width, "height": 740})
        if page.evaluate(_WIDE) > 0:
            found.append(f"scrolls sideways at {width}")
    return found


def test_confirm_and_the_desk_sees_it(house: House, phone: Phone, chromium: Browser, web: Running) -> None:
    visit, page = booked(house, 10), phone.page
    enter(page, visit)
    assert faults(page, "my-visit-360") == []
    expect(page.get_by_role("link", name=house.site.phone)).to_have_attribute("href", "tel:+49305550100")
    page.get_by_role("button", name="Yes, I will come").tap()
    expect(page.locator(".visit-said")).to_contain_text("We look forward to seeing you")
    assert faults(page, "my-visit-confirmed-360") == []
    page.go_back()
    page.reload()
    expect(page.get_by_role("button", name="Yes, I will come")).to_have_count(0)
    clerk = Person(chromium, web, clinic.user(Role.FRONT_DESK, at=house.site, password=PASSWORD)).sign_in()
    clerk.page.goto(reverse("scheduling:appointment-detail", args=[visit.pk]))
    expect(clerk.page.locator(".history")).to_contain_text("The patient")
    expect(clerk.page.locator(".history")).to_contain_text("Confirmed")
    assert clerk.complaints == []
    clerk.close()


def test_move_to_a_free_time(house: House, phone: Phone) -> None:
    visit, page = booked(house, 11), phone.page
    before = visit.period.lower
    enter(page, visit)
    page.get_by_role("link", name="Find another time").tap()
    expect(page.get_by_role("heading", name="Choose another time")).to_be_visible()
    assert faults(page, "my-visit-move-360") == []
    gone = page.locator("[name=start]").nth(2)
    taken = str(gone.get_attribute("value"))
    waiting.visit(house, dt.datetime.fromisoformat(taken))
    gone.tap()
    expect(page.get_by_role("alert")).to_contain_text("Somebody else has just taken that time")
    assert faults(page, "my-visit-taken-360") == []
    page.locator("summary").nth(1).tap()
    page.locator("details").nth(1).locator("[name=start]").nth(4).tap()
    expect(page.locator(".visit-said")).to_contain_text("has this new time")
    visit.refresh_from_db()
    assert visit.period.lower != before


def test_cancel_with_a_reason_in_spanish(house: House, phone: Phone) -> None:
    visit, page = booked(house, 12, language="es"), phone.page
    enter(page, visit)
    assert faults(page, "my-visit-es-360") == []
    page.get_by_role("link", name="No puedo ir").tap()
    page.get_by_role("button", name="Cancelar la cita").tap()
    expect(page.get_by_role("alert")).to_contain_text("Elija un motivo")
    page.get_by_text("No me encuentro bien").tap()
    assert faults(page, "my-visit-cancel-es-360") == []
    page.get_by_role("button", name="Cancelar la cita").tap()
    expect(page.get_by_role("heading", name="Su cita está cancelada")).to_be_visible()
    assert faults(page, "my-visit-off-es-360") == []
    visit.refresh_from_db()
    assert (visit.status, visit.reason_id) == ("cancelled", "patient_unwell")


def test_a_prefetching_scanner_changes_nothing(house: House, phone: Phone) -> None:
    visit = booked(house, 13)
    link = Link.objects.get(purpose=DOOR, about=about(visit))
    for name in ("", "-confirm", "-move", "-cancel", "-call", "-calendar"):
        url = reverse(f"scheduling:my-visit{name}", args=[links.token_of(link)])
        for method in ("GET", "HEAD"):
            phone.context.request.fetch(url, method=method)
    mail = Message.objects.filter(patient=visit.patient_id, kind=Notice.REMINDER_3D)[0]
    url = reverse("clinic:unsubscribe", args=[mail.pk, unsubscribing.token_of(mail.pk)])
    assert phone.context.request.get(url).status == 200
    visit.refresh_from_db()
    link.refresh_from_db()
    assert (visit.status, visit.version, link.tries) == ("booked", 1, 0)
    assert preferences.of_person((visit.patient_id, None)) == frozenset()


def test_stop_reminders_by_a_tap_and_by_one_click(house: House, phone: Phone) -> None:
    visit, page = booked(house, 14), phone.page
    mail = Message.objects.filter(patient=visit.patient_id, kind=Notice.REMINDER_3D)[0]
    url = reverse("clinic:unsubscribe", args=[mail.pk, unsubscribing.token_of(mail.pk)])
    page.goto(url)
    assert faults(page, "unsubscribe-360") == []
    page.get_by_role("button", name="Stop these mails").tap()
    expect(page.get_by_role("heading", name="You get no more of these mails")).to_be_visible()
    assert preferences.of_person((visit.patient_id, None)) == {"reminders"}
    assert faults(page, "unsubscribed-360") == []
    page.get_by_role("button", name="Send them again").tap()
    expect(page.get_by_role("button", name="Stop these mails")).to_be_visible()
    answer = phone.context.request.post(url, form={"List-Unsubscribe": "One-Click"})
    assert answer.status == 204
    assert preferences.of_person((visit.patient_id, None)) == {"reminders"}


def test_choose_which_mails_from_the_visits_page(house: House, phone: Phone) -> None:
    visit, page = booked(house, 15), phone.page
    enter(page, visit)
    page.get_by_role("link", name="Choose which mails you get").tap()
    expect(page.get_by_role("heading", name="What may we write to you about?")).to_be_visible()
    assert faults(page, "preferences-360") == []
    page.get_by_text("Invitations to a check-up").tap()
    page.get_by_text("Español").tap()
    page.get_by_role("button", name="Save").tap()
    expect(page.locator(".visit-said")).to_contain_text("Guardado")
    assert faults(page, "preferences-es-360") == []
    assert preferences.of_person((visit.patient_id, None)) == {"reviews"}


def test_forged_and_ended_links_say_what_to_do(house: House, phone: Phone) -> None:
    visit, page = booked(house, 16), phone.page
    page.goto(reverse("clinic:link", args=["f" * 64]))
    expect(page.get_by_role("heading", name="This link does not work")).to_be_visible()
    assert faults(page, "link-forged-360") == []
    page.goto(reverse("clinic:unsubscribe", args=[uuid4(), "f" * 64]))
    expect(page.get_by_role("heading", name="This link does not work")).to_be_visible()
    Link.objects.filter(purpose=DOOR, about=about(visit)).update(expires_at=clock.now())
    page.goto(address(visit))
    expect(page.get_by_role("heading", name="This link has ended")).to_be_visible()
    expect(page.get_by_role("link", name=f"Call us: {house.site.phone}")).to_be_visible()
    assert faults(page, "link-ended-360") == []
