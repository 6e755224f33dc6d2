"""The starts of a calendar by one statement of multiranges: the best hand-written SQL known for that question.

It is the other method to which `scheduling.selectors.openings` is held, in answers (tests) and in time (bench). Hours
come expanded from Python, which stays the authority for time zones; everything else happens in the database. It knows
nothing of needs that contend for one resource, and so answers visit types without any.
"""

import datetime as dt
from typing import Any

from django.db import connection

from scheduling.intervals import Intervals, instant
from scheduling.selectors.calendar import Calendar

_STATEMENT = """
WITH pair AS MATERIALIZED (
    SELECT * FROM unnest(%(pairs)s::int[], %(spans)s::bigint[], %(resources)s::uuid[], %(lows)s::int[],
                         %(highs)s::int[]) AS pair(number, span, resource, low_by, high_by)
), opened AS MATERIALIZED (
    SELECT number, range_agg(int4range(low, high)) AS starts
    FROM unnest(%(open_pairs)s::int[], %(open_lows)s::int[], %(open_highs)s::int[]) AS open(number, low, high)
    WHERE low < high GROUP BY number
), expired AS MATERIALIZED (
    SELECT a.resource_id, a.blocks FROM scheduling_hold h JOIN scheduling_allocation a ON a.hold_id = h.id
    WHERE h.released_at IS NULL AND h.expires_at <= %(now)s AND a.active
), free AS (
    SELECT pair.span, opened.starts - coalesce(taken.starts, '{}') AS starts
    FROM pair JOIN opened USING (number) CROSS JOIN LATERAL (
        SELECT range_agg(int4range(floor(date_part('epoch', lower(a.blocks)) / 60)::int + pair.low_by,
                                   ceil(date_part('epoch', upper(a.blocks)) / 60)::int + pair.high_by)) AS starts
        FROM scheduling_allocation a
        WHERE a.active AND a.resource_id = pair.resource AND a.blocks && tstzrange(%(from)s, %(until)s)
          AND (a.resource_id, a.blocks) NOT IN (SELECT resource_id, blocks FROM expired)
    ) AS taken
), served AS (
    SELECT span, range_agg(starts) AS starts FROM free GROUP BY span
), visits AS (
    SELECT coalesce(range_agg(int4range(low, high)), '{}') AS starts
    FROM unnest(%(visit_lows)s::int[], %(visit_highs)s::int[]) AS visit(low, high)
)
SELECT lower(part), upper(part) FROM (
    SELECT unnest(range_intersect_agg(starts) * int4multirange(int4range(%(earliest)s, %(latest)s))
                  - (SELECT starts FROM visits)) AS part
    FROM served HAVING count(*) = %(needed)s
) AS found
"""


def starts(calendar: Calendar, *, now: dt.datetime) -> Intervals:
    """Minutes at which every requirement finds somebody, as intervals: on the grid or not."""
    return answered(question(calendar, now))


def answered(values: dict[str, Any]) -> Intervals:
    """The statement alone."""
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENT, values)
        return list(cursor.fetchall())


def question(calendar: Calendar, now: dt.datetime) -> dict[str, Any]:
    """The statement's parameters: who could serve what, and the hours of each as starts."""
    pairs = [
        (number, span, key)
        for number, (span, key) in enumerate(
            (span, key) for span in calendar.spans for key in calendar.candidates(span, None)
        )
    ]
    kept = [calendar.kept_free(span, key) for _number, span, key in pairs]
    opened = [
        (number, low - span.offset, high - span.offset - span.minutes + 1)
        for number, span, key in pairs
        for low, high in calendar.open[key]
    ]
    reach = max(
        [
            calendar.visit_type.minutes,
            *(s.offset + s.minutes + after for (_n, s, _k), (_b, after) in zip(pairs, kept, strict=True)),
        ]
    )
    return {
        "pairs": [number for number, _span, _key in pairs],
        "spans": [span.key for _number, span, _key in pairs],
        "resources": [key for _number, _span, key in pairs],
        "lows": [
            1 - span.offset - span.minutes - after
            for (_number, span, _key), (_before, after) in zip(pairs, kept, strict=True)
        ],
        "highs": [
            before - span.offset for (_number, span, _key), (before, _after) in zip(pairs, kept, strict=True)
        ],
        "open_pairs": [number for number, _low, _high in opened],
        "open_lows": [low for _number, low, _high in opened],
        "open_highs": [high for _number, _low, high in opened],
        "visit_lows": [low - calendar.visit_type.minutes + 1 for low, _high in calendar.patient_busy],
        "visit_highs": [high for _low, high in calendar.patient_busy],
        "from": instant(calendar.earliest - max((before for before, _after in kept), default=0)),
        "until": instant(calendar.latest + reach),
        "earliest": calendar.earliest,
        "latest": calendar.latest,
        "needed": len(calendar.spans),
        "now": now,
    }
