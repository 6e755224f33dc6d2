"""Setting the site up: resources, hours, closures, time off.

Whoever makes a resource scarcer takes the same locks as a booking, in the same order, and is then told which
visits stand in the way: nothing is refused or overridden in silence. With `accept` the change is saved, the
visits stay as they are, and each gets a task to move it.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Max, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic import audit, clock, locks
from clinic.actors import Actor, System
from clinic.enums import Permission, Role
from clinic.exceptions import DomainError, InvalidInput, NotFound
from clinic.permissions import can, check
from clinic.services import tasks
from clinic.transactions import use_case
from scheduling.models import Appointment, Closure, Resource, ResourceKind, TimeOff, WorkingHours
from scheduling.selectors import setup as reads

REBOOK = "visit.rebook"


class VisitsInTheWay(DomainError):
    """Visits are booked in the time that would be taken away. Nothing was written."""

    def __init__(self, visits: Sequence[Appointment]) -> None:
        count = len(visits)
        super().__init__(
            ngettext(
                "%(count)s visit is booked in that time.", "%(count)s visits are booked in that time.", count
            )
            % {"count": count}
        )
        self.visits = list(visits)


@dataclass(frozen=True, slots=True)
class ResourceData:
    """A clinician, a room or a piece of equipment as the form says it."""

    kind: str
    name: str
    user_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class HoursData:
    """A weekly window on one or more days; wall-clock times of the site."""

    weekdays: Sequence[int]
    opens: dt.time
    closes: dt.time
    valid_from: dt.date
    valid_until: dt.date | None = None


@use_case
def save_resource(
    *, by: Actor, site_id: UUID, data: ResourceData, resource_id: UUID | None = None
) -> Resource:
    """Add a resource, or rename one. Its kind is fixed once it exists: visits hold it as what it is."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    kind = ResourceKind.objects.filter(pk=data.kind).first()
    if kind is None:
        raise InvalidInput(_("Choose a kind."), field="kind")
    is_clinician = kind.category == "clinician"
    locks.take(resource=[resource_id] if resource_id else [])
    if resource_id:
        row = _resource(site_id, resource_id)
        if row.kind_id != kind.pk:
            raise InvalidInput(
                _("The kind of a resource cannot change: retire it and add a new one."), field="kind"
            )
    else:
        last = Resource.objects.filter(kind=kind).aggregate(last=Max("position"))["last"]
        site = None if is_clinician else site_id
        row = Resource(kind=kind, is_clinician=is_clinician, site_id=site, position=(last or 0) + 1)
    row.name, row.user_id = data.name, data.user_id if is_clinician else None
    if row.user_id and Resource.objects.filter(user=row.user_id).exclude(pk=row.pk).exists():
        raise InvalidInput(_("This account already belongs to another clinician."), field="user")
    row.save()
    audit.record("scheduling.resource.saved", by=by, about=[row], site_id=site_id)
    return row


