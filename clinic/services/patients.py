"""Registering a patient and changing the record."""

from dataclasses import asdict
from uuid import UUID

from clinic import audit, clock, locks, messaging
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.models import Patient, PatientPhone
from clinic.permissions import check
from clinic.selectors.patients import household_keys
from clinic.services import outbox
from clinic.services import patient_rows as rows
from clinic.services.patient_rows import PatientData
from clinic.transactions import use_case

__all__ = ["PatientData", "leave_household", "register", "update"]


@use_case
def register(*, by: Actor, data: PatientData, household_with: UUID | None = None) -> Patient:
    """Make a record, with the next record number. `household_with` is a patient who shares the phone or mailbox.

    Likely duplicates are asked of `selectors.likely_duplicates` beforehand: this service does not refuse them.
    """
    check(by, Permission.EDIT_PATIENTS)
    locks.take(patient=household_keys([household_with]) if household_with else [])
    numbers = rows.checked_phones(data)

    patient = Patient(record_number=rows.next_record_number(), created_at=clock.now())
    _write(patient, data)
    if household_with is not None:
        patient.household = rows.household_of(household_with)
    patient.save(force_insert=True)
    locks.add_created("patient", patient.pk)
    rows.write_phones(patient, numbers)
    rows.write_name_words(patient)
    audit.record("clinic.patient.registered", by=by, about=[patient], patient_id=patient.pk)
    return patient


@use_case
def update(
    *, by: Actor, patient_id: UUID, version: int, data: PatientData, household_with: UUID | None = None
) -> Patient:
    """Write what is known now. Raises StaleVersion when somebody saved since the form was opened."""
    check(by, Permission.EDIT_PATIENTS)
    locks.take(patient=household_keys([patient_id, *([household_with] if household_with else [])]))
    patient = rows.current(patient_id, version)
    numbers = rows.checked_phones(data)

    before = _shown(patient)
    _write(patient, data)
    if household_with is not None and household_with != patient.pk:
        rows.join_household(patient, rows.household_of(household_with))
    patient.version += 1
    patient.save()
    rows.write_phones(patient, numbers)
    if any(before[name] != getattr(patient, name) for name in ("given_name", "family_name", "birth_date")):
        rows.write_name_words(patient)
    if before["reminders_consent"] and not patient.reminders_consent:
        asked = [kind.key for kind in messaging.all_kinds() if kind.needs_consent]
        outbox.cancel_for_patient(patient_id=patient.pk, by=by, reason="consent_withdrawn", kinds=asked)
    changed = [name for name, value in _shown(patient).items() if before[name] != value]
    audit.record(
        "clinic.patient.updated", by=by, about=[patient], patient_id=patient.pk, detail={"changed": changed}
    )
    return patient


@use_case
def leave_household(*, by: Actor, patient_id: UUID) -> Patient:
    """The patient no longer shares a phone or a mailbox with the others."""
    check(by, Permission.EDIT_PATIENTS)
    locks.take(patient=household_keys([patient_id]))
    patient = rows.current(patient_id)
    patient.household = None
    patient.version += 1
    patient.save(update_fields=["household", "version"])
    audit.record("clinic.patient.left_household", by=by, about=[patient], patient_id=patient.pk)
    return patient


def _write(patient: Patient, data: PatientData) -> None:
    if data.reminders_consent != patient.reminders_consent:
        patient.reminders_consent_at = clock.now() if data.reminders_consent else None
    plain = asdict(data)
    for name in ("mobile", "other_phone"):
        plain.pop(name)
    for name, value in plain.items():
        setattr(patient, name, value)


def _shown(patient: Patient) -> dict[str, object]:
    """What an update may change, to say in the audit which facts did change (their names, not their values)."""
    plain = (
        "given_name",
        "family_name",
        "birth_date",
        "sex",
        "email",
        "preferred_channel",
        "reminders_consent",
    )
    shown: dict[str, object] = {
        name: getattr(patient, name) for name in (*plain, "language", "notes", "household_id")
    }
    shown["phones"] = sorted(PatientPhone.objects.filter(patient=patient).values_list("position", "e164"))
    return shown
