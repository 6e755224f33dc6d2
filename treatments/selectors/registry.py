"""What is shown around an export: how rare its patients are, and what was taken out before."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection

from treatments.models import RegistryExport

FEW: Final = 5
SHOWN: Final = 20

_RARE = """
WITH person AS (
  SELECT DISTINCT ON (c.patient_id) c.patient_id, least(r.age_years, 90) / 10 AS decade, r.sex, c.diagnosis_code
  FROM treatments_coursesummary b
  JOIN treatments_course c ON c.id = b.course_id
  LEFT JOIN treatments_session s ON s.course_id = c.id AND s.number = 1
  LEFT JOIN treatments_recipient r ON r.session_id = s.id
  WHERE b.site_id = ANY(%(sites)s)
  ORDER BY c.patient_id, b.started_on)
SELECT coalesce(sum(people), 0), coalesce(sum(people) FILTER (WHERE people < %(few)s), 0)
FROM (SELECT count(*) AS people FROM person GROUP BY decade, sex, diagnosis_code) AS alike"""


@dataclass(frozen=True, slots=True)
class Rarity:
    """Of how many patients, and how many of them share decade of age, sex and diagnosis with fewer than FEW in all."""

    patients: int
    rare: int


def rarity(site_ids: Collection[UUID]) -> Rarity:
    """One query."""
    with connection.cursor() as cursor:
        cursor.execute(_RARE, {"sites": list(site_ids), "few": FEW})
        patients, rare = cursor.fetchone()
    return Rarity(int(patients), int(rare))


def past(site_ids: Collection[UUID]) -> list[RegistryExport]:
    """The latest exports from any of these sites. One query."""
    rows = RegistryExport.objects.filter(site_ids__overlap=list(site_ids)).select_related("by")
    return list(rows[:SHOWN])
