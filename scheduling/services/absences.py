"""When a clinician is away or a device is out of order."""

import datetime as dt
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import NotFound
from clinic.permissions import check
from clinic.transactions import use_case
from scheduling.models import Appointment, TimeOff
from scheduling.selectors import setup as reads
from scheduling.services import scarcity


@use_case
def take_off(
    *,
    by: Actor,
    site_id: UUID,
    resource_id: UUID,
    start: dt.datetime,
    end: dt.datetime,
    reason: str = "",
    accept: bool = False,
    permission: Permission = Permission.MANAGE_SITE,
) -> tuple[TimeOff, list[Appointment]]:
    """A resource is away or out of order. Locks it, as every booking of it does."""
    check(by, permission, site_id=site_id)
    scarcity.check_period(start, end)
    locks.take(resource=[resource_id])
    resource = scarcity.resource_of(site_id, resource_id)
    visits = reads.visits_using(resource_ids=[resource_id], start=start, end=end)
    scarcity.accept_or_refuse(visits, accept, by=by)
    row = TimeOff.objects.create(resource=resource, period=DateTimeTZRange(start, end), reason=reason)
    audit.record(
        "scheduling.time_off.added", by=by, about=[row], site_id=site_id, detail={"visits": len(visits)}
    )
    return row, visits


@use_case
def end(*, by: Actor, site_id: UUID, time_off_id: UUID) -> None:
    """Back again, or entered by mistake. The row stays, ended."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    row = TimeOff.objects.filter(pk=time_off_id, ended_at__isnull=True).first()
    if row is None:
        raise NotFound(_("There is no such time off."))
    locks.take(resource=[row.resource_id])
    scarcity.resource_of(site_id, row.resource_id)
    row.ended_at = clock.now()
    row.save(update_fields=["ended_at"])
    audit.record("scheduling.time_off.ended", by=by, about=[row], site_id=site_id)
