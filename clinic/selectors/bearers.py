"""From typed words to patients: the words meant, and in the order of names who bears one for each.

Quick at a million patients because all words that one slip could have meant are looked up at once, others are sought
by trigrams among the distinct folded words and only where nobody was found, and the bearers of a word stand in the
order in which they are shown (`bearers_in_order`): of two words that tens of thousands bear, two ordered lists are
walked until enough patients stand in both.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from clinic.policies import names

ALIKE = 0.3
"""pg_trgm's similarity from which a word may be a misspelling of the one asked for by more than one slip."""
MISSPELT = 10.0
"""What a misspelt word adds to a rank: those who need none come first, whatever else they differ in."""
WORDS_EACH = 200
"""Words that one typed word may begin, short before long, and words that it may misspell by one slip, like before unlike."""
FEW = 5
"""Where at least as many bear the words themselves or longer ones, nobody is asked for whose words are a slip away."""
ALIKE_EACH = 20
"""Words that it may misspell by more than one."""
RANKED = 60
"""Where several words are misspelt or not finished and more patients than this fit, the first of the rarest are ranked."""
_BEGINNINGS = 5_000
"""Words with one beginning that are looked at: a single letter begins tens of thousands."""
_LOOKED_AT = 2_000
"""Bearers of the rarest word that are looked at for the others: bounds the time where words hardly ever meet."""
_TOO_SHORT = 2
"""Letters that say too little to be a misspelling of something."""
_ENOUGH = (400, 4_000)
"""Bearers from which on a word counts as common, without counting further; further where that leaves it open."""

Meant = list[tuple[int, float]]
"""(key, rank) of the words that one typed word may stand for, the best first; rank 0 is the word itself."""

_THEMSELVES = "SELECT word, id FROM clinic_nameword WHERE word = ANY(%s)"

_BEGUN = """
(SELECT %s AS at, id, CASE WHEN word = %s THEN 0 ELSE 1 END AS rank, length(word) AS letters, word
 FROM (SELECT id, word FROM clinic_nameword WHERE word LIKE %s LIMIT %s) begun ORDER BY rank, letters, word LIMIT %s)"""

_SLIPPED = """
(SELECT %s AS at, id, %s - similarity(word, %s) AS rank, length(word) AS letters, word
 FROM clinic_nameword WHERE word = ANY(%s) AND word NOT LIKE %s ORDER BY rank, letters, word LIMIT %s)"""

_MISSPELT = """
(SELECT %s AS at, id, %s - similarity(word, %s) AS rank, length(word) AS letters, word
 FROM clinic_nameword WHERE word %% %s AND word NOT LIKE %s ORDER BY rank, letters, word LIMIT %s)"""

_IN_ORDER = "SELECT at, id, rank FROM ({known}) known ORDER BY at, rank, letters, word"

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
looked_at AS (
  SELECT borne.patient_id, borne.sort FROM unnest(%s::bigint[]) rarest(id)
  CROSS JOIN LATERAL (SELECT patient_id, sort FROM clinic_patientnameword WHERE word_id = rarest.id
                      ORDER BY sort, patient_id) borne
  LIMIT %s),
found AS MATERIALIZED (SELECT own.patient_id, own.sort FROM looked_at own {others} WHERE {maybe} LIMIT %s)
SELECT patient_id FROM (
  SELECT found.patient_id, found.sort, known.at, min(known.rank) AS rank
  FROM (SELECT DISTINCT patient_id, sort FROM found) found
  JOIN clinic_patientnameword borne USING (patient_id) JOIN known ON known.id = borne.word_id + 0
  GROUP BY 1, 2, 3) word
GROUP BY patient_id, sort ORDER BY sum(rank), sort, patient_id LIMIT %s"""

# LIMIT keeps it a look at each bearer in turn: as a plain join the others' bearers would all be gathered first. The sum
# keeps the list of words a filter: as a condition of the index it is prepared anew for each bearer, 40 microseconds.
# So it does above: from the words the planner would gather all who bear one, from the patients found it is a few rows.
_ALSO = """
  CROSS JOIN LATERAL (SELECT FROM clinic_patientnameword other
    WHERE other.patient_id = own.patient_id AND other.word_id + 0 = ANY(%s::bigint[]) LIMIT 1) also{at}"""

# Most bearers of one word fall out by the text of their name, which is at hand: ten times cheaper than to look up their
# words, as is done for those whom it lets through.
_MAYBE = "(own.sort ~ %s OR octet_length(own.sort) >= %s)"


def of_words(words: Sequence[str], limit: int) -> list[UUID]:
    """Keys of patients who bear every word: first those who bear the words themselves, then those who bear longer ones
    with these beginnings, then those of whose words these are one slip away; each in the order of names. Longer words are only asked for
    while there is room, slips only where few were found, words that are merely alike only where nobody was.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # Local to this transaction: the threshold decides what the index on trigrams returns. JIT costs more than it saves.
        cursor.execute(
            "SELECT set_config('pg_trgm.similarity_threshold', %s, true), set_config('jit', 'off', true)",
            [str(ALIKE)],
        )
        found = _exactly(cursor, words, limit)
        meant: list[Meant] = [[] for _word in words]
        stages = (
            (_begun, limit, names.begun_in),
            (_slipped, min(FEW, limit), _maybe_slipped),
            (_alike, 1, None),
        )
        for more, room, pattern in stages:
            if len(found) < room and any(new := more(cursor, words)):
                meant = [known + other for known, other in zip(meant, new, strict=True)]
                patterns = [pattern(word) for word in words] if pattern else []
                found = list(dict.fromkeys(found + _bearers(cursor, meant, patterns, limit)))
        return found[:limit]


