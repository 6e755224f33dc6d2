"""A patient who was noted as a no-show and then comes. Their place may be somebody else's by now, and stays so."""

import datetime as dt
from collections.abc import Callable
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import clock
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import IllegalMove, InvalidInput, NotFound
from clinic.permissions import check
from scheduling.enums import AppointmentStatus, Told
from scheduling.models import Appointment
from scheduling.services import availability, booking, progress, squeeze
from scheduling.services.availability import Slot
from scheduling.services.plans import VisitRequest

_GRID = dt.timedelta(minutes=5)


def missed_visit(appointment_id: UUID, *, by: Actor) -> Appointment:
    """The visit that they missed. Raises NotFound, or IllegalMove for a visit that is no no-show."""
    rows = Appointment.objects.select_related("site", "patient", "visit_type")
    visit = rows.filter(pk=appointment_id).first()
    if visit is None:
        raise NotFound(_("There is no such visit."))
    check(by, Permission.BOOK, site_id=visit.site_id)
    if visit.status != AppointmentStatus.NO_SHOW:
        raise IllegalMove(_("This is for somebody who was noted as not come; this visit is not."))
    return visit


def fits_today(visit: Appointment, *, limit: int | None = None) -> list[Slot]:
    """Every free start for such a visit in the rest of today that no rule warns of."""
    _begin, end = clock.day_bounds(clock.today(visit.site.zone), visit.site.zone)
    slots = availability.free_starts(
        visit_type_id=visit.visit_type_id,
        site_id=visit.site_id,
        earliest=clock.now(),
        latest=end,
        patient_id=visit.patient_id,
        purpose=visit.purpose,
    )
    return [slot for slot in slots if not slot.warnings][:limit]


def fit_in(*, appointment_id: UUID, start: dt.datetime, request_key: UUID, by: Actor) -> Appointment:
    """Book them a new visit today and note that they are here. The no-show stays what it was.

    Raises SlotTaken, BookingRefused, InvalidInput as any booking. Two steps: should the second fail, the visit is
    booked and one tap on the board is left.
    """
    visit = missed_visit(appointment_id, by=by)
    if start.astimezone(visit.site.zone).date() != clock.today(visit.site.zone):
        raise InvalidInput(_("They are here today: choose a time of today."), field="start")
    return _here(visit, request_key, lambda request: booking.book(request=request, by=by), start, by=by)


def squeeze_in(*, appointment_id: UUID, on: UUID, request_key: UUID, by: Actor) -> Appointment:
    """Queue them on a busy clinician from the next five minutes on, and note that they are here."""
    visit = missed_visit(appointment_id, by=by)
    now = clock.now().replace(second=0, microsecond=0)
    start = now + (_GRID - dt.timedelta(minutes=now.minute % 5))
    return _here(
        visit, request_key, lambda request: squeeze.squeeze_in(request=request, on=on, by=by), start, by=by
    )


def _here(
    visit: Appointment,
    request_key: UUID,
    book: Callable[[VisitRequest], Appointment],
    start: dt.datetime,
    *,
    by: Actor,
) -> Appointment:
    booked = book(
        VisitRequest(
            patient_id=visit.patient_id,
            visit_type_id=visit.visit_type_id,
            site_id=visit.site_id,
            start=start,
            purpose=visit.purpose,
            told=Told.PHONE,  # told in person: no mail
            request_key=request_key,
        )
    )
    if booked.status in (AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED):
        return progress.arrive(appointment_id=booked.pk, by=by)
    return booked
