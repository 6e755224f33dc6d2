"""Time that visits give back. It is written down in the transaction that frees it, and offered after the grace only."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinic import audit, clock
from clinic.actors import Actor
from clinic.transactions import use_case
from scheduling.enums import OCCUPYING
from scheduling.models import Allocation, Appointment, FreedSlot
from scheduling.services.notices import GRACE

_SHORTEST = dt.timedelta(minutes=10)
"""What is left of a missed visit and shorter than this serves nobody."""


def record(*, appointment: Appointment, period: Any, ended: Sequence[int]) -> FreedSlot | None:
    """Inner step of a cancellation, a move and a no-show: `period` was the visit's, `ended` are its allocations.

    Of a visit that has begun only what is left is freed. A squeeze-in frees no clinician and so nothing to offer.
    """
    now = clock.now()
    begin: dt.datetime = max(period.lower, _next_minute(now))
    if period.upper - begin < _SHORTEST or appointment.squeezed_on_id is not None:
        return None
    lead = Allocation.objects.filter(pk__in=ended, is_lead=True).values_list("resource", flat=True).first()
    return FreedSlot.objects.create(
        site_id=appointment.site_id,
        visit_type_id=appointment.visit_type_id,
        lead_id=lead,
        period=DateTimeTZRange(begin, period.upper),
        source=appointment,
        freed_at=now,
        offer_from=now + GRACE,
    )


def taken_back(*, appointment: Appointment) -> int:
    """Inner step: a visit that holds its time again, after an undo, has freed nothing. Returns how many were closed."""
    if appointment.status not in OCCUPYING:
        return 0
    slots = FreedSlot.objects.filter(source=appointment, closed_at__isnull=True)
    return slots.filter(period__overlap=appointment.period).update(closed_at=clock.now())


def close(slot_id: UUID, *, filled_by: Appointment) -> None:
    """Inner step: an accepted offer has filled the slot."""
    FreedSlot.objects.filter(pk=slot_id, closed_at__isnull=True).update(
        closed_at=clock.now(), filled_by=filled_by
    )


@use_case
def sweep(*, by: Actor) -> int:
    """Close what is past, and what somebody else's booking has filled meanwhile. Returns how many were closed.

    Nothing depends on its having run: what is offered is asked of the calendar each time. Filled means that the
    clinician's time itself, not just some minutes of the visit's, is held by another visit.
    """
    now = clock.now()
    standing = FreedSlot.objects.filter(closed_at__isnull=True)
    past = standing.filter(period__endswith__lte=now).update(closed_at=now)
    filled = _filled(list(standing.filter(lead__isnull=False)), now)
    if past or filled:
        audit.record("scheduling.freed.closed", by=by, detail={"past": past, "filled": filled})
    return past + filled


def _filled(slots: Sequence[FreedSlot], now: dt.datetime) -> int:
    """Two queries however many slots: the clinician's minutes that each freed, and who holds them now."""
    before = Allocation.objects.filter(
        appointment__in=[slot.source_id for slot in slots], is_lead=True, active=False
    )
    minutes: dict[tuple[UUID, UUID | None], list[Any]] = {}
    for source, resource, period in before.values_list("appointment", "resource", "period"):
        minutes.setdefault((source, resource), []).append(period)
    if not minutes:
        return 0
    hull = (min(slot.period.lower for slot in slots), max(slot.period.upper for slot in slots))
    after = Allocation.objects.filter(
        resource__in={resource for _, resource in minutes},
        active=True,
        appointment__isnull=False,
        period__overlap=hull,
    )
    held = list(after.values_list("resource", "period", "appointment"))
    count = 0
    for slot in slots:
        own = [span for span in minutes.get((slot.source_id, slot.lead_id), []) if _meet(span, slot.period)]
        taker = next(
            (visit for key, span, visit in held if key == slot.lead_id and any(_meet(span, o) for o in own)),
            None,
        )
        if taker is not None:
            filled_by = None if taker == slot.source_id else taker
            rows = FreedSlot.objects.filter(pk=slot.pk, closed_at__isnull=True)
            count += rows.update(closed_at=now, filled_by=filled_by)
    return count


def _meet(one: Any, other: Any) -> bool:
    return bool(one.lower < other.upper and other.lower < one.upper)


def _next_minute(now: dt.datetime) -> dt.datetime:
    whole = now.replace(second=0, microsecond=0)
    return whole if whole == now else whole + dt.timedelta(minutes=1)
