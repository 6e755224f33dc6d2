"""Where each course of a cohort stands at each time point, so that nobody is silently dropped. Pure functions.

At every time point each course is in one place only: answered; missing (its window has closed without an answer); not
yet due; left (the course was discontinued before); or not of this course (it ended, or was planned, without that
session). The five add up to the courses that have begun.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

from treatments.clinical_rules import Anchor, TimePoint
from treatments.policies import time_points
from treatments.policies.statistics import Mean, mean

MOST_SESSIONS: Final = 15
"""Further ones are counted as this many: the number of a session has four bits in a profile."""
NEVER_REACHED: Final = 2_000_000_000


class State(IntEnum):
    """Of a course, as far as questions go. AFTER: nothing is left to inject, it is followed up."""

    OPEN = 0
    AFTER = 1
    LEFT = 2


class Standing(StrEnum):
    ANSWERED = "answered"
    MISSING = "missing"
    NOT_YET = "not_yet"
    LEFT = "left"
    NOT_OF_IT = "not_of_it"


@dataclass(frozen=True, slots=True)
class Profile:
    """All of a course that decides what is due of it. `since_last` and `since_first`: how many of the schedule's days
    after the last and after the first session have passed."""

    schedule: int
    planned: int
    sessions: int
    state: State
    since_last: int
    since_first: int

    @classmethod
    def unpacked(cls, code: int) -> "Profile":
        """From the number that `selectors.cohorts` makes of it in SQL."""
        rest, since_first = divmod(code, 16)
        rest, since_last = divmod(rest, 64)
        rest, state = divmod(rest, 4)
        rest, sessions = divmod(rest, 16)
        schedule, planned = divmod(rest, 16)
        return cls(schedule, planned, sessions, State(state), since_last, since_first)


@dataclass(frozen=True, slots=True)
class Spot:
    """One time point of one schedule. `closes`: days after the session it is counted from until which it is open."""

    code: str
    words: str
    anchor: Anchor
    number: int
    closes: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """The time points of one or more protocol versions. The days are thresholds in rising order: the first day, counted
    from the last or the first session, on which a point of that many days is closed."""

    points: tuple[TimePoint, ...]
    after_last: tuple[int, ...]
    after_first: tuple[int, ...]

    @classmethod
    def of(cls, points: Sequence[TimePoint]) -> "Schedule":
        def days(*anchors: Anchor) -> tuple[int, ...]:
            found = {one.days + one.late + 1 for one in points if one.anchor in anchors}
            return tuple(sorted(day for day in found if day > 1))

        last = days(Anchor.LAST_SESSION, Anchor.SESSION)[:62]
        return cls(tuple(points), last, days(Anchor.FIRST_SESSION)[:14])

    def spots(self, sessions: int) -> dict[str, Spot]:
        """Every time point that a course of up to so many sessions can have, by code, in the order of a course."""
        found = []
        for code, words in time_points.catalogue(self.points, sessions):
            point = next(one for one in self.points if code == one.code or _is_numbered(code, one))
            number = int(code.rpartition("_")[2]) if _is_numbered(code, point) else 0
            found.append(Spot(code, words, point.anchor, number, point.days + point.late))
        return {spot.code: spot for spot in sorted(found, key=order)}


def _is_numbered(code: str, point: TimePoint) -> bool:
    head, _sign, tail = code.rpartition("_")
    if not tail.isdecimal() or point.anchor not in (Anchor.SESSION, Anchor.BEFORE_REPEAT):
        return False
    return head == point.code or (
        point.anchor == Anchor.BEFORE_REPEAT and code == time_points.gate_code(int(tail))
    )


def order(spot: Spot) -> tuple[int, int, int]:
    if spot.anchor == Anchor.FIRST_SESSION:
        return (0, 0, spot.closes)
    if spot.number:
        return (1, 2 * spot.number - (spot.anchor == Anchor.BEFORE_REPEAT), spot.closes)
    return (2, 0, spot.closes)


def unanswered(spot: Spot, profile: Profile, schedule: Schedule) -> Standing:
    """Where a course without an answer at this point stands."""
    has_left = profile.state == State.LEFT
    if spot.anchor == Anchor.FIRST_SESSION:
        if _closed(spot.closes, profile.since_first, schedule.after_first):
            return Standing.MISSING
        return Standing.LEFT if has_left else Standing.NOT_YET
    if spot.anchor == Anchor.LAST_SESSION:
        if has_left:
            return Standing.LEFT
        closed = _closed(spot.closes, profile.since_last, schedule.after_last)
        return Standing.MISSING if profile.state == State.AFTER and closed else Standing.NOT_YET
    if profile.sessions > spot.number or (
        profile.sessions == spot.number
        and (
            spot.anchor == Anchor.BEFORE_REPEAT
            or _closed(spot.closes, profile.since_last, schedule.after_last)
        )
    ):
        return Standing.MISSING
    if profile.sessions == spot.number:
        return Standing.LEFT if has_left else Standing.NOT_YET
    if profile.state == State.AFTER or spot.number > profile.planned:
        return Standing.NOT_OF_IT
    return Standing.LEFT if has_left else Standing.NOT_YET


def _closed(closes: int, passed: int, thresholds: Sequence[int]) -> bool:
    day = closes + 1
    return day <= 1 or (day in thresholds and passed > thresholds.index(day))


@dataclass
class Judged:
    """Of how many it can be said, and how many met it."""

    met: int = 0
    of: int = 0


@dataclass
class AtPoint:
    """A cohort, or a part of it, at one time point."""

    standing: Counter[Standing] = field(default_factory=Counter)
    pain: Judged = field(default_factory=Judged)
    function: Judged = field(default_factory=Judged)
    impression: Judged = field(default_factory=Judged)
    all_three: Judged = field(default_factory=Judged)
    score: Mean | None = None
    change: Mean | None = None

    @property
    def answered(self) -> int:
        return self.standing[Standing.ANSWERED]

    @property
    def due(self) -> int:
        """Answered, or closed without an answer."""
        return self.answered + self.standing[Standing.MISSING]


@dataclass
class Events:
    count: int = 0
    serious: int = 0
    grave: int = 0


@dataclass
class Part:
    """One line of a report: the courses that share a physician, a protocol, a diagnosis, a target or a class."""

    profiles: Counter[Profile] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    sessions: int = 0
    points: dict[str, AtPoint] = field(default_factory=dict)
    events: Events = field(default_factory=Events)

    @property
    def courses(self) -> int:
        return self.profiles.total()


Answered = tuple[str, int, int, int, int, int, int, int, int, int, int]
"""Point and profile's number; answered; then judged and met for pain, function, impression and all three."""
Scored = tuple[str, int, float, float, int, float, float]
"""Point; count, sum, sum of squares of the scores; the same of the changes."""


