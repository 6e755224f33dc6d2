"""Throw-away engines for tests: PostgreSQL and Valkey on free ports, gone in the end."""

import os
import secrets
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from clinic.local import home, leftovers, paths, postgres, say, valkey
from clinic.local.crew import Crew
from clinic.local.home import Home
from clinic.local.postgres import Passwords, Postgres

# A test database is thrown away, so it need not survive a crash of the machine. synchronous_commit
# stays on: it orders commits and answers, which the tests of races and lost messages rest on.
_OPTIONS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "deadlock_timeout": "1s",
}

_FOLDER = "folder"

BLANK = "prp_blank"
"""What tests/database.py starts from: nobody connects to it, so it can always be cloned."""


@contextmanager
def throw_away() -> Iterator[tuple[Crew, dict[str, str]]]:
    """Start engines; give their crew and the environment variables that tests need to use them."""
    paths.make_var()
    records = paths.RUN / f"test-{os.getpid()}"
    with home.throw_away() as place, Crew(records=records) as crew:
        records.mkdir(exist_ok=True)
        (records / _FOLDER).write_text(str(place.folder))
        try:
            with say.step("Starting PostgreSQL and Valkey for tests"):
                server, broker = _start(crew, place)
            yield crew, variables(server, broker)
        finally:
            crew.stop()
            shutil.rmtree(records, ignore_errors=True)


def _start(crew: Crew, place: Home) -> tuple[Postgres, str]:
    server = postgres.start(crew, place, Passwords.new(), options=_OPTIONS, log=place.folder / "postgres.log")
    make_cloneable(server)
    broker = valkey.start(crew, place, secrets.token_urlsafe(24), log=place.folder / "valkey.log")
    return server, broker


def make_cloneable(server: Postgres) -> None:
    """Let the owner make databases, and drop them under connections that are still open; once for each cluster."""
    server.psql("ALTER ROLE prp_owner CREATEDB; GRANT pg_signal_backend TO prp_owner")
    if BLANK not in server.psql("SELECT datname FROM pg_database").splitlines():
        server.psql(f"CREATE DATABASE {BLANK} TEMPLATE prp OWNER prp_owner")


def variables(server: Postgres, broker: str) -> dict[str, str]:
    """What tests and the bench need to use these engines."""
    return {
        "APP_ENV": "test",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "TEST_OWNER_DATABASE_URL": server.url("prp_owner"),
        "DATABASE_URL": server.url("prp_web"),
        "REDIS_URL": f"{broker}/0",
        "EMAIL_URL": "smtp://127.0.0.1:9",  # nobody listens: a stray mail goes nowhere
        "PUBLIC_URL": "http://testserver",
        "DEBUG": "0",
        "CLOCK_OFFSET_ALLOWED": "1",
        "DJANGO_SETTINGS_MODULE": "clinic.settings",
    }


def end_leftovers() -> None:
    """End the test engines of runs that were killed, and delete their data."""
    for records in paths.RUN.glob("test-*"):
        pid = int(records.name.removeprefix("test-"))
        if "clinic.local" in leftovers.command_of(pid):
            continue
        if leftovers.stop(records):
            say.note("  The test engines of an earlier run that was killed are stopped.")
        noted = records / _FOLDER
        if noted.exists():
            home.delete_throw_away(Path(noted.read_text()))
        shutil.rmtree(records, ignore_errors=True)


def keep(environment: Mapping[str, str], path: Path = paths.TEST_ENVIRONMENT) -> None:
    """Write the variables as shell lines, for running pytest by hand."""
    path.touch(mode=0o600)
    path.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items()))


def foreground() -> int:
    """Start test engines, write their environment to var/test.env, and wait for Ctrl-C."""
    end_leftovers()
    with throw_away() as (crew, environment):
        keep(environment)
        say.line(f"Test engines are up. In another terminal: . {paths.TEST_ENVIRONMENT} && .venv/bin/pytest")
        say.line("Ctrl-C stops them.")
        crew.watch()
    return 0
