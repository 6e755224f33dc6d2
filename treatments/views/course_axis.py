"""The course drawn over one axis of time: lanes of what happened, and below them pain and function with their thresholds.

Geometry only, ready for one flat template. Thresholds are those of the course's protocol version.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from clinic import clock
from treatments.enums import Instrument
from treatments.models import Response
from treatments.policies.time_points import BASELINE
from treatments.scoring import SCALES
from treatments.selectors.history import History
from treatments.views.course_entries import LANES, Entry, Lane, score_words

LANE, FIRST_LANE, PANEL, GAP, TOP, FOOT = 22, 30, 92, 30, 8, 22
_STEPS = (1, 2, 7, 14, 28, 56, 91, 182, 364)
_LINE = 10
_APART = 26
"""Pixels between two written values below which the second is left out; the table has every one."""


@dataclass(frozen=True, slots=True)
class Point:
    x: float
    y: float
    value: str
    title: str
    written: bool


@dataclass(frozen=True, slots=True)
class Series:
    """One instrument's line; the second of a panel is dashed."""

    name: str
    dash: bool
    points: list[Point]

    @property
    def line(self) -> str:
        return " ".join(f"{point.x:.1f},{point.y:.1f}" for point in self.points)


@dataclass(frozen=True, slots=True)
class Level:
    """A threshold: the height at which it begins and what it means."""

    y: float
    depth: float
    words: str
    is_target: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """One scale on which less is better, so its good end is at the bottom."""

    label: str
    top: float
    bottom: float
    high: int
    series: list[Series]
    levels: list[Level]


@dataclass(frozen=True, slots=True)
class Mark:
    """An entry in its lane. `x2` is where it ends, for what lasts."""

    x: float
    y: float
    entry: Entry
    x2: float | None = None
    label: str = ""

    @property
    def length(self) -> float:
        return (self.x2 or self.x) - self.x

    @property
    def title(self) -> str:
        when = date_format(timezone.localtime(self.entry.at), "j M Y")
        said = f"{when}: {self.entry.title}"
        return f"{said}, {self.entry.note}" if self.entry.note else said


@dataclass(frozen=True, slots=True)
class Axis:
    """One drawing; `name` tells the wide one from the one for phones."""

    name: str
    width: int
    height: float
    left: int
    right: float
    lanes: list[tuple[float, str]]
    marks: list[Mark]
    mails: str
    panels: list[Panel]
    ticks: list[tuple[float, str]]
    today: float | None
    bottom: float
    session_lines: list[float] = field(default_factory=list)

    @property
    def plot(self) -> float:
        return self.right - self.left

    @property
    def sessions(self) -> list[Mark]:
        return [mark for mark in self.marks if mark.entry.lane == Lane.SESSION]

    @property
    def others(self) -> list[Mark]:
        return [mark for mark in self.marks if mark.entry.lane != Lane.SESSION]


def axes(history: History, shown: Sequence[Entry]) -> list[Axis]:
    """A wide and a narrow drawing of the same."""
    return [
        _axis(name, width, left, history, [entry for entry in shown if entry.on_axis])
        for name, width, left in (("wide", 780, 78), ("narrow", 350, 66))
    ]


def _axis(name: str, width: int, left: int, history: History, shown: Sequence[Entry]) -> Axis:
    now, right = clock.now(), width - 38.0
    first, last = _span(history, shown, now)
    seconds = max((last - first).total_seconds(), 86400.0)

    def across(moment: dt.datetime) -> float:
        part = (min(max(moment, first), last) - first).total_seconds() / seconds
        return round(left + 14 + (right - left - 28) * part, 1)

    heights = {
        lane: TOP + FIRST_LANE / 2 + place * LANE + (4 if place else 0) for place, lane in enumerate(LANES)
    }
    marks = [
        Mark(
            across(entry.at),
            heights[entry.lane],
            entry,
            across(entry.until) if entry.until else None,
            _dose(history, entry),
        )
        for entry in shown
        if not entry.is_mail and entry.at <= last
    ]
    mails = "".join(
        f"M{across(entry.at):.1f} {heights[Lane.MAIL] - 5:.1f}v10"
        for entry in shown
        if entry.is_mail and entry.at <= last
    )
    top = TOP + FIRST_LANE + (len(LANES) - 1) * LANE + 26
    panels = _panels(history, across, top)
    bottom = panels[-1].bottom if panels else heights[Lane.MAIL] + LANE / 2
    return Axis(
        name=name,
        width=width,
        height=bottom + FOOT,
        left=left,
        right=right,
        lanes=[(heights[lane], str(words)) for lane, words in LANES.items()],
        marks=marks,
        mails=mails,
        panels=panels,
        ticks=_ticks(first, last, across, most=9 if name == "wide" else 4),
        today=across(now) if first <= now <= last and history.course.ended_at is None else None,
        bottom=bottom,
        session_lines=[mark.x for mark in marks if mark.entry.lane == Lane.SESSION],
    )


