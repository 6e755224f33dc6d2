"""The registry of start rules: the one way in which a higher app can refuse or warn about a start.

Availability, "why not 10:15", offers, drag and booking all ask the same rules in batches. A rule answers a
batch in a constant number of queries.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from clinic.enums import Permission
from scheduling.enums import RefusalLevel


@dataclass(frozen=True, slots=True)
class Override:
    """Refusals that a person has read and accepted, by code, with the reason they gave."""

    reason: str
    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class StartRequest:
    """May this visit start at any of these instants? `appointment_id` is the visit being moved, if one is."""

    site_id: UUID
    visit_type_id: UUID
    starts: Sequence[dt.datetime]
    patient_id: UUID | None = None
    appointment_id: UUID | None = None
    purpose: UUID | None = None
    override: Override | None = None
    planned: Mapping[UUID, dt.datetime] | None = None
    """Starts of sibling visits booked in the same action, by purpose: they are not in the database yet."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One rule's no to one start. A warning too must be accepted by somebody who may."""

    start: dt.datetime
    level: RefusalLevel
    code: str
    words: str
    overridable_by: Permission | None = None
    request: StartRequest | None = None
    """Which of a batch's requests it answers; without it, every request of the batch that asks for this start."""


Rule = Callable[[Sequence[StartRequest]], list[Refusal]]
LockKeys = Callable[[Iterable[UUID]], Mapping[str, Iterable[Any]]]

_rules: dict[str, Rule] = {}
_lock_keys: list[LockKeys] = []


def register(name: str, rule: Rule) -> None:
    _rules[name] = rule


def register_lock_keys(keys: LockKeys) -> None:
    """A higher app names the rows (`course`, `session`) that a change of a visit with these purposes touches,
    so that the outermost use case can lock them in the global order without knowing what they are."""
    _lock_keys.append(keys)


def ask(requests: Sequence[StartRequest]) -> list[Refusal]:
    """Every refusal of every rule, in the order of registration."""
    return [refusal for rule in _rules.values() for refusal in rule(requests)]


def lock_keys(purposes: Iterable[UUID | None]) -> dict[str, set[Any]]:
    """What must be locked besides the visit itself, by rank."""
    wanted = {purpose for purpose in purposes if purpose is not None}
    union: dict[str, set[Any]] = {}
    if wanted:
        for keys in _lock_keys:
            for rank, values in keys(wanted).items():
                union.setdefault(rank, set()).update(values)
    return union
