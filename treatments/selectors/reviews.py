"""Gates: which are due, and what the physician sees at one."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, F, Min, OuterRef, Q

from clinic.models import Site
from scheduling.enums import AppointmentStatus
from treatments.enums import CourseStatus, SessionStatus
from treatments.models import Course, Review, Session, SessionBooking
from treatments.policies import gate
from treatments.policies.gate import Evidence, Suggestion
from treatments.selectors import courses

_WAITING = (SessionStatus.PLANNED, SessionStatus.CLEARED)


@dataclass(frozen=True, slots=True)
class Gate:
    """One course at its gate: the next session, when its visit is meant to be, what the evidence says."""

    course: Course
    number: int
    visit_start: dt.datetime | None
    evidence: Evidence
    suggestion: Suggestion


def due(*, now: dt.datetime, course_id: UUID | None = None) -> list[UUID]:
    """Active courses whose next provisional visit is within the review lead, or that have no session left."""
    rows = Course.objects.filter(status=CourseStatus.ACTIVE)
    if course_id is not None:
        rows = rows.filter(pk=course_id)
    waiting = Session.objects.filter(course=OuterRef("pk"), status__in=_WAITING)
    provisional = SessionBooking.objects.filter(
        session__course=OuterRef("pk"), is_open=True, appointment__status=AppointmentStatus.PROVISIONAL
    )
    soon = provisional.annotate(lead=F("session__course__protocol_version__review_lead_days")).filter(
        appointment__period__startswith__lte=now + F("lead") * dt.timedelta(days=1)
    )
    found = rows.filter(Q(Exists(soon)) | ~Q(Exists(waiting)))
    return list(found.order_by("pk").values_list("pk", flat=True))


def next_number(course: Course) -> int:
    """The number of the session that the open gate stands before: the lowest still to do, or one past the last."""
    first = course.sessions.filter(status__in=_WAITING).aggregate(first=Min("number"))["first"]
    return int(first) if first is not None else course.planned_sessions + 1


def waiting(*, site: Site) -> list[Gate]:
    """Gates that wait for a decision at this site, the nearest visit first. A constant number of queries."""
    rows = list(
        Course.objects.filter(site=site, status=CourseStatus.REVIEW_DUE).select_related(
            "patient", "physician", "protocol_version__protocol", "site"
        )
    )
    return sorted(gates(rows), key=lambda one: (one.visit_start is None, one.visit_start, one.course.pk))


def gates(rows: list[Course]) -> list[Gate]:
    """The gate of each course, with its evidence. Five queries."""
    evidence = courses.evidence(rows)
    numbers: dict[UUID, int] = {}
    for course_id, number in Session.objects.filter(course__in=rows, status__in=_WAITING).values_list(
        "course_id", "number"
    ):
        numbers[course_id] = min(number, numbers.get(course_id, number))
    starts: dict[tuple[UUID, int], dt.datetime] = {
        (booking.session.course_id, booking.session.number): booking.appointment.period.lower
        for booking in SessionBooking.objects.filter(session__course__in=rows, is_open=True).select_related(
            "session", "appointment"
        )
    }
    found = []
    for course in rows:
        number = numbers.get(course.pk, course.planned_sessions + 1)
        found.append(
            Gate(
                course,
                number,
                starts.get((course.pk, number)),
                evidence[course.pk],
                gate.suggest(evidence[course.pk]),
            )
        )
    return found


def decided(course: Course) -> list[Review]:
    """The decisions taken at a course's gates, first ones first."""
    return list(course.reviews.select_related("decided_by").order_by("decided_at"))
