"""The ledger of what happened to booked visits: who, when, why, and what was held before, so that it can be undone."""

from collections.abc import Sequence
from typing import Any

from clinic import clock
from clinic.actors import Actor
from scheduling.enums import ChangeKind, Told
from scheduling.models import Appointment, VisitChange


def record(
    appointment: Appointment,
    kind: ChangeKind,
    *,
    by: Actor,
    old_status: str,
    reason: str | None = None,
    told: Told | str = "",
    old_period: Any = None,
    old_allocations: Sequence[int] = (),
    undoes: VisitChange | None = None,
) -> VisitChange:
    """Write one line, inside the caller's transaction. `appointment` is as the change left it."""
    return VisitChange.objects.create(
        appointment=appointment,
        site_id=appointment.site_id,
        kind=kind,
        reason_id=reason,
        told=told,
        old_status=old_status,
        old_period=old_period or appointment.period,
        new_period=appointment.period if kind in (ChangeKind.MOVED, ChangeKind.UNDONE) else None,
        old_allocations=list(old_allocations),
        undoes=undoes,
        actor_kind=by.kind,
        actor_key=by.key,
        at=clock.now(),
    )
