"""Reads of a patient: the record, likely duplicates, the people around them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from clinic.actors import Staff
from clinic.exceptions import NotFound
from clinic.models import AuditEvent, Contact, Patient
from clinic.policies import duplicates, names
from clinic.policies.duplicates import Identity, Sign

MOST_DUPLICATES = 10


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A record that may be the same person, and why."""

    patient: Patient
    signs: Sequence[Sign]


def patient_detail(patient_id: UUID) -> Patient:
    """The record with phones and living contacts at hand. Raises NotFound."""
    contacts = Contact.objects.filter(ended_at__isnull=True)
    rows = Patient.objects.prefetch_related(
        "phones", Prefetch("contacts", queryset=contacts, to_attr="living_contacts")
    )
    patient = rows.filter(pk=patient_id).first()
    if patient is None:
        raise NotFound(_("There is no such patient."))
    return patient


def household_of(patient: Patient) -> Sequence[Patient]:
    """The others with whom this patient shares a mailbox or a phone on purpose."""
    if patient.household_id is None:
        return []
    return list(
        Patient.objects.filter(household_id=patient.household_id, erased_at__isnull=True).exclude(
            pk=patient.pk
        )
    )


def household_keys(patient_ids: Collection[UUID]) -> set[UUID]:
    """These patients and everybody in their households: what a use case that joins them must lock."""
    homes = Patient.objects.filter(pk__in=patient_ids, household__isnull=False).values("household_id")
    members = Patient.objects.filter(household_id__in=homes).values_list("pk", flat=True)
    return {*patient_ids, *members}


def likely_duplicates(identity: Identity, *, other_than: UUID | None = None) -> Sequence[Duplicate]:
    """Records that may be the same person, the strongest suspicion first; three statements however many there are."""
    living = Patient.objects.filter(erased_at__isnull=True)
    suspects = [living.filter(birth_date=identity.birth_date).values("pk")]
    if identity.email:
        suspects.append(
            living.alias(folded=Lower("email")).filter(folded=identity.email.lower()).values("pk")
        )
    if identity.phones:
        suspects.append(living.filter(phones__e164__in=identity.phones).values("pk"))
    # A union rather than an OR: each part then has its own index.
    keys = [row["pk"] for row in suspects[0].order_by().union(*(part.order_by() for part in suspects[1:]))]
    others = Patient.objects.filter(pk__in=set(keys) - {other_than}).prefetch_related("phones")
    compared = [Duplicate(patient, duplicates.signs(identity, identity_of(patient))) for patient in others]
    found = [one for one in compared if one.signs]
    found.sort(key=lambda one: (-len(one.signs), one.patient.family_name, one.patient.given_name))
    return found[:MOST_DUPLICATES]


def identity_of(patient: Patient) -> Identity:
    return Identity(
        words=names.words_of(patient.given_name, patient.family_name),
        birth_date=patient.birth_date,
        email=patient.email,
        phones=frozenset(phone.e164 for phone in patient.phones.all()),
        household_id=patient.household_id,
    )


def recently_opened(by: Staff, *, limit: int = 8) -> Sequence[Patient]:
    """The records that this person opened last, the latest first, read from the audit."""
    events = AuditEvent.objects.filter(actor_key=by.key, action="clinic.patient.viewed").order_by("-at")
    keys = list(dict.fromkeys(events.values_list("patient_id", flat=True)[:60]))[:limit]
    rows = Patient.objects.filter(erased_at__isnull=True).in_bulk(keys)
    return [rows[key] for key in keys if key in rows]


def contact_detail(contact_id: UUID) -> Contact:
    """A living contact with its patient. Raises NotFound."""
    contact = Contact.objects.filter(pk=contact_id, ended_at__isnull=True).select_related("patient").first()
    if contact is None:
        raise NotFound(_("There is no such contact."))
    return contact
