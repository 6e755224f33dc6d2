"""The days after a session as a small curve of pain, with the red flags on it: geometry only, ready for one template."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from clinic import clock
from treatments.clinical_rules import RecoveryRules
from treatments.forms.check_ins import words_of
from treatments.models import CheckIn, ProtocolVersion, Session
from treatments.policies import check_ins as rules

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 300, 104, 22, 10, 20, 18
_LEAST_DAYS = 7


@dataclass(frozen=True, slots=True)
class Said:
    """One check-in as pages of staff show it."""

    row: CheckIn
    flags: list[str]
    emergency: bool

    @property
    def who(self) -> str:
        if self.row.recorded_by is not None:
            return f"{self.row.get_source_display()}, {self.row.recorded_by}"
        return str(self.row.contact) if self.row.contact is not None else ""


@dataclass(frozen=True, slots=True)
class Point:
    x: float
    y: float | None
    title: str
    flag: str


@dataclass(frozen=True, slots=True)
class Week:
    """One session's days. `asked` are the protocol's days that have come, `silent` those of them without an answer."""

    session: Session
    said: list[Said]
    points: list[Point]
    ticks: list[tuple[float, int]]
    silent: list[int]
    today: float | None
    asks: bool

    width, height, left, right, top = WIDTH, HEIGHT, LEFT, WIDTH - RIGHT, TOP
    bottom = HEIGHT - BOTTOM

    @property
    def line(self) -> str:
        return " ".join(f"{point.x:.1f},{point.y:.1f}" for point in self.points if point.y is not None)


def week(session: Session, found: Sequence[CheckIn], *, version: ProtocolVersion) -> Week | None:
    """None for a session that was not done, or about which nothing was asked and nothing said."""
    if session.injected_at is None or not (found or version.recovery_days):
        return None
    now, zone = clock.now(), session.site.zone
    today = rules.day_of(session.injected_at, now, zone=zone)
    recovery = version.clinical.recovery
    last = max(
        [_LEAST_DAYS, *(day for day in version.recovery_days if day <= 14), *(row.day for row in found)]
    )

    def across(moment_day: float) -> float:
        return round(float(LEFT + 6 + (WIDTH - LEFT - RIGHT - 12) * moment_day / last), 1)

    bottom = HEIGHT - BOTTOM
    said = [_said(row, recovery) for row in found]
    points = [
        Point(
            across(one.row.day),
            None if one.row.pain is None else round(bottom - (bottom - TOP) * one.row.pain / 10, 1),
            _title(one),
            "emergency" if one.emergency else "today" if one.flags else "",
        )
        for one in said
    ]
    step = 1 if last <= 10 else 7
    answered = {row.day for row in found}
    return Week(
        session=session,
        said=said,
        points=points,
        ticks=[(across(day), day) for day in range(0, last + 1, step)],
        silent=[day for day in version.recovery_days if 0 < day < today and day not in answered],
        today=across(today) if 0 <= today <= last else None,
        asks=0 <= today <= recovery.red_flag_days,
    )


def _said(row: CheckIn, recovery: RecoveryRules) -> Said:
    language: Any = translation.get_language() or "en"
    ticked = rules.flags(recovery, row.red_flags)
    return Said(
        row, [words_of(flag.words, language[:2]) for flag in ticked] or list(row.red_flags), row.emergency
    )


def _title(one: Said) -> str:
    pain = _("pain not said") if one.row.pain is None else _("pain %(pain)s") % {"pain": one.row.pain}
    return ", ".join([_("day %(day)s") % {"day": one.row.day}, pain, *one.flags])
