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
from treatments.selectors import history, orders, screening

_GOES_AHEAD = (CourseStatus.APPROVED, CourseStatus.ACTIVE)
_NOTHING_OPEN = (SessionStatus.CLEARED, SessionStatus.INJECTED, SessionStatus.SIGNED, SessionStatus.STOPPED)


def lights(visits: Sequence[Appointment]) -> Mapping[UUID, Light]:
    """Open while the course is not approved, is on hold or waits for its review, or the visit is provisional.

    Open too while something stands of what the screening asks: before the patient is here only what can be settled
    early. A session that was cleared on the day, or is under way, is ready whatever came before. One query, and those
    of `screening.checked` where sessions are still to do.
    """
    purposes = {visit.purpose for visit in visits if visit.purpose is not None}
    by_purpose = {row.pk: row for row in screening.with_context(Session.objects.filter(pk__in=purposes))}
    to_do = [row for row in by_purpose.values() if row.status not in _NOTHING_OPEN]
    screened = {one.session.pk: one for one in screening.checked(to_do)}
    found: dict[UUID, Light] = {}
    for visit in visits:
        if visit.purpose in by_purpose:
            session = by_purpose[visit.purpose]
            goes = session.course.status in _GOES_AHEAD and visit.status != AppointmentStatus.PROVISIONAL
            one = screened.get(session.pk)
            ready = one is None or (goes and not screening.open_for_light(one))
            found[visit.pk] = Light.READY if ready else Light.OPEN
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
