"""Chromium or Chrome for the browser tests: found, or installed, or a sentence says what to do."""

import os
import shutil
from pathlib import Path

from clinic.local import commands, paths, say
from clinic.local.say import Trouble

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_APPLICATIONS = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)
_PLAYWRIGHT_PATH = (
    "from playwright.sync_api import sync_playwright\n"
    "with sync_playwright() as playwright: print(playwright.chromium.executable_path)"
)
_NONE = (
    "The browser tests need Chromium or Chrome and none could be installed here. Install it "
    "(Debian: apt-get install chromium), or set BROWSER_PATH to its program."
)


def find() -> Path:
    """The browser's program: BROWSER_PATH, then the machine's, then Playwright's, then as root Debian's."""
    given = os.environ.get("BROWSER_PATH")
    if given:
        if not os.access(given, os.X_OK):
            message = f"BROWSER_PATH is {given}, which is not a program. Set it to Chromium or Chrome."
            raise Trouble(message)
        return Path(given)
    browser = _on_this_machine() or _from_playwright() or _from_debian()
    if browser is None:
        raise Trouble(_NONE)
    return browser


def _on_this_machine() -> Path | None:
    for name in _NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    return next((path for path in _APPLICATIONS if path.exists()), None)


def _from_playwright() -> Path | None:
    try:
        with say.step("Installing Chromium with Playwright"):
            commands.run(
                [paths.program("python"), "-m", "playwright", "install", "chromium"],
                what="playwright install",
            )
            path = Path(
                commands.run([paths.program("python"), "-c", _PLAYWRIGHT_PATH], what="playwright").strip()
            )
    except Trouble:
        return None
    return path if path.exists() else None


def _from_debian() -> Path | None:
    if os.getuid() != 0 or not shutil.which("apt-get"):
        return None
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        with say.step("Installing Chromium with apt-get"):
            commands.run(["apt-get", "update"], what="apt-get update", env=environment)
            install = ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]
            commands.run(install, what="apt-get install", env=environment)
    except Trouble:
        return None
    return _on_this_machine()
