"""Everything that decides where one visit type can start in a window, read in a constant number of queries.

Hours are wall-clock rules and are expanded to instants here, in Python, because PostgreSQL and Python read the
repeated hour of the autumn fold differently and one of them has to be the authority.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.translation import gettext as _

from clinic import clock
from clinic.exceptions import NotFound
from clinic.models import Site
from scheduling import intervals, policies
from scheduling.enums import OCCUPYING
from scheduling.intervals import Intervals
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


def minute(instant: dt.datetime) -> int:
    """Whole minutes since the epoch, rounded down."""
    return int(instant.timestamp()) // 60


def minute_up(instant: dt.datetime) -> int:
    """Whole minutes since the epoch, rounded up: a block that ends within a minute blocks all of it."""
    return -(-int(instant.timestamp()) // 60)


def instant(minutes: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(minutes * 60, tz=dt.UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """What one requirement asks of one resource, in minutes from the start of the visit."""

    requirement: Requirement
    offset: int
    minutes: int
    turnover: int

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of resource that will do, the one asked for first."""
        return (self.requirement.kind_id, *self.requirement.also_kinds)


@dataclass
class Calendar:
    """Open and busy times of every resource that could serve the visit, between `earliest` and `latest`."""

    site: Site
    visit_type: VisitType
    spans: list[Span]
    resources: dict[UUID, Resource]
    open: dict[UUID, Intervals]
    busy: dict[UUID, Intervals]
    patient_busy: Intervals
    earliest: int
    latest: int
    zone: ZoneInfo
    turn: int = 0
    """Whom to try first among equals: after a lost race another than the one that everybody wants."""
    _starts: dict[tuple[int, UUID], Intervals] = field(default_factory=dict)

    @cached_property
    def rules(self) -> policies.BookingRules:
        kind = self.visit_type
        return policies.BookingRules(kind.grid_minutes, kind.notice_minutes, kind.horizon_days)

    @cached_property
    def by_kind(self) -> dict[str, list[UUID]]:
        kinds: dict[str, list[UUID]] = defaultdict(list)
        for resource in self.resources.values():
            kinds[resource.kind_id].append(resource.pk)
        return kinds

    def starts_on(self, span: Span, resource_id: UUID) -> Intervals:
        """Starts of the visit at which this resource can serve this span.

        The span itself must lie inside one open time; the span with what is kept free before and after it must
        meet no busy time. For a busy time [a, b) that excludes the starts a − offset − length − after + 1 …
        b − offset + before − 1.
        """
        key = (span.requirement.pk, resource_id)
        if key not in self._starts:
            before, after = self.kept_free(span, resource_id)
            length = span.minutes + after
            inside = [
                (low - span.offset, high - span.offset - span.minutes + 1)
                for low, high in self.open.get(resource_id, [])
                if high - low >= span.minutes
            ]
            taken = [
                (low - span.offset - length + 1, high - span.offset + before)
                for low, high in self.busy.get(resource_id, [])
            ]
            self._starts[key] = intervals.subtract(intervals.union(inside), intervals.union(taken))
        return self._starts[key]

    def kept_free(self, span: Span, resource_id: UUID) -> tuple[int, int]:
        """Minutes before and after the span in which this resource takes nothing else."""
        resource = self.resources[resource_id]
        return policies.kept_free(
            turnover=span.turnover,
            resource_setup=resource.setup_minutes,
            resource_turnover=resource.turnover_minutes,
        )

    def candidates(self, span: Span, lead_id: UUID | None) -> list[UUID]:
        """Resources of the span's kinds, those of its own kind first; for the lead span only the clinician asked for."""
        found: list[UUID] = []
        for kind in dict.fromkeys(span.kinds):
            alike = self.by_kind.get(kind, [])
            turn = self.turn % len(alike) if alike else 0
            found += alike[turn:] + alike[:turn]
        if lead_id is not None and span.requirement.is_lead:
            return [key for key in found if key == lead_id]
        return found

    def free(self, lead_id: UUID | None = None) -> Intervals:
        """Every start at which each requirement finds enough free resources of its kind and the patient is free."""
        length = self.visit_type.minutes
        patient = [(low - length + 1, high) for low, high in self.patient_busy]
        free = intervals.subtract(
            [(self.earliest, self.latest)] if self.earliest < self.latest else [], intervals.union(patient)
        )
        for span in self.spans:
            sets = [self.starts_on(span, resource_id) for resource_id in self.candidates(span, lead_id)]
            free = intervals.intersect(free, intervals.at_least(span.requirement.count, sets))
        return free

    def on_grid(self, free: Intervals) -> Iterable[int]:
        """The starts of `free` that lie on the visit type's grid of local wall time."""
        grid = self.visit_type.grid_minutes
        for low, high in free:
            local = instant(low).astimezone(self.zone)
            offset = int((local.utcoffset() or dt.timedelta()).total_seconds()) // 60
            yield from range(low + (-(low + offset)) % grid, high, grid)


