"""How much of its open time each resource is held by visits, by resource and by stage. Sums in SQL, hours by the one
expansion that availability uses; seven queries whatever the numbers."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from clinic.models import Site
from scheduling import intervals
from scheduling.models import Closure, ExtraHours, Resource, Stage, TimeOff, WorkingHours
from scheduling.selectors import facts
from scheduling.selectors.hours import open_times

Window = tuple[dt.datetime, dt.datetime]

# A lateral probe a resource enters the index of the exclusion constraint with resource and period both.
_HELD = """
SELECT r.id, held.stage_code, count(*),
       sum(extract(epoch FROM least(upper(held.period), %(end)s) - greatest(lower(held.period), %(start)s))) / 60
FROM unnest(%(resources)s::uuid[]) AS r(id), LATERAL (
    SELECT a.stage_code, a.period FROM scheduling_allocation a
    WHERE a.active AND a.resource_id = r.id AND a.blocks && tstzrange(%(start)s, %(end)s)
      AND a.period && tstzrange(%(start)s, %(end)s) AND a.site_id = %(site)s AND a.appointment_id IS NOT NULL
) AS held
GROUP BY r.id, held.stage_code
"""


@dataclass(frozen=True, slots=True)
class Used:
    """One resource or one stage at one kind of resource: visits' parts, minutes held, minutes open."""

    name: str
    kind: str
    count: int
    held: int
    open: int


@dataclass(frozen=True, slots=True)
class Utilisation:
    resources: dict[Any, Used]
    stages: dict[Any, Used]


def utilisation(*, site: Site, windows: Sequence[Window]) -> list[Utilisation]:
    """One answer a window, in their order. Held is what visits hold (cancelled and missed ones hold nothing) without
    the minutes kept free around them; open is hours and extra hours without closures and time off."""
    people = _resources(site)
    hull = (min(start for start, _ in windows), max(end for _, end in windows))
    hours = _hours(site, people, hull)
    opened = open_times(hours, people, low=hull[0], high=hull[1], zone=site.zone)
    names = dict(Stage.objects.filter(visit_type__site=site).order_by("position").values_list("code", "name"))
    found = []
    for start, end in windows:
        clip = [(intervals.minute(start), intervals.minute(end))]
        minutes = {
            key: sum(high - low for low, high in intervals.intersect(spans, clip))
            for key, spans in opened.items()
        }
        found.append(_sums(people, _held(site, people, (start, end)), minutes, names))
    return found


def _sums(
    people: Sequence[Resource],
    held: dict[UUID, dict[str, tuple[int, int]]],
    opened: dict[UUID, int],
    names: dict[str, str],
) -> Utilisation:
    resources: dict[Any, Used] = {}
    count: dict[tuple[str, str], int] = defaultdict(int)
    minutes: dict[tuple[str, str], int] = defaultdict(int)
    of_kind: dict[str, int] = defaultdict(int)
    kinds = {}
    for person in people:
        mine = held.get(person.pk, {})
        is_open = opened.get(person.pk, 0) if person.is_active else 0
        if not (mine or is_open):
            continue
        kinds[person.kind_id] = person.kind.name
        of_kind[person.kind_id] += is_open
        resources[person.pk] = Used(
            person.name,
            person.kind.name,
            sum(n for n, _ in mine.values()),
            sum(m for _, m in mine.values()),
            is_open,
        )
        for stage, (number, length) in mine.items():
            count[(stage, person.kind_id)] += number
            minutes[(stage, person.kind_id)] += length
    order = list(names)
    keys = sorted(count, key=lambda key: (order.index(key[0]) if key[0] in names else len(order), key))
    stages: dict[Any, Used] = {
        key: Used(names.get(key[0], key[0]), kinds[key[1]], count[key], minutes[key], of_kind[key[1]])
        for key in keys
    }
    return Utilisation(resources, stages)


def _resources(site: Site) -> list[Resource]:
    """Rooms and equipment of the site, and the clinicians who have or had hours there."""
    here = WorkingHours.objects.filter(site=site, resource__isnull=False).values("resource")
    once = ExtraHours.objects.filter(site=site, resource__isnull=False).values("resource")
    rows = Resource.objects.filter(Q(site=site) | Q(is_clinician=True, pk__in=here) | Q(pk__in=once))
    return list(rows.select_related("kind"))


def _held(site: Site, people: Sequence[Resource], window: Window) -> dict[UUID, dict[str, tuple[int, int]]]:
    found: dict[UUID, dict[str, tuple[int, int]]] = defaultdict(dict)
    values: dict[str, Any] = {
        "site": site.pk,
        "start": window[0],
        "end": window[1],
        "resources": [each.pk for each in people],
    }
    with connection.cursor() as cursor:
        cursor.execute(_HELD, values)
        for key, stage, count, minutes in cursor.fetchall():
            found[key][stage] = (count, round(minutes))
    return found


def _hours(site: Site, people: Sequence[Resource], hull: Window) -> facts.Setup:
    """The site's hours in the form in which availability reads them."""
    keys = {str(each.pk) for each in people}

    def spans(rows: Any, *fields: str) -> list[Any]:
        return [
            (*(str(value) if value else None for value in head), *_minutes(period))
            for *head, period in rows.values_list(*fields, "period")
        ]

    hours = WorkingHours.objects.filter(site=site).values_list(
        "resource", "weekday", "opens", "closes", "valid_from", "valid_until"
    )
    extra = ExtraHours.objects.filter(site=site, ended_at__isnull=True, period__overlap=hull)
    away = TimeOff.objects.filter(resource__in=people, ended_at__isnull=True, period__overlap=hull)
    closed = Closure.objects.filter(site=site, period__overlap=hull)
    return facts.Setup(
        needs=[],
        resources=[],
        qualified=[],
        hours=[
            [str(key) if key else None, weekday, *(str(value) if value else None for value in rest)]
            for key, weekday, *rest in hours
            if key is None or str(key) in keys
        ],
        extra=spans(extra, "resource"),
        closed=spans(closed),
        away=spans(away, "resource"),
    )


def _minutes(period: Any) -> tuple[int, int]:
    return intervals.minute(period.lower), intervals.minute_up(period.upper)
