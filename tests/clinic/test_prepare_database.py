"""What the web role may do, in a database of its own, after its grants were broken and mended."""

import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors, sql

from tests.database import ROOT, Database


@pytest.fixture
def web(own_database: Database) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    with psycopg.connect(own_database.web_url, autocommit=True) as connection:
        yield connection


def _prepare(url: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "prepare_database"],
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "table",
    [
        "clinic_auditevent",
        "clinic_messagetext",
        "clinic_patientevent",
        "clinic_call",
        "scheduling_visitchange",
    ],
)
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}"])
def test_ledgers_are_only_added_to(
    web: "psycopg.Connection[tuple[object, ...]]", table: str, statement: str
) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        web.execute(sql.SQL(statement).format(sql.Identifier(table)))


def test_nothing_is_truncated(web: "psycopg.Connection[tuple[object, ...]]") -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        web.execute("TRUNCATE clinic_message")


@pytest.mark.parametrize("table", ["clinic_message", "treatments_injection", "pghistory_context"])
def test_facts_and_the_context_are_written(web: "psycopg.Connection[tuple[object, ...]]", table: str) -> None:
    web.execute(sql.SQL("UPDATE {} SET id = id").format(sql.Identifier(table)))


def test_prepare_mends_broken_grants_and_can_run_again(own_database: Database) -> None:
    with psycopg.connect(own_database.owner_url, autocommit=True) as owner:
        owner.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM prp_web")
        owner.execute("GRANT ALL ON clinic_auditevent TO prp_web")
        for _ in range(2):
            done = _prepare(own_database.owner_url)
            assert done.returncode == 0, done.stderr
        may = owner.execute(
            "SELECT has_table_privilege('prp_web', 'clinic_patient', 'DELETE'),"
            " has_table_privilege('prp_web', 'clinic_auditevent', 'INSERT'),"
            " has_table_privilege('prp_web', 'clinic_auditevent', 'UPDATE'),"
            " has_table_privilege('prp_web', 'django_migrations', 'UPDATE')"
        ).fetchone()
    assert may == (True, True, False, False)


def test_prepare_refuses_to_run_as_the_web_role(own_database: Database) -> None:
    done = _prepare(own_database.web_url)
    assert done.returncode != 0
    assert "as the owner" in done.stderr
