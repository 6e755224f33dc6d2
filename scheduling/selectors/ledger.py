"""Reads of the ledger of changes: what happened to a visit, and which of it can be taken back."""

from uuid import UUID

from scheduling.enums import ChangeKind
from scheduling.models import VisitChange


def latest_standing(*, appointment_id: UUID) -> VisitChange | None:
    """The newest change of the visit that was not taken back; an undo itself is none."""
    rows = VisitChange.objects.filter(appointment_id=appointment_id, undone_by__isnull=True)
    return rows.exclude(kind=ChangeKind.UNDONE).order_by("-at", "-pk").first()


def of_visit(*, appointment_id: UUID) -> list[VisitChange]:
    """Everything that happened to a visit, newest first."""
    rows = VisitChange.objects.filter(appointment_id=appointment_id)
    return list(rows.select_related("reason", "undone_by", "undoes").order_by("-at", "-pk"))
