"""The free starts that a patient may take instead of the visit they have, some days at a time. Nothing is held."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from clinic import clock
from scheduling import policies
from scheduling.models import Appointment
from scheduling.services import availability

DAYS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Day:
    """A local day and its free starts, in the site's zone."""

    day: dt.date
    starts: Sequence[dt.datetime]


@dataclass(frozen=True, slots=True)
class Days:
    """Some days with free starts; `later` is the last day shown where there are more after it."""

    days: Sequence[Day]
    later: dt.date | None
    is_later: bool
    anybody: bool
    """With somebody else of the team: the clinician of the visit has no time."""


def days(visit: Appointment, *, lead_id: UUID | None, after: dt.date | None = None) -> Days:
    """Starts of the next four weeks that every start rule allows without a word, with the same clinician if they have
    any. What only a member of staff may accept is not shown. A constant number of queries."""
    starts = _starts(visit, lead_id)
    anybody = not starts and lead_id is not None
    if anybody:
        starts = _starts(visit, None)
    zone = visit.site.zone
    by_day: dict[dt.date, list[dt.datetime]] = {}
    for start in starts:
        local = start.astimezone(zone)
        by_day.setdefault(local.date(), []).append(local)
    wanted = [day for day in sorted(by_day) if after is None or day > after]
    shown = wanted[:DAYS_AT_ONCE]
    return Days(
        [Day(day, by_day[day]) for day in shown],
        shown[-1] if len(wanted) > DAYS_AT_ONCE else None,
        after is not None,
        anybody,
    )


def _starts(visit: Appointment, lead_id: UUID | None) -> list[dt.datetime]:
    now = clock.now()
    found = availability.openings(
        visit_type_id=visit.visit_type_id,
        site_id=visit.site_id,
        earliest=now + dt.timedelta(hours=visit.site.patient_notice_hours),
        latest=now + policies.PATIENTS_LOOK_AHEAD,
        patient_id=visit.patient_id,
        lead_id=lead_id,
        purpose=visit.purpose,
        appointment_id=visit.pk,
    )
    own = visit.period.lower
    return [start for start in found.starts if start not in found.warnings and start != own]
