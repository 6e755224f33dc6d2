"""A course's scores as two stacked panels with the sessions as lines: geometry only, ready for one flat template."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from treatments.enums import Instrument
from treatments.models import Response
from treatments.scoring import SCALES
from treatments.selectors.history import History

PANEL, GAP, LEFT, RIGHT, TOP, BOTTOM = 96, 36, 40, 14, 40, 24


@dataclass(frozen=True, slots=True)
class Point:
    x: float
    y: float
    value: str
    when: dt.datetime


@dataclass(frozen=True, slots=True)
class Panel:
    """One instrument: less is better, so its good end is at the bottom."""

    label: str
    top: float
    bottom: float
    high: int
    points: list[Point]
    dash: bool

    @property
    def line(self) -> str:
        return " ".join(f"{point.x:.1f},{point.y:.1f}" for point in self.points)

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Mark:
    """The day of a session."""

    x: float
    number: int


@dataclass(frozen=True, slots=True)
class Chart:
    """One drawing; `name` tells the wide one from the one for phones."""

    name: str
    width: int
    height: int
    left: int
    right: int
    panels: list[Panel]
    marks: list[Mark]
    ticks: list[tuple[float, dt.datetime]]


def charts(history: History) -> list[Chart]:
    """A wide and a narrow drawing, or none while fewer than two scores exist."""
    asked = [(Instrument.NRS, False), (Instrument.RMDQ, True)]
    scored = {instrument: history.scores(instrument) for instrument, _ in asked}
    moments = [row.answered_at for rows in scored.values() for row in rows]
    done = [
        (view.session.number, view.session.injected_at)
        for view in history.sessions
        if view.session.injected_at
    ]
    if len(moments) < 2:
        return []
    moments += [moment for _, moment in done]
    return [
        _chart(name, width, scored, done, min(moments), max(moments))
        for name, width in (("wide", 640), ("narrow", 340))
    ]


def _chart(
    name: str,
    width: int,
    scored: Mapping[Instrument, Sequence[Response]],
    done: Sequence[tuple[int, dt.datetime | None]],
    first: dt.datetime,
    last: dt.datetime,
) -> Chart:
    span = max((last - first).total_seconds(), 1.0)

    def across(moment: dt.datetime) -> float:
        return LEFT + 8 + (width - LEFT - RIGHT - 16) * (moment - first).total_seconds() / span

    panels = []
    for position, (instrument, rows) in enumerate(scored.items()):
        top = TOP + position * (PANEL + GAP)
        high = SCALES[instrument].high
        points = [
            Point(
                across(row.answered_at),
                top + PANEL - PANEL * float(row.score / Decimal(high)),
                f"{row.score.normalize():f}",
                row.answered_at,
            )
            for row in rows
        ]
        panels.append(Panel(str(instrument.label), top, top + PANEL, high, points, dash=position == 1))
    marks = [Mark(across(moment), number) for number, moment in done if moment is not None]
    height = TOP + len(panels) * PANEL + (len(panels) - 1) * GAP + BOTTOM
    ticks = [(across(first), first), (across(last), last)]
    return Chart(name, width, height, LEFT, width - RIGHT, panels, marks, ticks)
