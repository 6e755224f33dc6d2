"""Scheduling hears what happens to patients and sites, and follows its own visits where that concerns who waits."""

from typing import Any
from uuid import UUID

from clinic.actors import Actor
from clinic.signals import patient_erasing, site_created
from scheduling.models import Appointment
from scheduling.services import defaults, forgetting, freed, rebooking, waitlist
from scheduling.signals import appointment_changed


def on_patient_erasing(*, patient_id: UUID, by: Actor, **_: Any) -> None:
    forgetting.forget(patient_id=patient_id, by=by)


def on_appointment_changed(*, appointment: Appointment, change: str, by: Actor, **_: Any) -> None:
    """A booking ends the wait for it; a visit that holds its time again has freed nothing; one that was moved
    or has ended is not to be moved any more."""
    if change in ("moved", "cancelled", "no_show", "not_done", "completed"):
        rebooking.settle(appointment=appointment, by=by)
    if change == "booked":
        waitlist.served(appointment=appointment, by=by)
    elif change == "undone":
        freed.taken_back(appointment=appointment)


def on_site_created(*, site_id: UUID, by: Actor, **_: Any) -> None:
    defaults.create_for_site(site_id=site_id, by=by)


def connect() -> None:
    """Called once at start-up."""
    site_created.connect(on_site_created, dispatch_uid="scheduling.prepare_site")
    patient_erasing.connect(on_patient_erasing, dispatch_uid="scheduling.forget_patient")
    appointment_changed.connect(on_appointment_changed, dispatch_uid="scheduling.follow_waiting")
