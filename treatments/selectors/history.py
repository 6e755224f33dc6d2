"""A course as one page shows it: sessions, what was injected, outcomes, gates, events, messages. A constant number of queries."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from clinic.models import Message
from scheduling.enums import OCCUPYING, AppointmentStatus
from scheduling.models import Allocation, Appointment
from treatments import classification
from treatments.classification import Derived
from treatments.enums import Instrument, SessionStatus
from treatments.models import (
    AdverseEvent,
    Amendment,
    Course,
    Draw,
    Injection,
    Preparation,
    Response,
    Review,
    Session,
    SessionBooking,
)
from treatments.selectors.record_rows import measured

_BEGUN = (AppointmentStatus.ARRIVED, AppointmentStatus.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class SessionView:
    """One session with its record and the visit that serves it."""

    session: Session
    visit: Appointment | None
    draws: list[Draw]
    preparations: list[Preparation]
    injections: list[Injection]
    amendments: list[Amendment]

    @property
    def product(self) -> Preparation | None:
        """The preparation that was injected: the last that did not fail."""
        return next((row for row in reversed(self.preparations) if not row.failed), None)

    @property
    def draw(self) -> Draw | None:
        """The blood of that preparation; before there is one, the last draw that did not fail."""
        product = self.product
        if product is not None and product.draw is not None:
            return product.draw
        return next((row for row in reversed(self.draws) if not row.failed), None)

    @property
    def volume_ml(self) -> Decimal | None:
        return sum((row.volume_ml for row in self.injections), Decimal(0)) if self.injections else None

    @property
    def derived(self) -> Derived | None:
        """What follows from the measured values; None without a preparation."""
        product, draw = self.product, self.draw
        if product is None:
            return None
        return classification.derive(measured(product, draw, self.volume_ml))

    @property
    def when(self) -> dt.datetime | None:
        """When it was done, else when it is meant to be."""
        start: dt.datetime | None = self.visit.period.lower if self.visit else None
        return self.session.injected_at or start


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
    sessions = [_view(row) for row in _sessions(Session.objects.filter(course=course))]
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


def session_view(session_id: UUID) -> SessionView | None:
    """One session with its record."""
    row = _sessions(Session.objects.filter(pk=session_id)).first()
    return _view(row) if row is not None else None


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
    for row in _sessions(Session.objects.filter(course__in=courses)):
        found.setdefault(row.course_id, []).append(_view(row))
    return [History(course, found.get(course.pk, []), [], [], []) for course in courses]


def with_context(rows: QuerySet[Course]) -> QuerySet[Course]:
    """What every course page says about a course."""
    return rows.select_related(
        "patient", "site", "physician", "protocol_version__protocol", "protocol_version__session_visit"
    )


def _sessions(rows: QuerySet[Session]) -> QuerySet[Session]:
    leads = Allocation.objects.filter(is_lead=True, active=True).select_related("resource")
    visits = (
        SessionBooking.objects.filter(is_open=True)
        .select_related("appointment__visit_type")
        .prefetch_related(
            Prefetch("appointment__allocations", queryset=leads, to_attr="leads"), "appointment__stages"
        )
    )
    return (
        rows.select_related("course__patient", "course__protocol_version__protocol", "site", "signed_by")
        .prefetch_related(
            Prefetch("bookings", queryset=visits, to_attr="open_bookings"),
            Prefetch("draws", to_attr="drawn"),
            Prefetch("preparations", queryset=Preparation.objects.select_related("draw"), to_attr="made"),
            Prefetch("injections", to_attr="given"),
            Prefetch(
                "amendments",
                queryset=Amendment.objects.select_related("author", "cosignature__by"),
                to_attr="amended",
            ),
        )
        .order_by("course", "number")
    )


def _view(row: Any) -> SessionView:
    # Any: the attributes are set by the prefetches of `_sessions`.
    visit = next((booking.appointment for booking in row.open_bookings), None)
    return SessionView(row, visit, row.drawn, row.made, row.given, row.amended)


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
    rows = _sessions(
        Session.objects.filter(bookings__is_open=True, bookings__appointment__in=visits).distinct()
    )
    views = [_view(row) for row in rows]
    return sorted(views, key=lambda view: view.visit.period.lower if view.visit else end)


def unsigned(*, site_id: UUID, user_id: UUID | None = None) -> list[Session]:
    """Records that wait for a signature, oldest first: of one physician's courses where a user is given."""
    rows = Session.objects.filter(
        site_id=site_id, status__in=[SessionStatus.INJECTED, SessionStatus.STOPPED]
    ).select_related("course__patient")
    if user_id is not None:
        rows = rows.filter(course__physician__user=user_id)
    return list(rows.order_by("injected_at", "pk"))
