"""What a visit's opaque purpose means, said by the app that it belongs to: its name on a label ("Session 2 of 4"), and how
long before the visit its patient begins to prepare."""

from collections.abc import Callable, Collection, Mapping
from uuid import UUID

Describe = Callable[[Collection[UUID]], Mapping[UUID, str]]

Leads = Callable[[Collection[UUID]], Mapping[UUID, int]]

_describe: list[Describe] = []
_leads: list[Leads] = []


def register(describe: Describe) -> None:
    """Called once at start-up by a higher app; it answers for all purposes at once, in a constant number of queries."""
    _describe.append(describe)


def words(purposes: Collection[UUID | None]) -> dict[UUID, str]:
    """Words by purpose; purposes that nobody knows are left out."""
    wanted = {purpose for purpose in purposes if purpose is not None}
    found: dict[UUID, str] = {}
    for describe in _describe if wanted else ():
        found |= describe(wanted)
    return found


def register_leads(leads: Leads) -> None:
    """Called once at start-up by a higher app; it answers for all purposes at once, in a constant number of queries."""
    _leads.append(leads)


def leads(purposes: Collection[UUID | None]) -> dict[UUID, int]:
    """Whole days before the visit, by purpose; purposes that ask for no preparation are left out."""
    wanted = {purpose for purpose in purposes if purpose is not None}
    found: dict[UUID, int] = {}
    for lead in _leads if wanted else ():
        found |= lead(wanted)
    return found
