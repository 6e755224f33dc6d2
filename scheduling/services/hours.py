"""Weekly hours of the site and of its clinicians."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import InvalidInput, NotFound
from clinic.models import Site
from clinic.permissions import check
from clinic.transactions import use_case
from scheduling.models import Appointment, WorkingHours
from scheduling.selectors import coverage
from scheduling.selectors import setup as reads
from scheduling.services import scarcity


@dataclass(frozen=True, slots=True)
class HoursData:
    """A weekly window on one or more days; wall-clock times of the site."""

    weekdays: Sequence[int]
    opens: dt.time
    closes: dt.time
    valid_from: dt.date
    valid_until: dt.date | None = None


@use_case
def add(*, by: Actor, site_id: UUID, data: HoursData, resource_id: UUID | None = None) -> list[WorkingHours]:
    """Add a weekly window on each of the days; without a resource, the site's opening hours.

    A first window of the site narrows nothing that was open before: without hours it is closed.
    """
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    locks.take(site=[site_id], resource=[resource_id] if resource_id else [])
    if resource_id:
        scarcity.resource_of(site_id, resource_id)
    if data.opens >= data.closes:
        raise InvalidInput(_("The end must be after the beginning."), field="closes")
    if data.valid_until and data.valid_until < data.valid_from:
        raise InvalidInput(_("The last day is before the first day."), field="valid_until")
    _check_no_overlap(site_id, resource_id, data)
    rows = WorkingHours.objects.bulk_create(
        WorkingHours(
            site_id=site_id,
            resource_id=resource_id,
            weekday=weekday,
            opens=data.opens,
            closes=data.closes,
            valid_from=data.valid_from,
            valid_until=data.valid_until,
        )
        for weekday in sorted(set(data.weekdays))
    )
    audit.record("scheduling.hours.added", by=by, about=rows, site_id=site_id)
    return rows


@use_case
def end(
    *, by: Actor, site_id: UUID, hours_id: UUID, last_day: dt.date | None = None, accept: bool = False
) -> list[Appointment]:
    """End a weekly window after `last_day`, or remove it now. Returns the visits left without hours."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    found = WorkingHours.objects.filter(pk=hours_id, site_id=site_id).first()
    if found is None:
        raise NotFound(_("There are no such hours."))
    scarcity.lock(site_id, found.resource_id)
    row = WorkingHours.objects.select_related("site").filter(pk=hours_id).first()
    if row is None:
        raise NotFound(_("Somebody else has just removed these hours."))
    today = clock.today(row.site.zone)
    visits = reads.visits_in_window(
        row, site=row.site, from_day=last_day + dt.timedelta(days=1) if last_day else today
    )
    scarcity.accept_or_refuse(visits, accept, by=by)
    audit.record(
        "scheduling.hours.ended", by=by, about=[row], site_id=site_id, detail={"visits": len(visits)}
    )
    if last_day is not None and last_day >= row.valid_from:
        row.valid_until = last_day
        row.save(update_fields=["valid_until"])
    else:
        row.delete()
    return visits


@use_case
def replace(
    *, by: Actor, site_id: UUID, data: HoursData, resource_id: UUID | None = None, accept: bool = False
) -> list[Appointment]:
    """From `valid_from` on (until `valid_until`, when given) these hours instead of all others on their days.

    What was there ends the day before and comes back the day after. Returns the visits left without hours;
    raises VisitsInTheWay.
    """
    return _replace(by, site_id, resource_id, [data], data.weekdays, accept=accept)


@use_case
def copy_day(
    *,
    by: Actor,
    site_id: UUID,
    weekday: int,
    to: Sequence[int],
    valid_from: dt.date,
    resource_id: UUID | None = None,
    accept: bool = False,
) -> list[Appointment]:
    """The windows that one day has on `valid_from`, or first has later, also on others from then on, instead of theirs."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    scarcity.lock(site_id, resource_id)
    others = sorted(set(to) - {weekday})
    if not others:
        raise InvalidInput(_("Choose the days to copy to."), field="to")
    owner = _owner(resource_id)
    rows = WorkingHours.objects.filter(owner, site_id=site_id, weekday=weekday, valid_from__lte=valid_from)
    rows = rows.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=valid_from))
    windows = [HoursData(others, row.opens, row.closes, valid_from) for row in rows]
    if not windows:
        raise InvalidInput(_("That day has no hours then: nothing to copy."), field="to")
    return _replace(by, site_id, resource_id, windows, others, accept=accept)


def _replace(
    by: Actor,
    site_id: UUID,
    resource_id: UUID | None,
    windows: Sequence[HoursData],
    weekdays: Sequence[int],
    *,
    accept: bool,
) -> list[Appointment]:
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    scarcity.lock(site_id, resource_id)
    site = Site.objects.get(pk=site_id)
    first, last = windows[0].valid_from, windows[0].valid_until
    if last and last < first:
        raise InvalidInput(_("The last day is before the first day."), field="valid_until")
    rows = WorkingHours.objects.filter(_owner(resource_id), site_id=site_id, weekday__in=weekdays)
    rows = rows.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=first))
    for row in rows.filter(valid_from__lte=last) if last else rows:
        _cut(row, first, last)
    for data in windows:
        add(by=by, site_id=site_id, data=data, resource_id=resource_id)
    start = max(clock.day_bounds(first, site.zone)[0], clock.now())
    until = clock.day_bounds(last, site.zone)[1] if last else None
    visits = [
        visit
        for visit in coverage.uncovered(site, resource_id, start=start, end=until)
        if visit.period.lower.astimezone(site.zone).weekday() in weekdays
    ]
    scarcity.accept_or_refuse(visits, accept, by=by)
    audit.record(
        "scheduling.hours.replaced",
        by=by,
        site_id=site_id,
        detail={"resource": str(resource_id or ""), "visits": len(visits)},
    )
    return visits


def _cut(row: WorkingHours, first: dt.date, last: dt.date | None) -> None:
    """Take the days from `first` to `last` out of a window: what lies before stays, what lies after is a new row."""
    if last and (row.valid_until is None or row.valid_until > last):
        WorkingHours.objects.create(
            site_id=row.site_id,
            resource_id=row.resource_id,
            weekday=row.weekday,
            opens=row.opens,
            closes=row.closes,
            valid_from=last + dt.timedelta(days=1),
            valid_until=row.valid_until,
        )
    if row.valid_from < first:
        row.valid_until = first - dt.timedelta(days=1)
        row.save(update_fields=["valid_until"])
    else:
        row.delete()


def _owner(resource_id: UUID | None) -> Q:
    return Q(resource_id=resource_id) if resource_id else Q(resource__isnull=True)


def _check_no_overlap(site_id: UUID, resource_id: UUID | None, data: HoursData) -> None:
    rows = WorkingHours.objects.filter(
        _owner(resource_id),
        Q(valid_until__isnull=True) | Q(valid_until__gte=data.valid_from),
        site_id=site_id,
        weekday__in=data.weekdays,
        opens__lt=data.closes,
        closes__gt=data.opens,
    )
    if data.valid_until:
        rows = rows.filter(valid_from__lte=data.valid_until)
    if other := rows.first():
        day = other.get_weekday_display()
        raise InvalidInput(
            _(
                "On %(day)s there are hours from %(opens)s to %(closes)s already. End those first, or let the new ones replace them."
            )
            % {"day": day, "opens": f"{other.opens:%H:%M}", "closes": f"{other.closes:%H:%M}"},
            field="opens",
        )
