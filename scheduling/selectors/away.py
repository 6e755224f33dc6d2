"""Days on which patients said that they cannot come. Each answers a batch in one query."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from scheduling.models import PatientAway


def of_patients(
    patient_ids: Collection[UUID], *, first: dt.date, last: dt.date
) -> dict[UUID, list[PatientAway]]:
    """What meets the days from `first` to `last`, both included, by patient, in time order."""
    rows = PatientAway.objects.filter(
        patient__in=patient_ids, ended_at__isnull=True, first_day__lte=last, last_day__gte=first
    )
    found: dict[UUID, list[PatientAway]] = defaultdict(list)
    for row in rows.order_by("first_day", "last_day", "pk"):
        found[row.patient_id].append(row)
    return found


def coming(*, patient_id: UUID, today: dt.date) -> list[PatientAway]:
    """What is still to come, in time order."""
    return of_patients([patient_id], first=today, last=dt.date.max).get(patient_id, [])


def days(spans: Collection[PatientAway]) -> set[dt.date]:
    """The single days of these spans."""
    return {
        span.first_day + dt.timedelta(days=n)
        for span in spans
        for n in range((span.last_day - span.first_day).days + 1)
    }
