"""The outermost service: one durable transaction, retried when it lost a race, mapped when a constraint spoke."""

import functools
import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

import pghistory
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from clinic import locks
from clinic.actors import Contact, Patient, Staff, System
from clinic.exceptions import Conflict, DomainError, TryAgain
from clinic.ids import new_id

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 4
LOCK_TIMEOUT_MS = 3000
_RETRIED = {"40P01", "40001"}  # deadlock_detected, serialization_failure
_LOCK_NOT_AVAILABLE = "55P03"

_at_end: ContextVar[dict[Callable[[list[Any]], object], list[Any]] | None] = ContextVar(
    "at_end", default=None
)
_inside: ContextVar[bool] = ContextVar("inside_use_case", default=False)
_words_for_constraint: dict[str, Callable[[], DomainError]] = {}


def explain_constraint(name: str, error: Callable[[], DomainError]) -> None:
    """Say once, in the app that owns the constraint, which domain error its refusal means."""
    _words_for_constraint[name] = error


def use_case(service: Callable[P, R]) -> Callable[P, R]:
    """One transaction for one service.

    Outermost, it opens a durable transaction, bounds every lock wait by LOCK_TIMEOUT_MS, and runs the
    service again in a new transaction after a deadlock or a serialization failure. A constraint's
    refusal becomes the domain error registered for its name; the database's own text, whose DETAIL
    carries data, is never shown. Called from inside another use case it simply joins that
    transaction, where `locks.take` asserts instead of locking. History rows written inside carry `by`.
    """

    @functools.wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if _inside.get():
            return service(*args, **kwargs)
        for attempt in range(1, ATTEMPTS + 1):
            token = _inside.set(True)
            try:
                with transaction.atomic(durable=True), locks.scope(), _finishing():
                    _prepare(by=kwargs.get("by"))
                    return service(*args, **kwargs)
            except IntegrityError as error:
                explained = _explained(error)
                if explained is None:
                    raise
                raise explained from error
            except DatabaseError as error:
                state = _sqlstate(error)
                if state == _LOCK_NOT_AVAILABLE:
                    raise TryAgain(
                        _("Others are working on the same visits right now. Please try again.")
                    ) from error
                if state not in _RETRIED:
                    raise
                if attempt == ATTEMPTS:
                    raise TryAgain(_("Others were faster several times over. Please try again.")) from error
            finally:
                _inside.reset(token)
            time.sleep(random.uniform(0, 0.02 * attempt))  # noqa: S311 - jitter, not a secret
        raise AssertionError("unreachable")

    return run


def write_at_end(write: Callable[[list[Any]], object], rows: list[Any]) -> None:
    """Let `write` have these rows when the use case ends well, in one call with all others that it was promised; outside
    of a use case at once. A savepoint that is undone in between takes none of them back: refuse before handing in."""
    waiting = _at_end.get()
    if waiting is None:
        write(rows)
    else:
        waiting.setdefault(write, []).extend(rows)


@contextmanager
def _finishing() -> Iterator[None]:
    waiting: dict[Callable[[list[Any]], object], list[Any]] = {}
    token = _at_end.set(waiting)
    try:
        yield
    finally:
        _at_end.reset(token)
    for write, rows in waiting.items():
        write(rows)


def _prepare(*, by: object) -> None:
    """In one statement: bound every lock wait, and hand the history triggers who acts.

    In the web as in a worker the actor then stands beside each changed row. Set once for the transaction, not before
    each statement as `pghistory.context` does; where a request has entered that already, ours joins it.
    """
    settings = {"lock_timeout": str(LOCK_TIMEOUT_MS)}
    if isinstance(by, Staff | Patient | Contact | System):
        metadata = {"actor_kind": by.kind, "actor": by.key}
        pghistory.context(**metadata)
        settings["pghistory.context_id"] = str(new_id())
        settings["pghistory.context_metadata"] = json.dumps(metadata)
    with connection.cursor() as cursor:
        calls = ", ".join("set_config(%s, %s, true)" for _name in settings)
        cursor.execute(f"SELECT {calls}", [part for setting in settings.items() for part in setting])


def _sqlstate(error: BaseException) -> str:
    return str(getattr(error.__cause__, "sqlstate", "") or "")


def constraint_of(error: IntegrityError) -> str:
    """The name of the constraint that refused; empty where the database named none."""
    return str(getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or "")


def _explained(error: IntegrityError) -> DomainError | None:
    name = constraint_of(error)
    if name in _words_for_constraint:
        return _words_for_constraint[name]()
    if _sqlstate(error) == "23P01":
        return Conflict(_("Somebody else was faster. Nothing was saved."))
    return None