def fill(
    part: Part,
    answered: Iterable[Answered],
    scored: Iterable[Scored],
    *,
    spots: Mapping[str, Mapping[int, Spot]],
    schedules: Sequence[Schedule],
) -> None:
    """Reckon every time point of `spots` (by code and schedule) for one part."""
    by_profile: dict[str, Counter[Profile]] = {}
    for code, number, count, *judged in answered:
        at = part.points.setdefault(code, AtPoint())
        by_profile.setdefault(code, Counter())[Profile.unpacked(number)] += count
        tallies = (at.pain, at.function, at.impression, at.all_three)
        for place, tally in enumerate(tallies):
            tally.of += judged[2 * place]
            tally.met += judged[2 * place + 1]
    for code, count, total, squares, pairs, distance, distances in scored:
        at = part.points.setdefault(code, AtPoint())
        at.score, at.change = mean(count, total, squares), mean(pairs, distance, distances)
    for code in {**spots, **by_profile}:
        at = part.points.setdefault(code, AtPoint())
        given = by_profile.get(code, Counter())
        for profile, courses in part.profiles.items():
            at.standing[Standing.ANSWERED] += given[profile]
            spot = spots.get(code, {}).get(profile.schedule)
            where = unanswered(spot, profile, schedules[profile.schedule]) if spot else Standing.NOT_OF_IT
            at.standing[where] += courses - given[profile]
