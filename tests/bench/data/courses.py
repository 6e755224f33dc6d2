"""Treated courses with their signed records, answers, events, and the summaries that the services would have written."""

from typing import Any

import psycopg

from tests.factories import treatments as factory
from tests.factories.scheduling import House

TABLES = (
    "treatments_course",
    "treatments_session",
    "treatments_recipient",
    "treatments_draw",
    "treatments_preparation",
    "treatments_spin",
    "treatments_injection",
    "treatments_derivation",
    "treatments_response",
    "treatments_adverseevent",
    "treatments_coursesummary",
    "treatments_pointsummary",
    "treatments_scoresummary",
)

_WARDS = """
CREATE TEMP TABLE ward (n int, site_id uuid, version_id uuid, user_id uuid, physicians uuid[])"""

# Every fifth patient has one course. Chance is drawn once for a course, so that its parts go together.
_COURSES = """
CREATE TEMP TABLE planned AS
SELECT person.n, uuidv7() AS id, person.id AS patient_id, site_id, version_id, user_id,
       physicians[1 + person.n / 5 / %(wards)s %% cardinality(physicians)] AS physician_id,
       chance < 0.5 AS is_female, born, begun, sessions, left_early, today,
       begun + 28 * (sessions - 1) AS last_on,
       CASE WHEN left_early THEN 'discontinued' WHEN sessions < 4 THEN 'active'
            WHEN today - begun - 84 > 400 THEN 'completed' ELSE 'follow_up' END AS status,
       (ARRAY['M47.816', 'M54.50', 'M54.59', 'M46.1', 'M53.3'])[1 + person.n / 5 %% 5] AS code,
       1 + person.n / 25 %% 4 AS target, person.n / 5 %% 10 AS kind,
       5 + floor(random() * 5)::int AS pain, 8 + floor(random() * 12)::int AS disability, random() AS gain
FROM (SELECT *, 1 + n / 5 %% %(wards)s AS ward FROM person WHERE n %% 5 = 0) person
JOIN ward ON ward.n = person.ward
CROSS JOIN LATERAL (
  SELECT %(today)s::date AS today, %(today)s::date - (10 + person.n / 5 * 7919 %% 700) AS begun) since
CROSS JOIN LATERAL (
  SELECT person.n / 5 %% 17 = 0 AS left_early,
         CASE WHEN person.n / 5 %% 17 = 0 THEN 1 + person.n / 85 %% 3
              ELSE least(4, 1 + (today - begun) / 28) END AS sessions) done"""

_COURSE = """
INSERT INTO treatments_course (id, site_id, patient_id, protocol_version_id, physician_id, diagnosis_code, diagnosis, status,
  status_before_hold, planned_sessions, hold_reason, extended, end_reason, approved_at, created_at, ended_at, version)
SELECT id, site_id, patient_id, version_id, physician_id, code, 'Low back pain', status, '', 4, '', false, '',
       begun - interval '14 days', begun - interval '20 days',
       CASE WHEN status IN ('discontinued', 'completed') THEN least(last_on + 400, today)::timestamptz END, 1
FROM planned ORDER BY n"""

_SESSIONS = """
CREATE TEMP TABLE treated AS
SELECT uuidv7() AS id, planned.id AS course_id, number, (begun + 28 * (number - 1) + time '10:00') AT TIME ZONE 'UTC' AS at,
       site_id, user_id, is_female, born, code, target, kind, begun + 28 * (number - 1) AS day,
       180 + floor(random() * 160)::int AS platelets, 600 + floor(random() * 1000)::int AS product,
       3 + round(random()::numeric * 6, 1) AS leucocytes
FROM planned CROSS JOIN LATERAL generate_series(1, sessions) number
ORDER BY n, number"""

