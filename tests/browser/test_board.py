"""The board through a day on a tablet, and the wall screen in the waiting room."""

import datetime as dt
import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from clinic import clock
from clinic.enums import Role
from clinic.models import Message
from scheduling.models import Appointment
from scheduling.selectors import delays
from scheduling.selectors.displays import token_of
from scheduling.services import booking, displays, progress
from scheduling.services.plans import VisitRequest
from tests.browser.conftest import PASSWORD, SCREENS, Person, Running
from tests.database import Database
from tests.factories import clinic
from tests.factories import scheduling as factory
from tests.factories.scheduling import BY, House

pytestmark = pytest.mark.browser

BOARD = "/schedule/board/"


@pytest.fixture(scope="module")
def house(own_database: Database) -> House:
    return factory.house(physicians=1)


@pytest.fixture(scope="module")
def nurse(house: House, web: Running, chromium: Browser) -> Iterator[Person]:
    account = clinic.user(Role.NURSE, at=house.site, password=PASSWORD)
    person = Person(chromium, web, account).sign_in()
    yield person
    person.close()


@pytest.fixture
def ten(house: House, request: pytest.FixtureRequest) -> dt.datetime:
    """It is ten o'clock at the site, on a day that no other test uses."""
    days = 3 + [item.name for item in request.session.items].index(request.node.name)
    return to(house.at(factory.days_ahead(days % 200, house.site), 10))


def to(instant: dt.datetime) -> dt.datetime:
    clock.set_offset(dt.timedelta(0))
    clock.set_offset(instant - clock.now())
    return instant


def book(house: House, start: dt.datetime, kind: str = "consultation", **patient: str) -> Appointment:
    purpose = uuid4() if kind == "prp_session" else None
    request = VisitRequest(
        clinic.patient(**patient).pk, house.visit(kind).pk, house.site.pk, start, purpose=purpose
    )
    return booking.book(request=request, by=BY)


def tap(page: Page, name: str, who: str) -> Locator:
    return page.get_by_role("button", name=re.compile(rf"^{name}\b.*{who}"))


def press(page: Page, name: str, who: str) -> None:
    button = tap(page, name, who)
    button.click()
    expect(button).to_have_count(0)


def test_a_session_from_arrival_to_discharge_on_a_tablet(
    nurse: Person, house: House, ten: dt.datetime
) -> None:
    visit = book(
        house, ten + dt.timedelta(minutes=5), "prp_session", given_name="Ottilie", family_name="Roth"
    )
    book(house, ten + dt.timedelta(minutes=75), family_name="Next")
    page = nurse.page
    page.set_viewport_size({"width": 768, "height": 1024})
    page.goto(BOARD)
    press(page, "Arrived", "Ottilie Roth")
    card = page.locator(f"#card-{visit.pk}")
    expect(card.locator(".call-number")).to_have_text("1")
    press(page, "Check-in", "Ottilie Roth")
    expect(page.locator(f"#tap-{visit.pk}")).to_be_focused()
    press(page, "Blood draw", "Ottilie Roth")
    expect(card).to_contain_text("to: Centrifuge 1")
    press(page, "Separation", "Ottilie Roth")
    page.locator(f"#undo-{visit.pk}").click()
    expect(tap(page, "Separation", "Ottilie Roth")).to_have_count(1)
    nurse.screen("board-tablet")
    small = [
        button.get_attribute("id")
        for button in page.locator("#board button, #board .tap").all()
        if (box := button.bounding_box()) and min(box["width"], box["height"]) < 44
    ]
    assert small == []
    for name in ("Separation", "Injection", "Recovery", "Discharged"):
        press(page, name, "Ottilie Roth")
    visit.refresh_from_db()
    assert (visit.status, visit.stages.filter(ended_at__isnull=False).count()) == ("completed", 5)
    nurse.screen("board-tablet-done")
    page.set_viewport_size({"width": 1440, "height": 900})


def test_an_answer_asked_for_before_a_tap_does_not_undo_what_is_seen(
    nurse: Person, house: House, ten: dt.datetime
) -> None:
    """The board asks, the answer dawdles, somebody taps meanwhile: the late answer shows an older board."""
    visit = book(house, ten + dt.timedelta(minutes=5), family_name="Ahn")
    page, held = nurse.page, list[Route]()
    page.goto(BOARD)
    old = page.locator("#board").inner_html()

    def dawdle(route: Route) -> None:
        if route.request.headers.get("hx-target") == "board-frame" and not held:
            held.append(route)
        else:
            route.continue_()

    page.route("**/schedule/board/", dawdle)
    page.evaluate("() => htmx.trigger('#board-poll', 'board:ask')")
    expect.poll(lambda: len(held)) if hasattr(expect, "poll") else page.wait_for_timeout(300)
    press(page, "Arrived", "Ada Ahn")
    held[0].fulfill(body=f'<div id="board">{old}</div>', content_type="text/html")
    page.wait_for_timeout(300)
    expect(tap(page, "Consultation", "Ada Ahn")).to_have_count(1)
    page.unroute("**/schedule/board/")
    assert Appointment.objects.get(pk=visit.pk).status == "arrived"


