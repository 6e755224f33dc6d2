"""Patients, their phones, and the words by which they are found."""

from typing import Any

import psycopg

from clinic.policies import names as folding
from tests.bench.data import names
from tests.bench.data.scale import Scale

TABLES = ("clinic_patient", "clinic_patientphone", "clinic_nameword", "clinic_patientnameword")

_NAMES = "CREATE TEMP TABLE bench_name (n int, family boolean, name text, folded text, words text[])"

# Rank by a power of chance: the share of the n-th name falls as 1/n, as the names of a country do.
_PEOPLE = """
CREATE TEMP TABLE person AS
SELECT n, uuidv7() AS id,
       floor(power(%(given)s, random()))::int AS given, floor(power(%(family)s, random()))::int AS family,
       CASE WHEN random() < 0.12 THEN floor(power(%(given)s, random()))::int END AS second_given,
       CASE WHEN random() < 0.08 THEN floor(power(%(family)s, random()))::int END AS second_family,
       date '1928-01-01' + floor(random() * 28800)::int AS born,
       random() AS chance
FROM generate_series(1, %(patients)s) n"""

_PATIENTS = """
INSERT INTO clinic_patient (id, record_number, given_name, family_name, birth_date, sex, email, preferred_channel,
  reminders_consent, language, notes, created_at, version)
SELECT person.id, 'P-' || lpad(person.n::text, greatest(6, length(person.n::text)), '0'), concat_ws(' ', g.name, g2.name), concat_ws('-', f.name, f2.name),
       born, CASE WHEN chance < 0.5 THEN 'female' ELSE 'male' END,
       CASE WHEN chance < 0.85 THEN 'p' || person.n || '@mail.example' ELSE '' END, 'email', chance < 0.7,
       CASE WHEN chance < 0.2 THEN 'es' ELSE 'en' END, '', %(now)s - interval '2 years' * chance, 1
FROM person
JOIN bench_name g ON g.n = given AND NOT g.family
JOIN bench_name f ON f.n = person.family AND f.family
LEFT JOIN bench_name g2 ON g2.n = second_given AND NOT g2.family
LEFT JOIN bench_name f2 ON f2.n = second_family AND f2.family"""

_MOBILES = """
INSERT INTO clinic_patientphone (patient_id, position, e164, national)
SELECT id, 0, '+49' || number, number
FROM (SELECT id, '15' || lpad(floor(random() * 1e9)::text, 9, '0') AS number FROM person) mobile"""

_LANDLINES = """
INSERT INTO clinic_patientphone (patient_id, position, e164, national)
SELECT id, 1, '+49' || number, number
FROM (SELECT id, '30' || lpad(floor(random() * 1e8)::text, 8, '0') AS number FROM person WHERE chance < 0.25) landline"""

_WORDS = """
INSERT INTO clinic_nameword (word)
SELECT DISTINCT word FROM bench_name, unnest(words) word
WHERE (family AND n IN (SELECT family FROM person UNION ALL SELECT second_family FROM person))
   OR (NOT family AND n IN (SELECT given FROM person UNION ALL SELECT second_given FROM person))"""

# As `names.sort_key` writes it.
_BORNE = """
INSERT INTO clinic_patientnameword (word_id, sort, patient_id)
SELECT DISTINCT known.id, concat_ws('-', f.folded, f2.folded) || ', ' || concat_ws(' ', g.folded, g2.folded) || ' ' || born, person.id
FROM person
JOIN bench_name g ON g.n = person.given AND NOT g.family
JOIN bench_name f ON f.n = person.family AND f.family
LEFT JOIN bench_name g2 ON g2.n = second_given AND NOT g2.family
LEFT JOIN bench_name f2 ON f2.n = second_family AND f2.family
CROSS JOIN LATERAL (VALUES (person.given, false), (second_given, false), (person.family, true), (second_family, true))
  borne(rank, of_family)
JOIN bench_name name ON name.n = borne.rank AND name.family = borne.of_family
CROSS JOIN LATERAL unnest(name.words) piece
JOIN clinic_nameword known ON known.word = piece
ORDER BY 1, 2, 3"""


def load(owner: "psycopg.Connection[Any]", scale: Scale, now: Any) -> None:
    """Into bare tables. Leaves the temporary table `person`."""
    owner.execute(_NAMES)
    with owner.cursor().copy("COPY bench_name FROM STDIN") as copy:
        for is_family, made in (
            (False, names.given(scale.given_names)),
            (True, names.family(scale.family_names)),
        ):
            for number, name in enumerate(made, start=1):
                copy.write_row((number, is_family, name, folding.folded(name), list(folding.words_of(name))))
    values = {
        "given": scale.given_names,
        "family": scale.family_names,
        "patients": scale.patients,
        "now": now,
    }
    owner.execute(_PEOPLE, values)
    owner.execute("ANALYZE bench_name")
    owner.execute("ANALYZE person")
    owner.execute(_PATIENTS, values)
    owner.execute(_MOBILES)
    owner.execute(_LANDLINES)
    owner.execute(_WORDS)
    owner.execute("ANALYZE clinic_nameword")
    owner.execute(_BORNE)
    owner.execute("SELECT setval('clinic_record_number', %s)", [scale.patients])
