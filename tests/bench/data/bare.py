"""Tables without triggers, indexes and constraints while millions of rows arrive.

Putting them back checks every row: that is the proof that the data is data which the clinic could have made.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

_CONSTRAINTS = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = ANY(%s::regclass[]) AND contype IN ('f', 'x', 'u') ORDER BY contype DESC, conname"""
_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = ANY(%s::regclass[]) AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)"""


@contextmanager
def bare(owner: "psycopg.Connection[Any]", tables: Sequence[str]) -> Iterator[None]:
    """Drop and, in the end, make again; primary keys and checks stay, the latter are cheap."""
    names = list(tables)
    constraints = owner.execute(_CONSTRAINTS, [names]).fetchall()
    indexes = owner.execute(_INDEXES, [names]).fetchall()
    for table in names:
        owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for table, name, _definition in reversed(constraints):
        owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _definition in indexes:
        owner.execute(f"DROP INDEX {name}")
    yield
    for _name, definition in indexes:
        owner.execute(definition)
    for table, name, definition in constraints:
        owner.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    for table in names:
        owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
