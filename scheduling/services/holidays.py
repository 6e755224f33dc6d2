"""Public holidays: the manager says of each whether the site is closed; a closed one is a closure like any other."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import NotFound
from clinic.models import Site
from clinic.permissions import check
from clinic.transactions import use_case
from scheduling.models import Appointment, Closure, HolidayDecision
from scheduling.selectors import holidays as reads
from scheduling.selectors import setup
from scheduling.selectors.holidays import Holiday
from scheduling.services import closures, scarcity
from scheduling.services.scarcity import VisitsInTheWay


@use_case
def decide(
    *, by: Actor, site_id: UUID, day: dt.date, is_closed: bool, accept: bool = False
) -> list[Appointment]:
    """Close the site on a public holiday, or stay open as usual. Returns the visits that need moving.

    Raises VisitsInTheWay, and NotFound for a day that is no holiday of the site.
    """
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    scarcity.lock(site_id, None)
    site = Site.objects.get(pk=site_id)
    found = [each for each in reads.ahead(site, today=clock.today(site.zone)) if each.day == day]
    if not found:
        raise NotFound(_("That day is no public holiday of this site."))
    if is_closed:
        return _close(site, found[0], by=by, accept=accept)
    Closure.objects.filter(site=site, holiday=day).delete()
    _say(site, found[0], is_closed=False, by=by)
    return []


@use_case
def close_all_of(
    *, by: Actor, site_id: UUID, year: int, accept: bool = False
) -> tuple[int, list[Appointment]]:
    """Close on every holiday of the year of which nothing was said yet, all or none. Returns how many, and the
    visits that need moving. Raises VisitsInTheWay with those of all the days."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    scarcity.lock(site_id, None)
    site = Site.objects.get(pk=site_id)
    listed = reads.ahead(site, today=clock.today(site.zone))
    open_ones = [each for each in listed if each.day.year == year and each.is_closed is None]
    visits = _visits_on(site, open_ones)
    if visits and not accept:
        raise VisitsInTheWay(visits)
    for each in open_ones:
        _close(site, each, by=by, accept=accept)
    return len(open_ones), visits


def _close(site: Site, holiday: Holiday, *, by: Actor, accept: bool) -> list[Appointment]:
    _say(site, holiday, is_closed=True, by=by)
    if Closure.objects.filter(site=site, holiday=holiday.day).exists():
        return []
    start, end = clock.day_bounds(holiday.day, site.zone)
    _row, visits = closures.close(
        by=by, site_id=site.pk, start=start, end=end, name=holiday.name, holiday=holiday.day, accept=accept
    )
    return visits


def _say(site: Site, holiday: Holiday, *, is_closed: bool, by: Actor) -> None:
    row, _created = HolidayDecision.objects.update_or_create(
        site=site, day=holiday.day, defaults={"name": holiday.name, "is_closed": is_closed}
    )
    audit.record(
        "scheduling.holiday.decided",
        by=by,
        about=[row],
        detail={"day": holiday.day.isoformat(), "closed": is_closed},
    )


def _visits_on(site: Site, listed: Sequence[Holiday]) -> list[Appointment]:
    """In one query: visits from the first to the last of the days, sifted by their local day."""
    if not listed:
        return []
    days = {each.day for each in listed}
    start, end = clock.day_bounds(min(days), site.zone)[0], clock.day_bounds(max(days), site.zone)[1]
    found = setup.visits_at(site_id=site.pk, start=start, end=end)
    return [
        visit
        for visit in found
        if visit.period.lower.astimezone(site.zone).date() in days
        or visit.period.upper.astimezone(site.zone).date() in days
    ]
