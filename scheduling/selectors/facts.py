"""What decides where a visit can start, read in two statements whatever the numbers: how the site is set up, and what
is taken. Hand-written SQL because a year of a dense site is a hundred thousand allocations: the database hands over
one row a resource with its minutes packed, and the index of the exclusion constraint alone is read (ADR 12).
"""

import datetime as dt
import struct
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from scheduling.enums import OCCUPYING
from scheduling.intervals import Interval

# Two smallints of minutes, the longest a requirement can reach past a start, are less than 46 days.
_SETUP = """
WITH need AS MATERIALIZED (
    SELECT * FROM scheduling_requirement WHERE visit_type_id = %(visit_type)s
), usable AS MATERIALIZED (
    SELECT r.*, k.name AS kind_name, k.position AS kind_position
    FROM scheduling_resource r JOIN scheduling_resourcekind k ON k.code = r.kind_id
    WHERE r.is_active
      AND EXISTS (SELECT FROM clinic_site c WHERE c.id = %(site)s AND c.is_active)
      AND r.kind_id IN (SELECT kind_id FROM need UNION SELECT unnest(also_kinds) FROM need)
      AND (%(only)s::uuid[] IS NULL OR r.id = ANY (%(only)s))
      AND CASE WHEN r.is_clinician
          THEN EXISTS (SELECT FROM scheduling_workinghours w WHERE w.resource_id = r.id AND w.site_id = %(site)s)
            OR EXISTS (SELECT FROM scheduling_extrahours e WHERE e.resource_id = r.id AND e.site_id = %(site)s)
          ELSE r.site_id = %(site)s END
), span AS (SELECT tstzrange(%(earliest)s, %(latest)s + interval '46 days') AS near)
SELECT
    (SELECT json_agg(json_build_object(
        'id', n.id, 'kind', n.kind_id, 'kind_name', k.name, 'also', n.also_kinds, 'count', n.count,
        'offset', n.offset, 'minutes', n.minutes, 'turnover', n.turnover, 'lead', n.is_lead,
        'stage', n.stage_id, 'stage_code', s.code, 'stage_name', s.name
        ) ORDER BY n.offset, n.id)
     FROM need n JOIN scheduling_resourcekind k ON k.code = n.kind_id LEFT JOIN scheduling_stage s ON s.id = n.stage_id),
    (SELECT json_agg(json_build_array(
        u.id, u.kind_id, u.kind_name, u.name, u.is_clinician, u.site_id, u.user_id, u.setup_minutes,
        u.turnover_minutes, u.position
        ) ORDER BY u.kind_position, u.position, u.name) FROM usable u),
    (SELECT json_agg(json_build_array(q.resource_id, r.kind_id))
     FROM scheduling_qualification q JOIN scheduling_resource r ON r.id = q.resource_id
     WHERE q.visit_type_id = %(visit_type)s),
    (SELECT json_agg(json_build_array(w.resource_id, w.weekday, w.opens, w.closes, w.valid_from, w.valid_until))
     FROM scheduling_workinghours w
     WHERE w.site_id = %(site)s AND (w.resource_id IS NULL OR w.resource_id IN (SELECT id FROM usable))),
    (SELECT json_agg(json_build_array(e.resource_id,
        ceil(extract(epoch FROM lower(e.period)) / 60)::int, floor(extract(epoch FROM upper(e.period)) / 60)::int))
     FROM scheduling_extrahours e, span
     WHERE e.site_id = %(site)s AND e.ended_at IS NULL AND e.period && near
       AND (e.resource_id IS NULL OR e.resource_id IN (SELECT id FROM usable))),
    (SELECT json_agg(json_build_array(
        floor(extract(epoch FROM lower(c.period)) / 60)::int, ceil(extract(epoch FROM upper(c.period)) / 60)::int))
     FROM scheduling_closure c, span WHERE c.site_id = %(site)s AND c.period && near),
    (SELECT json_agg(json_build_array(t.resource_id,
        floor(extract(epoch FROM lower(t.period)) / 60)::int, ceil(extract(epoch FROM upper(t.period)) / 60)::int))
     FROM scheduling_timeoff t, span
     WHERE t.ended_at IS NULL AND t.period && near AND t.resource_id IN (SELECT id FROM usable)),
    (SELECT json_agg(json_build_object(
        'id', s.id, 'code', s.code, 'name', s.name, 'done_name', s.done_name, 'position', s.position,
        'offset', s.offset, 'minutes', s.minutes) ORDER BY s.position)
     FROM scheduling_stage s WHERE s.visit_type_id = %(visit_type)s)
"""

