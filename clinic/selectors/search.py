"""Finding a patient while typing: by name, birth date, phone or record number.

Quick at a million patients because misspellings are sought among the distinct folded words of all names
(`name_word_trigrams`), and the words found lead to patients by B-tree.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from clinic.models import Patient, PatientPhone
from clinic.policies import dates, names, phones

Kind = Literal["none", "name", "birth_date", "number"]

ALIKE = 0.4
"""pg_trgm's similarity from which a word counts as a misspelling of the one asked for."""
_WORDS_EACH = 200
"""Words that one typed word may stand for; exact and prefix matches come first."""
_PATIENTS_RANKED = 400
"""Patients that a single typed word may bring before they are ordered: two letters match tens of thousands."""

_RECORD_NUMBER = re.compile(r"(?:p\s*-?\s*)?(\d{3,12})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought, best first, and what kind of search it was (for the audit: never the text)."""

    kind: Kind
    patients: Sequence[Patient]


def search_patients(text: str, limit: int = 20) -> Sequence[Patient]:
    return find_patients(text, limit=limit).patients


def find_patients(text: str, *, limit: int = 20) -> Found:
    """At most `limit` patients in three statements or fewer, whatever is typed. Erased ones only by record number."""
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
        condition |= Q(pk__in=list(numbers.values_list("patient_id", flat=True)[:_PATIENTS_RANKED]))
    return condition


def _by_name(words: Sequence[str], limit: int) -> Sequence[Patient]:
    statement, parameters = _ranking(words)
    with transaction.atomic(), connection.cursor() as cursor:
        # Local to this transaction: the threshold decides what the index on trigrams returns. JIT costs more than it saves.
        cursor.execute(
            "SELECT set_config('pg_trgm.similarity_threshold', %s, true), set_config('jit', 'off', true)",
            [str(ALIKE)],
        )
        cursor.execute(statement, [*parameters, limit])
        ranked: list[UUID] = [row[0] for row in cursor.fetchall()]
    patients = Patient.objects.in_bulk(ranked)
    return [patients[key] for key in ranked if key in patients]


_WORD = """
w{at} AS MATERIALIZED (
  SELECT id, CASE WHEN word = %s THEN 0 WHEN word LIKE %s THEN 1 ELSE 3 - similarity(word, %s) END AS rank
  FROM clinic_nameword WHERE word LIKE %s OR (%s AND word %% %s) ORDER BY rank, word LIMIT {words})"""

_BEARERS = """
m{at} AS (
  SELECT borne.patient_id, min(w{at}.rank) AS rank
  FROM w{at} JOIN clinic_patientnameword borne ON borne.word_id = w{at}.id GROUP BY borne.patient_id)"""

_FIRST_BEARERS = """
m0 AS (
  SELECT patient_id, min(rank) AS rank FROM (
    SELECT borne.patient_id, w.rank FROM (SELECT id, rank FROM w0 ORDER BY rank) w
    CROSS JOIN LATERAL (SELECT patient_id FROM clinic_patientnameword WHERE word_id = w.id LIMIT {patients}) borne
    LIMIT {patients}) first
  GROUP BY patient_id)"""

_BEST = """
WITH {tables} SELECT p.id
FROM (SELECT patient_id, {rank} AS rank FROM {matches} ORDER BY rank LIMIT {patients}) best
JOIN clinic_patient p ON p.id = best.patient_id AND p.erased_at IS NULL
ORDER BY best.rank, p.family_name, p.given_name, p.birth_date, p.id LIMIT %s"""


def _ranking(words: Sequence[str]) -> tuple[str, list[str | bool | int]]:
    """SQL that ranks patients who match every word: the words themselves, then beginnings, then misspellings.

    Only our own names and limits are formatted into it; what was typed goes in as parameters. A single
    short word can match tens of thousands, so that the bearers of its best words are taken and no more.
    """
    limits = {"words": _WORDS_EACH, "patients": _PATIENTS_RANKED}
    bearers = _FIRST_BEARERS if len(words) == 1 else _BEARERS
    tables = [_WORD.format(at=at, **limits) for at in range(len(words))]
    tables += [bearers.format(at=at, **limits) for at in range(len(words))]
    statement = _BEST.format(
        tables=",".join(tables),
        rank=" + ".join(f"m{at}.rank" for at in range(len(words))),
        matches="m0" + "".join(f" JOIN m{at} USING (patient_id)" for at in range(1, len(words))),
        **limits,
    )
    parameters: list[str | bool | int] = []
    for word in words:
        parameters += [word, f"{word}%", word, f"{word}%", len(word) > 2, word]
    return statement, parameters


def day_of(text: str) -> dt.date | None:
    """The one day that a text means, for filling a new patient's form from a search that found nobody."""
    days = dates.birth_dates_asked(text)
    return days[0] if len(days) == 1 else None
