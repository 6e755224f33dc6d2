"""Two people in one part of a record: what each of them changed is kept, and only the same field is a conflict."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation


@dataclass(frozen=True, slots=True)
class Merge:
    """Values by field. `theirs` holds, for each field in conflict, what is saved now beside what was typed."""

    values: Mapping[str, str]
    theirs: Mapping[str, str]


def three_way(base: Mapping[str, str], mine: Mapping[str, str], saved: Mapping[str, str]) -> Merge:
    """`base` is what the form showed when it was filled in, `mine` what was sent, `saved` what is stored now.

    A field that I did not touch takes what is saved. One that only I touched takes mine. Where both changed it to
    different values, mine stays in the form and nothing is decided.
    """
    values: dict[str, str] = {}
    theirs: dict[str, str] = {}
    for field, typed in mine.items():
        before, now = base.get(field, ""), saved.get(field, "")
        if same(typed, before):
            values[field] = now
        else:
            values[field] = typed
            if not same(now, before) and not same(now, typed):
                theirs[field] = now
    return Merge(values, theirs)


def same(one: str, other: str) -> bool:
    """Whether two typed values say the same: 52 and 52.0 do."""
    if one == other:
        return True
    try:
        return Decimal(one) == Decimal(other)
    except InvalidOperation:
        return False
