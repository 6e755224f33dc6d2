"""Everything that decides where one visit type can start in a window: who and what is there, and when it is taken.

Read in three statements whatever the numbers. `openings` searches it for starts, `teams` chooses who serves one.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from clinic.exceptions import NotFound
from clinic.models import Site
from scheduling import lanes, policies
from scheduling.intervals import Interval, Intervals, minute_up
from scheduling.intervals import instant as instant
from scheduling.intervals import minute as minute
from scheduling.lanes import Mask
from scheduling.models import Requirement, Resource, ResourceKind, Stage, VisitType
from scheduling.selectors import facts
from scheduling.selectors.hours import open_times


@dataclass(frozen=True, slots=True)
class Span:
    """What one requirement asks of one resource, in minutes from the start of the visit."""

    requirement: Requirement
    offset: int
    minutes: int
    turnover: int

    @property
    def key(self) -> int:
        return self.requirement.pk

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of resource that will do, the one asked for first."""
        return (self.requirement.kind_id, *self.requirement.also_kinds)


@dataclass
class Calendar:
    """Open and busy times of every resource that could serve the visit, for starts in `[earliest, latest)`."""

    site: Site
    setup: facts.Setup
    visit_type: VisitType
    spans: list[Span]
    stages: list[Stage]
    resources: dict[UUID, Resource]
    open: dict[UUID, Intervals]
    busy: dict[UUID, list[Interval]]
    """In no order; they never overlap."""
    patient_busy: list[Interval]
    earliest: int
    latest: int
    zone: ZoneInfo
    turn: int = 0
    """Whom to try first among equals: after a lost race another than the one that everybody wants."""
    _lanes: dict[tuple[int, UUID], bytearray] = field(default_factory=dict)
    _candidates: dict[tuple[int, int], list[UUID]] = field(default_factory=dict)

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

    @property
    def size(self) -> int:
        """Minutes in which a start is looked for."""
        return max(0, self.latest - self.earliest)

    def narrow(self, *, earliest: int, latest: int) -> None:
        """Look for starts in a part of the window only. Before the first question."""
        self.earliest, self.latest = max(self.earliest, earliest), min(self.latest, latest)

    def kept_free(self, span: Span, resource_id: UUID) -> tuple[int, int]:
        """Minutes before and after the span in which this resource takes nothing else."""
        resource = self.resources[resource_id]
        return policies.kept_free(
            turnover=span.turnover,
            resource_setup=resource.setup_minutes,
            resource_turnover=resource.turnover_minutes,
        )

    def candidates(self, span: Span, lead_id: UUID | None) -> Sequence[UUID]:
        """Resources of the span's kinds, its own kind first; for the lead span only the clinician asked for."""
        if (known := self._candidates.get((span.key, self.turn))) is None:
            known = []
            for kind in dict.fromkeys(span.kinds):
                alike = self.by_kind.get(kind, [])
                turn = self.turn % len(alike) if alike else 0
                known += alike[turn:] + alike[:turn]
            self._candidates[(span.key, self.turn)] = known
        if lead_id is not None and span.requirement.is_lead:
            return [key for key in known if key == lead_id]
        return known

    def lane(self, span: Span, resource_id: UUID) -> bytearray:
        """The starts of the visit, counted from `earliest`, at which this resource can serve this span.

        The span itself must lie inside one open time; the span with what is kept free before and after it must
        meet no busy time. For a busy time [a, b) that excludes the starts a − offset − length − after + 1 …
        b − offset + before − 1.
        """
        key = (span.key, resource_id)
        if key not in self._lanes:
            before, after = self.kept_free(span, resource_id)
            zero = self.earliest + span.offset
            lane = self._opened(span, resource_id)[:]
            lanes.paint(
                lane,
                self.busy.get(resource_id, ()),
                value=False,
                low_by=1 - span.minutes - after - zero,
                high_by=before - zero,
            )
            self._lanes[key] = lane
        return self._lanes[key]

    def serves(self, span: Span, resource_id: UUID, at: int) -> bool:
        return self.earliest <= at < self.latest and bool(self.lane(span, resource_id)[at - self.earliest])

    def served(self, span: Span, lead_id: UUID | None = None) -> Mask:
        """The starts at which at least one candidate can serve this span."""
        found = 0
        for key in self.candidates(span, lead_id):
            found |= lanes.mask(self.lane(span, key))
        return found

    @cached_property
    def patient_free(self) -> Mask:
        """The starts at which the patient has no other visit."""
        lane = bytearray(b"\1" * self.size)
        lanes.paint(
            lane,
            self.patient_busy,
            value=False,
            low_by=1 - self.visit_type.minutes - self.earliest,
            high_by=-self.earliest,
        )
        return lanes.mask(lane)

    @cached_property
    def _opened_lanes(self) -> dict[tuple[int, int], bytearray]:
        return {}

    def _opened(self, span: Span, resource_id: UUID) -> bytearray:
        """The starts at which the span lies in open time; painted once for all who keep the same hours."""
        hours = self.open.get(resource_id, [])
        key = (span.key, id(hours))
        if key not in self._opened_lanes:
            zero = self.earliest + span.offset
            lane = bytearray(self.size)
            lanes.paint(lane, hours, value=True, low_by=-zero, high_by=1 - span.minutes - zero)
            self._opened_lanes[key] = lane
        return self._opened_lanes[key]


