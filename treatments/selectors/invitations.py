"""Whom to ask for a call about their course: a review is due and not booked, or a next session has no date."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet

from clinic.models import Message, Task
from scheduling.enums import AppointmentStatus
from scheduling.models import Appointment
from treatments.enums import CourseStatus, OrderStatus, SessionStatus
from treatments.models import Course, SessionBooking

REVIEW = "treatments.review_invitation"
UNBOOKED = "treatments.not_booked"
CALL = "call_to_book"
"""Kind of the desk's task where no mail reaches the patient."""

WAIT = dt.timedelta(days=7)
"""How long a course may go without a date for its next visit before its patient is asked. A default of ours."""

_TO_DO = (SessionStatus.PLANNED, SessionStatus.CLEARED)
_STANDING = (AppointmentStatus.PROVISIONAL, AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED)
_GOING_ON = (CourseStatus.APPROVED, CourseStatus.ACTIVE)


@dataclass(frozen=True, slots=True)
class Unbooked:
    """A course whose next session has no date."""

    course_id: UUID
    number: int


def about_review(course_id: object, number: int) -> str:
    """The fact that an invitation to the review before a session tells."""
    return f"course:{course_id}:review:{number}"


def about_unbooked(course_id: object, number: int) -> str:
    """The fact that a session has no date."""
    return f"course:{course_id}:unbooked:{number}"


def unbooked(*, now: dt.datetime, course_id: UUID | None = None) -> list[Unbooked]:
    """Courses that go on, whose next session has had no date for WAIT, and of which nobody was asked yet. Three queries."""
    rows = _without_date().filter(
        Q(last__lte=now - WAIT) | Q(last=None, approved_at__lte=now - WAIT),
        order__status__in=(OrderStatus.OPEN, OrderStatus.BOOKED),
        patient__deceased_on=None,
        patient__erased_at=None,
    )
    if course_id is not None:
        rows = rows.filter(pk=course_id)
    found = [Unbooked(pk, number) for pk, number in rows.order_by("pk").values_list("pk", "number")]
    abouts = {about_unbooked(one.course_id, one.number): one for one in found}
    asked = set(Message.objects.filter(about__in=abouts, kind=UNBOOKED).values_list("about", flat=True))
    asked |= set(Task.objects.filter(about__in=abouts, kind=CALL).values_list("about", flat=True))
    return [one for about, one in abouts.items() if about not in asked]


def still_wanted(abouts: Collection[str]) -> set[str]:
    """Which of these facts still hold. Two queries."""
    keys = {about: about.split(":") for about in abouts}
    courses = {parts[1] for parts in keys.values()}
    no_date = dict(_without_date().filter(pk__in=courses).values_list("pk", "number"))
    reviews = dict(_review_wanted().filter(pk__in=courses).values_list("pk", "number"))
    return {
        about
        for about, (_course, key, what, number) in keys.items()
        if str((no_date if what == "unbooked" else reviews).get(UUID(key))) == number
    }


def review_is_wanted(course_id: UUID) -> bool:
    """Whether the protocol wants a review before the next session, and none is booked. One query."""
    return _review_wanted().filter(pk=course_id).exists()


def _without_date() -> QuerySet[Any]:
    """`number` is the next session to do; `last`, when the latest was injected."""
    booked = SessionBooking.objects.filter(session__course=OuterRef("pk"), is_open=True)
    return (
        Course.objects.filter(~Exists(booked), status__in=_GOING_ON)
        .annotate(
            number=Min("sessions__number", filter=Q(sessions__status__in=_TO_DO)),
            last=Max("sessions__injected_at"),
        )
        .filter(number__isnull=False)
    )


def _review_wanted() -> QuerySet[Any]:
    """At their gate, under a protocol with a review visit, with none of that kind to come."""
    to_come = Appointment.objects.filter(
        patient=OuterRef("patient"),
        visit_type=OuterRef("protocol_version__review_visit"),
        status__in=_STANDING,
    )
    return (
        Course.objects.filter(
            ~Exists(to_come), status=CourseStatus.REVIEW_DUE, protocol_version__review_visit__isnull=False
        )
        .annotate(number=Min("sessions__number", filter=Q(sessions__status__in=_TO_DO)))
        .filter(number__isnull=False)
    )
