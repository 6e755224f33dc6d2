"""Finding one patient among a million, by what callers say: drawn from the data itself, each class with its own line."""

import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from django.db import connection

from clinic.selectors import search
from tests.bench.clocked import Row, percentile, row, timings
from tests.factories.scheduling import House

EACH = 40
P95_MS = 15
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

Person = tuple[str, str, str, str]
"""Given name, family name, birth date, a phone number's national digits."""


def patient_search(_measured: House) -> Iterator[Row]:
    """p50, p95 and the slowest of each class, then of all together; after one search of each class as a warm-up."""
    chance = random.Random(7)
    everything: list[float] = []
    for name, texts in _classes(chance).items():
        search.find_patients(texts[-1])
        taken = timings([partial(search.find_patients, text) for text in texts])
        everything += taken
        yield _line(f"patient_search_{name}", taken)
    yield _line("patient_search", everything)


def _line(name: str, taken: Sequence[float]) -> Row:
    note = f"p95 of {len(taken)} searches; p50 {percentile(taken, 0.5):.1f} ms, slowest {max(taken):.1f} ms"
    return row(name, percentile(taken, 0.95), "ms", at_most=P95_MS, note=note)


def _classes(chance: random.Random) -> dict[str, list[str]]:
    people = _people(EACH * 2)
    some: Callable[[], list[Person]] = lambda: chance.sample(people, EACH)  # noqa: E731
    given, family = _most_borne(12)
    return {
        "name": [f"{one[0]} {one[1]}" if at % 2 else one[1] for at, one in enumerate(some())],
        "beginning": [f"{one[1][: 3 + at % 3]} {one[0][: 1 + at % 4]}" for at, one in enumerate(some())],
        "misspelt": [_misspelt(one[1], chance) for one in some()],
        "misspelt_both": [f"{_misspelt(one[0], chance)} {_misspelt(one[1], chance)}" for one in some()],
        "phone": [one[3] if at % 2 else f"0{one[3][: 6 + at % 4]}" for at, one in enumerate(some())],
        "birth_date": [one[2] for one in some()],
        "common_words": [f"{chance.choice(given)} {chance.choice(family)}" for _ in range(EACH)],
        "common_word": [chance.choice(given + family) for _ in range(EACH)],
        "two_letters": [one[at % 2][:2] for at, one in enumerate(some())],
    }


def _misspelt(word: str, chance: random.Random) -> str:
    """One letter wrong, missing, doubled, or two exchanged."""
    at = chance.randrange(1, max(2, len(word) - 1))
    return chance.choice(
        [
            word[:at] + chance.choice(_LETTERS) + word[at + 1 :],
            word[:at] + word[at + 1 :],
            word[:at] + word[at : at + 1] + word[at:],
            word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :],
        ]
    )


def _people(count: int) -> list[Person]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT split_part(given_name, ' ', 1), split_part(family_name, '-', 1), birth_date::text, national"
            " FROM clinic_patient p JOIN clinic_patientphone ON patient_id = p.id AND position = 0"
            " WHERE p.id >= (SELECT id FROM clinic_patient ORDER BY id OFFSET 100 LIMIT 1) AND length(family_name) > 3"
            " ORDER BY reverse(record_number) LIMIT %s",
            [count],
        )
        return [(str(a), str(b), str(c), str(d)) for a, b, c, d in cursor.fetchall()]


def _most_borne(count: int) -> tuple[list[str], list[str]]:
    """The given and the family names that most patients bear."""
    found = []
    with connection.cursor() as cursor:
        for column in ("given_name", "family_name"):
            cursor.execute(
                f"SELECT {column} FROM clinic_patient GROUP BY 1 ORDER BY count(*) DESC LIMIT %s",
                [count],
            )
            found.append([str(name) for (name,) in cursor.fetchall()])
    return found[0], found[1]
