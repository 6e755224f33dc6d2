"""The lower spine seen from behind, T12 to S1, with every injected target where it lies, by session. Geometry only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from treatments.enums import Level, Side, Structure
from treatments.models import Injection
from treatments.selectors.history import History

WIDTH, HEIGHT, MIDDLE = 300, 372, 150
_TOP, _STEP, _BODY = 14, 44, 30

_GAPS: Final[Mapping[str, float]] = {
    level: _TOP + _BODY + 7 + place * _STEP
    for place, level in enumerate(one for one in Level.values if one != Level.SACRUM)
}
"""The height of the gap between two vertebrae, by level."""
_ACROSS: Final[Mapping[str, float]] = {
    Structure.FACET: 27,
    Structure.MULTIFIDUS: 50,
    Structure.FASCIA: 70,
    Structure.ILIOLUMBAR: 62,
    Structure.SI_JOINT: 46,
    Structure.SI_LIGAMENT: 60,
    Structure.DISC: 0,
    Structure.EPIDURAL: 0,
    Structure.SUPRASPINOUS: 0,
}
"""How far from the middle a structure is drawn; in the midline all lie on it."""
_DOT: Final = 8.5


@dataclass(frozen=True, slots=True)
class Bone:
    """One vertebra."""

    name: str
    y: float
    width: float

    @property
    def x(self) -> float:
        return MIDDLE - self.width / 2

    @property
    def middle(self) -> float:
        return self.y + _BODY / 2

    @property
    def left(self) -> float:
        return self.x + 3

    @property
    def end(self) -> float:
        return self.x + self.width - 3


@dataclass(frozen=True, slots=True)
class Dot:
    """One injection: the number of its session where it went in."""

    x: float
    y: float
    number: int
    title: str

    @property
    def hue(self) -> int:
        """One of the eight hues; the number is written as well."""
        return (self.number - 1) % 8 + 1


@dataclass(frozen=True, slots=True)
class SpineMap:
    bones: list[Bone]
    dots: list[Dot]
    planned: list[Dot]
    width: int = WIDTH
    height: int = HEIGHT


def spine_map(history: History) -> SpineMap:
    """What was injected, session by session beside each other, and the planned targets that nobody has reached yet."""
    rows: dict[tuple[str, str], list[tuple[float, int, Injection]]] = {}
    reached = set()
    for view in history.sessions:
        for row in view.injections:
            reached.add((row.structure, row.level, row.side))
            across = _ACROSS.get(row.structure, 34)
            rows.setdefault((row.level, row.side), []).append((across, view.session.number, row))
    dots = [dot for found in rows.values() for dot in _row(sorted(found, key=lambda one: one[:2]))]
    planned = [
        Dot(
            *_place(row.structure, row.level, row.side),
            0,
            _("Planned: %(what)s") % {"what": target_words(row.structure, row.level, row.side)},
        )
        for row in history.course.targets.all()
        if (row.structure, row.level, row.side) not in reached
    ]
    bones = [
        Bone(name, _TOP + place * _STEP, 44 + place * 2)
        for place, name in enumerate(("T12", "L1", "L2", "L3", "L4", "L5"))
    ]
    return SpineMap(bones, dots, planned)


def _row(found: Sequence[tuple[float, int, Injection]]) -> Iterator[Dot]:
    """The dots of one level and side, none upon another: outwards from the spine, in the midline about it."""
    side = found[0][2].side
    start = -(len(found) - 1) * _DOT if side == Side.MIDLINE else 0.0
    last = start - 2 * _DOT
    room = (MIDDLE - _DOT - 2 - found[0][0]) / max(len(found) - 1, 1)
    apart = min(2 * _DOT, room)
    for _across, number, row in found:
        x, y = _place(row.structure, row.level, row.side)
        if side == Side.MIDLINE:
            last += 2 * _DOT
            x = MIDDLE + last
        else:
            last = max(abs(x - MIDDLE), last + apart)
            last = min(last, MIDDLE - _DOT - 2)
            x = MIDDLE + (last if side == Side.RIGHT else -last)
        title = _("Session %(number)s: %(what)s, %(ml)s mL") % {
            "number": number,
            "what": target_words(row.structure, row.level, row.side),
            "ml": number_format(row.volume_ml),
        }
        yield Dot(x, y, number, title)


def target_words(structure: str, level: str, side: str) -> str:
    """ "Facet joint L4–L5, left"."""
    where = "" if level == Level.SACRUM else f" {Level(level).label}"
    return f"{Structure(structure).label}{where}, {str(Side(side).label).lower()}"


def _place(structure: str, level: str, side: str) -> tuple[float, float]:
    """From behind: the patient's left is on the left."""
    sacrum = _TOP + 6 * _STEP + 34
    y = _GAPS.get(level, sacrum)
    if structure == Structure.ILIOLUMBAR:
        y -= 8
    if side == Side.MIDLINE:
        return MIDDLE, y
    across = _ACROSS.get(structure, 34) or 14
    return MIDDLE + (across if side == Side.RIGHT else -across), y
