"""Availability from its definitions, minute by minute: slow, plain, and independent of everything it judges.

No interval arithmetic, no lanes, no `clock.local`: a wall-clock time of a day is the first minute of that local day
at which the clock shows that time or a later one; a minute is open or not; two uses of a resource meet or do not.
"""

import datetime as dt
import itertools
from collections.abc import Iterator
from functools import cached_property
from uuid import UUID

from scheduling.enums import OCCUPYING
from scheduling.models import (
    Allocation,
    Appointment,
    Closure,
    ExtraHours,
    Qualification,
    Requirement,
    Resource,
    TimeOff,
    VisitType,
    WorkingHours,
)

MINUTE = dt.timedelta(minutes=1)


class Naive:
    """The rows of one site around one local day, read once; every question is then asked of single minutes."""

    def __init__(self, visit_type: VisitType, day: dt.date, *, now: dt.datetime) -> None:
        self.visit_type, self.site, self.day = visit_type, visit_type.site, day
        self.zone = self.site.zone
        self.needs = [
            need
            for need in Requirement.objects.filter(visit_type=visit_type).order_by("offset", "pk")
            for _unit in range(need.count)
        ]
        self.resources = list(Resource.objects.filter(is_active=True))
        self.rules = list(WorkingHours.objects.filter(site=self.site))
        self.extra = list(ExtraHours.objects.filter(site=self.site, ended_at=None))
        self.closures = list(Closure.objects.filter(site=self.site))
        self.away = list(TimeOff.objects.filter(ended_at=None))
        self.named = list(Qualification.objects.filter(visit_type=visit_type).select_related("resource"))
        self.taken = [
            row
            for row in Allocation.objects.filter(active=True).select_related("hold")
            if row.hold is None or row.hold.expires_at > now
        ]
        self.days = {
            day + dt.timedelta(days=number): self._minutes_of(day + dt.timedelta(days=number))
            for number in (-1, 0, 1)
        }
        self._serves: dict[tuple[UUID, int, dt.datetime], bool] = {}

    def starts(self, *, lead_id: UUID | None = None, patient_id: UUID | None = None) -> list[dt.datetime]:
        """Every start on the grid of the local day at which an assignment of different free resources exists."""
        visits = Appointment.objects.filter(patient_id=patient_id, status__in=OCCUPYING)
        periods = [visit.period for visit in visits] if patient_id else []
        length = self.visit_type.minutes * MINUTE
        return [
            start
            for start in self.days[self.day]
            if self._wall(start) % self.visit_type.grid_minutes == 0
            and not any(p.lower < start + length and start < p.upper for p in periods)
            and any(self.teams(start, lead_id))
        ]

    def teams(self, start: dt.datetime, lead_id: UUID | None = None) -> Iterator[bool]:
        choices = [
            [
                resource
                for resource in self.resources
                if (lead_id is None or not need.is_lead or resource.pk == lead_id)
                and self.serves(resource, need, start)
            ]
            for need in self.needs
        ]
        return (True for team in itertools.product(*choices) if self.is_apart(team))

    def is_apart(self, team: tuple[Resource, ...]) -> bool:
        """Nobody is in two places at once, what is kept free before and after included."""
        used: set[tuple[UUID, int]] = set()
        for need, resource in zip(self.needs, team, strict=True):
            before, after = self._kept(resource, need)
            for minute in range(need.offset - before, need.offset + need.minutes + after):
                if (resource.pk, minute) in used:
                    return False
                used.add((resource.pk, minute))
        return True

    def serves(self, resource: Resource, need: Requirement, start: dt.datetime) -> bool:
        key = (resource.pk, need.pk, start)
        if key not in self._serves:
            self._serves[key] = self._can(resource, need, start)
        return self._serves[key]

    def _can(self, resource: Resource, need: Requirement, start: dt.datetime) -> bool:
        if resource.kind_id not in (need.kind_id, *need.also_kinds):
            return False
        alike = [row.resource_id for row in self.named if row.resource.kind_id == resource.kind_id]
        if alike and resource.pk not in alike:
            return False
        before, after = self._kept(resource, need)
        begin = start + need.offset * MINUTE
        end = begin + need.minutes * MINUTE
        kept_from, kept_until = begin - before * MINUTE, end + after * MINUTE
        for row in self.taken:
            if (
                row.resource_id == resource.pk
                and row.blocks.lower < kept_until
                and kept_from < row.blocks.upper
            ):
                return False
        return all(self.is_there(resource, begin + number * MINUTE) for number in range(need.minutes))

    def is_there(self, resource: Resource, minute: dt.datetime) -> bool:
        return minute in self._there[resource.pk]

    @cached_property
    def _there(self) -> dict[UUID, set[dt.datetime]]:
        every = [minute for minutes in self.days.values() for minute in minutes]
        site_open = {
            minute for minute in every if self._is_open(None, minute) and not self._is_closed(minute)
        }
        there = {}
        for resource in self.resources:
            own = resource.is_clinician or any(rule.resource_id == resource.pk for rule in self.rules)
            if not resource.is_clinician and resource.site_id != self.site.pk:
                there[resource.pk] = set()
                continue
            there[resource.pk] = {
                minute
                for minute in site_open
                if (not own or self._is_open(resource.pk, minute)) and not self._is_away(resource.pk, minute)
            }
        return there

    def _is_open(self, owner: UUID | None, minute: dt.datetime) -> bool:
        """Within a window of the owner's weekly hours or extra hours; a window may run into the next local day."""
        if any(
            row.resource_id == owner and row.period.lower <= minute < row.period.upper for row in self.extra
        ):
            return True
        return any(low <= minute < high for low, high in self._windows(owner))

    def _windows(self, owner: UUID | None) -> list[tuple[dt.datetime, dt.datetime]]:
        if owner not in self._known_windows:
            self._known_windows[owner] = [
                (self._shown(day, rule.opens), self._shown(day, rule.closes))
                for rule in self.rules
                if rule.resource_id == owner
                for day in self.days
                if day.weekday() == rule.weekday
                and rule.valid_from <= day
                and (rule.valid_until is None or day <= rule.valid_until)
            ]
        return self._known_windows[owner]

    @cached_property
    def _known_windows(self) -> dict[UUID | None, list[tuple[dt.datetime, dt.datetime]]]:
        return {}

    def _is_closed(self, minute: dt.datetime) -> bool:
        return any(row.period.lower <= minute < row.period.upper for row in self.closures)

    def _is_away(self, owner: UUID, minute: dt.datetime) -> bool:
        return any(
            row.resource_id == owner and row.period.lower <= minute < row.period.upper for row in self.away
        )

    def _kept(self, resource: Resource, need: Requirement) -> tuple[int, int]:
        return resource.setup_minutes, max(need.turnover, resource.turnover_minutes)

    def _minutes_of(self, day: dt.date) -> list[dt.datetime]:
        """Every minute of a local day: 1,380, 1,440 or 1,500 of them, or 1,410 and 1,470 where half an hour changes."""
        noon = dt.datetime.combine(day, dt.time(12), tzinfo=self.zone).astimezone(dt.UTC)
        around = (noon + number * MINUTE for number in range(-15 * 60, 15 * 60))
        return [minute for minute in around if minute.astimezone(self.zone).date() == day]

    def _shown(self, day: dt.date, time: dt.time) -> dt.datetime:
        wanted = time.hour * 60 + time.minute
        return next(minute for minute in self.days[day] if self._wall(minute) >= wanted)

    def _wall(self, minute: dt.datetime) -> int:
        local = minute.astimezone(self.zone)
        return local.hour * 60 + local.minute
