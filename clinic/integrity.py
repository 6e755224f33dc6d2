"""What must hold over the whole database, as named checks that each app registers; `manage.py check_data` asks them.

A constraint refuses what one row or one pair of rows can tell. These checks look at what spans tables, and at the
constraints' own promises too, so that a restored backup or a hand-made repair can be verified. Each check is one
read-only statement that selects the keys of rows that are wrong; with `%(site)s` NULL it looks at every site.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Check:
    """One promise. `sql` selects one text column, the key of what breaks it, and may use `%(site)s` (a uuid or NULL)."""

    name: str
    promise: str
    sql: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A promise that no statement can tell. `keys` yields the keys of what breaks it, at one site or at all of them."""

    name: str
    promise: str
    keys: Callable[[UUID | None], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken promise: how many rows break it, and the keys of the first ones."""

    check: Check | Reading
    count: int
    keys: tuple[str, ...]


_checks: dict[str, Check | Reading] = {}


def register(checks: Iterable[Check | Reading]) -> None:
    for check in checks:
        _checks[check.name] = check


def names() -> list[str]:
    return list(_checks)


def get(name: str) -> Check | Reading:
    return _checks[name]


def find(*, site_id: UUID | None = None, only: Iterable[str] | None = None) -> Iterator[Finding]:
    """Ask every check, or those named; yields what is broken. Reads only."""
    wanted = set(only) if only is not None else None
    for check in _checks.values():
        if wanted is not None and check.name not in wanted:
            continue
        count, keys = _read(check, site_id) if isinstance(check, Reading) else _ask(check, site_id)
        if count:
            yield Finding(check, count, keys)


def _ask(check: Check, site_id: UUID | None) -> tuple[int, tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT key::text, count(*) OVER () FROM ({check.sql}) AS wrong (key) ORDER BY 1 LIMIT {SHOWN}",
            {"site": site_id},
        )
        rows = cursor.fetchall()
    return (rows[0][1] if rows else 0), tuple(key for key, _count in rows)


def _read(reading: Reading, site_id: UUID | None) -> tuple[int, tuple[str, ...]]:
    keys = sorted(reading.keys(site_id))
    return len(keys), tuple(keys[:SHOWN])
