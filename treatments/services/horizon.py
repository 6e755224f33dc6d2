"""The free starts of a whole year, by clinician, asked once; and what of them a course could use.

Days and times of day are the site's.
"""

import datetime as dt
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic import clock
from scheduling.enums import DayPart
from scheduling.models import Resource
from scheduling.services import availability
from treatments.policies.course_plan import Candidate

NOON = dt.time(12)
MIDNIGHT = dt.time(0)
_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the patient asks of every session of the course."""

    earliest: dt.datetime
    lead_id: UUID | None = None
    part: str = DayPart.ANY
    not_on: frozenset[int] = frozenset()
    """Weekdays that do not suit, Monday is 0."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A start with a clinician; None where the kind of visit has none."""

    start: dt.datetime
    lead_id: UUID | None = None


@dataclass
class Horizon:
    """Free starts by clinician, in order, and the days that can be used at all."""

    zone: ZoneInfo
    days: list[dt.date]
    starts: Mapping[UUID | None, Sequence[dt.datetime]]
    leads: Mapping[UUID, Resource]
    wishes: Wishes
    away: Collection[dt.date] = ()
    _windows: dict[dt.date, tuple[dt.datetime, dt.datetime]] = field(default_factory=dict)

    def suits(self, day: dt.date) -> bool:
        return day.weekday() not in self.wishes.not_on and day not in self.away

    def is_free(self, choice: Choice) -> bool:
        return any(_has(starts, choice.start) for starts in self._of(choice.lead_id))

    def leads_at(self, start: dt.datetime) -> list[UUID | None]:
        """Everybody who is free for that start."""
        return [lead for lead, starts in self.starts.items() if _has(starts, start)]

    def first(self, earliest: dt.datetime) -> dt.datetime | None:
        """The first start that suits, with whichever clinician."""
        for day in self.days:
            if self.suits(day):
                found = [at for at, _lead in self._on(day) if at >= earliest]
                if found:
                    return min(found)
        return None

    def candidates(self, usual: dt.time) -> list[Candidate]:
        """For each day that suits and each clinician the start nearest to the usual time, in order."""
        by_start = attrgetter("start")
        return [
            each
            for day in self.days
            if self.suits(day)
            for each in sorted(self.on_day(day, usual), key=by_start)
        ]

    def on_day(self, day: dt.date, usual: dt.time) -> list[Candidate]:
        """The same for one day, whether it suits or not."""
        wanted, found = clock.local(day, usual, self.zone), []
        low, high = self._window(day)
        for lead, starts in self.starts.items():
            best = _nearest(starts, wanted, low, high)
            if best is not None:
                found.append(Candidate(day.toordinal(), best, lead, _minutes(best - wanted)))
        return found

    def offers(self, day: dt.date, around: Choice, count: int) -> list[Choice]:
        """A few starts of a day, the nearest to a time of day, with the same clinician where they are free."""
        wanted = clock.local(day, around.start.astimezone(self.zone).time(), self.zone)
        by_start: dict[dt.datetime, list[UUID | None]] = {}
        for at, lead in self._on(day):
            by_start.setdefault(at, []).append(lead)
        nearest = sorted(by_start, key=lambda at: (abs(at - wanted), at))[:count]
        return [
            Choice(at, around.lead_id if around.lead_id in by_start[at] else by_start[at][0])
            for at in sorted(nearest)
        ]

    def _of(self, lead_id: UUID | None) -> Collection[Sequence[dt.datetime]]:
        return self.starts.values() if lead_id is None else [self.starts.get(lead_id, [])]

    def _on(self, day: dt.date) -> Iterator[tuple[dt.datetime, UUID | None]]:
        low, high = self._window(day)
        for lead, starts in self.starts.items():
            for at in starts[bisect_left(starts, low) : bisect_left(starts, high)]:
                yield at, lead

    def _window(self, day: dt.date) -> tuple[dt.datetime, dt.datetime]:
        """The part of the day that suits, from and until."""
        if day not in self._windows:
            low = NOON if self.wishes.part == DayPart.AFTERNOON else MIDNIGHT
            high = clock.local(day, NOON, self.zone)
            if self.wishes.part != DayPart.MORNING:
                high = clock.local(day + _ONE_DAY, MIDNIGHT, self.zone)
            self._windows[day] = clock.local(day, low, self.zone), high
        return self._windows[day]


def read(
    *,
    visit_type_id: UUID,
    site_id: UUID,
    patient_id: UUID,
    wishes: Wishes,
    latest: dt.datetime,
    zone: ZoneInfo,
    moving: Collection[UUID] = (),
    away: Collection[dt.date] = (),
) -> Horizon:
    """Ask availability once for everything from `wishes.earliest` until `latest`. Nothing is held."""
    earliest = max(wishes.earliest, clock.now())
    found = availability.openings(
        visit_type_id=visit_type_id,
        site_id=site_id,
        patient_id=patient_id,
        earliest=earliest,
        latest=latest,
        lead_id=wishes.lead_id,
        also_moving=moving,
    )
    first, last = earliest.astimezone(zone).date(), latest.astimezone(zone).date()
    starts: dict[UUID | None, Sequence[dt.datetime]] = dict(found.by_lead.items())
    if not starts and found.starts:
        starts[None] = found.starts
    return Horizon(
        zone=zone,
        days=[first + dt.timedelta(days=n) for n in range((last - first).days + 1)],
        starts=starts,
        leads=dict(found.leads),
        wishes=wishes,
        away=away,
    )


def _has(starts: Sequence[dt.datetime], at: dt.datetime) -> bool:
    index = bisect_left(starts, at)
    return index < len(starts) and starts[index] == at


def _nearest(
    starts: Sequence[dt.datetime], wanted: dt.datetime, low: dt.datetime, high: dt.datetime
) -> dt.datetime | None:
    """The start in `[low, high)` nearest to the wanted one, the earlier of two."""
    index = bisect_left(starts, wanted)
    around = [at for at in starts[max(index - 1, 0) : index + 1] if low <= at < high]
    if around:
        return min(around, key=lambda at: (abs(at - wanted), at))
    # Wanted lies outside the part of the day that suits: its nearest edge then.
    edge = bisect_left(starts, low) if wanted < low else bisect_left(starts, high) - 1
    return starts[edge] if 0 <= edge < len(starts) and low <= starts[edge] < high else None


def _minutes(distance: dt.timedelta) -> int:
    return abs(int(distance.total_seconds())) // 60
