"""A cohort's figures as lines that page and file share: each share with its denominator, each cell hidden where it is small."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from treatments.enums import CourseStatus
from treatments.policies import disclosure, statistics
from treatments.policies.cohorts import AtPoint, Judged, Part, Standing
from treatments.policies.statistics import Interval, Mean
from treatments.selectors.cohorts import Cohort

GOING: Final = (
    CourseStatus.APPROVED,
    CourseStatus.ACTIVE,
    CourseStatus.REVIEW_DUE,
    CourseStatus.DRAFT,
    CourseStatus.SCREENING,
)
PER: Final = 100
"""Sessions to which events are related."""


@dataclass(frozen=True, slots=True)
class Share:
    """`met` of `of`, with its Wilson interval, in per cent."""

    met: int
    of: int
    hidden: bool = False

    @property
    def percent(self) -> float:
        return 100 * self.met / self.of

    @property
    def interval(self) -> Interval:
        found = statistics.wilson(self.met, self.of) or Interval(0, 0)
        return Interval(100 * found.low, 100 * found.high)

    @property
    def width(self) -> float:
        return self.interval.high - self.interval.low


@dataclass(frozen=True, slots=True)
class Average:
    """A mean with its interval; None: of nobody."""

    mean: Mean | None
    hidden: bool = False

    @property
    def interval(self) -> Interval | None:
        return self.mean.interval if self.mean else None

    @property
    def words(self) -> str:
        return _signed(self.mean.value) if self.mean else ""

    @property
    def low_words(self) -> str:
        return _signed(self.interval.low) if self.interval else ""

    @property
    def high_words(self) -> str:
        return _signed(self.interval.high) if self.interval else ""


def _signed(value: float) -> str:
    """One decimal, with its sign: −3.2, +0.4, 0.0."""
    rounded = round(value, 1)
    sign = "" if rounded == 0 else "−" if rounded < 0 else "+"
    return f"{sign}{number_format(abs(rounded), 1)}"


@dataclass(frozen=True, slots=True)
class Rate:
    """Events per 100 sessions, with Byar's interval."""

    events: int
    sessions: int
    hidden: bool = False

    @property
    def value(self) -> float:
        return PER * self.events / self.sessions

    @property
    def interval(self) -> Interval:
        found = statistics.byar(self.events, self.sessions) or Interval(0, 0)
        return Interval(PER * found.low, PER * found.high)


Count = int | None
"""None: hidden, since it is small."""


@dataclass(frozen=True, slots=True)
class Responders:
    name: str
    courses: int
    answered: Count
    due: Count
    shares: Sequence[Share]
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Standings:
    """One time point of the whole cohort: where every course stands, and how far its score is from the baseline."""

    code: str
    name: str
    counts: Sequence[Count]
    score: Average
    change: Average
    total: int

    @property
    def parts(self) -> list[tuple[float, float]]:
        """From where to where each of the counts reaches in a bar of 100, the hidden ones without length."""
        found, at = [], 0.0
        for count in self.counts:
            length = 100 * (count or 0) / self.total if self.total else 0.0
            found.append((at, length))
            at += length
        return found


@dataclass(frozen=True, slots=True)
class Changes:
    name: str
    courses: int
    cells: Sequence[tuple[str, Average]]
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Endings:
    name: str
    courses: int
    completed: Share
    followed: Count
    going: Count
    held: Count
    left: Share
    sessions: float
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Harms:
    name: str
    sessions: int
    rate: Rate
    serious: Count
    grave: Count
    is_whole: bool = False


STANDINGS: Final = (
    Standing.ANSWERED,
    Standing.MISSING,
    Standing.NOT_YET,
    Standing.LEFT,
    Standing.NOT_OF_IT,
)


