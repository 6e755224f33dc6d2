"""Treatments hear what happens to visits, patients and sites."""

from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic.actors import Actor
from clinic.signals import patient_erasing, site_created
from scheduling import panes
from scheduling.models import Appointment
from scheduling.panes import Link
from scheduling.signals import appointment_changed
from treatments.services import defaults, erasure, follow, shifting


def on_appointment_changed(*, appointment: Appointment, by: Actor, **_: Any) -> None:
    """Only visits with a purpose can be ours."""
    if appointment.purpose is not None:
        follow.visit_changed(appointment=appointment, by=by)


def on_patient_erasing(*, patient_id: UUID, **_: Any) -> None:
    """The clinical record stays, under the record number; what was written for the desk goes."""
    erasure.forget(patient_id=patient_id)


def on_site_created(*, site_id: UUID, by: Actor, **_: Any) -> None:
    """Scheduling, whose app stands before this one, has made the visit types by now."""
    defaults.create_for_site(site_id=site_id, by=by)


def move_link(visit: Appointment) -> Link | None:
    """A session with booked sessions after it can be moved together with them."""
    if visit.purpose is None or len(shifting.following(visit.pk)) < 2:
        return None
    return Link(_("Move the sessions after it too"), reverse("treatments:visit-shift", args=[visit.pk]))


def connect() -> None:
    """Called once at start-up."""
    site_created.connect(on_site_created, dispatch_uid="treatments.prepare_site")
    patient_erasing.connect(on_patient_erasing, dispatch_uid="treatments.forget_patient")
    panes.register_move_link(move_link)
    appointment_changed.connect(on_appointment_changed, dispatch_uid="treatments.follow_visit")
