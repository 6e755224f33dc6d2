"""Reads that leave a trace: who searched for patients, and who opened whose record."""

from uuid import UUID

from clinic import audit
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.models import Patient
from clinic.permissions import check
from clinic.selectors.patients import patient_detail
from clinic.selectors.search import Found, find_patients
from clinic.transactions import use_case


@use_case
def search(*, by: Actor, text: str, limit: int = 20) -> Found:
    """Find patients. The event keeps the kind of search and the keys it brought, never what was typed."""
    check(by, Permission.VIEW_PATIENTS)
    found = find_patients(text, limit=limit)
    if found.kind != "none":
        keys = [str(patient.pk) for patient in found.patients]
        audit.record("clinic.patient.searched", by=by, detail={"kind": found.kind, "found": keys})
    return found


@use_case
def open_record(*, by: Actor, patient_id: UUID) -> Patient:
    """A patient's record, for a page that shows it."""
    check(by, Permission.VIEW_PATIENTS)
    patient = patient_detail(patient_id)
    audit.record("clinic.patient.viewed", by=by, about=[patient], patient_id=patient.pk)
    return patient