@dataclass(frozen=True)
class Report:
    """All lines of a page. `open_eyes`: whoever reads may read the records too, and nothing is hidden."""

    cohort: Cohort
    names: Mapping[str, str]
    at: str
    open_eyes: bool

    @property
    def lines(self) -> list[tuple[str, Part, bool]]:
        """The whole first where there are several parts, then the largest."""
        ordered = sorted(
            self.cohort.parts.items(), key=lambda item: (-item[1].courses, self.names.get(item[0], item[0]))
        )
        lines = [(self.names.get(key, key), part, False) for key, part in ordered]
        return [(_("All"), self.cohort.whole, True), *lines] if len(lines) > 1 else lines

    def responders(self) -> list[Responders]:
        found = []
        for name, part, whole in self.lines:
            at = part.points.get(self.at, AtPoint())
            judged = (at.pain, at.function, at.impression, at.all_three)
            shares = [self._share(each) for each in judged]
            answered, due = self._count(at.answered), self._count(at.due)
            found.append(Responders(name, part.courses, answered, due, shares, whole))
        hidden = [any(line.shares[place].hidden for line in found if not line.is_whole) for place in range(4)]
        return [
            Responders(
                line.name,
                line.courses,
                line.answered,
                line.due,
                [
                    Share(share.met, share.of, hidden=share.hidden or (line.is_whole and hidden[place]))
                    for place, share in enumerate(line.shares)
                ],
                line.is_whole,
            )
            for line in found
        ]

    def standings(self) -> list[Standings]:
        whole = self.cohort.whole
        found = []
        for code, words in self.cohort.spots.items():
            at = whole.points.get(code, AtPoint())
            counts = [at.standing[each] for each in STANDINGS]
            found.append(
                Standings(
                    code,
                    words,
                    counts if self.open_eyes else disclosure.shown(counts),
                    self._average(at.score, code),
                    self._average(at.change, code),
                    whole.courses,
                )
            )
        return found

    def changes(self) -> list[Changes]:
        """By part, at the time points at which anybody has both answers."""
        codes = [
            (code, words)
            for code, words in self.cohort.spots.items()
            if self.cohort.whole.points.get(code, AtPoint()).change is not None
        ]
        return [
            Changes(
                name,
                part.courses,
                [
                    (words, self._average(part.points.get(code, AtPoint()).change, code if whole else ""))
                    for code, words in codes
                ],
                whole,
            )
            for name, part, whole in self.lines
        ]

    def endings(self) -> list[Endings]:
        found = []
        for name, part, whole in self.lines:
            status = part.statuses
            left = (
                status[CourseStatus.DISCONTINUED]
                + status[CourseStatus.CANCELLED]
                + status[CourseStatus.DECLINED]
            )
            counts = [
                status[CourseStatus.COMPLETED],
                status[CourseStatus.FOLLOW_UP],
                sum(status[each] for each in GOING),
                status[CourseStatus.ON_HOLD],
                left,
            ]
            seen: Sequence[Count] = counts if self.open_eyes else disclosure.shown(counts)
            found.append(
                Endings(
                    name,
                    part.courses,
                    Share(counts[0], part.courses, hidden=seen[0] is None),
                    seen[1],
                    seen[2],
                    seen[3],
                    Share(left, part.courses, hidden=seen[4] is None),
                    part.sessions / part.courses,
                    whole,
                )
            )
        partly = any(
            line.completed.hidden or line.left.hidden or None in (line.followed, line.going, line.held)
            for line in found
        )
        return [line for line in found if not (partly and line.is_whole)]

    def harms(self) -> list[Harms]:
        found = []
        for name, part, whole in self.lines:
            events = part.events
            counts = (events.count, events.serious, events.grave)
            small = [not self.open_eyes and disclosure.is_small(count) for count in counts]
            found.append(
                Harms(
                    name,
                    part.sessions,
                    Rate(events.count, part.sessions, hidden=small[0]),
                    None if small[1] else events.serious,
                    None if small[2] else events.grave,
                    whole,
                )
            )
        partly = any(line.rate.hidden or line.serious is None or line.grave is None for line in found)
        return [line for line in found if not (partly and line.is_whole)]

    def _count(self, count: int) -> Count:
        return None if not self.open_eyes and disclosure.is_small(count) else count

    def _share(self, judged: Judged) -> Share:
        shown = self.open_eyes or disclosure.share_may_be_shown(judged.met, judged.of)
        return Share(judged.met, judged.of, hidden=not shown)

    def _average(self, mean: Mean | None, of_whole: str) -> Average:
        """The whole's mean is hidden where a single part's is: it could be reckoned from the others."""
        if self.open_eyes or mean is None:
            return Average(mean)
        counts = [mean.count]
        if of_whole:
            points = (part.points.get(of_whole, AtPoint()) for part in self.cohort.parts.values())
            counts += [at.change.count for at in points if at.change is not None]
        return Average(mean, hidden=any(disclosure.is_small(count) for count in counts))