@use_case
def retire(*, by: Actor, site_id: UUID, resource_id: UUID, accept: bool = False) -> list[Appointment]:
    """Take a resource out of use. Returns the visits that hold it and now need another one."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    locks.take(resource=[resource_id])
    row = _resource(site_id, resource_id)
    visits = reads.visits_using(resource_ids=[resource_id], start=clock.now())
    _accept(visits, accept, by=by)
    row.is_active = False
    row.save(update_fields=["is_active"])
    audit.record(
        "scheduling.resource.retired", by=by, about=[row], site_id=site_id, detail={"visits": len(visits)}
    )
    return visits


@use_case
def restore(*, by: Actor, site_id: UUID, resource_id: UUID) -> Resource:
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    locks.take(resource=[resource_id])
    row = _resource(site_id, resource_id)
    row.is_active = True
    row.save(update_fields=["is_active"])
    audit.record("scheduling.resource.restored", by=by, about=[row], site_id=site_id)
    return row


@use_case
def add_hours(
    *, by: Actor, site_id: UUID, data: HoursData, resource_id: UUID | None = None
) -> list[WorkingHours]:
    """Add a weekly window on each of the days; without a resource, the site's opening hours.

    A first window of the site narrows nothing that was open before: without hours it is closed.
    """
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    locks.take(site=[site_id], resource=[resource_id] if resource_id else [])
    if resource_id:
        _resource(site_id, resource_id)
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
def end_hours(
    *, by: Actor, site_id: UUID, hours_id: UUID, last_day: dt.date | None = None, accept: bool = False
) -> list[Appointment]:
    """End a weekly window after `last_day`, or remove it now. Returns the visits left without hours."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    found = WorkingHours.objects.filter(pk=hours_id, site_id=site_id).first()
    if found is None:
        raise NotFound(_("There are no such hours."))
    _lock_scarcer(site_id, found.resource_id)
    row = WorkingHours.objects.select_related("site").filter(pk=hours_id).first()
    if row is None:
        raise NotFound(_("Somebody else has just removed these hours."))
    today = clock.today(row.site.zone)
    visits = reads.visits_in_window(
        row, site=row.site, from_day=last_day + dt.timedelta(days=1) if last_day else today
    )
    _accept(visits, accept, by=by)
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
def close(
    *, by: Actor, site_id: UUID, start: dt.datetime, end: dt.datetime, name: str, accept: bool = False
) -> tuple[Closure, list[Appointment]]:
    """Close the site for a time. Locks the site and all its resources, as every booking there does."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    _check_period(start, end)
    _lock_scarcer(site_id, None)
    visits = reads.visits_at(site_id=site_id, start=start, end=end)
    _accept(visits, accept, by=by)
    row = Closure.objects.create(site_id=site_id, period=DateTimeTZRange(start, end), name=name)
    audit.record("scheduling.closure.added", by=by, about=[row], detail={"visits": len(visits)})
    return row, visits


@use_case
def reopen(*, by: Actor, site_id: UUID, closure_id: UUID) -> None:
    """Remove a closure: the site is open again by its hours."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    locks.take(site=[site_id])
    row = Closure.objects.filter(pk=closure_id, site_id=site_id).first()
    if row is None:
        raise NotFound(_("There is no such closure."))
    audit.record("scheduling.closure.removed", by=by, about=[row])
    row.delete()


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
) -> tuple[TimeOff, list[Appointment]]:
    """A resource is away or out of order. Locks it, as every booking of it does."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    _check_period(start, end)
    locks.take(resource=[resource_id])
    resource = _resource(site_id, resource_id)
    visits = reads.visits_using(resource_ids=[resource_id], start=start, end=end)
    _accept(visits, accept, by=by)
    row = TimeOff.objects.create(resource=resource, period=DateTimeTZRange(start, end), reason=reason)
    audit.record(
        "scheduling.time_off.added", by=by, about=[row], site_id=site_id, detail={"visits": len(visits)}
    )
    return row, visits


@use_case
def end_time_off(*, by: Actor, site_id: UUID, time_off_id: UUID) -> None:
    """Back again, or entered by mistake. The row stays, ended."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    row = TimeOff.objects.filter(pk=time_off_id, ended_at__isnull=True).first()
    if row is None:
        raise NotFound(_("There is no such time off."))
    locks.take(resource=[row.resource_id])
    _resource(site_id, row.resource_id)
    row.ended_at = clock.now()
    row.save(update_fields=["ended_at"])
    audit.record("scheduling.time_off.ended", by=by, about=[row], site_id=site_id)


def _resource(site_id: UUID, resource_id: UUID) -> Resource:
    row = Resource.objects.filter(Q(site_id=site_id) | Q(is_clinician=True), pk=resource_id).first()
    if row is None:
        raise NotFound(_("There is no such resource at your site."))
    return row


def _lock_scarcer(site_id: UUID, resource_id: UUID | None) -> None:
    """The clinician, or for the site itself everything that a visit there could hold."""
    everything = Resource.objects.filter(Q(site_id=site_id) | Q(is_clinician=True)).values_list(
        "pk", flat=True
    )
    locks.take(site=[site_id], resource=[resource_id] if resource_id else list(everything))


def _check_period(start: dt.datetime, end: dt.datetime) -> None:
    if start >= end:
        raise InvalidInput(_("The end must be after the beginning."), field="last")
    if end <= clock.now():
        raise InvalidInput(_("That time has passed already."), field="first")


def _check_no_overlap(site_id: UUID, resource_id: UUID | None, data: HoursData) -> None:
    owner = Q(resource_id=resource_id) if resource_id else Q(resource__isnull=True)
    rows = WorkingHours.objects.filter(
        owner,
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
            _("On %(day)s there are hours from %(opens)s to %(closes)s already. End those first.")
            % {"day": day, "opens": f"{other.opens:%H:%M}", "closes": f"{other.closes:%H:%M}"},
            field="opens",
        )


def _accept(visits: Sequence[Appointment], accept: bool, *, by: Actor) -> None:
    """Raise with the visits in the way; or, accepted, open a task for each so that none is forgotten."""
    if not visits:
        return
    if not accept:
        raise VisitsInTheWay(visits)
    now = clock.now()
    for visit in visits:
        due: dt.datetime = visit.period.lower - dt.timedelta(days=3)
        # A clinician may have visits at a site where the manager does not work: its desk is told all the same.
        teller = (
            by if can(by, Permission.WORK_TASKS, site_id=visit.site_id) else System(job="scheduling.setup")
        )
        tasks.open_task(
            by=teller,
            site_id=visit.site_id,
            patient_id=visit.patient_id,
            kind=REBOOK,
            title=_("Move the visit: its clinician, room or site is not there"),
            role=Role.FRONT_DESK,
            due_at=max(due, now + dt.timedelta(hours=2)),
            about=f"appointment:{visit.pk}",
        )
