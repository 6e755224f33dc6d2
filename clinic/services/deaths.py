"""A patient has died: nothing goes out any more, and the desk learns what to cancel."""

import datetime as dt
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Permission, Role
from clinic.exceptions import IllegalMove, InvalidInput
from clinic.models import Patient
from clinic.permissions import check
from clinic.services import outbox, tasks
from clinic.services import patient_rows as rows
from clinic.transactions import use_case


@use_case
def mark_deceased(*, by: Actor, patient_id: UUID, version: int, on: dt.date, site_id: UUID) -> Patient:
    """Nothing is sent, booked or ordered any more; the desk gets a task to cancel what is still booked."""
    check(by, Permission.EDIT_PATIENTS, site_id=site_id)
    locks.take(patient=[patient_id])
    patient = rows.current(patient_id, version)
    if patient.deceased_on is not None:
        raise IllegalMove(_("This record says already that the patient has died."))
    if not patient.birth_date <= on <= clock.now().date() + dt.timedelta(days=1):
        raise InvalidInput(_("Give a day between the date of birth and today."), field="on")

    patient.deceased_on = on
    patient.version += 1
    patient.save(update_fields=["deceased_on", "version"])
    outbox.cancel_for_patient(patient_id=patient.pk, by=by, reason="deceased")
    tasks.open_task(
        by=by,
        site_id=site_id,
        kind="patient.deceased",
        about=f"patient:{patient.pk}",
        title=_("Patient has died: cancel open visits, tell nobody by mail"),
        role=Role.FRONT_DESK,
        due_at=clock.now(),
        patient_id=patient.pk,
    )
    audit.record("clinic.patient.marked_deceased", by=by, about=[patient], patient_id=patient.pk)
    return patient


@use_case
def unmark_deceased(*, by: Actor, patient_id: UUID, version: int) -> Patient:
    """Undo of a mis-click. Cancelled mails stay cancelled: whoever books next plans new ones."""
    check(by, Permission.EDIT_PATIENTS)
    locks.take(patient=[patient_id])
    patient = rows.current(patient_id, version)
    if patient.deceased_on is None:
        raise IllegalMove(_("This record does not say that the patient has died."))
    patient.deceased_on = None
    patient.version += 1
    patient.save(update_fields=["deceased_on", "version"])
    audit.record("clinic.patient.unmarked_deceased", by=by, about=[patient], patient_id=patient.pk)
    return patient
