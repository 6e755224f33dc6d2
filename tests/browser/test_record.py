"""One record, two tablets; a kit that expired; a product that grew old; a session written up with a few keys."""

import datetime as dt
import time
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from clinic import clock
from clinic.enums import Role
from tests.browser.conftest import PASSWORD, Person, Running
from tests.database import Database
from tests.factories import clinic
from tests.factories import treatments as factory
from tests.factories.treatments import Ward
from treatments.models import Session
from treatments.services import blood

pytestmark = pytest.mark.browser

EXPIRED = "0104012345678901" + "17240131" + "10OLD7"
FRESH = "0104012345678901" + "17291130" + "10LOT42"
RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def ward(own_database: Database) -> Ward:
    return factory.ward()


@pytest.fixture(scope="module")
def nurse(ward: Ward, chromium: Browser, web: Running) -> Iterator[Person]:
    person = Person(chromium, web, clinic.user(Role.NURSE, at=ward.house.site, password=PASSWORD)).sign_in()
    yield person
    assert person.complaints == []
    person.close()


@pytest.fixture(scope="module")
def physician(ward: Ward, chromium: Browser, web: Running) -> Iterator[Person]:
    account = clinic.user(Role.PHYSICIAN, at=ward.house.site, password=PASSWORD)
    person = Person(chromium, web, account).sign_in()
    yield person
    assert person.complaints == []
    person.close()


@pytest.fixture
def session(ward: Ward) -> Session:
    return factory.session(factory.order(ward).course)


def opened(person: Person, session: Session) -> Page:
    person.page.goto(reverse("treatments:session-detail", args=[session.pk]))
    return person.page


def fill(page: Page, label: str, value: str) -> None:
    """Type and leave the field, as people do."""
    page.get_by_label(label, exact=True).fill(value)
    page.get_by_label(label, exact=True).press("Tab")


def until(session: Session, volume: str) -> None:
    """Wait for a save to have reached the database."""
    end = time.monotonic() + 10
    while str(session.draws.get().blood_ml) != volume:
        assert time.monotonic() < end
        time.sleep(0.1)


def test_nurse_and_physician_write_one_record_on_two_tablets(
    nurse: Person, physician: Person, session: Session
) -> None:
    hers, his = opened(nurse, session), opened(physician, session)
    his.get_by_label("Vein").focus()
    his.keyboard.type("left")
    fill(hers, "Blood drawn, mL", "52")
    expect(his.get_by_label("Blood drawn, mL", exact=True)).to_have_value("52.0", timeout=20_000)
    expect(his.get_by_label("Vein")).to_be_focused()
    expect(his.get_by_label("Vein")).to_have_value("left")
    his.keyboard.press("Tab")
    expect(hers.get_by_label("Vein")).to_have_value("left", timeout=20_000)
    row = session.draws.get()
    assert (str(row.blood_ml), row.site) == ("52.0", "left")

    his.get_by_label("Blood drawn, mL", exact=True).focus()  # he begins to type, she is faster
    his.keyboard.press("Control+a")
    his.keyboard.type("30")
    fill(hers, "Blood drawn, mL", "54")
    until(session, "54.0")
    his.keyboard.press("Tab")
    notice = his.locator("#draw .notice.attention")
    expect(notice).to_contain_text("saved: 54.0")
    expect(notice).to_contain_text("yours: 30")
    physician.screen("record-conflict")
    row.refresh_from_db()
    assert str(row.blood_ml) == "54.0"
    notice.get_by_role("button", name="Take 54.0").click()
    expect(his.get_by_label("Blood drawn, mL", exact=True)).to_have_value("54.0")
    expect(his.locator("#draw .notice.attention")).to_have_count(0)


def test_expired_kit_is_refused_when_it_is_scanned(nurse: Person, session: Session) -> None:
    page = opened(nurse, session)
    scan = page.get_by_label("Scan the kit")
    scan.focus()
    page.keyboard.type(EXPIRED)
    page.keyboard.press("Enter")  # a scanner ends with it
    expect(page.locator("#preparation")).to_contain_text(
        "This kit expired on 31 Jan 2024 and must not be used"
    )
    nurse.screen("record-expired-kit")
    assert not session.preparations.exists()
    scan.fill(FRESH)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Lot", exact=True)).to_have_value("LOT42")
    assert str(session.preparations.get().kit_expires_on) == "2029-11-30"


def test_stale_product_is_flagged_before_and_after(physician: Person, ward: Ward, session: Session) -> None:
    ready = clock.now() - dt.timedelta(minutes=45)
    blood.record_preparation(by=ward.nurse, session_id=session.pk, data=factory.preparation(ready_at=ready))
    page = opened(physician, session)
    expect(page.locator(".rec-clock")).to_contain_text("Product too old")
    page.get_by_label("mL, injection 1").fill("1")
    page.get_by_role("button", name="Record injections").click()
    expect(page.locator(".page-actions .chip")).to_have_text("Injected")
    expect(page.locator("#injections .rec-warning")).to_contain_text("min old when it was injected")
    physician.screen("record-stale-product")
    assert session.injections.get().product_stale is True


def test_session_as_planned_takes_a_few_keys(physician: Person, session: Session) -> None:
    page = opened(physician, session)
    begun, keys = time.monotonic(), ["p", "Enter", "Enter"]
    page.keyboard.press(keys[0])
    expect(page.get_by_role("button", name="Sign", exact=True)).to_be_focused()
    physician.screen("record-as-planned")
    page.keyboard.press(keys[1])
    expect(page.get_by_role("button", name="Sign for good")).to_be_focused()
    page.keyboard.press(keys[2])
    page.wait_for_url("**/courses/**")
    session.refresh_from_db()
    assert (session.status, session.injections.count()) == ("signed", 2)
    assert session.draws.get().baseline_platelets is None
    assert len(keys) <= 10
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_page_fits_and_is_accessible(physician: Person, session: Session, width: int) -> None:
    page = opened(physician, session)
    page.set_viewport_size({"width": width, "height": 900})
    found = (
        [each["id"] for each in Axe().run(page, options=RULES).response["violations"]]
        if width in (390, 1280)
        else []
    )
    physician.screen(f"record-{width}")
    assert (found, page.evaluate(_WIDE) > 0) == ([], False)
    page.set_viewport_size({"width": 1440, "height": 900})
