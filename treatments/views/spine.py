"""The spine as it is drawn, seen from behind with the patient's left on the left: where each target lies, what was put there.

Lengths are units of the drawing, 360 wide and 490 high; templates/treatments/_spine_bones.html draws to the same numbers.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Protocol

from django.utils.translation import gettext as _

from treatments.enums import Level, Side, Structure
from treatments.models import Injection
from treatments.selectors.record_rows import SessionView

CENTRE, _TOP, _PITCH, _GAP = 180, 36, 54, 28
"""The midline; the middle of T12; from one vertebra to the next; from a vertebra to the joint below it."""
_SACRUM = _TOP + 5 * _PITCH + 30
_NEAR = 22
"""Marks above each other nearer than this would cover each other."""
_WIDTHS = {"T12": 0.9, "L1": 0.94, "L2": 0.97, "L3": 1.0, "L4": 1.03, "L5": 1.07}

_ASIDE = {
    Structure.FACET: (25, 0),
    Structure.EPIDURAL: (46, 0),
    Structure.MULTIFIDUS: (62, 0),
    Structure.FASCIA: (114, 0),
    Structure.ILIOLUMBAR: (94, -32),
}
"""From the middle of an interspace to the target on the right; the iliolumbar ligament leaves the process above."""
_MIDDLE = {Structure.SUPRASPINOUS: 12, Structure.FASCIA: 12}
_SACRAL = {Structure.SI_JOINT: (72, 26), Structure.SI_LIGAMENT: (58, 74), Structure.EPIDURAL: (26, 40)}
_HIATUS = 122


class Target(Protocol):
    """One structure: a planned target, or an injection."""

    structure: str
    level: str
    side: str


@dataclass(frozen=True, slots=True)
class Vertebra:
    """One vertebra with the transform that puts its outline into its place."""

    name: str
    y: int
    transform: str


VERTEBRAE = [
    Vertebra(name, y, f"translate({CENTRE} {y}) scale({wide} 1)")
    for y, (name, wide) in zip(range(_TOP, _SACRUM, _PITCH), _WIDTHS.items(), strict=True)
]


@dataclass(frozen=True, slots=True)
class Mark:
    """One target of a course on the map. `words` are the sessions that injected it, none for one that is only planned."""

    x: int
    y: int
    words: str
    label: str
    latest: int = 0
    """The last session that injected it."""

    @property
    def hue(self) -> int:
        """One of the eight hues, by the last session; the numbers are written as well."""
        return (self.latest - 1) % 8 + 1

    @property
    def half(self) -> int:
        """Half the width of its plate."""
        return max(11, 5 + 4 * len(self.words))


@dataclass(frozen=True, slots=True)
class MapRow:
    """The same as a row of the table: mL a session, in the order of the columns. None: not injected then."""

    label: str
    volumes: list[Decimal | None]


@dataclass(frozen=True, slots=True)
class BodyMap:
    """What was injected where and when in one course. For templates/treatments/_body_map.html."""

    marks: list[Mark] = field(default_factory=list)
    rows: list[MapRow] = field(default_factory=list)
    sessions: list[tuple[int, dt.datetime | None]] = field(default_factory=list)
    vertebrae: list[Vertebra] = field(default_factory=lambda: VERTEBRAE)

    @property
    def planned(self) -> bool:
        """Whether a target still waits."""
        return any(not mark.words for mark in self.marks)


def body_map(targets: Iterable[Target], sessions: Sequence[SessionView]) -> BodyMap:
    """The map of a course: its planned targets, and all that its sessions injected. Asks the database nothing."""
    done = [view for view in sessions if view.injections]
    given: dict[tuple[str, str, str], list[Decimal | None]] = {_key(row): [] for row in targets}
    for row in (row for view in done for row in view.injections):
        given.setdefault(_key(row), [])
    for key, volumes in given.items():
        volumes += [_volume(view.injections, key) for view in done]
    numbers = [view.session.number for view in done]
    found = BodyMap(sessions=[(view.session.number, view.session.injected_at) for view in done])
    taken: list[Mark] = []
    for key in sorted(given, key=_order):
        volumes, label = given[key], name(*key)
        at = [number for number, ml in zip(numbers, volumes, strict=True) if ml is not None]
        taken.append(_free(Mark(*place(*key), runs(at), label, at[-1] if at else 0), taken))
        found.rows.append(MapRow(label, volumes))
    found.marks.extend(taken)
    return found


def place(structure: str, level: str, side: str) -> tuple[int, int]:
    """Where a target lies on the drawing."""
    sign = {Side.LEFT: -1, Side.RIGHT: 1}.get(Side(side), 0)
    kind = Structure(structure)
    if level == Level.SACRUM:
        aside, down = _SACRAL.get(kind, (40, 50))
        down = down if sign else _HIATUS
        return CENTRE + sign * aside, _SACRUM + down
    y = _TOP + _GAP + _PITCH * Level.values.index(level)
    if not sign:
        return CENTRE, y + _MIDDLE.get(kind, 0)
    aside, down = _ASIDE.get(kind, (40, 0))
    return CENTRE + sign * aside, y + down


def name(structure: str, level: str, side: str) -> str:
    """As it is said: structure, level, side. A midline needs no word."""
    parts = [_epidural(level, side) if structure == Structure.EPIDURAL else str(Structure(structure).label)]
    if level != Level.SACRUM:
        parts.append(str(Level(level).label))
    elif structure == Structure.EPIDURAL and side != Side.MIDLINE:
        parts.append("S1")
    if side != Side.MIDLINE:
        parts.append(str(Side(side).label).lower())
    return " ".join(parts)


def runs(numbers: Sequence[int]) -> str:
    """Numbers in order as they are read: 1, 2, 3 and 5 are "1–3 5"."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    return " ".join(
        f"{run[0]}–{run[-1]}" if len(run) > 2 else " ".join(str(number) for number in run) for run in found
    )


def _epidural(level: str, side: str) -> str:
    if side != Side.MIDLINE:
        return _("Epidural, transforaminal")
    return _("Epidural, caudal") if level == Level.SACRUM else _("Epidural, interlaminar")


def _free(mark: Mark, taken: Sequence[Mark]) -> Mark:
    """This mark, moved down until it covers no other."""
    while any(abs(mark.x - at.x) < mark.half + at.half and abs(mark.y - at.y) < _NEAR for at in taken):
        mark = replace(mark, y=mark.y + 2)
    return mark


def _volume(rows: Iterable[Injection], key: tuple[str, str, str]) -> Decimal | None:
    volumes = [row.volume_ml for row in rows if _key(row) == key]
    return sum(volumes, Decimal(0)) if volumes else None


def _key(row: Target) -> tuple[str, str, str]:
    return row.structure, row.level, row.side


def _order(key: tuple[str, str, str]) -> tuple[int, int, int]:
    structure, level, side = key
    return Level.values.index(level), Structure.values.index(structure), Side.values.index(side)
