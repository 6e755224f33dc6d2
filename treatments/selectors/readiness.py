"""What the desk may know of a course: whether a visit's session can go ahead, what waits to be booked or signed."""

import datetime as dt
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.models import Site
from scheduling import duties
from scheduling.duties import Count, Light, OpenEnd
from scheduling.enums import AppointmentStatus
from scheduling.models import Appointment
from treatments.enums import CourseStatus, SessionStatus
from treatments.models import Session
from treatments.selectors import history, orders

_GOES_AHEAD = (CourseStatus.APPROVED, CourseStatus.ACTIVE)
_NOTHING_OPEN = (SessionStatus.CLEARED, SessionStatus.INJECTED, SessionStatus.SIGNED, SessionStatus.STOPPED)


def lights(visits: Sequence[Appointment]) -> Mapping[UUID, Light]:
    """Open while the course is not approved, is on hold or waits for its review, or the visit is provisional.

    A session that was screened on the day, or is under way, is ready whatever came before. One query.
    """
    by_purpose = {
        key: (status, course)
        for key, status, course in Session.objects.filter(
            pk__in={visit.purpose for visit in visits if visit.purpose is not None}
        ).values_list("pk", "status", "course__status")
    }
    found: dict[UUID, Light] = {}
    for visit in visits:
        if visit.purpose in by_purpose:
            status, course = by_purpose[visit.purpose]
            goes = course in _GOES_AHEAD and visit.status != AppointmentStatus.PROVISIONAL
            found[visit.pk] = Light.READY if goes or status in _NOTHING_OPEN else Light.OPEN
    return found


def counts(site: Site) -> list[Count]:
    """Orders that wait to be booked. One query."""
    value = orders.open_count(site_id=site.pk)
    word = ngettext("order to book", "orders to book", value)
    return [Count(value, word, _("no orders to book"), "treatments:order-list")]


def closing(site: Site, start: dt.datetime, end: dt.datetime) -> list[OpenEnd]:
    """Session records that nobody has signed, up to the end of the day. One query."""
    return [
        OpenEnd(
            group=_("Records not signed"),
            words=_("Session record"),
            act=_("Sign"),
            url=("treatments:session-detail", str(session.pk)),
            patient=session.course.patient,
            at=session.injected_at,
        )
        for session in history.unsigned(site_id=site.pk)
        if session.injected_at is None or session.injected_at < end
    ]


def register() -> None:
    """Called once at start-up."""
    duties.register(readiness=lights, counts=counts, closing=closing)
