"""The grid as the front desk uses it: by mouse, by finger, by keys, beside a colleague, and on paper."""

import datetime as dt
import io
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from pypdf import PdfReader

from clinic.enums import Role
from scheduling.models import Appointment, Resource
from scheduling.services import booking
from scheduling.services.plans import VisitRequest
from tests.browser.conftest import PASSWORD, Person, Running
from tests.database import Database
from tests.factories import clinic
from tests.factories.scheduling import BY, House, days_ahead
from tests.factories.scheduling import house as build

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def house(own_database: Database) -> House:
    return build(physicians=3, rooms=4)


@pytest.fixture(scope="module")
def desk(house: House, web: Running, chromium: Browser) -> Iterator[Person]:
    person = Person(chromium, web, clinic.user(Role.FRONT_DESK, at=house.site, password=PASSWORD)).sign_in()
    yield person
    assert person.complaints == []
    person.close()


def book(house: House, day: dt.date, hour: int, *, number: int = 0, **patient: str) -> Appointment:
    """A consultation with the physician of that number."""
    lead = house.resources["physician"][number]
    request = VisitRequest(
        clinic.patient(**patient).pk,
        house.visit("consultation").pk,
        house.site.pk,
        house.at(day, hour),
        lead.pk,
    )
    return booking.book(request=request, by=BY)


def stands(visit: Appointment) -> tuple[str, Resource]:
    """Time and clinician, as the database has it."""
    fresh = Appointment.objects.select_related("site").get(pk=visit.pk)
    lead = fresh.allocations.get(is_lead=True, active=True).resource
    return f"{fresh.period.lower.astimezone(fresh.site.zone):%H:%M}", lead


def block(page: Page, name: str) -> Locator:
    return page.locator("a.gb:not(.ghost)", has_text=name).first


def drag(page: Page, what: Locator, *, columns: int = 0, minutes: int = 0) -> None:
    """Take a block at its middle, by hand, to another column and time."""
    what.scroll_into_view_if_needed()
    box = what.bounding_box()
    track = page.locator(".g-track").first.bounding_box()
    rows = int(page.locator("#grid-body").get_attribute("data-rows") or 0)
    assert box is not None
    assert track is not None
    x, y = box["x"] + 60, box["y"] + 8
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 8, y + 8)
    page.mouse.move(x + columns * track["width"], y + minutes / 5 * track["height"] / rows, steps=6)
    expect(page.locator(".gb.ghost").first).to_be_visible()
    page.mouse.up()


def test_a_visit_is_dragged_to_a_colleague_at_another_time_and_taken_back(desk: Person, house: House) -> None:
    day = days_ahead(3, house.site)
    visit = book(house, day, 9, family_name="Dragged")
    page = desk.page
    page.goto(f"/schedule/{day}/")
    drag(page, block(page, "Dragged"), columns=1, minutes=45)
    note = page.locator("[data-grid-note]")
    expect(note).to_contain_text("09:45")
    assert stands(visit) == ("09:45", house.resources["physician"][1])
    expect(page.locator(".g-col").nth(1).locator("a.gb", has_text="Dragged")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.locator(".g-col").nth(0).locator("a.gb", has_text="Dragged")).to_be_visible()
    assert stands(visit) == ("09:00", house.resources["physician"][0])


def test_a_clash_snaps_back_says_why_and_offers_what_is_free(desk: Person, house: House) -> None:
    day = days_ahead(4, house.site)
    visit = book(house, day, 9, family_name="Clashing")
    book(house, day, 11, family_name="First")
    page = desk.page
    page.goto(f"/schedule/{day}/")
    drag(page, block(page, "Clashing"), minutes=120)
    dialog = page.get_by_role("dialog", name=re.compile("cannot go to .*11:00"))
    expect(dialog).to_contain_text(house.one("physician").name)
    assert stands(visit)[0] == "09:00"
    expect(page.locator(".gb.ghost")).to_have_count(0)
    expect(page.locator("#grid-news")).to_have_text(re.compile("Clashing stays where it was"))
    desk.screen("grid-clash")
    near = dialog.locator("button[name=start]").first
    offered = near.inner_text().split()[0]
    near.click()
    expect(page.locator("[data-grid-note]")).to_contain_text(offered)
    assert stands(visit)[0] == offered


