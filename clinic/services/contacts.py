"""The people around a patient: who may book, hear details, get the mails, sign."""

from dataclasses import asdict, dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import IllegalMove, InvalidInput, NotFound
from clinic.models import Contact, Patient
from clinic.permissions import check
from clinic.policies import phones, text
from clinic.transactions import use_case

LONGEST = {"name": 160, "relationship": 60, "email": 254}


@dataclass(frozen=True, slots=True)
class ContactData:
    """`phone` is E.164 or empty."""

    name: str
    relationship: str = ""
    phone: str = ""
    email: str = ""
    may_book: bool = True
    may_hear_details: bool = False
    gets_mails: bool = False
    may_sign: bool = False


@use_case
def add(*, by: Actor, patient_id: UUID, data: ContactData) -> Contact:
    check(by, Permission.EDIT_PATIENTS)
    locks.take(patient=[patient_id])
    _check_open(patient_id)
    _check_data(data)
    contact = Contact.objects.create(patient_id=patient_id, **asdict(data))
    audit.record("clinic.contact.added", by=by, about=[contact])
    return contact


@use_case
def update(*, by: Actor, contact_id: UUID, data: ContactData) -> Contact:
    check(by, Permission.EDIT_PATIENTS)
    contact = _living(contact_id)
    _check_data(data)
    for name, value in asdict(data).items():
        setattr(contact, name, value)
    contact.save()
    audit.record("clinic.contact.updated", by=by, about=[contact])
    return contact


@use_case
def end(*, by: Actor, contact_id: UUID) -> Contact:
    """Take all rights back from now on. The row stays: what was done with the rights must stay explicable."""
    check(by, Permission.EDIT_PATIENTS)
    contact = _living(contact_id)
    contact.ended_at = clock.now()
    contact.save(update_fields=["ended_at"])
    audit.record("clinic.contact.ended", by=by, about=[contact])
    return contact


def _living(contact_id: UUID) -> Contact:
    """The contact as it stands once its patient is locked."""
    patient_id = Contact.objects.filter(pk=contact_id).values_list("patient_id", flat=True).first()
    if patient_id is None:
        raise NotFound(_("There is no such contact."))
    locks.take(patient=[patient_id])
    _check_open(patient_id)
    contact = Contact.objects.get(pk=contact_id)
    if contact.ended_at is not None:
        raise IllegalMove(_("This contact was ended already."))
    return contact


def _check_open(patient_id: UUID) -> None:
    patient = Patient.objects.filter(pk=patient_id).first()
    if patient is None:
        raise NotFound(_("There is no such patient."))
    if patient.erased_at is not None:
        raise IllegalMove(_("This record was erased. Nothing can be changed in it any more."))


def _check_data(data: ContactData) -> None:
    for field in ("name", "relationship", "email"):
        value = getattr(data, field)
        if text.has_control_characters(value):
            raise InvalidInput(_("Line breaks and control characters cannot be part of this."), field=field)
        if len(value) > LONGEST[field]:
            raise InvalidInput(_("This is too long."), field=field)
    if not data.name.strip():
        raise InvalidInput(_("A contact needs a name."), field="name")
    if data.gets_mails and not data.email:
        raise InvalidInput(_("Mails need an address."), field="email")
    if data.phone:
        try:
            phones.parse(data.phone)
        except phones.NotAPhone:
            raise InvalidInput(_("This is no phone number that could be dialled."), field="phone") from None
