"""When given resources are there over a window, and what keeps them away: for pages that show time itself.

The rule of what counts as open is `hours.open_times`; here are only its facts, for resources instead of a visit type.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from clinic.models import Site
from scheduling.intervals import Intervals, minute, minute_up
from scheduling.models import Closure, ExtraHours, Resource, TimeOff, WorkingHours
from scheduling.selectors.facts import Setup
from scheduling.selectors.hours import open_times


@dataclass(frozen=True, slots=True)
class Presence:
    """Open minutes since the epoch by resource; the closures and the time off that are already taken out of them."""

    open: dict[UUID, Intervals]
    closures: Sequence[Closure]
    away: Sequence[TimeOff]


def of(*, site: Site, resources: Sequence[Resource], window: tuple[dt.datetime, dt.datetime]) -> Presence:
    """In four queries, however many resources and days."""
    keys = [resource.pk for resource in resources]
    ours = Q(resource__isnull=True) | Q(resource__in=keys)
    rules = WorkingHours.objects.filter(ours, site=site).values_list(
        "resource_id", "weekday", "opens", "closes", "valid_from", "valid_until"
    )
    extra = ExtraHours.objects.filter(ours, site=site, period__overlap=window, ended_at__isnull=True)
    closures = list(Closure.objects.filter(site=site, period__overlap=window))
    away = list(TimeOff.objects.filter(resource__in=keys, period__overlap=window, ended_at__isnull=True))
    setup = Setup(
        needs=[],
        resources=[],
        qualified=[],
        hours=[
            [
                _key(key),
                weekday,
                opens.isoformat(),
                closes.isoformat(),
                first.isoformat(),
                last and last.isoformat(),
            ]
            for key, weekday, opens, closes, first, last in rules
        ],
        extra=[
            (_key(row.resource_id), minute_up(row.period.lower), minute(row.period.upper)) for row in extra
        ],
        closed=[(minute(row.period.lower), minute_up(row.period.upper)) for row in closures],
        away=[(str(row.resource_id), minute(row.period.lower), minute_up(row.period.upper)) for row in away],
    )
    opened = open_times(setup, resources, low=window[0], high=window[1], zone=site.zone)
    return Presence(opened, closures, away)


def _key(resource_id: UUID | None) -> str | None:
    return None if resource_id is None else str(resource_id)
