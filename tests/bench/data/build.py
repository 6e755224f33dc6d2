"""The data of the bench, built in one go: sites through the services, a million of each by plain SQL."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from clinic import clock
from tests.bench.data import courses, messages, people, sites, visits
from tests.bench.data.bare import bare
from tests.bench.data.scale import Scale
from tests.database import Database

_LOADING = (
    "SET synchronous_commit = off; SET work_mem = '256MB'; SET maintenance_work_mem = '512MB'; SET jit = off"
)


def build(database: Database, scale: Scale) -> None:
    """Fill a migrated database to which Django is pointed. Deterministic but for the keys and the day of today."""
    now = clock.now()
    with _step("sites"):
        houses = sites.open_all(scale)
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute(_LOADING)
        owner.execute("SELECT setseed(0.42)")
        with _step(f"{scale.patients:,} patients"), bare(owner, people.TABLES):
            people.load(owner, scale, now)
        with _step("visits"), bare(owner, visits.TABLES):
            visits.load(owner, scale, houses, now)
        with _step(f"{scale.patients:,} mails ahead"), bare(owner, messages.TABLES):
            messages.load(owner, houses, now)
        with _step(f"{scale.patients // 5:,} courses"), bare(owner, courses.TABLES):
            courses.load(owner, houses, now)
        with _step("VACUUM and ANALYZE"):
            owner.execute("VACUUM (ANALYZE)")


@contextmanager
def _step(name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    sys.stderr.write(f"  {name}: {time.monotonic() - began:.1f} s\n")
    sys.stderr.flush()
