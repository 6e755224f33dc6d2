"""The rows themselves, course by course in batches: memory does not grow with the clinic.

Each batch is read by two statements of its own, without one long transaction: rows of a course belong together, two
courses may be as they stood minutes apart.
"""

import datetime as dt
from collections.abc import Collection, Iterator
from typing import Any, Final
from uuid import UUID

from django.db import connection

from clinic.csv import Cell
from treatments.registry.fields import (
    FIELDS,
    KEYS,
    RESPONSE_FIELDS,
    RESPONSE_ROW,
    SESSION_FIELDS,
    SESSION_ROW,
)
from treatments.registry.pseudonyms import Pseudonyms

BATCH: Final = 500
"""Courses a batch."""
HEAD: Final = tuple(field.name for field in FIELDS)

_COURSES = """
SELECT course_id FROM treatments_coursesummary
WHERE site_id = ANY(%(sites)s) AND started_on BETWEEN %(first)s AND %(last)s AND course_id > %(after)s
ORDER BY course_id LIMIT %(batch)s"""

_OF_INJECTION = "i."
_OF_SESSION = [field for field in SESSION_FIELDS if not field.sql.startswith(_OF_INJECTION)]
_CELLS = [
    field.sql if field.sql.startswith(_OF_INJECTION) else f'one."{field.name}"' for field in SESSION_FIELDS
]

# What belongs to the session is read once, then joined to its injections.
_SESSIONS = f"""
WITH one AS MATERIALIZED (
  SELECT c.site_id, c.patient_id, c.id AS course_id, s.id AS session_id, c.physician_id, s.number AS place,
         {", ".join(f'{field.sql} AS "{field.name}"' for field in _OF_SESSION)}
  FROM treatments_coursesummary b
  JOIN treatments_course c ON c.id = b.course_id
  JOIN clinic_site z ON z.id = c.site_id
  JOIN treatments_protocolversion v ON v.id = c.protocol_version_id
  JOIN treatments_session s ON s.course_id = c.id AND s.status = 'signed' AND s.injected_at IS NOT NULL
  LEFT JOIN treatments_recipient r ON r.session_id = s.id
  LEFT JOIN treatments_readying y ON y.session_id = s.id
  LEFT JOIN treatments_discharge g ON g.session_id = s.id
  LEFT JOIN LATERAL (
    SELECT * FROM treatments_preparation p WHERE p.session_id = s.id AND NOT p.failed ORDER BY p.attempt DESC LIMIT 1) p
    ON true
  LEFT JOIN LATERAL (
    SELECT * FROM treatments_draw d
    WHERE d.session_id = s.id AND (d.id = p.draw_id OR p.draw_id IS NULL AND NOT d.failed)
    ORDER BY d.attempt DESC LIMIT 1) d ON true
  LEFT JOIN LATERAL (
    SELECT * FROM treatments_derivation x WHERE x.session_id = s.id ORDER BY x.algorithm DESC LIMIT 1) x ON true
  LEFT JOIN LATERAL (
    SELECT count(*) AS spins, max(g) FILTER (WHERE place = 1) AS g_1, max(minutes) FILTER (WHERE place = 1) AS minutes_1,
           max(g) FILTER (WHERE place = 2) AS g_2, max(minutes) FILTER (WHERE place = 2) AS minutes_2
    FROM (SELECT g, minutes, row_number() OVER (ORDER BY position) AS place
          FROM treatments_spin q WHERE q.preparation_id = p.id) q) q ON true
  LEFT JOIN LATERAL (
    SELECT (SELECT count(*) FROM treatments_draw d WHERE d.session_id = s.id AND d.failed) AS draws,
           (SELECT count(*) FROM treatments_preparation p WHERE p.session_id = s.id AND p.failed) AS kits) f ON true
  LEFT JOIN LATERAL (
    SELECT bool_or(a.use = 'mixed') AS mixed FROM treatments_anaesthetic a WHERE a.session_id = s.id) a ON true
  LEFT JOIN LATERAL (
    SELECT count(*) AS events, max(e.grade) AS grade, count(*) FILTER (WHERE e.is_serious) AS serious
    FROM treatments_adverseevent e WHERE e.session_id = s.id) e ON true
  LEFT JOIN LATERAL (
    SELECT count(*) AS count FROM treatments_amendment m WHERE m.session_id = s.id) m ON true
  WHERE b.course_id = ANY(%(courses)s))
SELECT one.site_id, one.patient_id, one.course_id, one.session_id, one.physician_id, {", ".join(_CELLS)}
FROM one LEFT JOIN treatments_injection i ON i.session_id = one.session_id
ORDER BY one.course_id, one.place, i.position"""  # noqa: S608 - constants of this package

_RESPONSES = """
SELECT c.site_id, c.patient_id, c.id, c.physician_id, o.instrument, o.instrument_version, o.time_point,
       (o.answered_at AT TIME ZONE z.time_zone)::date - b.started_on, o.score, o.source
FROM treatments_coursesummary b
JOIN treatments_course c ON c.id = b.course_id
JOIN clinic_site z ON z.id = c.site_id
JOIN treatments_response o ON o.course_id = c.id
WHERE b.course_id = ANY(%(courses)s)
ORDER BY c.id, o.answered_at, o.id"""

_BEFORE_ALL = UUID(int=0)


def rows(site_ids: Collection[UUID], first: dt.date, last: dt.date) -> Iterator[list[list[Cell]]]:
    """Batches of rows of the courses that began between two days, both included, without the head."""
    wanted = {"sites": list(site_ids), "first": first, "last": last, "batch": BATCH, "after": _BEFORE_ALL}
    while courses := [key for (key,) in _read(_COURSES, wanted)]:
        values = {"courses": courses}
        yield [*_sessions(values), *_responses(values)]
        wanted["after"] = courses[-1]


def _sessions(values: dict[str, Any]) -> Iterator[list[Cell]]:
    nothing: list[Cell] = [None] * len(RESPONSE_FIELDS)
    site, patient, course, session, physician = _keys()
    for site_id, patient_id, course_id, session_id, physician_id, *cells in _read(_SESSIONS, values):
        yield [
            SESSION_ROW,
            site(site_id),
            patient(patient_id),
            course(course_id),
            session(session_id),
            physician(physician_id),
            *cells,
            *nothing,
        ]


def _responses(values: dict[str, Any]) -> Iterator[list[Cell]]:
    nothing: list[Cell] = [None] * len(SESSION_FIELDS)
    site, patient, course, _session, physician = _keys()
    for site_id, patient_id, course_id, physician_id, *cells in _read(_RESPONSES, values):
        yield [
            RESPONSE_ROW,
            site(site_id),
            patient(patient_id),
            course(course_id),
            None,
            physician(physician_id),
            *nothing,
            *cells,
        ]


class _Known(dict[UUID, str]):
    """Pseudonyms of one batch: each is hashed once, however many rows bear it."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._pseudonyms = Pseudonyms(kind)

    def __missing__(self, key: UUID) -> str:
        self[key] = found = self._pseudonyms.of(key)
        return found


def _keys() -> list[Any]:
    return [_Known(field.name).__getitem__ for field in KEYS[1:]]


def _read(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
