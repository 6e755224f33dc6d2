"""Something is out of order, or somebody is called away, now: time off from this minute, and a list of whom to ring."""

import datetime as dt
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import clock
from clinic.actors import Staff
from clinic.enums import CallOutcome, Permission
from clinic.exceptions import IllegalMove, InvalidInput, NotFound
from clinic.models import Task
from clinic.permissions import check
from clinic.services import calls, tasks
from clinic.services.calls import CallData
from clinic.transactions import use_case
from scheduling.enums import Told
from scheduling.models import Appointment, TimeOff
from scheduling.selectors.disruption import REBOOK
from scheduling.services import absences, rebooking
from scheduling.services.rebooking import Choice

LONGEST = dt.timedelta(days=60)


@use_case
def start_now(
    *, by: Staff, site_id: UUID, resource_id: UUID, until: dt.datetime, reason: str = ""
) -> TimeOff:
    """Time off from now until then. Whoever books may say so: it cannot wait for the manager.

    Every visit that holds the resource in that time becomes a task of the desk. Locks the resource, as a booking of
    it does, so that none slips in. Raises InvalidInput for an end that is over or beyond 60 days.
    """
    now = clock.now()
    if until <= now:
        raise InvalidInput(_("Give a time still to come."), field="until_time")
    if until > now + LONGEST:
        raise InvalidInput(
            _("At most 60 days. For longer, ask the manager to enter time off."), field="until_day"
        )
    row, _visits = absences.take_off(
        by=by,
        site_id=site_id,
        resource_id=resource_id,
        start=now,
        end=until,
        reason=reason,
        accept=True,
        permission=Permission.BOOK,
    )
    return row


@use_case
def note_call(*, by: Staff, task_id: UUID, data: CallData) -> Task:
    """A call about a line that settled nothing yet: kept with the visit. The line goes back into the list."""
    task = _line(by, task_id)
    calls.log(by=by, site_id=task.site_id, patient_id=_patient_of(task), data=data, about=task.about)
    return tasks.put_back(by=by, task_id=task_id)


@use_case
def move_by_phone(*, by: Staff, task_id: UUID, choice: Choice, note: str = "") -> Appointment:
    """They agreed on the phone: the visit moves, the call is kept and the line is done, all or nothing.

    Raises RebookingFailed when the time has gone meanwhile, IllegalMove when somebody else has the line.
    """
    task = _line(by, task_id)
    if task.about != f"appointment:{choice.appointment_id}":
        raise NotFound(_("There is no such visit."))
    moved = rebooking.rebook(site_id=task.site_id, choices=[choice], by=by, told=Told.PHONE)[0]
    data = CallData(outcome=CallOutcome.REACHED, note=note)
    calls.log(by=by, site_id=task.site_id, patient_id=moved.patient_id, data=data, about=task.about)
    return moved


def _line(by: Staff, task_id: UUID) -> Task:
    """Read before the locks, which come in the order of `clinic.locks`; the step that ends the task looks again."""
    task = Task.objects.filter(pk=task_id, kind=REBOOK).select_related("owner").first()
    if task is None:
        raise NotFound(_("There is no such task at your site."))
    check(by, Permission.BOOK, site_id=task.site_id)
    if task.owner_id is not None and task.owner_id != by.user_id:
        raise IllegalMove(_("%(name)s has this one. Take another.") % {"name": task.owner})
    if task.state != "open":
        raise IllegalMove(_("Somebody else has finished this task already."))
    return task


def _patient_of(task: Task) -> UUID:
    if task.patient_id is None:
        raise NotFound(_("There is no such patient."))
    return task.patient_id
