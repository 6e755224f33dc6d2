"""Erasing a person while the clinic keeps what it must keep."""

from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Channel, Permission, Sex
from clinic.exceptions import IllegalMove, NotFound
from clinic.models import Message, Patient, Task
from clinic.permissions import check
from clinic.services import outbox
from clinic.signals import patient_erasing
from clinic.transactions import use_case

ERASED = "—"


@use_case
def erase(*, by: Actor, patient_id: UUID) -> Patient:
    """Take away everything that says who this was; nothing can be booked, ordered or sent afterwards.

    Names, phones, mailbox, notes, contacts and the copies in the history go. Of the birth date the year
    stays, for the clinical record. Each app anonymises its own rows on `patient_erasing`, inside this
    transaction. It cannot be undone.
    """
    check(by, Permission.MANAGE_SITE)
    messages = list(Message.objects.filter(patient_id=patient_id).values_list("pk", flat=True))
    locks.take(patient=[patient_id], message=messages)
    patient = Patient.objects.filter(pk=patient_id).first()
    if patient is None:
        raise NotFound(_("There is no such patient."))
    if patient.erased_at is not None:
        raise IllegalMove(_("This record was erased already."))

    outbox.cancel_for_patient(patient_id=patient.pk, by=by, reason="erased")
    _anonymise(patient)
    _forget_the_people_around(patient)
    patient_erasing.send(sender=Patient, patient_id=patient.pk, by=by)
    _redact_history(patient)
    audit.record("clinic.patient.erased", by=by, about=[patient], patient_id=patient.pk)
    return patient


def _anonymise(patient: Patient) -> None:
    patient.given_name = patient.family_name = ERASED
    patient.birth_date = patient.birth_date.replace(month=1, day=1)
    patient.sex, patient.email, patient.notes = Sex.UNKNOWN, "", ""
    patient.preferred_channel = Channel.POST
    patient.reminders_consent, patient.reminders_consent_at = False, None
    patient.household = None
    patient.erased_at = clock.now()
    patient.version += 1
    patient.save()


def _forget_the_people_around(patient: Patient) -> None:
    patient.declines.all().delete()
    patient.phones.all().delete()
    patient.name_words.all().delete()
    patient.contacts.update(
        name=ERASED, relationship="", phone="", email="", gets_mails=False, may_book=False
    )
    patient.contacts.filter(ended_at__isnull=True).update(ended_at=clock.now())
    Task.objects.filter(patient=patient).update(title=ERASED, outcome="")
    Message.objects.filter(patient=patient).update(snapshot=None)


def _redact_history(patient: Patient) -> None:
    """The triggers kept a copy of every earlier state. Only the owner may change history, through this one function."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clinic_redact_history(%s), clinic_redact_calls(%s)", [patient.pk, patient.pk])
