"""Finding a patient while typing: by name, birth date, phone or record number.

Quick at a million patients because misspellings are sought among the distinct folded words of all names
(`name_word_trigrams`), and the words found lead to patients by B-tree.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Q

from clinic.models import Patient, PatientPhone
from clinic.policies import dates, names, phones

Kind = Literal["none", "name", "birth_date", "number"]

ALIKE = 0.3
"""pg_trgm's similarity from which a word counts as a misspelling of the one asked for."""
_WORDS_EACH = 200
"""Words that one typed word may stand for; exact and prefix matches come first."""
_PATIENTS_RANKED = 400
"""Patients that are found before they are ordered: two letters match tens of thousands."""
_ENOUGH = 20_000
"""Bearers from which on a word counts as common, without counting further."""

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
        condition |= Q(pk__in=list(numbers.values_list("patient_id", flat=True)[:_PATIENTS_RANKED]))
    return condition


def _by_name(words: Sequence[str], limit: int) -> Sequence[Patient]:
    """Patients who bear every word, the words themselves before their beginnings, these before misspellings."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Local to this transaction: the threshold decides what the index on trigrams returns. JIT costs more than it saves.
        cursor.execute(
            "SELECT set_config('pg_trgm.similarity_threshold', %s, true), set_config('jit', 'off', true)",
            [str(ALIKE)],
        )
        meant = _words_meant(cursor, words)
        ranked = _bearers(cursor, meant, limit) if all(meant) else []
    patients = Patient.objects.in_bulk(ranked)
    return [patients[key] for key in ranked if key in patients]


_MEANT = """
(SELECT %s AS at, id, CASE WHEN word = %s THEN 0 WHEN word LIKE %s THEN 1 ELSE 3 - similarity(word, %s) END AS rank
 FROM clinic_nameword WHERE word LIKE %s OR (%s AND word %% %s) ORDER BY rank, word LIMIT %s)"""

_COMMON = "(SELECT count(*) FROM (SELECT FROM clinic_patientnameword WHERE word_id = ANY(%s::bigint[]) LIMIT %s) borne)"

_EXACTLY = "SELECT patient_id FROM clinic_patientnameword WHERE word_id = ANY(%s::bigint[])"

_CANDIDATES = """
SELECT borne.patient_id FROM unnest(%s::bigint[]) word(id)
CROSS JOIN LATERAL (SELECT patient_id FROM clinic_patientnameword WHERE word_id = word.id) borne {also}"""

_ALSO = """
 CROSS JOIN LATERAL (SELECT FROM clinic_patientnameword other
   WHERE other.patient_id = borne.patient_id AND other.word_id = ANY(%s::bigint[]) LIMIT 1) also{at}"""

_RANK = """
(SELECT min(known.rank) FROM unnest(%s::bigint[], %s::float8[]) known(id, rank)
 JOIN clinic_patientnameword x ON x.word_id = known.id WHERE x.patient_id = p.id)"""

_BEST = """
SELECT p.id FROM clinic_patient p WHERE p.erased_at IS NULL AND p.id IN (
  SELECT patient_id FROM (({exact}) UNION ALL ({any})) found LIMIT %s)
ORDER BY {rank}, p.family_name, p.given_name, p.birth_date, p.id LIMIT %s"""


def _words_meant(cursor: CursorWrapper, words: Sequence[str]) -> list[list[tuple[int, float]]]:
    """For each typed word the (key, rank) of the words it may stand for, the best first."""
    parameters: list[Any] = []
    for at, word in enumerate(words):
        parameters += [at, word, f"{word}%", word, f"{word}%", len(word) > 2, word, _WORDS_EACH]
    known = " UNION ALL ".join(_MEANT for _word in words)
    cursor.execute(f"SELECT at, id, rank FROM ({known}) known ORDER BY at, rank, id", parameters)  # noqa: S608 - our own text
    meant: list[list[tuple[int, float]]] = [[] for _word in words]
    for at, key, rank in cursor.fetchall():
        meant[at].append((key, rank))
    return meant


def _bearers(cursor: CursorWrapper, meant: Sequence[Sequence[tuple[int, float]]], limit: int) -> list[UUID]:
    """Start from the rarest word and look for the others at each of its bearers; stop when there are enough to rank.

    Those who bear exactly what was typed are sought first, so that they are never cut off.
    """
    keys = [[key for key, _rank in known] for known in meant]
    counts: list[Any] = [value for known in keys for value in (known, _ENOUGH)]
    cursor.execute(f"SELECT {', '.join(_COMMON for _word in keys)}", counts)
    order = sorted(range(len(keys)), key=list(cursor.fetchone() or ()).__getitem__)
    meant = [meant[at] for at in order]

    parameters: list[Any] = [[key for key, rank in known if rank == 0] for known in meant]
    parameters += [[key for key, _rank in known] for known in meant]
    parameters.append(_PATIENTS_RANKED)
    for known in meant:
        parameters += [[key for key, _rank in known], [float(rank) for _key, rank in known]]
    statement = _BEST.format(
        exact=" INTERSECT ".join(_EXACTLY for _word in meant),
        any=_CANDIDATES.format(also="".join(_ALSO.format(at=at) for at in range(1, len(meant)))),
        rank=" + ".join(_RANK for _word in meant),
    )
    cursor.execute(statement, [*parameters, limit])
    return [row[0] for row in cursor.fetchall()]


def day_of(text: str) -> dt.date | None:
    """The one day that a text means, for filling a new patient's form from a search that found nobody."""
    days = dates.birth_dates_asked(text)
    return days[0] if len(days) == 1 else None
