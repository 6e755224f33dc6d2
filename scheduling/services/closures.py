"""When the site is closed beside its hours: works, training, a holiday."""

import datetime as dt
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from clinic import audit, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import NotFound
from clinic.permissions import check
from clinic.transactions import use_case
from scheduling.models import Appointment, Closure, HolidayDecision
from scheduling.selectors import setup as reads
from scheduling.services import scarcity


@use_case
def close(
    *,
    by: Actor,
    site_id: UUID,
    start: dt.datetime,
    end: dt.datetime,
    name: str,
    accept: bool = False,
    holiday: dt.date | None = None,
) -> tuple[Closure, list[Appointment]]:
    """Close the site for a time. Locks the site and all its resources, as every booking there does."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    scarcity.check_period(start, end)
    scarcity.lock(site_id, None)
    visits = reads.visits_at(site_id=site_id, start=start, end=end)
    scarcity.accept_or_refuse(visits, accept, by=by)
    row = Closure.objects.create(
        site_id=site_id, period=DateTimeTZRange(start, end), name=name, holiday=holiday
    )
    audit.record("scheduling.closure.added", by=by, about=[row], detail={"visits": len(visits)})
    return row, visits


@use_case
def reopen(*, by: Actor, site_id: UUID, closure_id: UUID) -> None:
    """Remove a closure: the site is open again by its hours, also on the public holiday that it stood for."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    locks.take(site=[site_id])
    row = Closure.objects.filter(pk=closure_id, site_id=site_id).first()
    if row is None:
        raise NotFound(_("There is no such closure."))
    if row.holiday is not None:
        HolidayDecision.objects.filter(site_id=site_id, day=row.holiday).update(is_closed=False)
    audit.record("scheduling.closure.removed", by=by, about=[row])
    row.delete()
