"""Facts of courses that rules and services decide on. Each answers a batch in a constant number of queries."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Prefetch, Q
from django.utils.translation import gettext as _

from clinic import locks
from scheduling.models import Appointment
from treatments.enums import Instrument, SessionStatus
from treatments.models import AdverseEvent, Course, Response, Session, SessionBooking
from treatments.policies import time_points
from treatments.policies.gate import Evidence
from treatments.policies.intervals import Limits, Neighbour

GRAVE_GRADE = 3


@dataclass(frozen=True, slots=True)
class Series:
    """A session among the sessions of its course."""

    session: Session
    siblings: list[Session]
    visits: Mapping[UUID, Appointment] = field(default_factory=dict)

    @property
    def limits(self) -> Limits:
        version = self.session.course.protocol_version
        return Limits(
            version.interval_warn_days,
            version.interval_block_days,
            version.approval_days,
            version.interval_max_days,
            version.interval_overridable,
        )

    def neighbours(self, planned: Mapping[UUID, dt.datetime] | None = None) -> list[Neighbour]:
        """The other sessions' days: of the injection where it was done, else of the visit booked or being booked."""
        zone = self.session.site.zone
        found: list[Neighbour] = []
        for other in self.siblings:
            moment = other.injected_at or (planned or {}).get(other.pk) or self._booked(other)
            if other.pk != self.session.pk and moment is not None:
                found.append(
                    Neighbour(other.number, moment.astimezone(zone).date(), other.injected_at is not None)
                )
        return found

    def _booked(self, other: Session) -> dt.datetime | None:
        visit = self.visits.get(other.pk)
        start: dt.datetime | None = visit.period.lower if visit is not None else None
        return start


def series(session_ids: Collection[UUID]) -> dict[UUID, Series]:
    """The given sessions with their siblings and open visits. Two queries."""
    if not session_ids:
        return {}
    wanted = set(session_ids)
    open_bookings = SessionBooking.objects.filter(is_open=True).select_related("appointment")
    rows = (
        Session.objects.filter(course__in=Course.objects.filter(sessions__in=wanted).values("pk"))
        .select_related("site", "course__patient", "course__protocol_version")
        .prefetch_related(Prefetch("bookings", queryset=open_bookings, to_attr="open_bookings"))
    )
    by_course: dict[UUID, list[Session]] = {}
    visits: dict[UUID, Appointment] = {}
    for row in rows:
        by_course.setdefault(row.course_id, []).append(row)
        for booking in row.open_bookings:
            visits[row.pk] = booking.appointment
    return {
        row.pk: Series(row, [other for other in siblings if _counts(other)], visits)
        for siblings in by_course.values()
        for row in siblings
        if row.pk in wanted
    }


def _counts(session: Session) -> bool:
    """Whether a session stands in the series: to do, or injected. One stopped before its first injection does not."""
    ended = session.status in (SessionStatus.DROPPED, SessionStatus.STOPPED)
    return session.injected_at is not None or not ended


def session_words(purposes: Collection[UUID]) -> dict[UUID, str]:
    """What the visits that serve these sessions are called on labels and sheets: "Session 2/4". One query."""
    rows = Session.objects.filter(pk__in=set(purposes)).annotate(of=Count("course__sessions"))
    return {
        key: _("Session %(number)s/%(count)s") % {"number": number, "count": count}
        for key, number, count in rows.values_list("pk", "number", "of")
    }


def preparation_leads(purposes: Collection[UUID]) -> dict[UUID, int]:
    """How many days before their visits the patients of these sessions begin to prepare. One query, where any is ours."""
    ours = [key for key in purposes if not locks.is_absent("session", key)]
    rows = Session.objects.filter(pk__in=ours, course__protocol_version__preparation_lead_days__gt=0)
    lead = "course__protocol_version__preparation_lead_days"
    return dict(rows.values_list("pk", lead)) if ours else {}


def lock_keys(purposes: Iterable[UUID]) -> dict[str, set[UUID]]:
    """The courses and sessions that a change of visits with these purposes touches."""
    asked = set(purposes)
    rows = list(Session.objects.filter(pk__in=asked).values_list("course_id", "pk"))
    locks.looked_for("session", asked, found=[session for _, session in rows])
    return {"course": {course for course, _ in rows}, "session": {session for _, session in rows}}


def evidence(courses: Collection[Course]) -> dict[UUID, Evidence]:
    """What the gate looks at, for many courses: answers by their time points, whenever they were written down.

    Before a repeat these are the answers asked for that very gate: those of an earlier one are not evidence for it.
    Once no session is left they are the latest that there are. Three queries.
    """
    keys = [course.pk for course in courses]
    answers: dict[UUID, list[Response]] = {}
    for response in Response.objects.filter(course__in=keys).order_by("answered_at", "pk"):
        answers.setdefault(response.course_id, []).append(response)
    grave = set(
        AdverseEvent.objects.filter(course__in=keys)
        .filter(Q(grade__gte=GRAVE_GRADE) | Q(is_serious=True))
        .values_list("course_id", flat=True)
    )
    injected: dict[UUID, int] = {}
    left: dict[UUID, list[int]] = {}
    for course_id, number, status, injected_at in Session.objects.filter(course__in=keys).values_list(
        "course_id", "number", "status", "injected_at"
    ):
        if injected_at is not None:
            injected[course_id] = injected.get(course_id, 0) + 1
        elif status in (SessionStatus.PLANNED, SessionStatus.CLEARED):
            left.setdefault(course_id, []).append(number)
    return {
        key: _evidence(answers.get(key, []), injected.get(key, 0), left.get(key, []), grave=key in grave)
        for key in keys
    }


def _evidence(answers: Sequence[Response], injected: int, left: Sequence[int], *, grave: bool) -> Evidence:
    point = time_points.gate_code(min(left)) if left else None

    def before(instrument: str) -> Decimal | None:
        rows = [
            row for row in answers if row.instrument == instrument and row.time_point == time_points.BASELINE
        ]
        return rows[-1].score if rows else None

    def now(instrument: str) -> Decimal | None:
        rows = [
            row for row in answers if row.instrument == instrument and row.time_point != time_points.BASELINE
        ]
        if point is not None:
            rows = [row for row in rows if row.time_point == point]
        ranked = sorted(rows, key=lambda row: (time_points.rank(row.time_point), row.answered_at))
        return ranked[-1].score if ranked else None

    return Evidence(
        nrs_before=before(Instrument.NRS),
        nrs_now=now(Instrument.NRS),
        rmdq_before=before(Instrument.RMDQ),
        rmdq_now=now(Instrument.RMDQ),
        pgic_now=now(Instrument.PGIC),
        injected=injected,
        left=len(left),
        grave_event=grave,
    )
