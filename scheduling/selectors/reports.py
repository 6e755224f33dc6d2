"""Freed times, lead times, no-shows and late cancellations of one site and period, each summed in one statement.

Squeeze-ins are counted apart everywhere: they come at short notice on purpose.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q

from clinic.models import Site
from scheduling.enums import ChangeKind, OfferStatus
from scheduling.models import FreedSlot, Offer

LATE = dt.timedelta(hours=24)
BUCKETS = (2, 7, 14, 28)
"""Lead times are grouped: under 2 days, under 7, under 14, under 28, and longer."""

_BUCKET = "width_bucket(extract(epoch FROM lower(a.period) - a.created_at) / 86400, %(buckets)s::numeric[])"
_BUCKET_THEN = (
    "width_bucket(extract(epoch FROM lower(c.old_period) - a.created_at) / 86400, %(buckets)s::numeric[])"
)

_LEAD = """
SELECT CASE WHEN a.squeezed_on_id IS NOT NULL THEN '' ELSE t.name END, count(*),
       percentile_cont(ARRAY[0.25, 0.5, 0.75]::float8[]) WITHIN GROUP (
           ORDER BY extract(epoch FROM lower(a.period) - a.created_at) / 86400)
FROM scheduling_appointment a JOIN scheduling_visittype t ON t.id = a.visit_type_id
WHERE a.site_id = %(site)s AND a.period && tstzrange(%(start)s, %(end)s) AND lower(a.period) >= %(start)s
  AND a.status <> 'cancelled'
GROUP BY 1 ORDER BY 1
"""

_KEPT = f"""
SELECT extract(isodow FROM lower(a.period) AT TIME ZONE %(zone)s)::int - 1, {_BUCKET},
       a.squeezed_on_id IS NOT NULL, count(*)
FROM scheduling_appointment a
WHERE a.site_id = %(site)s AND a.period && tstzrange(%(start)s, %(until)s)
  AND lower(a.period) >= %(start)s AND lower(a.period) < %(until)s
  AND a.status NOT IN ('provisional', 'cancelled')
GROUP BY 1, 2, 3
"""  # noqa: S608 - put together from constants

_MISSED = f"""
SELECT c.kind, coalesce(r.words, ''), extract(isodow FROM lower(c.old_period) AT TIME ZONE %(zone)s)::int - 1,
       {_BUCKET_THEN}, a.squeezed_on_id IS NOT NULL, count(*)
FROM scheduling_visitchange c
JOIN scheduling_appointment a ON a.id = c.appointment_id
LEFT JOIN scheduling_changereason r ON r.code = c.reason_id
WHERE c.site_id = %(site)s AND c.at >= %(start)s - %(late)s
  AND lower(c.old_period) >= %(start)s AND lower(c.old_period) < %(until)s
  AND (c.kind = 'no_show' AND a.status = 'no_show'
       OR c.kind = 'cancelled' AND a.status = 'cancelled' AND lower(c.old_period) - c.at < %(late)s
          AND c.old_status <> 'provisional')
  AND NOT EXISTS (SELECT FROM scheduling_visitchange u WHERE u.undoes_id = c.id)
GROUP BY 1, 2, 3, 4, 5
"""  # noqa: S608 - put together from constants


@dataclass(frozen=True, slots=True)
class Freed:
    """What became of the times that were freed. The rate counts those of which the end is known and that were not
    taken back by whoever gave them up."""

    freed: int
    taken_back: int
    standing: int
    by_offer: int
    otherwise: int
    lost: int

    @property
    def filled(self) -> int:
        return self.by_offer + self.otherwise

    @property
    def of(self) -> int:
        return self.filled + self.lost


@dataclass(frozen=True, slots=True)
class Lead:
    """Days from booking to the visit: how many visits, a quarter of them within, half, three quarters."""

    count: int
    quarters: tuple[float, float, float]


@dataclass(slots=True)
class Tally:
    """Visits that were due, those that did not come, those cancelled late."""

    due: int = 0
    no_shows: int = 0
    late: int = 0


@dataclass(slots=True)
class Missed:
    """`reasons` are numbers by kind and words; `squeezed` stands apart from all the others."""

    whole: Tally = field(default_factory=Tally)
    weekdays: dict[int, Tally] = field(default_factory=lambda: defaultdict(Tally))
    leads: dict[int, Tally] = field(default_factory=lambda: defaultdict(Tally))
    reasons: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    squeezed: Tally = field(default_factory=Tally)


def freed(*, site: Site, start: dt.datetime, end: dt.datetime, now: dt.datetime) -> dict[str, Freed]:
    """Times freed within the period, by kind of visit."""
    accepted = Exists(Offer.objects.filter(freed=OuterRef("pk"), status=OfferStatus.ACCEPTED))
    over = Q(filled_by__isnull=True) & (
        Q(closed_at__gte=F("period__endswith")) | Q(closed_at__isnull=True, period__endswith__lte=now)
    )
    rows = (
        FreedSlot.objects.filter(site=site, freed_at__gte=start, freed_at__lt=end)
        .annotate(accepted=accepted)
        .order_by()
        .values("visit_type__name")
        .annotate(
            freed=Count("pk"),
            taken_back=Count(
                "pk",
                filter=Q(
                    filled_by__isnull=True, closed_at__isnull=False, closed_at__lt=F("period__endswith")
                ),
            ),
            standing=Count("pk", filter=Q(closed_at__isnull=True, period__endswith__gt=now)),
            by_offer=Count("pk", filter=Q(filled_by__isnull=False, accepted=True)),
            otherwise=Count("pk", filter=Q(filled_by__isnull=False, accepted=False)),
            lost=Count("pk", filter=over),
        )
        .order_by("visit_type__name")
    )
    found: list[dict[str, Any]] = [dict(row) for row in rows]
    return {row.pop("visit_type__name"): Freed(**row) for row in found}


def lead_times(*, site: Site, start: dt.datetime, end: dt.datetime) -> dict[str, Lead]:
    """Of visits that start within the period and are not cancelled, by kind; under "" the squeeze-ins."""
    rows = _rows(_LEAD, site, start=start, end=end)
    return {name: Lead(count, (low, half, high)) for name, count, (low, half, high) in rows}


def missed(*, site: Site, start: dt.datetime, end: dt.datetime, now: dt.datetime) -> Missed:
    """Of visits that should have started within the period and before now.

    Due are those still standing at their start, and those cancelled less than 24 hours before it. A change that was
    taken back has not happened.
    """
    until = min(end, now)
    values: dict[str, Any] = {"start": start, "until": max(start, until), "late": LATE}
    found = Missed()
    for weekday, bucket, squeezed, count in _rows(_KEPT, site, **values):
        for tally in _tallies(found, weekday, bucket, squeezed):
            tally.due += count
    for kind, words, weekday, bucket, squeezed, count in _rows(_MISSED, site, **values):
        if not squeezed:
            found.reasons[(kind, words)] += count
        for tally in _tallies(found, weekday, bucket, squeezed):
            if kind == ChangeKind.NO_SHOW:
                tally.no_shows += count
            else:
                tally.late += count
                tally.due += count
    return found


def _tallies(found: Missed, weekday: int, bucket: int, squeezed: bool) -> list[Tally]:
    return [found.squeezed] if squeezed else [found.whole, found.weekdays[weekday], found.leads[bucket]]


def _rows(statement: str, site: Site, **values: Any) -> list[Any]:
    values |= {"site": site.pk, "zone": site.time_zone, "buckets": list(BUCKETS)}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