def test_the_keys_walk_move_and_announce(desk: Person, house: House) -> None:
    day = days_ahead(5, house.site)
    visit = book(house, day, 9, family_name="Keyed")
    page = desk.page
    page.goto(f"/schedule/{day}/")
    news = page.locator("#grid-news")
    block(page, "Keyed").focus()
    expect(page.locator(".g-card:not([hidden])")).to_contain_text("Keyed")
    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("Alt+ArrowRight")
    expect(news).to_contain_text(house.resources["physician"][1].name)
    page.keyboard.press("Escape")
    expect(news).to_contain_text("stays where it was")
    assert stands(visit) == ("09:00", house.one("physician"))
    step = house.visit("consultation").grid_minutes
    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("Alt+ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("[data-grid-note]")).to_contain_text(f"09:{step:02d}")
    assert stands(visit) == (f"09:{step:02d}", house.resources["physician"][1])
    expect(page.locator("a.gb:focus")).to_contain_text("Keyed")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(news).to_contain_text("free. Enter books here.")
    start = news.inner_text().split(",")[0]
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"/schedule/book/\?.*start={day}T{start}"))


def test_a_long_press_lifts_a_visit_on_a_touch_screen(
    house: House, web: Running, chromium: Browser, desk: Person
) -> None:
    day = days_ahead(6, house.site)
    visit = book(house, day, 9, family_name="Touched")
    context = chromium.new_context(
        base_url=web.url,
        viewport={"width": 1024, "height": 768},
        has_touch=True,
        storage_state=desk.context.storage_state(),
    )
    try:
        page = context.new_page()
        page.goto(f"/schedule/{day}/?view=grid")
        what = block(page, "Touched")
        what.scroll_into_view_if_needed()
        box = what.bounding_box()
        track = page.locator(".g-track").first.bounding_box()
        assert box is not None
        assert track is not None
        rows = int(page.locator("#grid-body").get_attribute("data-rows") or 0)
        finger = context.new_cdp_session(page)
        x, y = box["x"] + 50, box["y"] + 10

        def touch(kind: str, points: list[dict[str, float]]) -> None:
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        touch("touchStart", [{"x": x, "y": y}])
        expect(page.locator(".gb.ghost").first).to_be_visible()
        target = y + 30 / 5 * track["height"] / rows
        for part in (0.3, 0.7, 1):
            touch("touchMove", [{"x": x, "y": y + (target - y) * part}])
        touch("touchEnd", [])
        expect(page.locator("[data-grid-note]")).to_contain_text("09:30")
        assert stands(visit)[0] == "09:30"
    finally:
        context.close()


def test_what_a_colleague_books_appears_within_ten_seconds(
    desk: Person, house: House, web: Running, chromium: Browser
) -> None:
    day = days_ahead(7, house.site)
    other = Person(chromium, web, clinic.user(Role.FRONT_DESK, at=house.site, password=PASSWORD)).sign_in()
    moving = book(house, day, 9, family_name="Wandering")
    try:
        desk.page.goto(f"/schedule/{day}/")
        other.page.goto(f"/schedule/{day}/")
        book(house, day, 14, family_name="Booked")
        drag(other.page, block(other.page, "Wandering"), minutes=60)
        expect(other.page.locator("[data-grid-note]")).to_contain_text("10:00")
        expect(block(desk.page, "Booked")).to_be_visible(timeout=10_000)
        expect(block(desk.page, "Wandering")).to_contain_text("10:00", timeout=10_000)
        expect(desk.page.locator("#grid-news")).to_contain_text("Wandering")
        assert stands(moving)[0] == "10:00"
        assert other.complaints == []
    finally:
        other.close()


def test_a_full_day_prints_on_one_page(desk: Person, house: House) -> None:
    day = days_ahead(8, house.site)
    for hour in range(8, 18):
        for number in range(3):
            book(house, day, hour, number=number)
    page = desk.page
    page.goto(f"/schedule/{day}/?columns=all")
    reader = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    box = reader.pages[0].mediabox
    assert (len(reader.pages), box.width > box.height) == (1, True)
    assert f"{day.day} " in reader.pages[0].extract_text()
