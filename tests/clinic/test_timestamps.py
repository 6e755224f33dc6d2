"""Instants come from the database as Django would read them, only sooner."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import BaseTzLoader
from hypothesis import given
from hypothesis import strategies as st

from clinic.timestamps import UtcLoader

FIRST, LAST = dt.datetime(1, 1, 2, tzinfo=dt.UTC), dt.datetime(9999, 12, 30, tzinfo=dt.UTC)
INSTANTS = st.integers(0, (LAST - FIRST) // dt.timedelta(microseconds=1)).map(
    lambda count: FIRST + dt.timedelta(microseconds=count)
)


class _Djangos(BaseTzLoader):
    timezone = dt.UTC


def _written(at: dt.datetime) -> bytes:
    """As PostgreSQL writes it to a session in UTC: "2026-11-24 09:30:00.25+00"."""
    text = f"{at:%H:%M:%S.%f}".rstrip("0").rstrip(".")
    return f"{at.date().isoformat()} {text}+00".encode()


@given(INSTANTS)
def test_an_instant_is_read_as_django_reads_it(at: dt.datetime) -> None:
    ours, djangos = UtcLoader(1184).load(_written(at)), _Djangos(1184).load(_written(at))
    assert (ours, ours.tzinfo) == (at, dt.UTC)
    assert (ours, ours.tzinfo) == (djangos, djangos.tzinfo)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sql", ["'2026-03-29 01:30:00.5+01'::timestamptz", "lower(tstzrange('2026-03-29 01:30:00.5+01', NULL))"]
)
def test_connections_read_instants_in_utc(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql}")
        (found,) = cursor.fetchone()
    assert (found, found.tzinfo) == (dt.datetime(2026, 3, 29, 0, 30, 0, 500_000, dt.UTC), dt.UTC)


@pytest.mark.django_db
def test_connections_read_quickly() -> None:
    connection.ensure_connection()
    loader: Any = connection.connection.adapters.get_loader(1184, 0)
    assert loader is UtcLoader


@pytest.mark.parametrize("text", [b"infinity", b"0044-03-15 12:00:00+00 BC", b"12026-01-01 00:00:00+00"])
def test_what_python_cannot_hold_is_refused_as_before(text: bytes) -> None:
    for loader in (UtcLoader, _Djangos):
        with pytest.raises(Exception, match=r"can't parse|timestamp"):
            loader(1184).load(text)
