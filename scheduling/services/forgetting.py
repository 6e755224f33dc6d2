"""What scheduling forgets of a person whose record is erased, inside the transaction that erases."""

from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from clinic import clock
from clinic.actors import Actor
from clinic.enums import Role
from clinic.services import tasks
from scheduling.models import Appointment, Hold, PatientAway
from scheduling.policies import MOVABLE
from scheduling.services import waitlist


def forget(*, patient_id: UUID, by: Actor) -> None:
    """Notes may name people and go. Visits to come hold resources for somebody who will not come: the desk of each
    site gets a task to cancel them, with a reason, as every cancellation has one."""
    visits = Appointment.objects.filter(patient_id=patient_id)
    visits.exclude(note="", override_reason="").update(note="", override_reason="")
    Hold.objects.filter(patient_id=patient_id).exclude(note="").update(note="")
    waitlist.forget(patient_id=patient_id, by=by)
    _redact_history(patient_id)
    PatientAway.objects.filter(patient_id=patient_id, ended_at__isnull=True).update(ended_at=clock.now())
    open_visits = visits.filter(status__in=MOVABLE, period__endswith__gt=clock.now())
    for site_id in open_visits.order_by("site").values_list("site", flat=True).distinct():
        tasks.open_task(
            by=by,
            site_id=site_id,
            kind="visit.of_erased_patient",
            about=f"patient:{patient_id}",
            title=_("Record erased: cancel the visits that are still booked"),
            role=Role.FRONT_DESK,
            due_at=clock.now(),
            patient_id=patient_id,
        )


def _redact_history(patient_id: UUID) -> None:
    """The triggers kept the notes of every earlier state; the owner's function takes them out."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT scheduling_redact_history(%s)", [patient_id])
