"""A cohort of courses, split by what they share: nine queries, whatever their number.

Courses are in it by the day of their first signed session. What is summarised (days, classes, scores) is read from the
summary rows, what can change by itself (state, physician, protocol, diagnosis) from the course.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection

from treatments import clinical_rules
from treatments.clinical_rules import Anchor, TimePoint
from treatments.models import ProtocolRules
from treatments.policies import cohorts as rules
from treatments.policies.cohorts import NEVER_REACHED, Events, Part, Profile, Schedule, Spot

ALL = ""
"""The part that is the whole cohort."""


class Group(StrEnum):
    """What the courses of one line share."""

    PHYSICIAN = "physician"
    PROTOCOL = "protocol"
    DIAGNOSIS = "diagnosis"
    TARGET = "target"
    LEUCOCYTES = "leucocytes"
    PAW = "paw"


_PART = {
    Group.PHYSICIAN: "c.physician_id",
    Group.PROTOCOL: "v.protocol_id",
    Group.DIAGNOSIS: "c.diagnosis_code",
    Group.TARGET: "unnest(s.structures || ''::varchar)",  # '' stands for the whole: a course has several targets
    Group.LEUCOCYTES: "s.leucocytes",
    Group.PAW: "s.paw",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Courses of these sites that began between two days, both included; scores of one instrument."""

    site_ids: frozenset[UUID]
    first: dt.date
    last: dt.date
    group: Group = Group.PHYSICIAN
    instrument: str = "nrs"


@dataclass
class Cohort:
    """`whole` and its parts by what they share; `spots` in the order of a course; `unsigned`: sessions injected but not
    signed, which are not in it yet; `left_out`: how many parts were too small to be in it."""

    whole: Part = field(default_factory=Part)
    parts: dict[str, Part] = field(default_factory=dict)
    spots: dict[str, str] = field(default_factory=dict)
    unsigned: int = 0
    left_out: int = 0


def cohort(wanted: Wanted, *, today: dt.date, least: int = 1) -> Cohort:
    """The courses of `wanted`, each time point judged as of `today`. Parts of fewer than `least` courses are left out, of
    the whole too: else it would tell them by subtraction."""
    versions, schedules = _schedules(wanted.site_ids)
    base, values = _courses_sql(wanted, versions, schedules, today)
    found = Cohort(unsigned=_unsigned(wanted))
    parts: dict[str, Part] = {}
    profiles = _gather(_rows(base + _PROFILES, values), wanted.group)
    small = {key for key, rows in profiles.items() if key != ALL and sum(row[2] for row in rows) < least}
    found.left_out = len(small)
    for key, (code, status, courses, sessions) in _each(profiles, small, wanted.group):
        part = parts.setdefault(key, Part())
        part.profiles[Profile.unpacked(code)] += courses
        part.statuses[status] += courses
        part.sessions += sessions
    answered = _gather(_rows(base + _POINTS, values), wanted.group)
    scored = _gather(_rows(base + _SCORES, {**values, "instrument": wanted.instrument}), wanted.group)
    events = _gather(_rows(base + _EVENTS, values), wanted.group)
    for key, (count, serious, grave) in _each(events, small, wanted.group):
        before = parts.setdefault(key, Part()).events
        parts[key].events = Events(before.count + count, before.serious + serious, before.grave + grave)
    spots = _spots(parts.values(), schedules)
    for key, part in parts.items():
        mine = [row for name in _sources(key, parts, wanted.group) for row in answered.get(name, [])]
        values_of = [row for name in _sources(key, parts, wanted.group) for row in scored.get(name, [])]
        rules.fill(part, mine, _added(values_of), spots=spots, schedules=schedules)
    found.whole = parts.pop(ALL, Part())
    found.parts = parts
    found.spots = _in_order(spots, found.whole) if found.whole.courses else {}
    return found


_PROFILES = """
SELECT part, profile, status, count(*), sum(sessions) FROM cohort GROUP BY 1, 2, 3"""

_POINTS = """
SELECT part, point, profile, count(*), count(pain_met), count(*) FILTER (WHERE pain_met),
       count(function_met), count(*) FILTER (WHERE function_met),
       count(impression_met), count(*) FILTER (WHERE impression_met),
       count(all_met), count(*) FILTER (WHERE all_met)
FROM cohort JOIN treatments_pointsummary p USING (course_id)
WHERE p.series = 0 OR p.series = follow_up
GROUP BY 1, 2, 3"""

_SCORES = """
SELECT part, point, count(*), sum(score), sum(score * score), count(change), coalesce(sum(change), 0),
       coalesce(sum(change * change), 0)
FROM cohort JOIN (
  SELECT course_id, point, series, score::float8, change::float8 FROM treatments_scoresummary
  WHERE instrument = %(instrument)s) p USING (course_id)
WHERE p.series = 0 OR p.series = follow_up
GROUP BY 1, 2"""

_EVENTS = """
SELECT part, count(*), count(*) FILTER (WHERE e.is_serious), count(*) FILTER (WHERE e.grade >= 3)
FROM cohort JOIN treatments_adverseevent e USING (course_id)
LEFT JOIN treatments_session s ON s.id = e.session_id
WHERE e.session_id IS NULL OR s.status = 'signed'
GROUP BY 1"""

_UNSIGNED = """
SELECT count(*) FROM treatments_session
WHERE site_id = ANY(%(sites)s) AND injected_at IS NOT NULL AND status <> 'signed'"""