def load(
    *,
    visit_type_id: UUID,
    site_id: UUID,
    earliest: dt.datetime,
    latest: dt.datetime,
    now: dt.datetime,
    patient_id: UUID | None = None,
    appointment_id: UUID | None = None,
    resource_ids: Collection[UUID] | None = None,
) -> Calendar:
    """Read the calendar for starts in `[earliest, latest)`. The visit being moved does not stand in its own way;
    neither does a hold that has expired. Raises NotFound for a visit type that is not in use at the site."""
    visit_type = (
        VisitType.objects.select_related("site")
        .filter(pk=visit_type_id, site_id=site_id, is_active=True)
        .first()
    )
    if visit_type is None:
        raise NotFound(_("This kind of visit is not offered at this site."))
    requirements = list(
        Requirement.objects.filter(visit_type=visit_type)
        .select_related("stage", "kind")
        .order_by("offset", "pk")
    )
    spans = [Span(r, r.offset, r.minutes, r.turnover) for r in requirements]
    resources = _resources(visit_type, {kind for span in spans for kind in span.kinds}, resource_ids)
    before = max((resource.setup_minutes for resource in resources.values()), default=0)
    after = max((resource.turnover_minutes for resource in resources.values()), default=0)
    reach = max([visit_type.minutes, *(r.offset + r.minutes + max(r.turnover, after) for r in requirements)])
    window = (
        earliest - dt.timedelta(minutes=before),
        max(latest, earliest) + dt.timedelta(minutes=reach),
    )
    zone = visit_type.site.zone
    return Calendar(
        site=visit_type.site,
        visit_type=visit_type,
        spans=spans,
        resources=resources,
        open=_open(visit_type.site, resources, window, zone),
        busy=_busy(resources, window, now, appointment_id),
        patient_busy=_patient_busy(patient_id, window, appointment_id),
        earliest=minute_up(earliest),
        latest=minute_up(latest),
        zone=zone,
    )


def _resources(
    visit_type: VisitType, kinds: Collection[str], only: Collection[UUID] | None
) -> dict[UUID, Resource]:
    """Those of the kinds that may serve the visit: where any of a kind is named as qualified, only the named.

    A qualified clinician who has left still counts as named, so that their leaving opens the visit to nobody else.
    """
    named = dict(
        Qualification.objects.filter(visit_type=visit_type).values_list("resource_id", "resource__kind_id")
    )
    rows = Resource.objects.filter(
        Q(site_id=visit_type.site_id) | Q(is_clinician=True), kind__in=kinds, is_active=True
    )
    if only is not None:
        rows = rows.filter(pk__in=only)
    choosy = set(named.values())
    return {
        resource.pk: resource
        for resource in rows.select_related("kind")
        if resource.pk in named or resource.kind_id not in choosy
    }


