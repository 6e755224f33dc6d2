"""The starts that a calendar offers: on the grid, as wished, with enough different resources free.

Two steps. What every requirement finds somebody for is cheap and united over whole years (`lanes`). Where two
requirements could want one and the same resource that is not yet an answer: those starts, and only those, are then
tried one by one with `teams.choose`, each pattern of who is free once.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from uuid import UUID

from clinic import clock
from scheduling import lanes
from scheduling.intervals import instant, minute
from scheduling.lanes import Mask
from scheduling.selectors import teams
from scheduling.selectors.calendar import Calendar, Span

EVERY_DAY = frozenset(range(7))
_DAY_ENDS = 24 * 60


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody would like. Days and times are the site's: both days included, `until` is the first minute that
    is too late for a start. Weekdays count from Monday = 0."""

    lead_id: UUID | None = None
    weekdays: frozenset[int] = EVERY_DAY
    from_time: dt.time | None = None
    until_time: dt.time | None = None
    not_before: dt.date | None = None
    not_after: dt.date | None = None
    except_days: frozenset[dt.date] = frozenset()

    def allows(self, day: dt.date) -> bool:
        return (
            day.weekday() in self.weekdays
            and (self.not_before is None or day >= self.not_before)
            and (self.not_after is None or day <= self.not_after)
            and day not in self.except_days
        )


ANYTHING = Wish()


def starts(calendar: Calendar, wish: Wish = ANYTHING) -> list[int]:
    """Minutes since the epoch, in order, at which the visit can start with the clinician wished for or any."""
    free = _common(calendar, calendar.spans, wish.lead_id)
    return _Search(calendar, wish).points(free, wish.lead_id)


def starts_by_lead(calendar: Calendar, wish: Wish = ANYTHING) -> dict[UUID, list[int]]:
    """The same for each clinician who could lead the visit; those without any start are left out."""
    search = _Search(calendar, wish)
    leading = [span for span in calendar.spans if span.requirement.is_lead]
    rest = _common(calendar, [span for span in calendar.spans if not span.requirement.is_lead], None)
    found: dict[UUID, list[int]] = {}
    for key in dict.fromkeys(key for span in leading for key in calendar.candidates(span, wish.lead_id)):
        free = rest
        for span in leading:
            free &= calendar.served(span, key)
        if points := search.points(free, key):
            found[key] = points
    return found


def _common(calendar: Calendar, spans: Sequence[Span], lead_id: UUID | None) -> Mask:
    """The starts at which each of the spans finds somebody and the patient is free."""
    free = calendar.patient_free
    for span in spans:
        free &= calendar.served(span, lead_id)
    return free


class _Search:
    """The grid of one wish over one calendar, and the exact answer for what is contested."""

    def __init__(self, calendar: Calendar, wish: Wish) -> None:
        self.calendar = calendar
        self.grid = list(_grid(calendar, wish))
        self.contests = list(_contests(calendar))
        self._known: dict[tuple[int, teams.Options], bool] = {}

    def points(self, free: Mask, lead_id: UUID | None) -> list[int]:
        lane, zero = lanes.lane(free, self.calendar.size), self.calendar.earliest
        found: list[int] = []
        for points in self.grid:
            if isinstance(points, range):
                found += compress(points, lane[points.start - zero : points.stop - zero : points.step])
            else:
                found += [at for at in points if lane[at - zero]]
        if self.contests:
            found = [at for at in found if self._enough(at, lead_id)]
        return found

    def _enough(self, at: int, lead_id: UUID | None) -> bool:
        for number, units in enumerate(self.contests):
            options = teams.options(self.calendar, units, at, lead_id)
            key = (number, options)
            if key not in self._known:
                self._known[key] = teams.choose(self.calendar, units, options) is not None
            if not self._known[key]:
                return False
        return True


def _grid(calendar: Calendar, wish: Wish) -> Iterator[range | list[int]]:
    """The grid's minutes of each local day of the window that the wish allows.

    A day on which the clock does not change is one range; the others are walked minute by minute, so that the
    grid follows the wall clock through the change and an hour that comes twice is offered twice.
    """
    if not calendar.size:
        return
    zone, step = calendar.zone, calendar.rules.grid_minutes
    begins = _minutes(wish.from_time, 0)
    ends = _minutes(wish.until_time, _DAY_ENDS)
    day = instant(calendar.earliest).astimezone(zone).date()
    while True:
        midnight, next_midnight = clock.day_bounds(day, zone)
        low, high = max(minute(midnight), calendar.earliest), min(minute(next_midnight), calendar.latest)
        if low >= calendar.latest:
            return
        if wish.allows(day):
            local = midnight.astimezone(zone)
            if local.utcoffset() == next_midnight.astimezone(zone).utcoffset():
                origin = minute(midnight) - local.hour * 60 - local.minute
                first = max(low, origin + begins)
                yield range(first + (origin - first) % step, min(high, origin + ends), step)
            else:
                yield [
                    at
                    for at in range(low, high)
                    if begins <= (wall := _wall(instant(at).astimezone(zone))) < ends and wall % step == 0
                ]
        day += dt.timedelta(days=1)


def _wall(local: dt.datetime) -> int:
    return local.hour * 60 + local.minute


def _minutes(time: dt.time | None, default: int) -> int:
    return default if time is None else time.hour * 60 + time.minute


def _contests(calendar: Calendar) -> Iterator[list[Span]]:
    """Groups of units that could want one resource at one time. A unit that contends with nobody is in none."""
    units = [span for span in calendar.spans for _unit in range(span.requirement.count)]
    groups: list[list[int]] = []
    for index in range(len(units)):
        touching = [
            group
            for group in groups
            if any(_contend(calendar, units[index], units[other]) for other in group)
        ]
        groups = [group for group in groups if group not in touching]
        groups.append(sorted([*(other for group in touching for other in group), index]))
    for group in groups:
        if len(group) > 1:
            yield [units[index] for index in group]


def _contend(calendar: Calendar, one: Span, two: Span) -> bool:
    for key in set(calendar.candidates(one, None)) & set(calendar.candidates(two, None)):
        low, high = teams.blocks(calendar, one, key)
        begin, end = teams.blocks(calendar, two, key)
        if low < end and begin < high:
            return True
    return False
