"""Row locks, taken once per use case and in one global order, so that two use cases can never wait for each other.

The order is: site hours, resources, patients, appointments, courses, sessions, messages; by key within each.
The outermost service computes the union of all it will touch, old and new, and takes it in one call. An
inner step that calls `take` again only asserts that everything it needs is already held.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Model

ORDER = ("site", "resource", "patient", "appointment", "course", "session", "message")


@dataclass(slots=True)
class Held:
    """The locks of one transaction, and whether its one call of `take` has been made."""

    taken: bool = False
    keys: dict[str, set[Any]] = field(default_factory=lambda: {rank: set() for rank in ORDER})
    absent: dict[str, set[Any]] = field(default_factory=lambda: {rank: set() for rank in ORDER})


_models: dict[str, type[Model]] = {}
_held: ContextVar[Held | None] = ContextVar("held_locks", default=None)


class LockOrderError(RuntimeError):
    """A programming error: locks were taken twice, or an inner step needs one that is not held."""


def register(rank: str, model: type[Model]) -> None:
    """Called once by the app that owns the rows of this rank."""
    if rank not in ORDER:
        raise LockOrderError(f"no such rank: {rank}")
    _models[rank] = model


@contextmanager
def scope() -> Iterator[None]:
    """The life of one transaction's locks."""
    token = _held.set(Held())
    try:
        yield
    finally:
        _held.reset(token)


Question = tuple[str, dict[str, Any]]
"""A statement with its named values."""


def take(then: Question | None = None, /, **keys: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Lock rows by key, rank by rank in the global order; `take(resource=[…], patient=[…])`.

    Rows that do not exist are not an error: the caller re-reads after locking and says what is missing.
    `FOR NO KEY UPDATE` does not block foreign-key checks of other transactions. One statement a rank, in this order,
    sent together: whoever holds the first lock does not wait for the network to ask for the next. `then` goes with them
    and its rows are returned: a statement of its own, so it sees what those wrote for whom the locks waited.
    """
    held = _held.get()
    if held is None:
        raise LockOrderError("locks are taken inside a use case only")
    wanted = {rank: set(values) for rank, values in keys.items()}
    statements: list[str] = []
    values: dict[str, Any] = {}
    if held.taken:
        _assert_held(held, wanted)
    else:
        held.taken = True
        for rank in ORDER:
            if keys_of_rank := wanted.get(rank):
                statements.append(_lock(rank))
                values[f"lock_{rank}"] = list(keys_of_rank)
                held.keys[rank] |= keys_of_rank
    if then is not None:
        statements.append(then[0])
        values |= then[1]
    if not statements:
        return []
    return ask(("; ".join(statements), values))


def ask(question: Question) -> list[tuple[Any, ...]]:
    """The rows of the last of its statements, which are sent together."""
    with connection.cursor() as cursor:
        cursor.execute(*question)
        while cursor.nextset():
            pass
        return list(cursor.fetchall())


def _lock(rank: str) -> str:
    meta = _models[rank]._meta
    table, key = connection.ops.quote_name(meta.db_table), connection.ops.quote_name(str(meta.pk.column))
    # Names of our own tables, not words that anybody typed.
    return f"SELECT {key} FROM {table} WHERE {key} = ANY(%(lock_{rank})s) ORDER BY {key} FOR NO KEY UPDATE"  # noqa: S608


def looked_for(rank: str, asked: Iterable[Any], *, found: Iterable[Any]) -> None:
    """Whoever looks up which rows to lock says which of the keys stand for none, so that nobody asks again."""
    if (held := _held.get()) is not None:
        held.absent[rank] = (held.absent[rank] | set(asked)) - set(found)


def is_absent(rank: str, key: Any) -> bool:
    """Whether this transaction has looked for a row of that key and found none. False where it has not looked."""
    held = _held.get()
    return held is not None and key in held.absent[rank]


def add_created(rank: str, *keys: Any) -> None:
    """A row inserted in this transaction is ours already: nobody else can see it."""
    held = _held.get()
    if held is None:
        raise LockOrderError("locks are taken inside a use case only")
    held.absent[rank] -= set(keys)
    held.keys[rank].update(keys)


def _assert_held(held: Held, wanted: dict[str, set[Any]]) -> None:
    for rank, values in wanted.items():
        missing = values - held.keys[rank]
        if missing:
            raise LockOrderError(
                f"{rank} {sorted(map(str, missing))} must be locked by the outermost use case"
            )