def _courses_sql(
    wanted: Wanted, versions: dict[UUID, int], schedules: list[Schedule], today: dt.date
) -> tuple[str, dict[str, Any]]:
    """The cohort as a common table: one row a course (and target), with its profile as `policies.cohorts` unpacks it."""
    sql = f"""WITH version AS (
      SELECT * FROM unnest(%(versions)s::uuid[], %(numbers)s::int[]) AS t (id, schedule)),
    schedule AS (
      SELECT number, string_to_array(after_last, ',')::int[] AS after_last,
             string_to_array(after_first, ',')::int[] AS after_first
      FROM unnest(%(schedules)s::int[], %(after_last)s::text[], %(after_first)s::text[])
        AS t (number, after_last, after_first)),
    cohort AS (
      SELECT s.course_id, {_PART[wanted.group]} AS part, c.status, s.sessions::int AS sessions,
             1 + c.extended::int AS follow_up,
             ((((schedule.number * 16 + least(c.planned_sessions, {rules.MOST_SESSIONS})) * 16
                + least(s.sessions, {rules.MOST_SESSIONS})) * 4
                + CASE WHEN c.status IN ('follow_up', 'completed') THEN 1
                       WHEN c.status IN ('discontinued', 'cancelled', 'declined') THEN 2
                       WHEN s.sessions >= c.planned_sessions THEN 1 ELSE 0 END) * 64
                + width_bucket(%(today)s::date - s.last_on, after_last)) * 16
                + width_bucket(%(today)s::date - s.started_on, after_first) AS profile
      FROM treatments_coursesummary s
      JOIN treatments_course c ON c.id = s.course_id
      JOIN treatments_protocolversion v ON v.id = c.protocol_version_id
      JOIN version ON version.id = v.id
      JOIN schedule ON schedule.number = version.schedule
      WHERE s.site_id = ANY(%(sites)s) AND s.started_on BETWEEN %(first)s AND %(last)s)"""  # noqa: S608 - constants of this module
    values = {
        "versions": list(versions),
        "numbers": list(versions.values()),
        "schedules": list(range(len(schedules))),
        "after_last": [_days(each.after_last) for each in schedules],
        "after_first": [_days(each.after_first) for each in schedules],
        "sites": list(wanted.site_ids),
        "first": wanted.first,
        "last": wanted.last,
        "today": today,
    }
    return sql, values


def _days(days: Iterable[int]) -> str:
    return ",".join(str(day) for day in (*days, NEVER_REACHED))


def _schedules(site_ids: Collection[UUID]) -> tuple[dict[UUID, int], list[Schedule]]:
    """The sites' protocol versions, each with the number of its schedule; versions that ask alike share one. One query."""
    versions: dict[UUID, int] = {}
    numbers: dict[Schedule, int] = {}
    rows = ProtocolRules.objects.filter(version__protocol__site__in=site_ids).order_by("version")
    for key, document in rows.values_list("version", "document__time_points"):
        schedule = Schedule.of(_points(document or []))
        versions[key] = numbers.setdefault(schedule, len(numbers))
    return versions, list(numbers)


def _points(document: list[dict[str, Any]]) -> tuple[TimePoint, ...]:
    return clinical_rules.load({"time_points": document}).time_points


def _unsigned(wanted: Wanted) -> int:
    [(count,)] = _rows(_UNSIGNED, {"sites": list(wanted.site_ids)})
    return int(count)


def _rows(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _gather(rows: Iterable[tuple[Any, ...]], group: Group) -> dict[str, list[tuple[Any, ...]]]:
    """Rows by the name of their part. A class that is empty is "not classified", which is a part like any other."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for key, *rest in rows:
        name = str(key) or (ALL if group == Group.TARGET else "?")
        found.setdefault(name, []).append(tuple(rest))
    return found


def _each(
    gathered: Mapping[str, list[tuple[Any, ...]]], small: Collection[str], group: Group
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Each row with its part, and with the whole; the whole of targets has rows of its own, since a course has several."""
    for key, rows in gathered.items():
        for row in rows:
            if key not in small:
                yield key, row
                if group != Group.TARGET:
                    yield ALL, row


def _sources(key: str, parts: Collection[str], group: Group) -> list[str]:
    """The parts whose rows make up this one."""
    return [name for name in parts if name != ALL] if key == ALL and group != Group.TARGET else [key]


def _added(rows: Iterable[tuple[Any, ...]]) -> list[Any]:
    """One row a time point: the whole gathers those of all parts."""
    sums: dict[str, list[float]] = {}
    for point, *figures in rows:
        before = sums.setdefault(point, [0] * len(figures))
        sums[point] = [one + other for one, other in zip(before, figures, strict=True)]
    return [(point, *figures) for point, figures in sums.items()]


def _spots(parts: Iterable[Part], schedules: list[Schedule]) -> dict[str, dict[int, Spot]]:
    """Every time point by code and schedule, up to the most sessions that any course has or plans."""
    used: dict[int, int] = {}
    for part in parts:
        for profile in part.profiles:
            most = max(profile.planned, profile.sessions)
            used[profile.schedule] = max(most, used.get(profile.schedule, 0))
    found: dict[str, dict[int, Spot]] = {}
    for number, most in sorted(used.items()):
        for code, spot in schedules[number].spots(most).items():
            found.setdefault(code, {})[number] = spot
    return found


def _in_order(spots: dict[str, dict[int, Spot]], whole: Part) -> dict[str, str]:
    """The words of every time point, those last that only answers know."""
    each = sorted((min(by.values(), key=rules.order) for by in spots.values()), key=rules.order)
    named = {
        spot.code: spot.words
        for spot in each
        # Pain on the day of a session stands in its record; only where it is asked as a questionnaire too is it one.
        if spot.anchor != Anchor.SESSION or whole.points[spot.code].answered
    }
    unknown = {code: code for code in sorted(whole.points) if code not in spots}
    return named | unknown
