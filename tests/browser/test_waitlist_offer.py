"""An offer answered on a phone by the patient, another one by the desk with one key."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from clinic.enums import Role
from scheduling.models import Appointment, Offer
from scheduling.services import offers
from scheduling.services.offers import token_of
from tests.browser.conftest import PASSWORD, SCREENS, Person, Running
from tests.database import Database
from tests.factories import clinic, waiting
from tests.factories import scheduling as factory
from tests.factories.scheduling import BY, House

pytestmark = pytest.mark.browser

RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
_SMALL = """() => [...document.querySelectorAll("main a, main button, footer a")]
  .filter(e => e.getBoundingClientRect().height < 44).map(e => e.outerHTML.slice(0, 80))"""
_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def house(own_database: Database) -> House:
    return factory.house(physicians=1, rooms=1)


def make_offer(house: House, hour: int, **patient: str) -> Offer:
    entry = waiting.waits(house, clinic.patient(**patient))
    start = house.at(factory.days_ahead(4, house.site), hour)
    return offers.make(entry_id=entry.pk, start=start, by=BY, by_phone=True)


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
    yield context.new_page()
    context.close()


def faults(page: Page, name: str) -> list[str]:
    """axe, small targets, sideways scrolling at 320 px and 360 px; and a picture."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"{name}.png", full_page=True)
    found = [
        f"{each['id']}: {each['help']}" for each in Axe().run(page, options=RULES).response["violations"]
    ]
    found += page.evaluate(_SMALL)
    for width in (320, 360):
        page.set_viewport_size({"width": width, "height": 740})
        if page.evaluate(_WIDE) > 0:
            found.append(f"scrolls sideways at {width}")
    return found


def test_an_offer_is_accepted_on_a_phone(house: House, phone: Page) -> None:
    offer = make_offer(house, 9)
    phone.goto(reverse("scheduling:offer", args=[token_of(offer.pk)]))
    expect(phone.get_by_role("heading", name="A free time for you")).to_be_visible()
    expect(phone.get_by_role("link", name=house.site.phone)).to_have_attribute(
        "href", f"tel:{house.site.phone.replace(' ', '')}"
    )
    assert faults(phone, "offer-open-360") == []
    phone.get_by_role("button", name="Yes, I take it").tap()
    expect(phone.get_by_role("heading", name="You have this time")).to_be_visible()
    assert faults(phone, "offer-accepted-360") == []
    assert Appointment.objects.get(patient=offer.entry.patient).period.lower == offer.start


def test_an_offer_is_declined_in_spanish_and_in_the_dark(house: House, phone: Page) -> None:
    offer = make_offer(house, 10, language="es")
    phone.emulate_media(color_scheme="dark")
    phone.goto(reverse("scheduling:offer", args=[token_of(offer.pk)]))
    assert faults(phone, "offer-open-es-dark-360") == []
    phone.get_by_role("button", name="No, gracias").tap()
    expect(phone.get_by_role("heading", name="Gracias por avisarnos")).to_be_visible()
    offer.refresh_from_db()
    assert offer.status == "declined"


def test_the_desk_answers_by_phone_with_one_key(house: House, chromium: Browser, web: Running) -> None:
    offer = make_offer(house, 11)
    account = clinic.user(Role.FRONT_DESK, at=house.site, password=PASSWORD)
    clerk = Person(chromium, web, account).sign_in()
    page = clerk.page
    page.goto(reverse("scheduling:waitlist"))
    page.keyboard.press("y")  # outside of an offer the key does nothing
    expect(page.locator("[data-until]").first).to_contain_text("left")
    page.get_by_role("button", name=f"{offer.entry.patient.full_name} says yes").focus()
    page.keyboard.press("y")
    page.wait_for_url("**/booked/")
    assert Appointment.objects.get(patient=offer.entry.patient).period.lower == offer.start
    assert clerk.complaints == []
    clerk.close()
