"""What waits for a physician's signature. A constant number of queries."""

from collections.abc import Sequence
from uuid import UUID

from treatments.enums import SessionStatus
from treatments.models import Amendment, Session
from treatments.selectors import record_rows
from treatments.selectors.record_rows import RecordRows

MOST = 40
"""Records on one page: an evening's, and then some."""


def waiting(*, site_id: UUID, user_id: UUID | None) -> list[RecordRows]:
    """Records without a signature, oldest first; of one physician's courses where an account is given."""
    sessions = Session.objects.filter(
        site_id=site_id, status__in=[SessionStatus.INJECTED, SessionStatus.STOPPED]
    )
    if user_id is not None:
        sessions = sessions.filter(course__physician__user=user_id)
    keys = list(sessions.order_by("injected_at", "pk").values_list("pk", flat=True)[:MOST])
    found = record_rows.of(keys)
    return [found[key] for key in keys]


def amendments(*, site_id: UUID) -> list[Amendment]:
    """Amendments that a physician has not taken over yet."""
    rows = Amendment.objects.filter(
        session__site_id=site_id, needs_cosignature=True, cosignature__isnull=True
    )
    return list(
        rows.select_related("author", "cosignature", "session__course__patient").order_by("created_at")
    )


def names(keys: Sequence[UUID]) -> dict[UUID, str]:
    """Whose records these are."""
    rows = Session.objects.filter(pk__in=keys).select_related("course__patient")
    return {row.pk: row.course.patient.full_name for row in rows}
