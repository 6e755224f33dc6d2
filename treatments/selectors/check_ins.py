"""Check-ins of sessions, and which patients a person has to ask."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from clinic import clock
from clinic.enums import TaskState
from clinic.models import Task
from treatments.models import CheckIn, Session
from treatments.policies import check_ins as rules
from treatments.policies import recovery

_LONGEST = dt.timedelta(days=60)
_SILENT_DAYS = 7
"""Days after the last mail of the week in which its silence is still worth a call."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A day of a session's week that nobody has answered; `is_over`: it was the last, and is past."""

    session: Session
    day: int
    is_over: bool


def of_sessions(session_ids: Collection[UUID]) -> dict[UUID, list[CheckIn]]:
    """Each session's check-ins in the order in which they were answered. One query."""
    found: dict[UUID, list[CheckIn]] = defaultdict(list)
    rows = CheckIn.objects.filter(session__in=session_ids).select_related("recorded_by", "contact")
    for row in rows.order_by("answered_at", "pk"):
        found[row.session_id].append(row)
    return dict(found)


def session_asked(session_id: UUID) -> Session | None:
    """A session with all that its recovery pages say of it. One query."""
    rows = Session.objects.select_related("site", "course__patient", "course__protocol_version__rules")
    return rows.filter(pk=session_id).first()


def wanted(*, now: dt.datetime, session_id: UUID | None = None) -> Iterator[Wanted]:
    """Which days of whose week wait for an answer now, from nine in the morning of their site on. Two queries."""
    rows = Session.objects.filter(
        injected_at__gte=now - _LONGEST,
        status__in=rules.TREATED,
        course__patient__deceased_on=None,
        course__patient__erased_at=None,
    )
    if session_id is not None:
        rows = rows.filter(pk=session_id)
    sessions = list(rows.select_related("site", "course__patient", "course__protocol_version").order_by("pk"))
    answered = defaultdict(set)
    for key, day in CheckIn.objects.filter(session__in=sessions).values_list("session", "day"):
        answered[key].add(day)
    for session in sessions:
        local = now.astimezone(session.site.zone)
        days = [day for day in session.course.protocol_version.recovery_days if day > 0]
        if session.injected_at is None or not days or local.time() < recovery.MORNING:
            continue
        today, last = rules.day_of(session.injected_at, now, zone=session.site.zone), max(days)
        if today in days and today not in answered[session.pk]:
            yield Wanted(session, today, is_over=False)
        if last < today <= last + _SILENT_DAYS and not any(day >= last for day in answered[session.pk]):
            yield Wanted(session, last, is_over=True)


def asked_in_vain(kinds: Collection[str]) -> list[UUID]:
    """Open tasks of these kinds about patients who have died or were erased. One query."""
    gone = Q(patient__deceased_on__isnull=False) | Q(patient__erased_at__isnull=False)
    rows = Task.objects.filter(gone, kind__in=kinds, state=TaskState.OPEN)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def today_of(session: Session) -> int:
    """The day of its week on which this session is now."""
    return rules.day_of(session.injected_at or clock.now(), clock.now(), zone=session.site.zone)
