"""Databases for tests: one migrated template, and clones of it that are used as the web role.

Nothing is ever flushed by TRUNCATE, which the audit trigger refuses: a test rolls back, and a
module that needs real transactions gets a clone of its own.
"""

import hashlib
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.db import connections
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
_TEMPLATE_LOCK = 7301  # advisory lock: one worker builds the template, the others wait for it
_TEMPLATE_SOURCES = (
    "requirements.txt",
    "*/migrations/**/*.py",
    "clinic/local/roles.sql",
    "clinic/management/commands/prepare_database.py",
    "clinic/services/texts.py",
    "*/messages.py",  # the texts that prepare_database loads
    "*/messages/**/*.py",
)


@dataclass(frozen=True)
class Database:
    """A database of the test server, and how each role gets in."""

    name: str

    @property
    def owner_url(self) -> str:
        return _named(_owner_url(), self.name)

    @property
    def web_url(self) -> str:
        return _named(os.environ["DATABASE_URL"], self.name)


@contextmanager
def cloned(source: str = "") -> Iterator[Database]:
    """A fresh clone of that database, or of the migrated template; dropped in the end under whoever is still connected."""
    database = Database(f"prp_test_{uuid.uuid4().hex[:12]}")
    template = source or _template()
    with _owner() as owner:
        owner.execute(_create(database.name, template))
    try:
        yield database
    finally:
        drop(database.name)


@contextmanager
def pointed_at(database: Database) -> Iterator[None]:
    """Let Django's connections, of every thread and of child processes, lead to this database."""
    before_name, before_url = settings.DATABASES["default"]["NAME"], os.environ["DATABASE_URL"]
    _point(database.name, database.web_url)
    try:
        yield
    finally:
        _point(before_name, before_url)


def _point(name: str, url: str) -> None:
    connections["default"].close()
    settings.DATABASES["default"]["NAME"] = name
    connections["default"].settings_dict["NAME"] = name
    os.environ["DATABASE_URL"] = url


def names() -> set[str]:
    """Every database of the server."""
    with _owner() as owner:
        return {str(row[0]) for row in owner.execute("SELECT datname FROM pg_database")}


def keep(database: Database, name: str) -> None:
    """Rename a finished clone, so that it outlives its `cloned` block and can be cloned itself. Nobody may be connected."""
    with _owner() as owner:
        owner.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(database.name), sql.Identifier(name)
            )
        )


def drop(name: str) -> None:
    with _owner() as owner:
        owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def digest(patterns: Sequence[str] = _TEMPLATE_SOURCES) -> str:
    """Of the files that the template is made from, or of others: changes when one of them does."""
    found = hashlib.sha256()
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file():
                found.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:12]


def _template() -> str:
    """The template of today's migrations, made when it is missing. Its name carries their digest."""
    name = f"prp_template_{digest()}"
    with _owner() as owner:
        owner.execute("SELECT pg_advisory_lock(%s)", [_TEMPLATE_LOCK])
        if owner.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return name
        half_made = f"{name}_new"
        owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(half_made)))
        owner.execute(_create(half_made, "prp_blank"))  # empty, with extensions and grants
        _manage("migrate", "--verbosity=0", database=half_made)
        _manage("prepare_database", database=half_made)
        owner.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(half_made), sql.Identifier(name))
        )
    return name


def _manage(*arguments: str, database: str) -> None:
    """Run manage.py as the owner of the database."""
    environment = {**os.environ, "DATABASE_URL": _named(_owner_url(), database)}
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        message = (
            f"manage.py {arguments[0]} failed while the test database was made:\n{done.stdout}{done.stderr}"
        )
        raise RuntimeError(message)


def _create(name: str, template: str) -> sql.Composed:
    return sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER prp_owner").format(
        sql.Identifier(name), sql.Identifier(template)
    )


def _owner() -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(_named(_owner_url(), "postgres"), autocommit=True)


def _owner_url() -> str:
    try:
        return os.environ["TEST_OWNER_DATABASE_URL"]
    except KeyError as error:
        message = (
            "Run `make test`, or `python3 -m clinic.local engines` and then `. var/test.env` before pytest."
        )
        raise RuntimeError(message) from error


def _named(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()
