"""From typed words to patients: the words meant, and in the order of names who bears one for each.

Quick at a million patients because misspellings are sought among the distinct folded words (`name_word_trigrams`),
and the bearers of a word stand in the order in which they are shown (`bearers_in_order`): of two words that tens of
thousands bear, two ordered lists are walked until enough patients stand in both.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

ALIKE = 0.3
"""pg_trgm's similarity from which a word counts as a misspelling of the one asked for."""
WORDS_EACH = 200
"""Words that one typed word may stand for; itself and its beginnings come first, short before long."""
RANKED = 100
"""Where words are misspelt or not finished and more patients than this fit, the first of the rarest word are ranked."""
_ENOUGH = 20_000
"""Bearers from which on a word counts as common, without counting further."""

Meant = list[tuple[int, float]]
"""(key, rank) of the words that one typed word may stand for, the best first; rank 0 is the word itself."""

_MEANT = """
(SELECT %s AS at, id, CASE WHEN word = %s THEN 0 WHEN word LIKE %s THEN 1 ELSE 3 - similarity(word, %s) END AS rank,
   length(word) AS letters, word
 FROM clinic_nameword WHERE word LIKE %s OR (%s AND word %% %s) ORDER BY rank, letters, word LIMIT %s)"""

_COMMON = "(SELECT count(*) FROM (SELECT FROM clinic_patientnameword WHERE word_id = ANY(%s::bigint[]) LIMIT %s) borne)"

_EXACTLY = """
SELECT patient_id FROM (SELECT sort, patient_id FROM clinic_patientnameword WHERE word_id = %s) first {others}
ORDER BY sort, patient_id LIMIT %s"""

_ALSO_EXACTLY = """
JOIN (SELECT sort, patient_id FROM clinic_patientnameword WHERE word_id = %s) {name} USING (sort, patient_id)"""

_OF_ONE_WORD = """
SELECT patient_id FROM (
  SELECT patient_id, sort, min(rank) AS rank FROM unnest(%s::bigint[], %s::float8[]) known(id, rank)
  CROSS JOIN LATERAL (SELECT patient_id, sort FROM clinic_patientnameword WHERE word_id = known.id
                      ORDER BY sort, patient_id LIMIT %s) borne
  GROUP BY patient_id, sort) best
ORDER BY rank, sort, patient_id LIMIT %s"""

_OF_SEVERAL = """
WITH known AS (SELECT * FROM unnest(%s::int[], %s::bigint[], %s::float8[]) known(at, id, rank)),
found AS MATERIALIZED (
  SELECT borne.patient_id, borne.sort FROM unnest(%s::bigint[]) rarest(id)
  CROSS JOIN LATERAL (
    SELECT patient_id, sort FROM clinic_patientnameword own WHERE word_id = rarest.id {others}
    ORDER BY sort, patient_id) borne
  LIMIT %s)
SELECT patient_id FROM (
  SELECT found.patient_id, found.sort, known.at, min(known.rank) AS rank
  FROM (SELECT DISTINCT patient_id, sort FROM found) found
  JOIN clinic_patientnameword borne USING (patient_id) JOIN known ON known.id = borne.word_id
  GROUP BY 1, 2, 3) word
GROUP BY patient_id, sort ORDER BY sum(rank), sort, patient_id LIMIT %s"""

_ALSO = """
AND EXISTS (SELECT FROM clinic_patientnameword other
            WHERE other.patient_id = own.patient_id AND other.word_id = ANY(%s::bigint[]))"""


def of_words(words: Sequence[str], limit: int) -> list[UUID]:
    """Keys of patients who bear every word, the words themselves before beginnings, these before misspellings; then
    in the order of names."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Local to this transaction: the threshold decides what the index on trigrams returns. JIT costs more than it saves.
        cursor.execute(
            "SELECT set_config('pg_trgm.similarity_threshold', %s, true), set_config('jit', 'off', true)",
            [str(ALIKE)],
        )
        meant = _words_meant(cursor, words)
        if not all(meant):
            return []
        if len(meant) == 1:
            return _of_one_word(cursor, meant[0], limit)
        exact = _exactly(cursor, meant, limit)
        if len(exact) == limit:
            return exact
        return list(dict.fromkeys(exact + _of_several(cursor, meant, limit)))[:limit]


def _words_meant(cursor: CursorWrapper, words: Sequence[str]) -> list[Meant]:
    parameters: list[Any] = []
    for at, word in enumerate(words):
        parameters += [at, word, f"{word}%", word, f"{word}%", len(word) > 2, word, WORDS_EACH]
    known = " UNION ALL ".join(_MEANT for _word in words)
    cursor.execute(f"SELECT at, id, rank FROM ({known}) known ORDER BY at, rank, letters, word", parameters)  # noqa: S608 - our own text
    meant: list[Meant] = [[] for _word in words]
    for at, key, rank in cursor.fetchall():
        meant[at].append((key, rank))
    return meant


def _of_one_word(cursor: CursorWrapper, meant: Meant, limit: int) -> list[UUID]:
    """The first of each word it may stand for: among these are the first of all."""
    cursor.execute(_OF_ONE_WORD, [*_columns(meant), limit, limit])
    return _keys(cursor)


def _exactly(cursor: CursorWrapper, meant: Sequence[Meant], limit: int) -> list[UUID]:
    """Those who bear just the typed words. Nobody else comes before them, however many there are."""
    themselves = [known[0][0] for known in meant if known[0][1] == 0]
    if len(themselves) < len(meant):
        return []
    others = "".join(_ALSO_EXACTLY.format(name=f"other{at}") for at in range(1, len(meant)))
    cursor.execute(_EXACTLY.format(others=others), [*themselves, limit])
    return _keys(cursor)


def _of_several(cursor: CursorWrapper, meant: Sequence[Meant], limit: int) -> list[UUID]:
    """Start from the rarest typed word, look for the others at each of its bearers, stop when there are enough to rank."""
    keys = [[key for key, _rank in known] for known in meant]
    counts: list[Any] = [value for known in keys for value in (known, _ENOUGH)]
    cursor.execute(f"SELECT {', '.join(_COMMON for _word in keys)}", counts)
    common = list(cursor.fetchone() or ())
    rarest = min(range(len(keys)), key=common.__getitem__)
    rows = [(at, *word) for at, known in enumerate(meant) for word in known]
    others = [known for at, known in enumerate(keys) if at != rarest]
    statement = _OF_SEVERAL.format(others=_ALSO * len(others))
    cursor.execute(
        statement,
        [*(list(column) for column in zip(*rows, strict=True)), keys[rarest], *others, RANKED, limit],
    )
    return _keys(cursor)


def _columns(meant: Meant) -> tuple[list[int], list[float]]:
    return [key for key, _rank in meant], [float(rank) for _key, rank in meant]


def _keys(cursor: CursorWrapper) -> list[UUID]:
    return [row[0] for row in cursor.fetchall()]
