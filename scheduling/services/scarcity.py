"""Making a resource scarcer: the steps that hours, closures, time off, retiring and qualifications share.

Whoever makes a resource scarcer takes the same locks as a booking, in the same order, and is then told which
visits stand in the way: nothing is refused or overridden in silence. With `accept` the change is saved, the
visits stay as they are, and each gets a task to move it.
"""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic import clock, locks
from clinic.actors import Actor, System
from clinic.enums import Permission, Role
from clinic.exceptions import DomainError, InvalidInput, NotFound
from clinic.permissions import can
from clinic.services import tasks
from scheduling.models import Appointment, Resource
from scheduling.selectors.disruption import REBOOK as REBOOK


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


def accept_or_refuse(visits: Sequence[Appointment], accept: bool, *, by: Actor, title: str = "") -> None:
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
            title=title or _("Move the visit: its clinician, room or site is not there"),
            role=Role.FRONT_DESK,
            due_at=max(due, now + dt.timedelta(hours=2)),
            about=f"appointment:{visit.pk}",
        )


def lock(site_id: UUID, resource_id: UUID | None) -> None:
    """The clinician, or for the site itself everything that a visit there could hold."""
    locks.take(site=[site_id], resource=[resource_id] if resource_id else resources_at(site_id))


def resources_at(site_id: UUID) -> list[UUID]:
    """Everything that a visit at the site could hold."""
    rows = Resource.objects.filter(Q(site_id=site_id) | Q(is_clinician=True))
    return list(rows.values_list("pk", flat=True))


def resource_of(site_id: UUID, resource_id: UUID) -> Resource:
    row = Resource.objects.filter(Q(site_id=site_id) | Q(is_clinician=True), pk=resource_id).first()
    if row is None:
        raise NotFound(_("There is no such resource at your site."))
    return row


def check_period(start: dt.datetime, end: dt.datetime) -> None:
    if start >= end:
        raise InvalidInput(_("The end must be after the beginning."), field="last")
    if end <= clock.now():
        raise InvalidInput(_("That time has passed already."), field="first")