def test_a_finger_that_is_down_while_the_board_refreshes_still_taps(
    nurse: Person, house: House, ten: dt.datetime
) -> None:
    visit = book(house, ten + dt.timedelta(minutes=5), family_name="Bly")
    page = nurse.page
    page.goto(BOARD)
    box = page.locator(f"#tap-{visit.pk}").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.evaluate("() => htmx.trigger('#board-poll', 'board:ask')")
    page.wait_for_timeout(400)
    page.mouse.up()
    expect(tap(page, "Consultation", "Ada Bly")).to_have_count(1)


def test_one_key_tells_those_whom_we_make_late(nurse: Person, house: House, ten: dt.datetime) -> None:
    here = book(house, ten, family_name="First")
    second = book(house, ten + dt.timedelta(minutes=30), family_name="Second")
    progress.arrive(appointment_id=here.pk, by=BY)
    to(ten + dt.timedelta(minutes=20))
    progress.advance(appointment_id=here.pk, by=BY)
    page = nurse.page
    page.goto(BOARD)
    expect(page.get_by_text("We run late for 1 patient")).to_be_visible()
    nurse.screen("board-late")
    page.keyboard.press("l")
    expect(page.locator("#toasts")).to_contain_text("1 patient is told by mail: Second 10:50.")
    expect(page.locator(f"#card-{second.pk}")).to_contain_text("Comes at 10:50")
    assert Message.objects.filter(about=delays.about(second.pk)).count() == 1


def test_the_board_says_when_it_lost_the_connection(nurse: Person, house: House, ten: dt.datetime) -> None:
    page = nurse.page
    page.goto(BOARD)
    page.route("**/schedule/board/", lambda route: route.abort())
    before = len(nurse.complaints)
    page.evaluate("() => htmx.trigger('#board-poll', 'board:ask')")
    expect(page.locator("#board-lost")).to_be_visible()
    page.unroute("**/schedule/board/")
    page.evaluate("() => htmx.trigger('#board-poll', 'board:ask')")
    expect(page.locator("#board-lost")).to_be_hidden()
    del nurse.complaints[before:]  # the browser's own words about the lost request


@pytest.fixture
def called(house: House, ten: dt.datetime) -> list[Appointment]:
    """Six sessions in all their places and one who waits."""
    visits = []
    for number in range(5):
        visit = book(house, ten + dt.timedelta(minutes=20 * number), "prp_session")
        progress.arrive(appointment_id=visit.pk, by=BY)
        for _tap in range(5 - number):
            progress.advance(appointment_id=visit.pk, by=BY)
        visits.append(visit)
    late = book(house, ten + dt.timedelta(minutes=150))
    progress.arrive(appointment_id=late.pk, by=BY)
    return visits


def test_wall_screen(
    house: House, web: Running, chromium: Browser, called: list[Appointment], ten: dt.datetime
) -> None:
    manager = clinic.staff(Role.MANAGER, at=house.site)
    display = displays.make(site_id=house.site.pk, name="Waiting room", by=manager)
    context = chromium.new_context(base_url=web.url, viewport={"width": 1920, "height": 1080}, locale="en-GB")
    page = context.new_page()
    page.clock.install()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"/schedule/display/{token_of(display)}/")
    expect(page.locator(".wall-call")).to_have_count(5)
    expect(page.get_by_text(re.compile("Procedure room"))).to_be_visible()
    expect(page.locator(".wall-numbers")).to_have_text("6")
    for width, height, least in ((1920, 1080, 80), (1280, 720, 50)):
        page.set_viewport_size({"width": width, "height": height})
        (SCREENS / "pages").mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENS / f"wall-{height}.png")
        # Two centimetres on a television of 43 inches, at either resolution: read from far more than two metres.
        size = page.locator(".wall-number").first.evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
        assert size >= least
        assert page.evaluate("() => document.documentElement.scrollHeight - innerHeight") <= 0
        assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    progress.advance(appointment_id=called[-1].pk, by=BY)
    page.clock.fast_forward(6_000)
    expect(page.locator(".wall-call").first).to_contain_text("Draw chair 1")
    context.set_offline(True)
    page.clock.fast_forward(20_000)
    expect(page.locator("#wall-lost")).to_be_visible()
    page.screenshot(path=SCREENS / "wall-lost.png")
    context.set_offline(False)
    page.clock.fast_forward(6_000)
    expect(page.locator("#wall-lost")).to_be_hidden()
    displays.revoke(site_id=house.site.pk, display_id=display.pk, by=manager)
    page.clock.fast_forward(6_000)
    expect(page.locator("#wall-off")).to_be_visible()
    assert context.cookies() == []
    assert errors == []
    context.close()


def test_no_page_complained(nurse: Person) -> None:
    assert nurse.complaints == []
