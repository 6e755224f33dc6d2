"""Where things are in a checkout."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VAR = ROOT / "var"
RUN = VAR / "run"
LOG = VAR / "log"
MAIL = VAR / "mail"
STATIC = VAR / "static"
STAMPS = VAR / "stamps"
SECRETS = VAR / "secrets.json"
TEST_ENVIRONMENT = VAR / "test.env"
ROLES = ROOT / "clinic" / "local" / "roles.sql"

VENV = ROOT / ".venv"
VENV_PYTHON = VENV / ("Scripts" if sys.platform == "win32" else "bin") / "python"


def program(name: str) -> str:
    """A program of the virtual environment."""
    return str(VENV_PYTHON.parent / name)


def make_var() -> None:
    """Make the folders under `var/`; they may be passed through by other accounts, files say for themselves."""
    for folder in (VAR, RUN, LOG, MAIL, STAMPS):
        folder.mkdir(parents=True, exist_ok=True)
    if VAR.stat().st_uid == os.getuid():
        VAR.chmod(0o755)


def site_packages() -> Path:
    """The folder that pip installs into; a missing one gives the path it would have had."""
    found = sorted(VENV.glob("lib/python3.*/site-packages"))
    return found[-1] if found else VENV / "lib" / "python3" / "site-packages"
