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


def take(**keys: Iterable[Any]) -> None:
    """Lock rows by key, rank by rank in the global order; `take(resource=[…], patient=[…])`.

    Rows that do not exist are not an error: the caller re-reads after locking and says what is missing.
    `FOR NO KEY UPDATE` does not block foreign-key checks of other transactions. One statement a rank, in this order,
    sent together: whoever holds the first lock does not wait for the network to ask for the next.
    """
    held = _held.get()
    if held is None:
        raise LockOrderError("locks are taken inside a use case only")
    wanted = {rank: set(values) for rank, values in keys.items()}
    if held.taken:
        _assert_held(held, wanted)
        return
    held.taken = True
    statements: list[str] = []
    parameters: list[Any] = []
    for rank in ORDER:
        if values := wanted.get(rank):
            rows = _models[rank]._base_manager.filter(pk__in=values).order_by("pk")
            locking = rows.select_for_update(no_key=True).values_list("pk", flat=True)
            statement, values_of = locking.query.sql_with_params()
            statements.append(statement)
            parameters += values_of
            held.keys[rank] |= values
    if statements:
        with connection.cursor() as cursor:
            cursor.execute("; ".join(statements), parameters)


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
