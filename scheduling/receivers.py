"""Scheduling hears what happens to patients."""

from typing import Any
from uuid import UUID

from clinic.actors import Actor
from clinic.signals import patient_erasing
from scheduling.services import forgetting


def on_patient_erasing(*, patient_id: UUID, by: Actor, **_: Any) -> None:
    forgetting.forget(patient_id=patient_id, by=by)


def connect() -> None:
    """Called once at start-up."""
    patient_erasing.connect(on_patient_erasing, dispatch_uid="scheduling.forget_patient")
