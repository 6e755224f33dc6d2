"""Reads for a visit's page behind its patient's link."""

from uuid import UUID

from clinic.enums import TaskState
from clinic.models import Task
from scheduling.enums import ChangeKind, ReasonUse
from scheduling.models import Allocation, Appointment, ChangeReason, VisitChange


def visit(key: str, *, patient_id: UUID) -> Appointment | None:
    """The visit, while it is this patient's and they were told of it. One query."""
    rows = Appointment.objects.select_related("site", "visit_type", "patient")
    return rows.filter(pk=key, patient=patient_id, told_rev__gt=0).first()


def lead_of(visit: Appointment) -> UUID | None:
    """The clinician with whom it is booked."""
    held = Allocation.objects.filter(appointment=visit, active=True, is_lead=True)
    found: UUID | None = held.values_list("resource", flat=True).first()
    return found


def own_reasons() -> list[ChangeReason]:
    """Reasons for cancelling that are a patient's to give."""
    rows = ChangeReason.objects.filter(is_active=True, by_patient=True, used_for__contains=[ReasonUse.CANCEL])
    return list(rows)


def was_cancelled_by_patient(visit: Appointment) -> bool:
    """Whether the patient or a contact of theirs cancelled it themselves."""
    last = VisitChange.objects.filter(appointment=visit, kind=ChangeKind.CANCELLED).order_by("-at").first()
    return last is not None and last.actor_kind in ("patient", "contact")


def call_waits(visit: Appointment, kind: str) -> bool:
    """Whether the desk is still to ring about it."""
    rows = Task.objects.filter(kind=kind, about=f"appointment:{visit.pk}", state=TaskState.OPEN)
    return rows.exists()
