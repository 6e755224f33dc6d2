"""The ledger of what happened to booked visits: who, when, why, and what was held before, so that it can be undone."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from clinic import clock
from clinic.actors import Actor
from clinic.ids import new_id
from scheduling.enums import ChangeKind, Told
from scheduling.models import Appointment, VisitChange


def made_by(appointment: Appointment, key: UUID | None) -> bool:
    """Whether this form, by its key, has changed this visit already."""
    return key is not None and VisitChange.objects.filter(pk=key, appointment=appointment).exists()


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
    key: UUID | None = None,
) -> VisitChange:
    """Write one line, inside the caller's transaction. `appointment` is as the change left it.

    `key` is the form's: the line under it says that this form was sent before.
    """
    return VisitChange.objects.create(
        pk=key or new_id(),
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
