"""A simple day planner: puts visits where hours, time off and everything placed before allow, as booking would.

It works in memory on whole minutes since the epoch, so that two years of visits take a second. The database's
constraints are the judge of it.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from clinic import clock
from clinic.models import Site
from scheduling import intervals
from scheduling.intervals import Intervals, instant, minute, minute_up
from scheduling.models import (
    Closure,
    Qualification,
    Requirement,
    Resource,
    Stage,
    TimeOff,
    VisitType,
    WorkingHours,
)
from scheduling.selectors.teams import TeamMember


@dataclass(frozen=True, slots=True)
class Placed:
    """A visit with its start and what serves each requirement."""

    visit_type: VisitType
    stages: Sequence[Stage]
    start: dt.datetime
    team: tuple[tuple[Resource, Requirement], ...]

    @property
    def end(self) -> dt.datetime:
        return self.start + dt.timedelta(minutes=self.visit_type.minutes)

    @property
    def lead(self) -> Resource:
        return next(resource for resource, requirement in self.team if requirement.is_lead)


class Planner:
    """The site's resources with their open and busy times."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.types = {row.code: row for row in VisitType.objects.filter(site=site)}
        self.stages = {row.code: list(row.stages.order_by("position")) for row in self.types.values()}
        self._needs = {
            row.code: list(row.requirements.select_related("stage").order_by("-is_lead", "offset", "pk"))
            for row in self.types.values()
        }
        self.of_kind: dict[str, list[Resource]] = defaultdict(list)
        for resource in Resource.objects.order_by("position"):
            self.of_kind[resource.kind_id].append(resource)
        self._named = self._qualified()
        self._hours = list(WorkingHours.objects.filter(site=site))
        self._shut = [_bounds(row.period) for row in Closure.objects.filter(site=site)]
        self._away: dict[UUID, Intervals] = defaultdict(list)
        for row in TimeOff.objects.filter(ended_at__isnull=True):
            self._away[row.resource_id].append(_bounds(row.period))
        self._open: dict[tuple[UUID | None, dt.date], Intervals] = {}
        self._busy: dict[tuple[Any, dt.date], list[tuple[int, int]]] = defaultdict(list)
        self._turn = 0

    def open_on(self, day: dt.date, resource: Resource | None = None) -> Intervals:
        """Open times of a clinician, or of the site, on a local day."""
        owner = resource.pk if resource is not None and resource.is_clinician else None
        key = (resource.pk if resource else None, day)
        if key not in self._open:
            rules = [
                (
                    minute(clock.local(day, row.opens, self.site.zone)),
                    minute(clock.local(day, row.closes, self.site.zone)),
                )
                for row in self._hours
                if row.resource_id == owner
                and row.weekday == day.weekday()
                and row.valid_from <= day
                and (row.valid_until is None or day <= row.valid_until)
            ]
            away = self._away[resource.pk] if resource else []
            self._open[key] = intervals.subtract(
                intervals.union(rules), intervals.union([*self._shut, *away])
            )
        return self._open[key]

    def place(
        self,
        code: str,
        patient_id: UUID,
        day: dt.date,
        *,
        at: dt.time,
        lead: Resource | None = None,
        drift: int = 600,
        keep: bool = True,
    ) -> Placed | None:
        """The free start on that day that is nearest to `at`, at most `drift` minutes off. `keep` blocks its time."""
        wanted = minute(clock.local(day, at, self.site.zone))
        for start in sorted(self._starts(code, day), key=lambda start: (abs(start - wanted), start)):
            if abs(start - wanted) > drift:
                return None
            team = self._team(code, patient_id, day, start, lead)
            if team is not None:
                placed = Placed(self.types[code], self.stages[code], instant(start), team)
                if keep:
                    self._block(placed, patient_id, day, start)
                return placed
        return None

    def near(
        self,
        code: str,
        patient_id: UUID,
        day: dt.date,
        *,
        at: dt.time,
        lead: Resource | None = None,
        reach: int = 6,
        earliest: dt.date | None = None,
        latest: dt.date | None = None,
        keep: bool = True,
    ) -> Placed | None:
        """As `place`, on the nearest day within `reach` days that has a free start."""
        for offset in sorted(range(-reach, reach + 1), key=lambda days: (abs(days), -days)):
            other = day + dt.timedelta(days=offset)
            if (earliest is not None and other < earliest) or (latest is not None and other > latest):
                continue
            placed = self.place(code, patient_id, other, at=at, lead=lead, keep=keep)
            if placed is not None:
                return placed
        return None

    def works(self, lead: Resource, day: dt.date) -> bool:
        return bool(self.open_on(day, lead))

    def _starts(self, code: str, day: dt.date) -> Iterator[int]:
        grid = self.types[code].grid_minutes
        for low, high in self.open_on(day):
            first = instant(low).astimezone(self.site.zone)
            yield from range(low + (-(first.hour * 60 + first.minute)) % grid, high, grid)

    def _team(
        self, code: str, patient_id: UUID, day: dt.date, start: int, lead: Resource | None
    ) -> tuple[tuple[Resource, Requirement], ...] | None:
        if not self._free(patient_id, day, start, start + self.types[code].minutes):
            return None
        team: list[tuple[Resource, Requirement]] = []
        for need in self._needs[code]:
            low, high = start + need.offset, start + need.offset + need.minutes
            any_of_them = self._named.get((code, need.kind_id)) or self.of_kind[need.kind_id]
            rows = [lead] if lead is not None and need.is_lead else any_of_them
            self._turn += 1
            for step in range(len(rows)):
                resource = rows[(step + self._turn) % len(rows)]
                inside = any(opens <= low and high <= closes for opens, closes in self.open_on(day, resource))
                first, last = TeamMember.of(resource, need).blocks
                if inside and self._free(resource.pk, day, start + first, start + last):
                    team.append((resource, need))
                    break
            else:
                return None
        return tuple(team)

    def _qualified(self) -> dict[tuple[str, str], list[Resource]]:
        """By kind of visit and of resource: those who are named for it, where anybody is."""
        found: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        rows = Qualification.objects.filter(visit_type__site=self.site).select_related(
            "resource", "visit_type"
        )
        for row in rows.order_by("resource__position"):
            found[row.visit_type.code, row.resource.kind_id].append(row.resource)
        return found

    def _free(self, key: UUID, day: dt.date, low: int, high: int) -> bool:
        return all(high <= begin or end <= low for begin, end in self._busy[(key, day)])

    def _block(self, placed: Placed, patient_id: UUID, day: dt.date, start: int) -> None:
        self._busy[(patient_id, day)].append((start, start + placed.visit_type.minutes))
        for resource, need in placed.team:
            low, high = TeamMember.of(resource, need).blocks
            self._busy[(resource.pk, day)].append((start + low, start + high))


def _bounds(period: Any) -> tuple[int, int]:
    return minute(period.lower), minute_up(period.upper)