def _begun(cursor: CursorWrapper, words: Sequence[str]) -> list[Meant]:
    """The words themselves, and those that begin with them."""
    parameters: list[Any] = []
    for at, word in enumerate(words):
        parameters += [at, word, f"{word}%", _BEGINNINGS, WORDS_EACH]
    return _words(cursor, [_BEGUN] * len(words), parameters, len(words))


def _slipped(cursor: CursorWrapper, words: Sequence[str]) -> list[Meant]:
    """Words of which these are one slip away."""
    long = _long(words)
    parameters: list[Any] = []
    for at, word in long:
        parameters += [at, MISSPELT + 1, word, list(names.slips(word)), f"{word}%", WORDS_EACH]
    return _words(cursor, [_SLIPPED] * len(long), parameters, len(words))


def _alike(cursor: CursorWrapper, words: Sequence[str]) -> list[Meant]:
    """Words that look like these."""
    long = _long(words)
    parameters: list[Any] = []
    for at, word in long:
        parameters += [at, MISSPELT + 1, word, word, f"{word}%", ALIKE_EACH]
    return _words(cursor, [_MISSPELT] * len(long), parameters, len(words))


def _maybe_slipped(word: str) -> str:
    """What the names look like in which a word is meant, slips included."""
    return names.slipped_in(word) if len(word) > _TOO_SHORT else names.begun_in(word)


def _long(words: Sequence[str]) -> list[tuple[int, str]]:
    """With their places, those that can be misspelt: of three letters and more, fewer say nothing."""
    return [(at, word) for at, word in enumerate(words) if len(word) > _TOO_SHORT]


def _words(cursor: CursorWrapper, parts: Sequence[str], parameters: list[Any], count: int) -> list[Meant]:
    meant: list[Meant] = [[] for _at in range(count)]
    if parts:
        statement = _IN_ORDER.format(known=" UNION ALL ".join(parts))
        cursor.execute(statement, parameters)
        for at, key, rank in cursor.fetchall():
            meant[at].append((key, float(rank)))
    return meant


def _exactly(cursor: CursorWrapper, words: Sequence[str], limit: int) -> list[UUID]:
    """Those who bear just the typed words. Nobody else comes before them, however many there are."""
    cursor.execute(_THEMSELVES, [list(words)])
    known = dict(cursor.fetchall())
    if len(known) < len(words):
        return []
    others = "".join(_ALSO_EXACTLY.format(name=f"other{at}") for at in range(1, len(words)))
    cursor.execute(_EXACTLY.format(others=others), [*(known[word] for word in words), limit])
    return _keys(cursor)


def _bearers(
    cursor: CursorWrapper, meant: Sequence[Meant], patterns: Sequence[str], limit: int
) -> list[UUID]:
    """`patterns` are what the name of a bearer matches, by typed word; none where that cannot be said."""
    if not all(meant):
        return []
    if len(meant) == 1:
        return _of_one_word(cursor, meant[0], limit)
    return _of_several(cursor, meant, patterns, limit)


def _of_one_word(cursor: CursorWrapper, meant: Meant, limit: int) -> list[UUID]:
    """The first of each word it may stand for: among these are the first of all."""
    cursor.execute(_OF_ONE_WORD, [*_columns(meant), limit, limit])
    return _keys(cursor)


def _of_several(
    cursor: CursorWrapper, meant: Sequence[Meant], patterns: Sequence[str], limit: int
) -> list[UUID]:
    """Start from the rarest typed word, look for the others at each of its bearers, stop when there are enough to rank."""
    keys = [[key for key, _rank in known] for known in meant]
    rarest = _rarest(cursor, keys)
    rows = [(at, *word) for at, known in enumerate(meant) for word in known]
    others = [known for at, known in enumerate(keys) if at != rarest]
    maybe = [pattern for at, pattern in enumerate(patterns) if at != rarest]
    statement = _OF_SEVERAL.format(
        others="".join(_ALSO.format(at=at) for at in range(len(others))),
        maybe=" AND ".join([_MAYBE] * len(maybe)) or "true",
    )
    columns = [list(column) for column in zip(*rows, strict=True)]
    asked = [value for pattern in maybe for value in (pattern, names.LONGEST_SORT_KEY)]
    cursor.execute(statement, [*columns, keys[rarest], _LOOKED_AT, *others, *asked, RANKED, limit])
    return _keys(cursor)


def _rarest(cursor: CursorWrapper, keys: Sequence[list[int]]) -> int:
    """Which of the typed words has the fewest bearers, all words counted that it may stand for."""
    counts: list[int] = []
    for enough in _ENOUGH:
        parameters: list[Any] = [value for known in keys for value in (known, enough)]
        cursor.execute(f"SELECT {', '.join(_COMMON for _word in keys)}", parameters)
        counts = list(cursor.fetchone() or ())
        if min(counts) < enough:
            break
    return min(range(len(keys)), key=counts.__getitem__)


def _columns(meant: Meant) -> tuple[list[int], list[float]]:
    return [key for key, _rank in meant], [rank for _key, rank in meant]


def _keys(cursor: CursorWrapper) -> list[UUID]:
    return [row[0] for row in cursor.fetchall()]
