"""What became of a text from one version to the next, line by line."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum


class Change(StrEnum):
    KEPT = "kept"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Line:
    change: Change
    text: str


def compare(before: str, after: str) -> list[Line]:
    """The lines of both in reading order: what went stands before what came in its place."""
    return list(_lines(before.splitlines(), after.splitlines()))


def _lines(old: list[str], new: list[str]) -> Iterator[Line]:
    for tag, a, b, c, d in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from (Line(Change.KEPT, text) for text in new[c:d])
            continue
        yield from (Line(Change.REMOVED, text) for text in old[a:b])
        yield from (Line(Change.ADDED, text) for text in new[c:d])
