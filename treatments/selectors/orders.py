"""Orders that wait for the desk. No clinical content beyond the kind of visit and the number of sessions."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from clinic.models import Site
from treatments.enums import CourseStatus, OrderStatus, SessionStatus
from treatments.models import Course, Order, Session

_WAITING = (SessionStatus.PLANNED, SessionStatus.CLEARED)
_TREATABLE = (CourseStatus.APPROVED, CourseStatus.ACTIVE, CourseStatus.REVIEW_DUE)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line of the desk's list."""

    order: Order
    to_book: int
    since: dt.datetime
    key: int | None = None
    """The digit that plans it: the first nine that can be booked have one."""

    @property
    def is_bookable(self) -> bool:
        """Whether the physician has finished the screening."""
        return _is_bookable(self.order)


def to_book(*, site: Site) -> list[Waiting]:
    """Open orders of the site, most urgent and longest waiting first. One query."""
    missing = Q(course__sessions__status__in=_WAITING) & ~Q(course__sessions__in=_served(site.pk))
    rows = (
        Order.objects.filter(site=site, status=OrderStatus.OPEN)
        .select_related(
            "patient", "course__protocol_version__session_visit", "course__physician", "ordered_by"
        )
        .annotate(to_book=Count("course__sessions", filter=missing, distinct=True))
        .order_by("urgency", "created_at", "pk")
    )
    keys = iter(range(1, 10))
    return [
        Waiting(order, order.to_book, order.created_at, next(keys, None) if _is_bookable(order) else None)
        for order in rows
    ]


def _is_bookable(order: Order) -> bool:
    return order.course.status in _TREATABLE


def unbooked(course: Course) -> list[Session]:
    """Sessions still to do that no visit serves, in order."""
    rows = course.sessions.filter(status__in=_WAITING).exclude(pk__in=_served(course.site_id))
    return list(rows.select_related("site").order_by("number"))


def numbered(course: Course, numbers: Collection[int]) -> list[Session]:
    """These sessions of the course, in order."""
    rows = course.sessions.filter(number__in=list(numbers))
    return list(rows.select_related("site").order_by("number"))


def open_count(*, site_id: UUID) -> int:
    return Order.objects.filter(site_id=site_id, status=OrderStatus.OPEN).count()


def _served(site_id: UUID) -> QuerySet[Session, UUID]:
    return Session.objects.filter(site_id=site_id, bookings__is_open=True).values_list("pk", flat=True)
