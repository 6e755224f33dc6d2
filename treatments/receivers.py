"""Treatments hear what happens to visits, patients and sites."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from clinic import locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.permissions import can
from clinic.signals import patient_erasing, site_created
from scheduling import panes
from scheduling.models import Appointment
from scheduling.panes import Link, MoveWarning, PatientNote
from scheduling.signals import appointment_changed
from treatments.forms import planning
from treatments.models import Session
from treatments.policies import intervals
from treatments.selectors import courses
from treatments.services import consents, defaults, erasure, follow, medicines, shifting
from treatments.services.horizon import Choice


def on_appointment_changed(*, appointment: Appointment, by: Actor, **_: Any) -> None:
    """Only visits with a purpose can be ours, and not those of which the locks know already that they are not."""
    if appointment.purpose is not None and not locks.is_absent("session", appointment.purpose):
        follow.visit_changed(appointment=appointment, by=by)
        medicines.visit_changed(appointment=appointment, by=by)


def on_patient_erasing(*, patient_id: UUID, **_: Any) -> None:
    """The clinical record stays, under the record number; what was written for the desk goes."""
    erasure.forget(patient_id=patient_id)


def on_site_created(*, site_id: UUID, by: Actor, **_: Any) -> None:
    """Scheduling, whose app stands before this one, has made the visit types by now."""
    defaults.create_for_site(site_id=site_id, by=by)
    consents.create_defaults(site_id=site_id, by=by)


def move_link(visit: Appointment) -> Link | None:
    """A session with booked sessions after it can be moved together with them."""
    if visit.purpose is None or len(shifting.following(visit.pk)) < 2:
        return None
    return Link(_("Move the sessions after it too"), reverse("treatments:visit-shift", args=[visit.pk]))


def move_caution(visit: Appointment, start: dt.datetime, lead_id: UUID | None) -> MoveWarning | None:
    """A session that would come too near to one after it, or behind it: the plan that moves those along keeps its start."""
    if visit.purpose is None:
        return None
    return _caution(visit, visit.purpose, start, lead_id)


def _caution(
    visit: Appointment, session_id: UUID, start: dt.datetime, lead_id: UUID | None
) -> MoveWarning | None:
    series = courses.series({session_id}).get(session_id)
    if series is None:
        return None
    number, zone = series.session.number, series.session.site.zone
    later = [other for other in series.neighbours() if other.number > number]
    day = start.astimezone(zone).date()
    verdict = intervals.interval(number, day, later, series.limits)
    if verdict is None or len(shifting.following(visit.pk)) < 2:
        return None
    query = {"earliest": day.isoformat(), f"pin{number}": planning.as_value(Choice(start, lead_id))}
    url = f"{reverse('treatments:visit-shift', args=[visit.pk])}?{urlencode(query)}"
    return MoveWarning(verdict.words, Link(_("Move the sessions after it along"), url))


def ready_link(visit: Appointment, by: Actor) -> Link | None:
    """The checklists of the session that the visit serves, for those who may read clinical things."""
    if not can(by, Permission.VIEW_CLINICAL, site_id=visit.site_id):
        return None
    if visit.purpose is None or not Session.objects.filter(pk=visit.purpose).exists():
        return None
    return Link(_("Screening"), reverse("treatments:session-ready", args=[visit.purpose]))


_AFTERWARDS = {"en": "After the visit", "es": "Después de la visita"}


def aftercare(visit: Appointment, language: str) -> list[PatientNote]:
    """What the protocol of the course says of the first day, so that they can arrange for it before they come."""
    if visit.purpose is None:
        return []
    rows = Session.objects.select_related("course__protocol_version").filter(pk=visit.purpose)
    session = rows.first()
    if session is None:
        return []
    guidance = session.course.protocol_version.clinical.recovery.guidance
    words = [each.words.get(language) or each.words.get("en", "") for each in guidance if each.day == 0]
    title = _AFTERWARDS.get(language, _AFTERWARDS["en"])
    return [PatientNote(title, text) for text in words if text]


def connect() -> None:
    """Called once at start-up."""
    site_created.connect(on_site_created, dispatch_uid="treatments.prepare_site")
    patient_erasing.connect(on_patient_erasing, dispatch_uid="treatments.forget_patient")
    panes.register_move_link(move_link)
    panes.register_move_caution(move_caution)
    panes.register_visit_link(ready_link)
    panes.register_patient_notes(aftercare)
    appointment_changed.connect(on_appointment_changed, dispatch_uid="treatments.follow_visit")