def load(
    *,
    visit_type_id: UUID,
    site_id: UUID,
    earliest: dt.datetime,
    latest: dt.datetime,
    now: dt.datetime,
    patient_id: UUID | None = None,
    appointment_id: UUID | None = None,
    also_moving: Collection[UUID] = (),
    hold_id: UUID | None = None,
    resource_ids: Collection[UUID] | None = None,
    visit_type: VisitType | None = None,
    taken: facts.Taken | None = None,
    setup: facts.Setup | None = None,
) -> Calendar:
    """Read the calendar for starts in `[earliest, latest)`. The visits being moved and the hold being booked do not
    stand in their own way; neither does a hold that has expired.

    Whoever has just read the visit type with its site, the set-up or what is taken hands it in. Raises NotFound for one that is not in use at the site.
    """
    visit_type = visit_type or (
        VisitType.objects.select_related("site")
        .filter(pk=visit_type_id, site_id=site_id, is_active=True)
        .first()
    )
    if visit_type is None:
        raise NotFound(_("This kind of visit is not offered at this site."))
    setup = setup or facts.setup(
        visit_type_id=visit_type_id, site_id=site_id, earliest=earliest, latest=latest, only=resource_ids
    )
    spans = [_span(need) for need in setup.needs]
    resources = _resources(setup)
    before = max((resource.setup_minutes for resource in resources.values()), default=0)
    after = max((resource.turnover_minutes for resource in resources.values()), default=0)
    reach = max([visit_type.minutes, *(s.offset + s.minutes + max(s.turnover, after) for s in spans)])
    low = earliest - dt.timedelta(minutes=before)
    high = max(latest, earliest) + dt.timedelta(minutes=reach)
    taken = taken or facts.taken(
        resources=resources,
        low=low,
        high=high,
        now=now,
        patient_id=patient_id,
        moving={*also_moving, *([appointment_id] if appointment_id else [])},
        hold_id=hold_id,
    )
    zone = visit_type.site.zone
    return Calendar(
        site=visit_type.site,
        setup=setup,
        visit_type=visit_type,
        spans=spans,
        stages=[Stage(visit_type=visit_type, **stage) for stage in setup.stages],
        resources=resources,
        open=open_times(setup, resources.values(), low=low, high=high, zone=zone),
        busy=taken.by_resource,
        patient_busy=taken.of_patient,
        earliest=minute_up(earliest),
        latest=minute_up(latest),
        zone=zone,
    )


def _span(need: dict[str, Any]) -> Span:
    requirement = Requirement(
        id=need["id"],
        kind=ResourceKind(code=need["kind"], name=need["kind_name"]),
        also_kinds=need["also"],
        stage=Stage(id=need["stage"], code=need["stage_code"], name=need["stage_name"])
        if need["stage"]
        else None,
        count=need["count"],
        offset=need["offset"],
        minutes=need["minutes"],
        turnover=need["turnover"],
        is_lead=need["lead"],
    )
    return Span(requirement, need["offset"], need["minutes"], need["turnover"])


def _resources(setup: facts.Setup) -> dict[UUID, Resource]:
    """Those that may serve the visit: where any of a kind is named as qualified, only the named.

    A qualified clinician who has left still counts as named, so that their leaving opens the visit to nobody else.
    """
    named = {key for key, _kind in setup.qualified}
    choosy = {kind for _key, kind in setup.qualified}
    kinds: dict[str, ResourceKind] = {}
    resources: dict[UUID, Resource] = {}
    for (
        key,
        code,
        kind_name,
        name,
        is_clinician,
        site,
        user,
        setup_minutes,
        turnover,
        position,
    ) in setup.resources:
        if key not in named and code in choosy:
            continue
        resource = Resource(
            id=UUID(key),
            kind=kinds.setdefault(code, ResourceKind(code=code, name=kind_name)),
            name=name,
            is_clinician=is_clinician,
            site_id=UUID(site) if site else None,
            user_id=user,
            setup_minutes=setup_minutes,
            turnover_minutes=turnover,
            position=position,
        )
        resources[resource.pk] = resource
    return resources