# A lateral probe a resource, so that the index is entered with resource and period both: with `resource = ANY (…)`
# the period alone would be looked up, over the resources of every site. `blocks` of active rows never overlap, so
# what does not count after all can be taken out again by its exact bounds, and the first branch needs no table row.
_TAKEN = """
SELECT 'b', wanted.id, taken.lows, taken.highs
FROM unnest(%(resources)s::uuid[]) AS wanted(id), LATERAL (
    SELECT string_agg(int4send(floor(date_part('epoch', lower(a.blocks)) / 60)::int), '') AS lows,
           string_agg(int4send(ceil(date_part('epoch', upper(a.blocks)) / 60)::int), '') AS highs
    FROM scheduling_allocation a
    WHERE a.active AND a.resource_id = wanted.id AND a.blocks && tstzrange(%(low)s, %(high)s)
) AS taken WHERE taken.lows IS NOT NULL
UNION ALL
SELECT 'f', freed.resource_id, freed.low, freed.high
FROM scheduling_hold h, LATERAL (
    SELECT a.resource_id, int4send(floor(date_part('epoch', lower(a.blocks)) / 60)::int) AS low,
           int4send(ceil(date_part('epoch', upper(a.blocks)) / 60)::int) AS high
    FROM scheduling_allocation a WHERE a.hold_id = h.id AND a.active OFFSET 0
) AS freed
WHERE h.released_at IS NULL AND (h.expires_at <= %(now)s OR h.id = %(hold)s)
UNION ALL
SELECT 'f', a.resource_id, int4send(floor(date_part('epoch', lower(a.blocks)) / 60)::int),
       int4send(ceil(date_part('epoch', upper(a.blocks)) / 60)::int)
FROM scheduling_allocation a WHERE a.appointment_id = ANY (%(moving)s::uuid[]) AND a.active
UNION ALL
SELECT 'p', p.id, int4send(floor(date_part('epoch', lower(p.period)) / 60)::int),
       int4send(ceil(date_part('epoch', upper(p.period)) / 60)::int)
FROM scheduling_appointment p
WHERE p.patient_id = %(patient)s AND p.status = ANY (%(occupying)s) AND p.period && tstzrange(%(low)s, %(high)s)
  AND p.id <> ALL (%(moving)s::uuid[])
"""


# Under the locks: what stands in these resources and patients between two instants.
_STANDING = """
SELECT r.id, r.name, a.hold_id, h.expires_at, lower(a.blocks), upper(a.blocks)
FROM unnest(%(resources)s::uuid[]) AS wanted(id) JOIN scheduling_resource r ON r.id = wanted.id
JOIN LATERAL (SELECT hold_id, blocks FROM scheduling_allocation
              WHERE active AND resource_id = wanted.id AND blocks && tstzrange(%(low)s, %(high)s)
                AND (appointment_id IS NULL OR appointment_id IS DISTINCT FROM %(besides)s)) a ON true
LEFT JOIN scheduling_hold h ON h.id = a.hold_id
UNION ALL
SELECT p.patient_id, NULL, NULL, NULL, lower(p.period), upper(p.period)
FROM scheduling_appointment p
WHERE p.patient_id = ANY (%(patients)s::uuid[]) AND p.status = ANY (%(occupying)s)
  AND p.period && tstzrange(%(low)s, %(high)s) AND p.id IS DISTINCT FROM %(besides)s
"""


@dataclass(frozen=True, slots=True)
class Setup:
    """The site as far as it concerns one visit type. Minutes are whole minutes since the epoch."""

    needs: list[dict[str, Any]]
    resources: list[list[Any]]
    qualified: list[tuple[str, str]]
    hours: list[list[Any]]
    extra: list[tuple[str | None, int, int]]
    closed: list[Interval]
    away: list[tuple[str, int, int]]
    stages: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Taken:
    """Busy minutes by resource, in no order, and the patient's own visits."""

    by_resource: dict[UUID, list[Interval]]
    of_patient: list[Interval]


def setup(
    *,
    visit_type_id: UUID,
    site_id: UUID,
    earliest: dt.datetime,
    latest: dt.datetime,
    only: Collection[UUID] | None,
) -> Setup:
    values: dict[str, Any] = {
        "visit_type": visit_type_id,
        "site": site_id,
        "earliest": earliest,
        "latest": max(latest, earliest),
        "only": None if only is None else list(only),
    }
    with connection.cursor() as cursor:
        cursor.execute(_SETUP, values)
        return Setup(*(part or [] for part in cursor.fetchone()))


def taken(
    *,
    resources: Iterable[UUID],
    low: dt.datetime,
    high: dt.datetime,
    now: dt.datetime,
    patient_id: UUID | None = None,
    moving: Collection[UUID] = (),
    hold_id: UUID | None = None,
) -> Taken:
    """A hold that has expired does not count, nor do the visits `moving` and `hold_id`: what is being moved or booked."""
    values: dict[str, Any] = {
        "resources": list(resources),
        "low": low,
        "high": high,
        "now": now,
        "patient": patient_id,
        "moving": list(moving),
        "hold": hold_id,
        "occupying": list(OCCUPYING),
    }
    busy: dict[UUID, list[Interval]] = {}
    free: dict[UUID, set[Interval]] = {}
    patient: list[Interval] = []
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, values)
        for what, key, lows, highs in cursor.fetchall():
            parts = list(zip(_unpacked(lows), _unpacked(highs), strict=True))
            if what == "b":
                busy[key] = parts
            elif what == "f":
                free.setdefault(key, set()).update(parts)
            else:
                patient += parts
    for key, parts_free in free.items():
        if key in busy:
            busy[key] = [part for part in busy[key] if part not in parts_free]
    return Taken(busy, patient)


class Standing(NamedTuple):
    """One time in which a resource or a patient is taken. A patient has no `name`; `expires` is of the hold."""

    key: UUID
    name: str | None
    hold_id: UUID | None
    expires: dt.datetime | None
    start: dt.datetime
    end: dt.datetime


def question(
    *,
    resources: Iterable[UUID],
    patients: Iterable[UUID],
    low: dt.datetime,
    high: dt.datetime,
    besides: UUID | None = None,
) -> tuple[str, dict[str, Any]]:
    """Asks for everything active that meets `[low, high)`, expired holds too; without the visit `besides`.

    Its rows are what `Standing` takes.
    """
    return _STANDING, {
        "resources": list(resources),
        "patients": list(patients),
        "low": low,
        "high": high,
        "besides": besides,
        "occupying": list(OCCUPYING),
    }


def _unpacked(packed: bytes) -> tuple[int, ...]:
    """Four bytes a number, in the byte order of the network."""
    return struct.unpack(f">{len(packed) // 4}i", packed)
