"""`record()` is the only writer of audit events. They hold ids and codes, never names, and never change."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pghistory
import structlog

from clinic import clock
from clinic.actors import Actor
from clinic.models.audit import AuditEvent
from clinic.transactions import write_at_end

Detail = dict[str, str | int | bool | list[str] | None]


def record(
    action: str,
    *,
    by: Actor,
    about: Iterable[Any] = (),
    patient_id: UUID | None = None,
    site_id: UUID | None = None,
    detail: Detail | None = None,
) -> None:
    """Write one event for each row of `about` (or one without a subject), inside the caller's transaction: a use case
    writes all of its events at its end, in one statement.

    `action` reads app.noun.past-tense, such as scheduling.appointment.cancelled. `detail` takes ids,
    codes and counts only.
    """
    request_id = structlog.contextvars.get_contextvars().get("request_id", "")
    instant = clock.now()
    events = [
        AuditEvent(
            at=instant,
            actor_kind=by.kind,
            actor_key=by.key,
            action=action,
            subject_type=row._meta.label_lower if row is not None else "",
            subject_key=str(row.pk) if row is not None else "",
            patient_id=patient_id or getattr(row, "patient_id", None),
            site_id=site_id or getattr(row, "site_id", None),
            request_id=request_id,
            detail=detail or {},
        )
        for row in (list(about) or [None])
    ]
    write_at_end(_write, events)


def _write(events: list[AuditEvent]) -> None:
    AuditEvent.objects.bulk_create(events)


def because(*, by: Actor, reason: str = "") -> Any:
    """Context for the history triggers: who changes facts from here on, and why (a code, never free text)."""
    return pghistory.context(actor_kind=by.kind, actor=by.key, reason=reason)
