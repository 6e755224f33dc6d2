"""What the parts of one drawing of the grid share."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from scheduling.selectors.grid import Held, Sheet
from scheduling.views.grid_rows import Ruler
from scheduling.views.rows import Row

_TALL = 6  # rows from which a block has room for a third line


@dataclass(frozen=True, slots=True)
class Face:
    """What the blocks of one visit share, escaped once. `stages` names what each resource is held for."""

    number: int
    url: str
    shape: str
    name: str
    kind: str
    stages: Mapping[str, str]
    pips: str
    state: str


@dataclass(slots=True)
class Pen:
    """What all blocks of one drawing share."""

    sheet: Sheet
    ruler: Ruler
    now: dt.datetime
    may_book: bool
    faces: Mapping[UUID, Face]
    rows: Mapping[UUID, Row]
    held: Mapping[UUID, Sequence[Held]]
    by_week: bool


def size_of(length: int) -> str:
    """The class for a block of so many rows; none for those between."""
    return " gb-tall" if length >= _TALL else " gb-short" if length <= 2 else ""
