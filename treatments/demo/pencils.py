"""Times pencilled in for patients who ask at home first."""

import datetime as dt
from collections.abc import Sequence

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinic.models import Patient, Site
from scheduling import policies
from scheduling.enums import HoldReason, HoldTerm
from scheduling.models import Hold, VisitType
from scheduling.services import availability, occupancy

_NOTES = ("Asks her daughter, who drives", "Rings back when his shifts are known")
_AHEAD = dt.timedelta(days=4)


def write(*, site: Site, patients: Sequence[Patient], now: dt.datetime) -> int:
    """Hold a free consultation for each of the last patients until tomorrow noon."""
    kind = VisitType.objects.get(site=site, code="consultation")
    until = policies.hold_until(HoldTerm.TOMORROW, now=now, zone=site.zone)
    for number, (patient, note) in enumerate(zip(reversed(patients), _NOTES, strict=False)):
        begin = now + _AHEAD * (number + 1)
        slots = availability.free_starts(
            visit_type_id=kind.pk,
            site_id=site.pk,
            earliest=begin,
            latest=begin + 2 * _AHEAD,
            patient_id=patient.pk,
            limit=1,
        )
        for slot in slots:
            hold = Hold(
                site=site,
                reason=HoldReason.PENCIL,
                patient=patient,
                visit_type=kind,
                period=DateTimeTZRange(slot.start, slot.end),
                note=note,
                expires_at=until,
                created_at=now,
            )
            occupancy.insert_hold(hold=hold, team=slot.team)
    return len(_NOTES)
