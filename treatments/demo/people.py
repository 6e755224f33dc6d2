"""Invented patients, their phones, households and contacts."""

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass

from clinic.enums import Channel, Sex
from clinic.models import Contact, Household, NameWord, Patient, PatientNameWord, PatientPhone
from clinic.policies import names as folding
from clinic.policies import phones
from clinic.services.patient_rows import next_record_number
from treatments.demo import names
from treatments.demo.names import Origin
from treatments.demo.rows import Rows

_AREA_CODES = (413, 508, 617, 774, 978)
_MAILBOXES = ("mail.example", "post.example", "home.example", "inbox.example")


@dataclass
class _Phones:
    """Numbers of the ranges kept for fiction (555-0100 to 555-0199 of an area code), each given once."""

    given: int = 1  # the first one is the site's

    def next(self) -> str:
        area, number = _AREA_CODES[self.given // 100], 100 + self.given % 100
        self.given += 1
        return f"+1{area}5550{number}"


def build(rng: random.Random, *, joined_on: Sequence[dt.datetime]) -> list[Patient]:
    """Write one patient for each of these moments of registration, which are in order."""
    rows, numbers = Rows(), _Phones()
    patients: list[Patient] = []
    origins: list[Origin] = []
    for (own_origin, own_family), joined in zip(names.families(rng, len(joined_on)), joined_on, strict=True):
        other = patients[-1] if patients and rng.random() < 0.12 and patients[-1].household is None else None
        origin, family = (origins[-1], other.family_name) if other else (own_origin, own_family)
        patient = _patient(rng, patients, origin, family, joined, household_with=other)
        patients.append(rows.add(patient))
        origins.append(origin)
        if other is not None:
            home = rows.add(Household(created_at=joined))
            patient.household = other.household = home
        shared = next((phone for phone in rows.of[PatientPhone] if phone.patient is other), None)
        _give_phones(rng, rows, patient, shared.e164 if shared else "", numbers)
        if rng.random() < 0.11:
            _contact(rng, rows, patient, origin, numbers)
    rows.write(Household, Patient, PatientPhone, Contact)
    _write_name_words(patients)
    return patients


def _patient(
    rng: random.Random,
    known: list[Patient],
    origin: Origin,
    family: str,
    joined: dt.datetime,
    *,
    household_with: Patient | None,
) -> Patient:
    sex = Sex.FEMALE if rng.random() < 0.54 else Sex.MALE
    if household_with is not None:
        sex = Sex.MALE if household_with.sex == Sex.FEMALE else Sex.FEMALE
    taken = {(one.given_name, one.family_name) for one in known}
    given = names.given(rng, origin, female=sex == Sex.FEMALE)
    while (given, family) in taken:
        given = names.given(rng, origin, female=sex == Sex.FEMALE)
    if rng.random() < 0.02:
        sex = rng.choice([Sex.OTHER, Sex.UNKNOWN])
    email = "" if rng.random() < 0.09 else _email(rng, given, family, {one.email for one in known})
    consent = rng.random() < 0.94
    return Patient(
        record_number=next_record_number(),
        given_name=given,
        family_name=family,
        birth_date=_birth_date(rng, joined, household_with),
        sex=sex,
        email=email,
        preferred_channel=Channel.EMAIL if email and rng.random() < 0.85 else Channel.PHONE,
        reminders_consent=consent,
        reminders_consent_at=joined if consent else None,
        language=origin.language if rng.random() < 0.6 else "en",
        notes=rng.choice(names.NOTES) if rng.random() < 0.12 else "",
        created_at=joined,
    )


def _birth_date(rng: random.Random, joined: dt.datetime, household_with: Patient | None) -> dt.date:
    """Ages 28 to 84 by the end of the two years, most around 55."""
    if household_with is not None:
        born = household_with.birth_date + dt.timedelta(days=rng.randrange(-1500, 1500))
        return min(max(born, dt.date(joined.year - 81, 6, 1)), dt.date(joined.year - 29, 6, 1))
    age = min(81, max(29, round(rng.gauss(55, 13))))
    return joined.date() - dt.timedelta(days=age * 365 + rng.randrange(30, 330))


def _email(rng: random.Random, given: str, family: str, taken: set[str]) -> str:
    words = _longest(family)
    first = _longest(given)
    styles = (
        f"{first}.{words}",
        f"{first[0]}.{words}",
        f"{words}{rng.randrange(10, 99)}",
        f"{first}{words[0]}",
    )
    address = f"{rng.choice(styles)}@{rng.choice(_MAILBOXES)}"
    while address in taken:
        address = f"{first}.{words}{rng.randrange(2, 999)}@{rng.choice(_MAILBOXES)}"
    return address


def _longest(name: str) -> str:
    return max(sorted(folding.words_of(name)), key=len)


def _give_phones(rng: random.Random, rows: Rows, patient: Patient, shared: str, numbers: _Phones) -> None:
    own = [shared or numbers.next()]
    if rng.random() < 0.15:
        own.append(numbers.next())
    for position, number in enumerate(own):
        rows.add(
            PatientPhone(
                patient=patient, position=position, e164=number, national=phones.parse(number).national
            )
        )


def _contact(rng: random.Random, rows: Rows, patient: Patient, origin: Origin, numbers: _Phones) -> None:
    relationship, name = names.relative(rng, origin, patient.family_name)
    first, *rest = name.split(" ", maxsplit=1)
    address = f"{_longest(first)}.{_longest(rest[0])}@{rng.choice(_MAILBOXES)}"
    rows.add(
        Contact(
            patient=patient,
            name=name,
            relationship=relationship,
            phone=numbers.next(),
            email=address,
            may_hear_details=rng.random() < 0.5,
            gets_mails=rng.random() < 0.4,
        )
    )


def _write_name_words(patients: list[Patient]) -> None:
    words = {patient: folding.words_of(patient.given_name, patient.family_name) for patient in patients}
    NameWord.objects.bulk_create(
        [NameWord(word=word) for word in sorted(set().union(*words.values()))], ignore_conflicts=True
    )
    keys = dict(NameWord.objects.values_list("word", "pk"))
    PatientNameWord.objects.bulk_create(
        PatientNameWord(
            word_id=keys[word],
            patient=patient,
            sort=folding.sort_key(patient.given_name, patient.family_name, patient.birth_date),
        )
        for patient, own in words.items()
        for word in sorted(own)
    )
