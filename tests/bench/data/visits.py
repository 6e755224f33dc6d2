"""Three years of visits: two behind, one ahead that thins out; cancelled, missed and moved ones among them."""

from typing import Any

import psycopg

from tests.bench.data import sites
from tests.bench.data.scale import Scale
from tests.factories.scheduling import House

TABLES = (
    "scheduling_appointment",
    "scheduling_allocation",
    "scheduling_visitstage",
    "scheduling_visitchange",
)

_LANES = """
CREATE TEMP TABLE lane (site_id uuid, zone text, visit_type_id uuid, minutes int, staged boolean, number int, slots int,
  step int, first int, fill float8)"""
_SERVED = """
CREATE TEMP TABLE served (visit_type_id uuid, lane int, turn int, half int, requirement_id bigint, resource_id uuid)"""

# `layer` 0 are visits that take place or will, 1 are those that were called off: they may share a time with others.
# Chance looks at the slot, or it would be asked once for a whole lane and day.
_VISITS = """
CREATE TEMP TABLE visit AS
SELECT row_number() OVER (ORDER BY start, site_id, number, layer) AS n, uuidv7() AS id, planned.*,
       random() AS chance, random() AS chance2
FROM (
  SELECT lane.*, day, day - %(today)s::date AS ahead, (day - date '2020-01-01') %% %(turns)s AS turn,
         (slot * 2 >= slots)::int AS half, layer,
         (day + time '08:00' + make_interval(mins => first + slot * step)) AT TIME ZONE zone AS start
  FROM lane
  CROSS JOIN (SELECT %(today)s::date + ahead AS day FROM generate_series(-(%(past)s::int), %(future)s::int) ahead) calendar
  CROSS JOIN LATERAL generate_series(0, slots - 1) slot
  CROSS JOIN generate_series(0, 1) layer
  WHERE (extract(isodow FROM day) < 7 OR day = %(today)s::date)
    AND slot * 0 + random() < CASE WHEN layer = 1 THEN 0.08 ELSE 1 END
                   * CASE WHEN day < %(today)s::date THEN fill WHEN day = %(today)s::date THEN 0.75
                          ELSE fill * exp((%(today)s::date - day) / 120.0) END
) planned"""

_NUMBERED = """
ALTER TABLE visit ADD COLUMN patient_id uuid, ADD COLUMN status text;
UPDATE visit SET
  patient_id = person.id,
  status = CASE WHEN layer = 1 THEN CASE WHEN ahead < 0 AND visit.chance < 0.3 THEN 'no_show'
                                         WHEN ahead < 0 AND visit.chance < 0.35 THEN 'not_done' ELSE 'cancelled' END
                WHEN ahead < 0 THEN 'completed'
                WHEN staged AND ahead > 30 AND visit.chance < 0.3 THEN 'provisional'
                WHEN visit.chance < 0.6 THEN 'booked' ELSE 'confirmed' END
FROM person
WHERE person.n = 1 + ((visit.n / (5 * {pool}) * {pool} + visit.n % {pool}) * 7919) % {patients}"""

_APPOINTMENTS = """
INSERT INTO scheduling_appointment (id, site_id, patient_id, visit_type_id, period, status, purpose, told, told_rev, version,
  reason_id, note, override_reason, arrived_at, created_at)
SELECT id, site_id, patient_id, visit_type_id, tstzrange(start, start + make_interval(mins => minutes)), status,
       CASE WHEN staged THEN gen_random_uuid() END, 'mail', CASE WHEN status = 'provisional' THEN 0 ELSE 1 END, 1,
       CASE WHEN status IN ('cancelled', 'not_done') THEN 'patient_unwell' WHEN status = 'no_show' THEN 'no_word' END, '', '',
       CASE WHEN status = 'completed' THEN start END, least(start - interval '20 days', %(now)s)
FROM visit ORDER BY n"""

_STAGES = """
INSERT INTO scheduling_visitstage (appointment_id, code, name, done_name, position, planned_start, planned_end, started_at, ended_at)
SELECT visit.id, stage.code, stage.name, stage.done_name, stage.position, begins, ends,
       CASE WHEN status = 'completed' THEN begins + late END, CASE WHEN status = 'completed' THEN ends + late END
FROM visit JOIN scheduling_stage stage USING (visit_type_id)
CROSS JOIN LATERAL (SELECT start + make_interval(mins => stage."offset") AS begins,
  start + make_interval(mins => stage."offset" + stage.minutes) AS ends, interval '9 minutes' * chance AS late) planned
ORDER BY visit.n, stage.position"""