_RECORDS = (
    """
INSERT INTO treatments_session (id, site_id, course_id, number, status, injected_at, pain_before, complications, note,
  signed_by_id, signed_at, version)
SELECT id, site_id, course_id, number, 'signed', at, 5, '', '', user_id, at + interval '6 hours', 5 FROM treated""",
    """
INSERT INTO treatments_recipient (session_id, age_years, sex, height_cm, weight_kg, bmi, comorbidity, smoking, medicines,
  haemoglobin, diagnosis_code, diagnosis, imaging, prior_treatment)
SELECT id, least(120, (day - born) / 365), CASE WHEN is_female THEN 'female' ELSE 'male' END, 172, 76, 25.7, '', 'never', '',
       13.9, code, 'Low back pain', '', '' FROM treated""",
    """
INSERT INTO treatments_draw (session_id, attempt, site, blood_ml, anticoagulant, anticoagulant_ml, drawn_at,
  baseline_platelets, baseline_leucocytes, baseline_neutrophils, baseline_tube, failed, failure)
SELECT id, 1, '', 52, 'acd_a', 8, at - interval '40 minutes', platelets, 6.5, 3.9, 'edta', false, '' FROM treated""",
    """
INSERT INTO treatments_preparation (session_id, draw_id, attempt, kit_lot, device_identifier, buffy_coat, ready_at, product_ml,
  product_platelets, product_leucocytes, product_neutrophils, appearance, activation, additives, failed, failure)
SELECT treated.id, draw.id, 1, 'L', '', kind < 5, at - interval '10 minutes', 6, product, leucocytes, 1.2, '', 'none', '',
       false, ''
FROM treated JOIN treatments_draw draw ON draw.session_id = treated.id""",
    """
INSERT INTO treatments_spin (preparation_id, position, g, minutes)
SELECT id, 0, 1500, 12 FROM treatments_preparation""",
    """
INSERT INTO treatments_injection (session_id, position, structure, level, side, volume_ml, guidance, needle_gauge, needle_mm,
  approach, injected_at, product_minutes, product_stale)
SELECT id, place, (ARRAY['facet', 'si_joint', 'multifidus', 'iliolumbar', 'facet'])[target + place], 'L4-L5',
       CASE place WHEN 0 THEN 'left' ELSE 'right' END, 2, 'ultrasound', 22, 90, '', at, 12, false
FROM treated CROSS JOIN generate_series(0, 1) place""",
    """
INSERT INTO treatments_derivation (session_id, algorithm, figures, factor, dose, leucocytes, paw, missing, computed_at)
SELECT id, 2, '{}', round(product::numeric / platelets, 1), round(product * 4 / 1000.0, 1),
       CASE WHEN leucocytes > 6.5 THEN 'LR-PRP' ELSE 'LP-PRP' END,
       CASE WHEN product <= 750 THEN 'P2' WHEN product <= 1250 THEN 'P3' ELSE 'P4' END
         || CASE WHEN leucocytes > 6.5 THEN 'A' ELSE 'B' END || 'β', '[]', at
FROM treated""",
    """
INSERT INTO treatments_adverseevent (id, site_id, course_id, session_id, code, term, grade, is_serious, seriousness, causality,
  started_on, outcome, source, about, treatment, note, version)
SELECT uuidv7(), site_id, course_id, id, 'pain_flare', '', 1 + (platelets % 2), false, '', '', day, 'ongoing', 'visit', '', '',
       '', 1
FROM treated WHERE platelets % 16 = 0""",
)

# On average twelve scores a course: four before it, and three at each later point for two thirds of those who reach it.
_ANSWERS = """
CREATE TEMP TABLE answered AS
SELECT planned.id AS course_id, site_id, point, series, day, instrument,
       CASE instrument
         WHEN 'nrs' THEN greatest(0, round(pain * (1 - better)))
         WHEN 'rmdq' THEN greatest(0, round(disability * (1 - better)))
         WHEN 'peg' THEN pain
         WHEN 'sane' THEN 40
         ELSE CASE WHEN better > 0.7 THEN 1 WHEN better > 0.4 THEN 2 WHEN better > 0.2 THEN 3 ELSE 4 END END::numeric AS score
FROM planned
CROSS JOIN LATERAL (VALUES
  ('baseline', 0, begun - 7, 0, ARRAY['nrs', 'peg', 'rmdq', 'sane']),
  ('before_2', 0, begun + 14, 0.3, ARRAY['nrs', 'rmdq', 'pgic']),
  ('before_3', 0, begun + 42, 0.5, ARRAY['nrs', 'rmdq', 'pgic']),
  ('before_4', 0, begun + 70, 0.6, ARRAY['nrs', 'rmdq', 'pgic']),
  ('week_6', 1, last_on + 42, 0.8, ARRAY['nrs', 'rmdq', 'pgic']),
  ('month_3', 1, last_on + 91, 0.9, ARRAY['nrs', 'rmdq', 'pgic']),
  ('month_6', 1, last_on + 182, 1.0, ARRAY['nrs', 'rmdq', 'pgic'])) AS spot (point, series, day, share, asked)
CROSS JOIN LATERAL (SELECT gain * share AS better) felt
CROSS JOIN LATERAL unnest(asked) instrument
WHERE day <= today AND (point = 'baseline' OR (n / 5 + ascii(right(point, 1)) * 13) % 9 < 5)
  AND CASE point WHEN 'before_2' THEN sessions >= 2 WHEN 'before_3' THEN sessions >= 3 WHEN 'before_4' THEN sessions >= 4
           WHEN 'baseline' THEN true ELSE sessions = 4 AND NOT left_early END"""

