"""Every page in a real browser, in every state that the grounds know: readable by all, at any width, in both themes.

One load for each page that is built differently; widths and themes are changed in place. axe looks at the two ends:
1280 px light and 390 px dark.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page

from clinic.enums import Role
from tests import walk
from tests.browser.conftest import SCREENS, Running
from tests.database import Database
from tests.walk import GUARDED, Address, Grounds

pytestmark = pytest.mark.browser

WIDTHS = (320, 390, 768, 1280)
RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
ACCOUNT = ("mfa_index", "usersessions_list", "account_change_password", "account_logout")
SIGNED_OUT = ("account_login", "account_reset_password")
_MAIN = re.compile(r"<main.*</main>", re.DOTALL)
_SHAPE = re.compile(r'<\w+|class="[^"]*"|type="[^"]*"')
PAGES = [address for address in GUARDED if "GET" in walk.methods(address)]


@pytest.fixture(scope="module")
def grounds(own_database: Database) -> Grounds:
    return walk.grounds()


@dataclass
class Seat:
    """A role at a browser, with a test client beside it that says beforehand what a page will hold."""

    client: Client
    context: BrowserContext
    page: Page
    complaints: list[str]


@pytest.fixture(scope="module")
def seats(grounds: Grounds, web: Running, chromium: Browser) -> Iterator[dict[Role | None, Seat]]:
    """One for each role, and one for nobody."""
    found: dict[Role | None, Seat] = {}
    for role in [None, *Role]:
        context = chromium.new_context(base_url=web.url, locale="en-GB")
        context.set_default_timeout(15_000)
        client = walk.signed_in(grounds.people[role]) if role else Client()
        if role:
            key = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": web.url}])
        seat = found[role] = Seat(client, context, context.new_page(), [])
        seat.page.on("console", lambda said, seat=seat: _note(seat, said.type, said.text))
        seat.page.on("pageerror", lambda error, seat=seat: _note(seat, "error", str(error)))
    yield found
    for seat in found.values():
        seat.context.close()


def _note(seat: Seat, kind: str, text: str) -> None:
    if kind in ("error", "warning"):
        seat.complaints.append(text)


@pytest.fixture(scope="module")
def axe() -> Axe:
    return Axe()


def looks(address: Address, grounds: Grounds, seats: dict[Role | None, Seat]) -> Iterator[tuple[str, Role]]:
    """The address once for each shape that a state or a role gives its page: tags and classes, whatever the words."""
    seen = set()
    for url in grounds.urls(address):
        for role in address.roles() if url == grounds.url(address) else address.roles()[-1:]:
            response = seats[role].client.get(url)
            body = _MAIN.search(response.content.decode()) if response.status_code in (200, 409) else None
            if body and (shape := tuple(_SHAPE.findall(body[0]))) not in seen:
                seen.add(shape)
                yield url, role


@pytest.mark.parametrize("address", PAGES, ids=str)
def test_page(address: Address, grounds: Grounds, seats: dict[Role | None, Seat], axe: Axe) -> None:
    problems = []
    for number, (url, role) in enumerate(looks(address, grounds, seats)):
        name = f"{address.name.replace(':', '-')}{'-of' if address.keys else ''}-{number}-{role}"
        problems += faults(seats[role], url, name, axe)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("name", ACCOUNT)
def test_account_page(name: str, seats: dict[Role | None, Seat], axe: Axe) -> None:
    assert not faults(seats[Role.NURSE], reverse(name), name, axe)


@pytest.mark.parametrize("path", [*map(str, SIGNED_OUT), "/nowhere"])
def test_page_for_nobody(path: str, seats: dict[Role | None, Seat], axe: Axe) -> None:
    url = path if path.startswith("/") else reverse(path)
    assert not faults(seats[None], url, path.strip("/"), axe)


def faults(seat: Seat, url: str, name: str, axe: Axe) -> list[str]:
    """Everything that is wrong with one page, in words."""
    page = seat.page
    seat.complaints.clear()
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size({"width": 1280, "height": 900})
    status = page.goto(url).status
    seat.complaints[:] = [said for said in seat.complaints if f"status of {status}" not in said]
    if page.locator("[hx-trigger*=load], [hx-trigger*=revealed]").count():
        page.wait_for_load_state("networkidle")
    found = judged(page, axe, f"{name}-1280-light")
    for width in reversed(WIDTHS):
        page.set_viewport_size({"width": width, "height": 900})
        if beyond := page.evaluate(_BEYOND):
            found.append(f"scrolls sideways at {width}: {beyond}")
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.set_viewport_size({"width": 390, "height": 844})
    found += judged(page, axe, f"{name}-390-dark")
    # axe knocks at frames that may not answer: the preview of a mail is one.
    found += [said for said in seat.complaints if "Failed to execute 'postMessage'" not in said]
    return [f"{url} ({name}): {problem}" for problem in found]


_BEYOND = """() => {
  const root = document.documentElement, most = root.clientWidth;
  if (root.scrollWidth <= most) return "";
  const wide = [...document.body.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > most + 1);
  return wide.slice(0, 3).map(e => e.tagName + "." + e.className).join(", ") || "body";
}"""


def judged(page: Page, axe: Axe, name: str) -> list[str]:
    """axe's findings; and a picture."""
    (SCREENS / "pages").mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / "pages" / f"{name}.png", full_page=True)
    violations = axe.run(page, options=RULES).response["violations"]
    return [
        f"{name}: {each['id']}: {each['help']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for each in violations
        for node in each["nodes"][:3]
    ]
