"""Whose blood is in the house: visits between their draw and the end of their injection."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Exists, OuterRef

from scheduling.enums import AppointmentStatus
from scheduling.models import Appointment, VisitStage
from treatments.enums import IdentityStep
from treatments.models import Session

_FROM, _UNTIL = "draw", "injection"


def others(session: Session) -> int:
    """How many other patients' blood is in the house at this site while this visit is between its draw and injection.

    0 for a visit that is not under way: a record that is written up later endangers nobody.
    """
    stages = VisitStage.objects.filter(appointment=OuterRef("pk"))
    with_blood = Appointment.objects.filter(
        Exists(stages.filter(code=_FROM, started_at__isnull=False)),
        Exists(stages.filter(code=_UNTIL, ended_at__isnull=True)),
        site_id=session.site_id,
        status=AppointmentStatus.IN_PROGRESS,
    )
    keys: list[UUID | None] = list(with_blood.values_list("purpose", flat=True))
    return len(keys) - 1 if session.pk in keys else 0


def unchecked(session: Session, steps: Sequence[IdentityStep]) -> list[IdentityStep]:
    """Which of these steps still ask for a check of two identifiers, in their order."""
    if not steps or not others(session):
        return []
    done = set(session.identity_checks.values_list("step", flat=True))
    return [step for step in steps if step not in done]