_RESPONSES = """
INSERT INTO treatments_response (id, site_id, course_id, instrument, instrument_version, time_point, answers, score, answered_at,
  source)
SELECT uuidv7(), site_id, course_id, instrument, 1, point, jsonb_build_object('value', score), score,
       (day + time '09:00') AT TIME ZONE 'UTC', 'link'
FROM answered"""

_SUMMARIES = (
    """
INSERT INTO treatments_coursesummary (course_id, site_id, started_on, last_on, sessions, structures, leucocytes, paw)
SELECT course_id, t.site_id, min(day), max(day), count(*),
       (SELECT array_agg(DISTINCT s ORDER BY s) FROM unnest((ARRAY['facet', 'si_joint', 'multifidus', 'iliolumbar', 'facet'])
          [min(target) : min(target) + 1]) s),
       CASE WHEN min(x.leucocytes) = max(x.leucocytes) THEN min(x.leucocytes) ELSE 'mixed' END,
       CASE WHEN min(x.paw) = max(x.paw) THEN min(x.paw) ELSE 'mixed' END
FROM treated t JOIN treatments_derivation x ON x.session_id = t.id GROUP BY course_id, t.site_id""",
    """
INSERT INTO treatments_scoresummary (course_id, instrument, point, series, score, change)
SELECT a.course_id, a.instrument, a.point, a.series, a.score, CASE WHEN a.point <> 'baseline' THEN a.score - b.score END
FROM answered a LEFT JOIN answered b ON b.course_id = a.course_id AND b.instrument = a.instrument AND b.point = 'baseline'""",
    # By the thresholds of the default protocol.
    """
INSERT INTO treatments_pointsummary (course_id, point, series, pain_met, function_met, impression_met, all_met)
SELECT course_id, point, series, pain, function, impression, pain AND function AND impression
FROM (SELECT s.course_id, s.point, s.series,
             bool_and(round(-100 * s.change / (s.score - s.change)) >= 50) FILTER (WHERE s.instrument = 'nrs') AS pain,
             bool_and(s.score <= 2 OR round(-100 * s.change / (s.score - s.change)) >= 30)
               FILTER (WHERE s.instrument = 'rmdq') AS function,
             bool_and(s.score <= 2) FILTER (WHERE s.instrument = 'pgic') AS impression
      FROM treatments_scoresummary s GROUP BY 1, 2, 3) AS met""",
)


def load(owner: "psycopg.Connection[Any]", houses: list[House], now: Any) -> None:
    """Into bare tables, for every fifth patient of the temporary table `person`."""
    owner.execute(_WARDS)
    with owner.cursor().copy("COPY ward FROM STDIN") as copy:
        for number, house in enumerate(houses, start=1):
            ward = factory.ward_in(house)
            physicians = [row.pk for row in house.resources["physician"]]
            copy.write_row((number, house.site.pk, ward.protocol.pk, ward.physician.user_id, physicians))
    values = {"wards": len(houses), "today": now.date()}
    owner.execute(_COURSES, values)
    for statement in (_COURSE, _SESSIONS, *_RECORDS, _ANSWERS, _RESPONSES):
        owner.execute(statement)
    for table in ("answered", "treated", "treatments_derivation"):
        owner.execute(f"ANALYZE {table}")
    for statement in _SUMMARIES:
        owner.execute(statement)