_ALLOCATIONS = """
INSERT INTO scheduling_allocation (site_id, resource_id, appointment_id, requirement_id, stage_code, is_lead, period, blocks, active)
SELECT site_id, resource_id, visit.id, need.id, coalesce(stage.code, ''), need.is_lead,
       tstzrange(begins, begins + make_interval(mins => need.minutes)),
       tstzrange(begins, begins + make_interval(mins => need.minutes + need.turnover)), layer = 0
FROM visit
JOIN served USING (visit_type_id, turn, half)
JOIN scheduling_requirement need ON need.id = served.requirement_id
LEFT JOIN scheduling_stage stage ON stage.id = need.stage_id
CROSS JOIN LATERAL (SELECT start + make_interval(mins => need."offset") AS begins) planned
WHERE served.lane = visit.number
ORDER BY visit.n"""

# Moved visits: what they held before is kept, inactive.
_MOVED = """
INSERT INTO scheduling_allocation (site_id, resource_id, appointment_id, requirement_id, stage_code, is_lead, period, blocks, active)
SELECT a.site_id, a.resource_id, a.appointment_id, a.requirement_id, a.stage_code, a.is_lead,
       tstzrange(lower(a.period) - interval '7 days', upper(a.period) - interval '7 days'),
       tstzrange(lower(a.blocks) - interval '7 days', upper(a.blocks) - interval '7 days'), false
FROM visit JOIN scheduling_allocation a ON a.appointment_id = visit.id
WHERE layer = 0 AND chance2 < 0.07"""

_CHANGES = """
INSERT INTO scheduling_visitchange (id, appointment_id, site_id, kind, reason_id, told, old_status, old_period, new_period,
  old_allocations, actor_kind, actor_key, at)
SELECT uuidv7(), id, site_id, CASE WHEN layer = 0 THEN 'moved' ELSE status END,
       CASE WHEN layer = 0 THEN 'patient_cannot_come' WHEN status = 'no_show' THEN 'no_word' ELSE 'patient_unwell' END,
       'mail', 'booked',
       CASE WHEN layer = 0 THEN tstzrange(start - interval '7 days', start - interval '7 days' + length)
            ELSE tstzrange(start, start + length) END,
       CASE WHEN layer = 0 THEN tstzrange(start, start + length) END, '{}', 'system', 'bench',
       least(start - interval '8 days', %(now)s)
FROM visit CROSS JOIN LATERAL (SELECT make_interval(mins => minutes) AS length) lasting
WHERE layer = 1 OR chance2 < 0.07"""


def load(owner: "psycopg.Connection[Any]", scale: Scale, houses: list[House], now: Any) -> None:
    """Into bare tables, for the patients of the temporary table `person`."""
    owner.execute(_LANES)
    owner.execute(_SERVED)
    lanes = [lane for house in houses for lane in sites.lanes(house)]
    with owner.cursor().copy("COPY lane FROM STDIN") as copy:
        for lane in lanes:
            copy.write_row(_lane(lane))
    with owner.cursor().copy("COPY served FROM STDIN") as copy:
        for lane in lanes:
            for row in sites.served(lane):
                copy.write_row(row)
    values = {
        "today": now.date(),
        "now": now,
        "turns": sites.TURNS,
        "past": scale.days_past,
        "future": scale.days_ahead,
    }
    owner.execute(_VISITS, values)
    total = owner.execute("SELECT count(*) FROM visit").fetchone()
    # Each patient comes five times, about a month apart; never twice within one day.
    pool = max(int(total[0]) // 25 if total else 0, 130 * len(houses))
    owner.execute(_NUMBERED.format(pool=pool, patients=scale.patients))
    owner.execute("ANALYZE visit")
    owner.execute("ANALYZE served")
    for statement in (_APPOINTMENTS, _STAGES, _ALLOCATIONS, _CHANGES):
        owner.execute(statement, values if "%(" in statement else None)
    owner.execute("CREATE INDEX bench_held ON scheduling_allocation (appointment_id)")
    owner.execute(_MOVED)
    owner.execute("DROP INDEX bench_held")


def _lane(lane: sites.Lane) -> tuple[Any, ...]:
    house, visit_type = lane.house, lane.house.visit(lane.visit)
    fill = 0.6 if house.site.name == sites.MEASURED else 0.575
    return (
        house.site.pk,
        house.site.time_zone,
        visit_type.pk,
        visit_type.minutes,
        lane.visit == "prp_session",
        lane.number,
        lane.slots,
        lane.minutes,
        lane.first,
        fill,
    )
