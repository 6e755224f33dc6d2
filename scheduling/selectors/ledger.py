"""Reads of the ledger of changes: what happened to a visit, and which of it can be taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from clinic.models import User
from scheduling.enums import ChangeKind
from scheduling.models import VisitChange


@dataclass(frozen=True, slots=True)
class Line:
    """One change with the name of who made it."""

    change: VisitChange
    who: str

    @property
    def is_taken_back(self) -> bool:
        return hasattr(self.change, "undone_by")

    @property
    def has_moved(self) -> bool:
        """Whether it is about another time."""
        change = self.change
        return change.new_period is not None and change.new_period != change.old_period


def latest_standing(*, appointment_id: UUID) -> VisitChange | None:
    """The newest change of the visit that was not taken back; an undo itself is none."""
    rows = VisitChange.objects.filter(appointment_id=appointment_id, undone_by__isnull=True)
    return rows.exclude(kind=ChangeKind.UNDONE).order_by("-at", "-pk").first()


def of_visit(*, appointment_id: UUID) -> list[Line]:
    """Everything that happened to a visit, newest first. Two queries."""
    rows = VisitChange.objects.filter(appointment_id=appointment_id)
    found = list(rows.select_related("reason", "undone_by", "undoes").order_by("-at", "-pk"))
    names = _names(found)
    return [Line(change, names.get(change.actor_key) or _of_kind(change.actor_kind)) for change in found]


def _names(found: Sequence[VisitChange]) -> dict[str, str]:
    staff = {change.actor_key for change in found if change.actor_kind == "staff"}
    return {str(user.pk): user.full_name for user in User.objects.filter(pk__in=staff)} if staff else {}


def _of_kind(kind: str) -> str:
    return {
        "patient": _("The patient"),
        "contact": _("A contact of the patient"),
        "system": _("By itself"),
    }.get(kind, _("Somebody who is gone"))
