"""Patients who wait and times that become free, for tests."""

import datetime as dt
from typing import Any

from clinic.models import Patient, PatientPhone
from scheduling.models import Appointment, FreedSlot, Resource, WaitlistEntry
from scheduling.services import booking, endings, waitlist
from scheduling.services.plans import VisitRequest
from scheduling.services.waitlist import Wish
from tests.factories import clinic
from tests.factories.scheduling import BY, House

NO_NOTICE = 0


def waits(
    house: House, patient: Patient | None = None, *, kind: str = "consultation", **given: Any
) -> WaitlistEntry:
    """A patient on the list; wishes by name, notice of none unless given."""
    fields = {"notice_hours": NO_NOTICE} | given
    keys = {key: fields.pop(key) for key in ("appointment_id", "purpose") if key in fields}
    return waitlist.add(
        patient_id=(patient or clinic.patient()).pk,
        site_id=house.site.pk,
        by=BY,
        visit_type_id=house.visit(kind).pk,
        wish=Wish(**fields),
        **keys,
    )


def visit(
    house: House,
    start: dt.datetime,
    patient: Patient | None = None,
    *,
    kind: str = "consultation",
    lead: Resource | None = None,
) -> Appointment:
    request = VisitRequest(
        (patient or clinic.patient()).pk,
        house.visit(kind).pk,
        house.site.pk,
        start,
        (lead or house.one("physician")).pk,
    )
    return booking.book(request=request, by=BY)


def freed(house: House, start: dt.datetime, *, kind: str = "consultation") -> FreedSlot:
    """A time freed by a cancellation just now."""
    booked = visit(house, start, kind=kind)
    endings.cancel(appointment_id=booked.pk, reason="patient_cannot_come", by=BY)
    return FreedSlot.objects.get(source=booked)


def phone(patient: Patient) -> Patient:
    PatientPhone.objects.create(patient=patient, e164="+49305550111", national="305550111", position=0)
    return patient
