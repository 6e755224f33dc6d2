"""A course as one page shows it: sessions, what was injected, outcomes, gates, events, messages. A constant number of queries."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, QuerySet

from clinic.models import Message
from scheduling.enums import OCCUPYING, AppointmentStatus
from scheduling.models import Appointment
from treatments.enums import Instrument, SessionStatus
from treatments.models import (
    AdverseEvent,
    Course,
    Injection,
    Response,
    Review,
    Session,
    SessionBooking,
)
from treatments.selectors import record_rows
from treatments.selectors.record_rows import SessionView

_BEGUN = (AppointmentStatus.ARRIVED, AppointmentStatus.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class History:
    """Everything on the course's page."""

    course: Course
    sessions: list[SessionView]
    reviews: list[Review]
    responses: list[Response]
    events: list[AdverseEvent]
    messages: list[Message] = field(default_factory=list)

    @property
    def injected(self) -> int:
        return sum(1 for view in self.sessions if view.session.injected_at is not None)

    @property
    def planned(self) -> int:
        return sum(1 for view in self.sessions if view.session.status != SessionStatus.DROPPED)

    @property
    def next_session(self) -> SessionView | None:
        waiting = (SessionStatus.PLANNED, SessionStatus.CLEARED)
        return next((view for view in self.sessions if view.session.status in waiting), None)

    def scores(self, instrument: Instrument) -> list[Response]:
        return [row for row in self.responses if row.instrument == instrument]


def course_history(course_id: UUID) -> History | None:
    """The whole course, or None where there is no such course."""
    course = (
        with_context(Course.objects.filter(pk=course_id))
        .select_related("protocol_version__rules")
        .prefetch_related("targets")
        .first()
    )
    if course is None:
        return None
    sessions = record_rows.told(Session.objects.filter(course=course))
    visits = SessionBooking.objects.filter(session__course=course).values_list("appointment_id", flat=True)
    about = [f"appointment:{key}" for key in visits]
    concerning = Q(about__in=about)
    for view in sessions:
        concerning |= Q(about__startswith=f"session:{view.session.pk}:")
    return History(
        course=course,
        sessions=sessions,
        reviews=list(course.reviews.select_related("decided_by")),
        responses=list(course.responses.order_by("answered_at", "instrument")),
        events=list(course.adverse_events.select_related("session", "assessed_by")),
        messages=list(
            Message.objects.filter(concerning, patient_id=course.patient_id).order_by("planned_for")
        ),
    )


def earlier_volumes(session: Session) -> dict[tuple[str, str, str], Decimal]:
    """The volume last injected into each target of this course, before this session."""
    rows = Injection.objects.filter(session__course=session.course_id, session__number__lt=session.number)
    found: dict[tuple[str, str, str], Decimal] = {}
    for row in rows.order_by("session__number", "position"):
        found[row.structure, row.level, row.side] = row.volume_ml
    return found


def patient_courses(*, patient_id: UUID, site_ids: Sequence[UUID]) -> list[History]:
    """A patient's courses at these sites, newest first, as their pane shows them. A constant number of queries."""
    courses = list(
        with_context(Course.objects.filter(patient_id=patient_id, site_id__in=site_ids)).select_related(
            "order"
        )
    )
    found: dict[UUID, list[SessionView]] = {}
    for view in record_rows.told(Session.objects.filter(course__in=courses)):
        found.setdefault(view.session.course_id, []).append(view)
    return [History(course, found.get(course.pk, []), [], [], []) for course in courses]


def with_context(rows: QuerySet[Course]) -> QuerySet[Course]:
    """What every course page says about a course."""
    return rows.select_related(
        "patient", "site", "physician", "protocol_version__protocol", "protocol_version__session_visit"
    )


def todays_sessions(
    *, site_id: UUID, start: dt.datetime, end: dt.datetime, user_id: UUID | None
) -> list[SessionView]:
    """Sessions whose visit starts in the window, of one clinician where a user is given, in the order planned."""
    visits = Appointment.objects.filter(
        site_id=site_id, period__startswith__gte=start, period__startswith__lt=end, status__in=OCCUPYING
    ).filter(session_booking__is_open=True)
    if user_id is not None:
        visits = visits.filter(
            allocations__is_lead=True, allocations__active=True, allocations__resource__user=user_id
        )
    views = record_rows.told(
        Session.objects.filter(bookings__is_open=True, bookings__appointment__in=visits).distinct()
    )
    return sorted(views, key=lambda view: view.visit.period.lower if view.visit else end)


def unsigned(*, site_id: UUID, user_id: UUID | None = None) -> list[Session]:
    """Records that wait for a signature, oldest first: of one physician's courses where a user is given."""
    rows = Session.objects.filter(
        site_id=site_id, status__in=[SessionStatus.INJECTED, SessionStatus.STOPPED]
    ).select_related("course__patient")
    if user_id is not None:
        rows = rows.filter(course__physician__user=user_id)
    return list(rows.order_by("injected_at", "pk"))
