"""`make check`: everything that reads the code without running the tests."""

import os
import secrets
import time

from clinic.local import commands, environment, paths, say

_PRODUCTION = {
    "APP_ENV": "production",
    "DATABASE_URL": "postgresql://prp_web@127.0.0.1:9/prp",  # named, never reached
    "REDIS_URL": "redis://127.0.0.1:9/0",
    "EMAIL_URL": "smtp+tls://127.0.0.1:9",
    "PUBLIC_URL": "https://clinic.example",
    "DEBUG": "0",
    "CLOCK_OFFSET_ALLOWED": "0",
    "DJANGO_SETTINGS_MODULE": "clinic.settings",
}


def check() -> int:
    """Run every check, also after one that failed; 1 when any did."""
    environment.prepare("requirements-dev.txt")
    manage = [paths.program("python"), str(paths.ROOT / "manage.py")]
    env = {**os.environ, **_PRODUCTION, "SECRET_KEY": secrets.token_urlsafe(64)}
    checks = {
        "ruff check": [paths.program("ruff"), "check"],
        "ruff format": [paths.program("ruff"), "format", "--check"],
        "mypy": [paths.program("mypy")],
        "import-linter": [paths.program("lint-imports")],
        "djlint": [paths.program("djlint"), "--lint", "--quiet", "templates"],
        "makemigrations": [*manage, "makemigrations", "--check", "--dry-run"],
        "check --deploy": [*manage, "check", "--deploy", "--fail-level", "WARNING"],
    }
    failed = []
    for name, command in checks.items():
        say.line(f"\n== {name}")
        started = time.monotonic()
        if commands.show(command, env=env):
            failed.append(name)
        say.line(f"   {time.monotonic() - started:.1f} s")
    say.line(f"\nFailed: {', '.join(failed)}." if failed else "\nAll checks passed.")
    return 1 if failed else 0
