"""A mail ahead for each patient, over the coming year: what the outbox holds while it looks for what is due now."""

from typing import Any

import psycopg

from tests.factories.scheduling import House

TABLES = ("clinic_message",)

KIND = "bench.later"
"""A kind that no app registers: it is in the way, and never sent."""

_PENDING = """
INSERT INTO clinic_message (id, site_id, patient_id, kind, about, about_rev, idempotency_key, state, reason, withdrawn,
  planned_for, next_at, expires_at, attempts, created_at)
SELECT uuidv7(), (%(sites)s::uuid[])[1 + n %% cardinality(%(sites)s::uuid[])], id, %(kind)s, 'bench:' || n, 1, 'bench:' || n,
  'pending', '', '', due, due, due + interval '2 days', 0, %(now)s
FROM person CROSS JOIN LATERAL (
  SELECT %(now)s + interval '2 days' + (n * 7919 %% 525600) * interval '1 minute' AS due
) ahead
ORDER BY n"""


def load(owner: "psycopg.Connection[Any]", houses: list[House], now: Any) -> None:
    """Into a bare table, for the patients of the temporary table `person`."""
    owner.execute(_PENDING, {"sites": [house.site.pk for house in houses], "kind": KIND, "now": now})
