"""The built data as a database to clone: made once, kept until schema, generator or size change or it is a month old."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from clinic import clock
from tests import database
from tests.bench.data.build import build
from tests.bench.data.scale import Scale
from tests.database import Database

_PREFIX = "prp_bench_"
_SOURCES = (
    "*/migrations/**/*.py",
    "tests/bench/data/*.py",
    "tests/factories/scheduling.py",
    "tests/factories/treatments.py",
    "scheduling/services/defaults.py",
    "treatments/default_rules.toml",
)
_FRESH = dt.timedelta(days=30)
"""Older data has slid into the past: too little of it lies ahead."""


@contextmanager
def cloned() -> Iterator[Database]:
    """A copy of the data to measure on; Django is pointed at it."""
    with database.cloned(_template(Scale.wanted())) as clone, database.pointed_at(clone):
        yield clone


def _template(scale: Scale) -> str:
    """Its name says of what it was made and on which day."""
    made_of = f"{_PREFIX}{scale.label}_{database.digest(_SOURCES)}_"
    today = clock.now().date()
    for name in database.names():
        if name.startswith(made_of) and today - dt.date.fromisoformat(name.removeprefix(made_of)) < _FRESH:
            return name
    for name in database.names():
        if name.startswith(f"{_PREFIX}{scale.label}_"):
            database.drop(name)
    finished = f"{made_of}{today:%Y%m%d}"
    with database.cloned() as empty:
        with database.pointed_at(empty):
            build(empty, scale)
        database.keep(empty, finished)
    return finished