def _span(history: History, shown: Sequence[Entry], now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """From the order to today, or to the last booked session; of an ended course to the last thing that happened."""
    moments = [entry.at for entry in shown if not entry.is_mail]
    if history.course.ended_at is None:
        moments.append(now)
    return min(moments), max(moments)


def _dose(history: History, entry: Entry) -> str:
    """The dose beside a session that was done, in 10⁹ platelets."""
    view = next((view for view in history.sessions if view.session.number == entry.number), None)
    if entry.number is None or view is None or view.derived is None or view.derived.dose.value is None:
        return ""
    return number_format(view.derived.dose.value)


def _ticks(
    first: dt.datetime, last: dt.datetime, across: Callable[[dt.datetime], float], *, most: int
) -> list[tuple[float, str]]:
    days = max((last - first).days, 1)
    step = next((step for step in _STEPS if days / step <= most), _STEPS[-1])
    start = timezone.localtime(first)
    form = "j M" if days < 300 else "M Y"
    return [
        (across(first + dt.timedelta(days=day)), date_format(start + dt.timedelta(days=day), form))
        for day in range(0, days + 1, step)
    ]


def _panels(history: History, across: Callable[[dt.datetime], float], top: float) -> list[Panel]:
    gate = history.course.protocol_version.clinical.gate
    nrs, peg, rmdq = (history.scores(one) for one in (Instrument.NRS, Instrument.PEG, Instrument.RMDQ))
    found: list[Panel] = []
    pain, back = _baseline(nrs), _baseline(rmdq)
    if nrs or peg:
        wanted: list[tuple[Decimal, str, bool]] = []
        if pain:
            wanted = [
                (pain * (100 - gate.nrs_some) / 100, f"−{gate.nrs_some} %", False),
                (pain * (100 - gate.nrs_substantial) / 100, f"−{gate.nrs_substantial} %", True),
            ]
        found.append(_panel(_("Pain 0–10"), 10, top, [("NRS", nrs), ("PEG", peg)], wanted, across))
        top += PANEL + GAP
    if rmdq:
        wanted = []
        if back:
            share = back * (100 - gate.rmdq_some) / 100
            wanted = [
                (back - gate.rmdq_points, f"−{gate.rmdq_points}", False),
                (max(share, Decimal(gate.rmdq_recovered)), f"−{gate.rmdq_some} %", True),
            ]
        found.append(
            _panel(
                _("Back function 0–24"), SCALES[Instrument.RMDQ].high, top, [("RMDQ", rmdq)], wanted, across
            )
        )
    return found


def _baseline(rows: Sequence[Response]) -> Decimal | None:
    return next((row.score for row in rows if row.time_point == BASELINE), None)


def _panel(
    label: str,
    high: int,
    top: float,
    lines: Sequence[tuple[str, Sequence[Response]]],
    wanted: Sequence[tuple[Decimal, str, bool]],
    across: Callable[[dt.datetime], float],
) -> Panel:
    def up(score: Decimal) -> float:
        return round(top + PANEL - PANEL * float(score) / high, 1)

    return Panel(
        label,
        top,
        top + PANEL,
        high,
        [_series(name, rows, across, up, dash=place > 0) for place, (name, rows) in enumerate(lines) if rows],
        _levels(wanted, up, top + PANEL),
    )


def _levels(
    wanted: Sequence[tuple[Decimal, str, bool]], up: Callable[[Decimal], float], bottom: float
) -> list[Level]:
    """The thresholds that the scale reaches; where two lie close, only the target has its words."""
    target = next((up(score) for score, _words, is_target in wanted if is_target), bottom)
    return [
        Level(
            up(score),
            round(bottom - up(score), 1),
            words if is_target or abs(up(score) - target) >= _LINE else "",
            is_target,
        )
        for score, words, is_target in wanted
        if score >= 0
    ]


def _series(
    name: str,
    rows: Sequence[Response],
    across: Callable[[dt.datetime], float],
    up: Callable[[Decimal], float],
    *,
    dash: bool,
) -> Series:
    points: list[Point] = []
    last = float("-inf")
    for row in rows:
        x, value = across(row.answered_at), score_words(row.score)
        # The dashed line stays without figures: two rows of them would cover each other.
        written = not dash and (x - last >= _APART)
        last = x if written else last
        day = date_format(timezone.localtime(row.answered_at), "j M Y")
        points.append(Point(x, up(row.score), value, f"{name} {value}, {day}", written))
    return Series(name, dash, points)
