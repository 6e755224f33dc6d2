"""Open once, beside the weekly hours: a Saturday clinic, a late evening."""

import datetime as dt
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q
from django.utils.translation import gettext as _

from clinic import audit, clock
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import InvalidInput, NotFound
from clinic.permissions import check
from clinic.transactions import use_case
from scheduling.models import Appointment, ExtraHours
from scheduling.selectors import coverage
from scheduling.services import scarcity


@use_case
def add(
    *,
    by: Actor,
    site_id: UUID,
    start: dt.datetime,
    end: dt.datetime,
    resource_id: UUID | None = None,
    reason: str = "",
) -> ExtraHours:
    """Without a resource the site opens, rooms and equipment with it; clinicians come by extra hours of their own.

    Raises InvalidInput for a time that has passed, that is backwards, or that somebody entered already.
    """
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    scarcity.lock(site_id, resource_id)
    if resource_id is not None and not scarcity.resource_of(site_id, resource_id).is_clinician:
        raise InvalidInput(_("Rooms and equipment follow the site: open the site."), field="resource")
    if start >= end:
        raise InvalidInput(_("The end must be after the beginning."), field="closes")
    if end <= clock.now():
        raise InvalidInput(_("That time has passed already."), field="day")
    there = ExtraHours.objects.filter(
        Q(resource_id=resource_id) if resource_id else Q(resource__isnull=True),
        site_id=site_id,
        ended_at__isnull=True,
    )
    if there.filter(period__overlap=(start, end)).exists():
        raise InvalidInput(_("There are extra hours at that time already."), field="day")
    row = ExtraHours.objects.create(
        site_id=site_id, resource_id=resource_id, period=DateTimeTZRange(start, end), reason=reason
    )
    audit.record("scheduling.extra_hours.added", by=by, about=[row])
    return row


@use_case
def end(*, by: Actor, site_id: UUID, extra_id: UUID, accept: bool = False) -> list[Appointment]:
    """Take extra hours back. The row stays, ended. Returns the visits left without hours; raises VisitsInTheWay."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    found = ExtraHours.objects.filter(pk=extra_id, site_id=site_id).first()
    if found is None:
        raise NotFound(_("There are no such extra hours."))
    scarcity.lock(site_id, found.resource_id)
    row = ExtraHours.objects.select_related("site").filter(pk=extra_id, ended_at__isnull=True).first()
    if row is None:
        raise NotFound(_("Somebody else has just taken these hours back."))
    row.ended_at = clock.now()
    row.save(update_fields=["ended_at"])
    visits = coverage.uncovered(
        row.site, row.resource_id, start=max(row.period.lower, clock.now()), end=row.period.upper
    )
    scarcity.accept_or_refuse(visits, accept, by=by)
    audit.record("scheduling.extra_hours.ended", by=by, about=[row], detail={"visits": len(visits)})
    return visits