def _open(
    site: Site, resources: dict[UUID, Resource], window: tuple[dt.datetime, dt.datetime], zone: ZoneInfo
) -> dict[UUID, Intervals]:
    rules: dict[UUID | None, list[WorkingHours]] = defaultdict(list)
    for rule in WorkingHours.objects.filter(Q(resource__isnull=True) | Q(resource__in=resources), site=site):
        rules[rule.resource_id].append(rule)
    extra: dict[UUID | None, list[tuple[int, int]]] = defaultdict(list)
    for more in ExtraHours.objects.filter(
        Q(resource__isnull=True) | Q(resource__in=resources),
        site=site,
        period__overlap=window,
        ended_at__isnull=True,
    ):
        extra[more.resource_id].append((minute_up(more.period.lower), minute(more.period.upper)))
    closed = intervals.union(
        (minute(closure.period.lower), minute_up(closure.period.upper))
        for closure in Closure.objects.filter(site=site, period__overlap=window)
    )
    away: dict[UUID, list[tuple[int, int]]] = defaultdict(list)
    for off in TimeOff.objects.filter(resource__in=resources, period__overlap=window, ended_at__isnull=True):
        away[off.resource_id].append((minute(off.period.lower), minute_up(off.period.upper)))

    days = _Days(window, zone)
    # Extra hours of the site open it. Those of one resource count inside open time only: nobody works alone in a
    # locked house. A closure and time off win over both.
    site_open = intervals.subtract(intervals.union([*days.expand(rules[None]), *extra[None]]), closed)
    result: dict[UUID, Intervals] = {}
    for key, resource in resources.items():
        if resource.is_clinician or key in rules:
            own = intervals.union([*days.expand(rules[key]), *extra[key]])
            hours = intervals.intersect(own, site_open)
        else:
            # Rooms and equipment without hours of their own are there whenever the site is open.
            hours = site_open
        result[key] = intervals.subtract(hours, intervals.union(away[key]))
    return result


class _Days:
    """Expands weekly rules over the local days of a window; each wall-clock time of a day is resolved once."""

    def __init__(self, window: tuple[dt.datetime, dt.datetime], zone: ZoneInfo) -> None:
        first = window[0].astimezone(zone).date() - dt.timedelta(days=1)
        last = window[1].astimezone(zone).date() + dt.timedelta(days=1)
        self.days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
        self.zone = zone
        self._minutes: dict[tuple[dt.date, dt.time], int] = {}

    def expand(self, rules: Iterable[WorkingHours]) -> Intervals:
        by_weekday: dict[int, list[WorkingHours]] = defaultdict(list)
        for rule in rules:
            by_weekday[rule.weekday].append(rule)
        return intervals.union(
            (self._minute(day, rule.opens), self._minute(day, rule.closes))
            for day in self.days
            for rule in by_weekday[day.weekday()]
            if rule.valid_from <= day and (rule.valid_until is None or day <= rule.valid_until)
        )

    def _minute(self, day: dt.date, time: dt.time) -> int:
        key = (day, time)
        if key not in self._minutes:
            self._minutes[key] = minute(clock.local(day, time, self.zone))
        return self._minutes[key]


def _busy(
    resources: dict[UUID, Resource],
    window: tuple[dt.datetime, dt.datetime],
    now: dt.datetime,
    appointment_id: UUID | None,
) -> dict[UUID, Intervals]:
    rows = Allocation.objects.filter(active=True, resource__in=resources, blocks__overlap=window)
    rows = rows.filter(Q(hold__isnull=True) | Q(hold__expires_at__gt=now))
    if appointment_id is not None:
        rows = rows.exclude(appointment_id=appointment_id)
    busy: dict[UUID, list[tuple[int, int]]] = defaultdict(list)
    for resource_id, blocks in rows.values_list("resource_id", "blocks"):
        busy[resource_id].append((minute(blocks.lower), minute_up(blocks.upper)))
    return {key: intervals.union(parts) for key, parts in busy.items()}


def _patient_busy(
    patient_id: UUID | None, window: tuple[dt.datetime, dt.datetime], appointment_id: UUID | None
) -> Intervals:
    if patient_id is None:
        return []
    rows = Appointment.objects.filter(patient_id=patient_id, status__in=OCCUPYING, period__overlap=window)
    if appointment_id is not None:
        rows = rows.exclude(pk=appointment_id)
    return intervals.union(
        (minute(period.lower), minute_up(period.upper)) for period in rows.values_list("period", flat=True)
    )
