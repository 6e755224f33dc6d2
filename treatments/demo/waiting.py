"""Who waits: for a first consultation or a review, or for an earlier time of a visit they have; and what became free.

Nothing is offered here: the running clinic's own tick does that, with mails that can be seen being caught.
"""

import datetime as dt
import random
from collections.abc import Sequence

from django.db.models import QuerySet

from clinic.models import Patient, Site
from scheduling.enums import OCCUPYING, AppointmentStatus, DayPart, WaitUrgency
from scheduling.models import Allocation, Appointment, FreedSlot, VisitType, WaitlistEntry
from scheduling.services.notices import GRACE

_NEW: tuple[tuple[WaitUrgency, DayPart, list[int], int, str], ...] = (
    # urgency, part of the day, weekdays, notice in hours, note
    (WaitUrgency.URGENT, DayPart.ANY, [], 2, "Cannot sit at work"),
    (WaitUrgency.SOON, DayPart.MORNING, [], 24, ""),
    (WaitUrgency.SOON, DayPart.ANY, [0, 2, 4], 24, "Comes with his brother, who drives"),
    (WaitUrgency.ROUTINE, DayPart.AFTERNOON, [], 48, ""),
    (WaitUrgency.ROUTINE, DayPart.ANY, [], 24, ""),
    (WaitUrgency.ROUTINE, DayPart.ANY, [1, 3], 0, "Lives next door: can come at once"),
)
_EARLIER = 4
_FREED = 4
_KINDS = ("consultation", "review")


def write(*, rng: random.Random, site: Site, patients: Sequence[Patient], now: dt.datetime) -> int:
    """Write waits and freed times; how many patients wait."""
    kinds = {kind.code: kind for kind in VisitType.objects.filter(site=site, code__in=_KINDS)}
    coming = Appointment.objects.filter(site=site, status__in=OCCUPYING, period__startswith__gt=now)
    busy = set(coming.values_list("patient", flat=True))
    free = [patient for patient in patients if patient.is_active and patient.pk not in busy]
    entries = [
        WaitlistEntry(
            site=site,
            patient=patient,
            visit_type=kinds[_KINDS[index % 3 == 2]],
            urgency=urgency,
            part=part,
            weekdays=weekdays,
            notice_hours=notice,
            note=note,
            created_at=now - dt.timedelta(days=rng.randrange(1, 20), hours=rng.randrange(8)),
        )
        for index, (patient, (urgency, part, weekdays, notice, note)) in enumerate(
            zip(rng.sample(free, min(len(free), len(_NEW))), _NEW, strict=False)
        )
    ]
    entries += [
        WaitlistEntry(
            site=site,
            patient_id=visit.patient_id,
            visit_type_id=visit.visit_type_id,
            purpose=visit.purpose,
            appointment=visit,
            urgency=rng.choice((WaitUrgency.SOON, WaitUrgency.ROUTINE)),
            notice_hours=24,
            created_at=now - dt.timedelta(days=rng.randrange(1, 12)),
        )
        for visit in _far_away(coming, now)
    ]
    WaitlistEntry.objects.bulk_create(entries)
    FreedSlot.objects.bulk_create(_freed(site, now))
    return len(entries)


def _far_away(coming: QuerySet[Appointment], now: dt.datetime) -> list[Appointment]:
    """First visits that are booked and some weeks away, one a patient."""
    rows = coming.filter(status=AppointmentStatus.BOOKED, period__startswith__gt=now + dt.timedelta(days=9))
    found: dict[object, Appointment] = {}
    for visit in rows.order_by("period", "pk")[: 4 * _EARLIER]:
        found.setdefault(visit.patient_id, visit)
    return list(found.values())[:_EARLIER]


def _freed(site: Site, now: dt.datetime) -> list[FreedSlot]:
    """The times of visits to come that were cancelled, as if this morning."""
    gone = Appointment.objects.filter(
        site=site, status=AppointmentStatus.CANCELLED, period__startswith__gt=now + dt.timedelta(hours=3)
    ).order_by("period", "pk")[:_FREED]
    leads = dict(
        Allocation.objects.filter(appointment__in=[visit.pk for visit in gone], is_lead=True).values_list(
            "appointment", "resource"
        )
    )
    at = now - dt.timedelta(minutes=50)
    return [
        FreedSlot(
            site=site,
            visit_type_id=visit.visit_type_id,
            lead_id=leads.get(visit.pk),
            period=visit.period,
            source=visit,
            freed_at=at,
            offer_from=at + GRACE,
        )
        for visit in gone
    ]
