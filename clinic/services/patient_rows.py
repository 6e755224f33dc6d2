"""The rows of a patient's record: re-read under the lock, checked, and written together."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from clinic import clock
from clinic.enums import Channel, Sex
from clinic.exceptions import IllegalMove, InvalidInput, NotFound, StaleVersion
from clinic.models import Household, NameWord, Patient, PatientNameWord
from clinic.policies import dates, names, phones, text
from clinic.policies.duplicates import Identity
from clinic.policies.phones import Phone

LONGEST = {"given_name": 80, "family_name": 80, "email": 254}


@dataclass(frozen=True, slots=True)
class PatientData:
    """What is known of a patient. Phones are E.164 (+14155550123) or empty; `language` is a code of settings.LANGUAGES."""

    given_name: str
    family_name: str
    birth_date: dt.date
    sex: str = Sex.UNKNOWN
    mobile: str = ""
    other_phone: str = ""
    email: str = ""
    preferred_channel: str = Channel.EMAIL
    reminders_consent: bool = False
    language: str = "en"
    notes: str = ""

    @property
    def identity(self) -> Identity:
        return Identity(
            words=names.words_of(self.given_name, self.family_name),
            birth_date=self.birth_date,
            email=self.email,
            phones=frozenset(filter(None, (self.mobile, self.other_phone))),
        )


def current(patient_id: UUID, version: int | None = None) -> Patient:
    """The row as it stands now that it is locked."""
    patient = Patient.objects.filter(pk=patient_id).first()
    if patient is None:
        raise NotFound(_("There is no such patient."))
    if patient.erased_at is not None:
        raise IllegalMove(_("This record was erased. Nothing can be changed in it any more."))
    if version is not None and patient.version != version:
        raise StaleVersion(
            _("Somebody else saved this record while your form was open. Nothing of yours was saved yet."),
            current_version=patient.version,
        )
    return patient


def checked_phones(data: PatientData) -> dict[int, Phone]:
    """Refuse what no form should have let through; the phones by position."""
    for field in ("given_name", "family_name", "email"):
        value = getattr(data, field)
        if text.has_control_characters(value):
            raise InvalidInput(_("Line breaks and control characters cannot be part of this."), field=field)
        if len(value) > LONGEST[field]:
            raise InvalidInput(_("This is too long."), field=field)
    if not data.given_name.strip() or not data.family_name.strip():
        raise InvalidInput(_("A patient needs a given name and a family name."), field="given_name")
    if "\x00" in data.notes or len(data.notes) > 2000:
        raise InvalidInput(_("At most 2,000 characters."), field="notes")
    # One day of grace: somewhere it is tomorrow already, and records do not know a site.
    if not dates.is_plausible_birth(data.birth_date, today=clock.now().date() + dt.timedelta(days=1)):
        raise InvalidInput(_("A date of birth lies between 1900 and today."), field="birth_date")
    return {
        position: _phone(value, field)
        for position, (field, value) in enumerate(
            (("mobile", data.mobile), ("other_phone", data.other_phone))
        )
        if value
    }


def _phone(value: str, field: str) -> Phone:
    try:
        return phones.parse(value)
    except phones.NotAPhone:
        raise InvalidInput(_("This is no phone number that could be dialled."), field=field) from None


def write_phones(patient: Patient, numbers: dict[int, Phone]) -> None:
    wanted = {phone.e164: (position, phone) for position, phone in reversed(numbers.items())}
    patient.phones.exclude(e164__in=wanted).delete()
    kept = {phone.e164: phone for phone in patient.phones.all()}
    for e164, (position, phone) in wanted.items():
        if e164 not in kept:
            patient.phones.create(position=position, e164=e164, national=phone.national)
        elif kept[e164].position != position:
            patient.phones.filter(e164=e164).update(position=position)


def write_name_words(patient: Patient) -> None:
    """Keep the words by which the patient is found, and their place in lists. Words that nobody bears any more stay:
    they point to nobody."""
    words = sorted(names.words_of(patient.given_name, patient.family_name))
    sort = names.sort_key(patient.given_name, patient.family_name, patient.birth_date)
    NameWord.objects.bulk_create([NameWord(word=word) for word in words], ignore_conflicts=True)
    keys = list(NameWord.objects.filter(word__in=words).values_list("pk", flat=True))
    patient.name_words.exclude(word_id__in=keys).delete()
    PatientNameWord.objects.bulk_create(
        [PatientNameWord(word_id=key, patient=patient, sort=sort) for key in keys],
        update_conflicts=True,
        update_fields=["sort"],
        unique_fields=["word", "patient"],
    )


def household_of(patient_id: UUID) -> Household:
    """The household of a locked patient; a new one when they had none."""
    other = current(patient_id)
    if other.household is None:
        other.household = Household.objects.create(created_at=clock.now())
        other.version += 1
        other.save(update_fields=["household", "version"])
    return other.household


def join_household(patient: Patient, household: Household) -> None:
    """Into this household, together with everybody the patient lived with so far."""
    if patient.household_id is not None and patient.household_id != household.pk:
        Patient.objects.filter(household_id=patient.household_id).exclude(pk=patient.pk).update(
            household=household
        )
    patient.household = household


def next_record_number() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('clinic_record_number')")
        return f"P-{cursor.fetchone()[0]:06d}"
