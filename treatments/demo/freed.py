"""Times that the visits of the past gave back, and what became of each: the ledger behind the manager's reports."""

import datetime as dt
from collections import defaultdict
from uuid import UUID

from clinic.models import Site
from scheduling.enums import ChangeKind
from scheduling.models import Allocation, FreedSlot, VisitChange
from scheduling.services.notices import GRACE

_SHORTEST = dt.timedelta(minutes=10)


def write(*, site: Site, now: dt.datetime) -> int:
    """A freed time is filled where another visit holds the clinician's minutes, else it was lost. Three queries."""
    gone = {
        change.appointment_id: change
        for change in VisitChange.objects.filter(
            site=site,
            kind__in=(ChangeKind.CANCELLED, ChangeKind.NO_SHOW),
            old_period__endswith__lte=now,
        ).select_related("appointment")
    }
    led = Allocation.objects.filter(site=site, is_lead=True, period__startswith__lt=now).order_by(
        "period", "pk"
    )
    held: dict[UUID, list[Allocation]] = defaultdict(list)
    mine: dict[UUID, Allocation] = {}
    for row in led:
        if row.active:
            held[row.resource_id].append(row)
        elif row.appointment_id in gone:
            mine[row.appointment_id] = row
    slots = []
    for key, row in mine.items():
        change = gone[key]
        begin, end = max(change.old_period.lower, change.at), change.old_period.upper
        if end - begin < _SHORTEST:
            continue
        taker = next(
            (
                o
                for o in held[row.resource_id]
                if o.period.lower < row.period.upper and row.period.lower < o.period.upper
            ),
            None,
        )
        slots.append(
            FreedSlot(
                site=site,
                visit_type_id=change.appointment.visit_type_id,
                lead_id=row.resource_id,
                period=type(change.old_period)(begin, end),
                source=change.appointment,
                freed_at=change.at,
                offer_from=change.at + GRACE,
                filled_by_id=taker.appointment_id if taker else None,
                closed_at=begin if taker else end,
            )
        )
    return len(FreedSlot.objects.bulk_create(slots))
