"""What a visit's opaque purpose is called, said by the app that it belongs to: "Session 2 of 4" on a label."""

from collections.abc import Callable, Collection, Mapping
from uuid import UUID

Describe = Callable[[Collection[UUID]], Mapping[UUID, str]]

_describe: list[Describe] = []


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
