"""A real house for browser tests: gunicorn, worker and beat on a database of their own, a real mail server, Chromium."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from clinic.models import User
from tests.browser import ports
from tests.database import Database
from tests.mail import MailServer

ROOT = Path(__file__).resolve().parent.parent.parent
SCREENS = ROOT / "var" / "screens"
PASSWORD = "a long enough password"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Running:
    """The address of the running house, and what went wrong on its pages."""

    url: str
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="session", autouse=True)
def _orm_beside_playwright() -> Iterator[None]:
    """Playwright's loop runs in this thread; the tests use the ORM between its calls, never inside."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture(scope="module")
def environment(
    own_database: Database, _mail_server: MailServer, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """What every process of this module's house runs with. A broker database of its own keeps ticks apart."""
    port = ports.free()
    number = 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    broker = urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{number}").geturl()
    return {
        **os.environ,
        "DATABASE_URL": own_database.web_url,
        "REDIS_URL": broker,
        "EMAIL_URL": _mail_server.url,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "PORT": str(port),
        "APP_ENV": "test",
        "CLOCK_OFFSET_ALLOWED": "1",
        "RUN_DIR": str(tmp_path_factory.mktemp("house")),
    }


@pytest.fixture(scope="module")
def web(environment: dict[str, str]) -> Iterator[Running]:
    """The pages under gunicorn, as in production."""
    command = [
        *(sys.executable, "-m", "gunicorn", "clinic.wsgi", "--workers", "1", "--threads", "4"),
        *("--bind", f"127.0.0.1:{environment['PORT']}", "--log-level", "warning"),
    ]
    with _process(command, environment, "web"):
        _until_ready(environment["PUBLIC_URL"])
        yield Running(environment["PUBLIC_URL"])


@pytest.fixture(scope="module")
def worker(environment: dict[str, str]) -> Iterator[None]:
    """A Celery worker and beat."""
    celery = (sys.executable, "-m", "celery", "-A", "clinic.celery")
    run = Path(environment["RUN_DIR"])
    consume = [
        *celery,
        "worker",
        "--concurrency",
        "1",
        "--queues",
        "default,mail",
        "--without-gossip",
        "--without-mingle",
    ]
    beat = [*celery, "beat", "--schedule", str(run / "schedule"), "--pidfile", ""]
    with _process(consume, environment, "worker"), _process(beat, environment, "beat"):
        yield


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("BROWSER_PATH") or "/usr/bin/chromium", args=list(FLAGS)
        )
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser, web: Running) -> Iterator[BrowserContext]:
    with _context(chromium, web) as opened:
        yield opened


@contextmanager
def _context(chromium: Browser, web: Running, **options: object) -> Iterator[BrowserContext]:
    opened = chromium.new_context(
        base_url=web.url, viewport={"width": 1440, "height": 900}, locale="en-GB", **options
    )  # type: ignore[arg-type]
    opened.set_default_timeout(15_000)
    yield opened
    opened.close()


class Person:
    """A member of staff at a browser of their own."""

    def __init__(self, chromium: Browser, web: Running, user: User) -> None:
        self._scope = _context(chromium, web)
        self.context = self._scope.__enter__()
        self.page: Page = self.context.new_page()
        self.user = user
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self._note(message.type, message.text))
        self.page.on("pageerror", lambda error: self._note("error", str(error)))

    def _note(self, kind: str, text: str) -> None:
        # Refusals are part of the story; a request that ends because its page was left is no fault
        # (one that truly failed also says htmx:sendError).
        expected = any(sign in text for sign in ("422", "409", "htmx:afterRequest", "htmx:sendAbort"))
        if kind in ("error", "warning") and not expected:
            self.complaints.append(f"{self.page.url}: {text}")

    def sign_in(self) -> "Person":
        self.page.goto("/account/login/")
        self.page.get_by_label("E-mail").or_(self.page.get_by_label("Email")).first.fill(self.user.email)
        self.page.locator("input[type=password]").fill(PASSWORD)
        self.page.locator("main form button[type=submit], form.login button[type=submit]").first.click()
        self.page.wait_for_url(lambda url: "/account/login" not in url)
        return self

    def screen(self, name: str) -> None:
        """A picture of the whole page under var/screens/."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENS / f"{name}.png", full_page=True)

    def close(self) -> None:
        self._scope.__exit__(None, None, None)


@contextmanager
def _process(command: list[str], environment: dict[str, str], name: str) -> Iterator[None]:
    log = Path(environment["RUN_DIR"]) / f"{name}.log"
    with log.open("w") as output:
        child = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            yield
            assert child.poll() is None, f"{name} ended by itself:\n{log.read_text()[-3000:]}"
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGTERM)
                try:
                    child.wait(timeout=15)
                except subprocess.TimeoutExpired:
                    os.killpg(child.pid, signal.SIGKILL)
                    child.wait()


def _until_ready(url: str, seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5) as response:
                if response.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if time.monotonic() > end:
                raise
        time.sleep(0.2)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A story is played in the order in which it is told, also when other tests are shuffled."""
    told = [index for index, item in enumerate(items) if item.path.name == "test_main_job.py"]
    in_order = sorted((items[index] for index in told), key=lambda item: item.location[1] or 0)
    for index, item in zip(told, in_order, strict=True):
        items[index] = item
