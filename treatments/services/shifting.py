"""Moving a session of a course with those after it: what would break the interval moves along, in one act."""

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

from django.utils.translation import gettext as _

from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import InvalidInput, NotFound
from scheduling import policies
from scheduling.enums import Told
from scheduling.models import Allocation, Appointment
from scheduling.rules import Override
from scheduling.services import several
from scheduling.services.several import Shift
from treatments.models import Order, Session, SessionBooking
from treatments.services import proposing, reading
from treatments.services.horizon import Choice, Wishes
from treatments.services.proposals import CoursePlan, Moving, Wanted


def following(appointment_id: UUID) -> list[SessionBooking]:
    """The open bookings of the visit's session and of those after it whose visits have not begun, in order."""
    session = Session.objects.filter(bookings__appointment=appointment_id, bookings__is_open=True).first()
    if session is None:
        return []
    rows = SessionBooking.objects.filter(
        session__course=session.course_id,
        session__number__gte=session.number,
        is_open=True,
        appointment__status__in=policies.MOVABLE,
    )
    return list(rows.select_related("session", "appointment__site").order_by("session__number"))


def order_of(appointment_id: UUID, *, by: Actor) -> Order:
    """The order whose course the visit serves. Raises NotFound where it serves none, or none that can move."""
    rows = following(appointment_id)
    if not rows or rows[0].appointment_id != appointment_id:
        raise NotFound(_("This visit is not a session of a course that can be moved."))
    order_id = Order.objects.get(course=rows[0].session.course_id).pk
    return reading.order(order_id, by=by, permission=Permission.BOOK)


def propose(*, by: Actor, appointment_id: UUID, wishes: Wishes, wanted: Wanted | None = None) -> CoursePlan:
    """Where this session and those after it could go: what keeps its interval stays, what breaks it moves along.

    A read: nothing is held. Raises NotFound for a visit of no course, or one that has begun.
    """
    order = order_of(appointment_id, by=by)
    return proposing.propose(
        by=by, order_id=order.pk, wishes=wishes, wanted=wanted, moving=moving_of(appointment_id)
    )


def moving_of(appointment_id: UUID) -> dict[int, Moving]:
    """The visits that may move along, by session number, with where they stand now."""
    rows = following(appointment_id)
    leads = dict(
        Allocation.objects.filter(
            appointment__in=[row.appointment_id for row in rows], active=True, is_lead=True
        ).values_list("appointment_id", "resource_id")
    )
    return {
        row.session.number: Moving(
            row.appointment,
            Choice(row.appointment.period.lower, leads.get(row.appointment_id)),
            stays=row.appointment_id != appointment_id,
        )
        for row in rows
    }


def shift(
    *,
    by: Actor,
    appointment_id: UUID,
    starts: Mapping[int, dt.datetime],
    leads: Mapping[int, UUID | None] | None = None,
    told: Told = Told.MAIL,
    override: Override | None = None,
    versions: Mapping[int, int] | None = None,
) -> list[Appointment]:
    """Move the visits of these sessions to their new starts, all or none; those that stand there already stay.

    `starts` by session number, of the visit's own session and of those after it. Sent twice, the second time moves
    nothing. Provisional visits tell nobody. Raises StaleVersion where a visit that is to move was saved since its
    version in `versions` was shown; SlotTaken, BookingRefused, InvalidInput, NotFound.
    """
    order_of(appointment_id, by=by)
    now = moving_of(appointment_id)
    if unknown := sorted(set(starts) - set(now)):
        raise InvalidInput(
            _("Session %(number)s cannot be moved along.") % {"number": unknown[0]}, field="starts"
        )
    clinicians = leads or {}
    shifts = [
        Shift(now[number].visit.pk, start, clinicians.get(number))
        for number, start in sorted(starts.items())
        if start != now[number].at.start or clinicians.get(number) not in (None, now[number].at.lead_id)
    ]
    if not shifts:
        return []
    seen = {now[number].visit.pk: version for number, version in (versions or {}).items() if number in now}
    return several.move_many(shifts=shifts, by=by, told=told, override=override, versions=seen)
