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

from django.db.models import Model

ORDER = ("site", "resource", "patient", "appointment", "course", "session", "message")


@dataclass(slots=True)
class Held:
    """The locks of one transaction, and whether its one call of `take` has been made."""

    taken: bool = False
    keys: dict[str, set[Any]] = field(default_factory=lambda: {rank: set() for rank in ORDER})


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
    `FOR NO KEY UPDATE` does not block foreign-key checks of other transactions.
    """
    held = _held.get()
    if held is None:
        raise LockOrderError("locks are taken inside a use case only")
    wanted = {rank: set(values) for rank, values in keys.items()}
    if held.taken:
        _assert_held(held, wanted)
        return
    held.taken = True
    for rank in ORDER:
        if values := wanted.get(rank):
            rows = _models[rank]._base_manager.filter(pk__in=values).order_by("pk")
            list(rows.select_for_update(no_key=True).values_list("pk", flat=True))
            held.keys[rank] |= values


def add_created(rank: str, *keys: Any) -> None:
    """A row inserted in this transaction is ours already: nobody else can see it."""
    held = _held.get()
    if held is None:
        raise LockOrderError("locks are taken inside a use case only")
    held.keys[rank].update(keys)


def _assert_held(held: Held, wanted: dict[str, set[Any]]) -> None:
    for rank, values in wanted.items():
        missing = values - held.keys[rank]
        if missing:
            raise LockOrderError(
                f"{rank} {sorted(map(str, missing))} must be locked by the outermost use case"
            )
