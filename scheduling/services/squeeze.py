"""Squeeze-ins on purpose: a visit queued on a clinician who is busy, without holding them.

Everything else that the visit needs is held as always, and refused as always by the database: the room, the
equipment, the patient. A clinician's own allocation is simply absent, so that no rule of the database is bent.
"""

import datetime as dt
from dataclasses import replace
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import clock
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import DomainError
from clinic.permissions import check
from scheduling import policies
from scheduling.exceptions import SlotTaken
from scheduling.models import Appointment, Resource
from scheduling.rules import Override
from scheduling.selectors import calendar as calendars
from scheduling.services import availability, booking
from scheduling.services.plans import VisitRequest


def squeeze_in(
    *, request: VisitRequest, on: UUID, by: Actor, override: Override | None = None
) -> Appointment:
    """Queue the visit on this clinician at this start. The same `request_key` books once.

    Raises NotAllowed without the manager's permission, SlotTaken when something else is taken or the clinician is not
    at work then, DomainError when they are free and the visit can simply be booked, BookingRefused.
    """
    check(by, Permission.SQUEEZE_IN, site_id=request.site_id)
    asked = replace(request, lead_id=None, squeezed_on=on)
    if request.request_key is None or not booking.is_known(request.request_key):
        check_queue(request=request, on=on)
    return booking.book(request=asked, by=by, override=override)


def check_queue(*, request: VisitRequest, on: UUID) -> None:
    """The clinician could lead such a visit, is at work at that time, and is busy."""
    calendar = _calendar(request)
    leads = [span for span in calendar.spans if span.requirement.is_lead]
    if not leads:
        raise DomainError(_("This kind of visit needs no clinician: book it as usual."))
    resource = Resource.objects.filter(pk=on).first()
    name = resource.name if resource else ""
    if any(on not in calendar.candidates(span, None) for span in leads):
        raise SlotTaken([_("%(name)s does not lead this kind of visit.") % {"name": name}])
    at = calendars.minute(request.start)
    for span in leads:
        begin, end = at + span.offset, at + span.offset + span.minutes
        if not any(low <= begin and end <= high for low, high in calendar.open.get(on, [])):
            raise SlotTaken([_("%(name)s: not working or closed at that time.") % {"name": name}])
    if not availability.missing(calendar, request.start, on):
        raise DomainError(
            _("%(name)s is free at that time: book it as usual, so that nobody else gets it.")
            % {"name": name}
        )


def _calendar(request: VisitRequest) -> calendars.Calendar:
    now = clock.now()
    policies.check_start(request.start, now=now)
    return calendars.load(
        visit_type_id=request.visit_type_id,
        site_id=request.site_id,
        earliest=request.start,
        latest=request.start + dt.timedelta(minutes=1),
        now=now,
        patient_id=request.patient_id,
    )
