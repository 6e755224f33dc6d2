"""What a site that is in use has beside its visits, for pages that show it: time off, a closure, extra hours, and the
mails about the visits of the last month and of today."""

import datetime as dt
from typing import Any

from django.db import connection

from clinic import clock
from scheduling.models import Closure, ExtraHours, Resource, TimeOff
from scheduling.selectors import delays
from tests.factories.scheduling import House

DAYS_OF_MAILS = 30

_MAILS = """
INSERT INTO clinic_message (id, site_id, patient_id, kind, about, about_rev, idempotency_key, state, reason,
  planned_for, next_at, expires_at, attempts, withdrawn, started_at, ended_at, created_at)
SELECT uuidv7(), site_id, patient_id, kind, 'appointment:' || id, 1, kind || ':bench:' || id, 'sent', '',
  lower(period) - ahead, lower(period) - ahead, lower(period), 1, '', lower(period) - ahead, lower(period) - ahead,
  lower(period) - ahead
FROM scheduling_appointment
CROSS JOIN (VALUES ('appointment.confirmation', interval '20 days'), ('appointment.reminder_3d', interval '3 days'),
                   ('appointment.reminder_1d', interval '1 day')) mail(kind, ahead)
WHERE site_id = %(site)s AND period && tstzrange(%(low)s, %(high)s)"""

_DELAYS = """
INSERT INTO clinic_message (id, site_id, patient_id, kind, about, about_rev, idempotency_key, state, reason,
  planned_for, next_at, expires_at, attempts, withdrawn, started_at, ended_at, created_at)
SELECT uuidv7(), site_id, patient_id, %(kind)s, 'delay:' || id, extract(epoch FROM lower(period))::bigint / 60 + 15,
  'delay:bench:' || id, 'sent', '', lower(period) - interval '1 hour', lower(period) - interval '1 hour',
  lower(period), 1, '', lower(period) - interval '1 hour', lower(period) - interval '1 hour',
  lower(period) - interval '1 hour'
FROM scheduling_appointment
WHERE site_id = %(site)s AND period && tstzrange(%(low)s, %(high)s)
  AND status IN ('booked', 'confirmed', 'completed') AND mod(extract(minute FROM lower(period))::int, 4) = 0"""


def move_in(house: House) -> str:
    """Write all of it, once for each copy of the data; says what there is now."""
    day = clock.today(house.site.zone)
    low, high = clock.day_bounds(day, house.site.zone)
    if not Closure.objects.filter(site=house.site, name="Bench: staff meeting").exists():
        _keep_away(house, low)
        values: dict[str, Any] = {
            "site": house.site.pk,
            "low": low - dt.timedelta(days=DAYS_OF_MAILS),
            "high": high,
        }
        with connection.cursor() as cursor:
            cursor.execute(_MAILS, values)
            cursor.execute(_DELAYS, values | {"kind": delays.KIND})
            cursor.execute("ANALYZE clinic_message")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM clinic_message WHERE site_id = %s", [house.site.pk])
        mails = cursor.fetchone()[0]
    return f"with 8 absences, a closure, extra hours and {mails} mails of the last {DAYS_OF_MAILS} days"


def _keep_away(house: House, midnight: dt.datetime) -> None:
    """Mornings, evenings and a week of leave, in this week; the closure in the evening, when all have gone."""

    def hours(first: float, last: float, day: int = 0) -> tuple[dt.datetime, dt.datetime]:
        start = midnight + dt.timedelta(days=day)
        return start + dt.timedelta(hours=first), start + dt.timedelta(hours=last)

    people, places = house.resources["physician"], house.resources["procedure_room"]
    away: list[tuple[Resource, tuple[dt.datetime, dt.datetime]]] = [
        *((one, hours(16, 18, day)) for day, one in enumerate(people[:4])),
        (people[-1], hours(0, 7 * 24)),
        *((room, hours(7, 9, day)) for day, room in enumerate(places[:3])),
    ]
    TimeOff.objects.bulk_create([TimeOff(resource=one, period=span, reason="Bench") for one, span in away])
    Closure.objects.create(site=house.site, period=hours(19, 21), name="Bench: staff meeting")
    ExtraHours.objects.create(site=house.site, resource=people[0], period=hours(18, 20), reason="Bench")
