"""Treatments hear what happens to visits."""

from typing import Any

from clinic.actors import Actor
from scheduling.models import Appointment
from scheduling.signals import appointment_changed
from treatments.services import follow


def on_appointment_changed(*, appointment: Appointment, by: Actor, **_: Any) -> None:
    """Only visits with a purpose can be ours."""
    if appointment.purpose is not None:
        follow.visit_changed(appointment=appointment, by=by)


def connect() -> None:
    """Called once at start-up."""
    appointment_changed.connect(on_appointment_changed, dispatch_uid="treatments.follow_visit")
