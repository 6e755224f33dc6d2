"""Finding a patient while typing: by name (`bearers`), birth date, phone or record number."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.db.models import Q

from clinic.models import Patient, PatientPhone
from clinic.policies import dates, names, phones
from clinic.selectors import bearers

Kind = Literal["none", "name", "birth_date", "number"]

_PHONES_TRIED = 400
"""Patients whose phone begins with the digits, before they are ordered: three digits match tens of thousands."""

_RECORD_NUMBER = re.compile(r"(?:p\s*-?\s*)?(\d{3,12})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought, best first, and what kind of search it was (for the audit: never the text)."""

    kind: Kind
    patients: Sequence[Patient]


def search_patients(text: str, limit: int = 20) -> Sequence[Patient]:
    return find_patients(text, limit=limit).patients


def find_patients(text: str, *, limit: int = 20) -> Found:
    """At most `limit` patients in a fixed number of statements for each kind of search. Erased ones only by record number."""
    text = text.strip()[:100].replace("\x00", "")
    if days := dates.birth_dates_asked(text):
        return Found("birth_date", _patients_by(Q(birth_date__in=days, erased_at__isnull=True), limit))
    if numbers := _by_number(text):
        return Found("number", _patients_by(numbers, limit))
    if words := names.words_asked(text):
        return Found("name", _by_name(words, limit))
    return Found("none", [])


def _patients_by(condition: Q, limit: int) -> Sequence[Patient]:
    return list(
        Patient.objects.filter(condition).order_by("family_name", "given_name", "birth_date", "pk")[:limit]
    )


def _by_number(text: str) -> Q | None:
    """A record number or the beginning of a phone number; digits alone may be either."""
    record = _RECORD_NUMBER.fullmatch(text)
    digits = phones.digits_asked(text)
    if not record and not digits:
        return None
    condition = Q(pk__in=[])
    if record:
        condition |= Q(record_number__startswith=f"P-{record[1]}") | Q(record_number=f"P-{record[1]:0>6}")
    if digits:
        # The keys first: a subquery beside an OR would read the whole table.
        numbers = PatientPhone.objects.filter(
            Q(national__startswith=digits) | Q(e164__startswith=f"+{digits}")
        )
        condition |= Q(pk__in=list(numbers.values_list("patient_id", flat=True)[:_PHONES_TRIED]))
    return condition


def _by_name(words: Sequence[str], limit: int) -> Sequence[Patient]:
    ranked = bearers.of_words(words, limit)
    patients = Patient.objects.filter(erased_at__isnull=True).in_bulk(ranked)
    return [patients[key] for key in ranked if key in patients]


def day_of(text: str) -> dt.date | None:
    """The one day that a text means, for filling a new patient's form from a search that found nobody."""
    days = dates.birth_dates_asked(text)
    return days[0] if len(days) == 1 else None
