"""Telephone calls: each one is kept in one line, and who is to be called back becomes a task with its time."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock
from clinic.actors import Actor, Staff
from clinic.enums import CallDirection, CallOutcome, Permission, Role
from clinic.exceptions import InvalidInput, NotFound
from clinic.models import Call, Patient
from clinic.permissions import check
from clinic.selectors.tasks import CALL_BACK, open_about
from clinic.services import tasks
from clinic.transactions import use_case


@dataclass(frozen=True, slots=True)
class CallData:
    """What came of a call. `call_back_at` is needed where somebody is to be called back, and only there."""

    outcome: CallOutcome
    direction: CallDirection = CallDirection.OUT
    spoke_with: str = ""
    note: str = ""
    call_back_at: dt.datetime | None = None


@use_case
def log(*, by: Actor, site_id: UUID, patient_id: UUID, data: CallData, about: str = "") -> Call:
    """Keep one call with, or for, a patient. To be called back opens a task with that time; another outcome that
    reached somebody finishes the open ones of the same patient and subject.

    Raises InvalidInput for a time to call back that is missing or over, NotFound for a patient who is not there.
    Calls are written once and lock nothing; two clerks who ring at once leave two lines.
    """
    check(by, Permission.WORK_TASKS, site_id=site_id)
    if not Patient.objects.filter(pk=patient_id).exists():
        raise NotFound(_("There is no such patient."))
    now = clock.now()
    wanted = data.outcome == CallOutcome.CALL_BACK
    if wanted and (data.call_back_at is None or data.call_back_at <= now):
        raise InvalidInput(_("Say when to call back: a time still to come."), field="call_back_time")
    call = Call.objects.create(
        site_id=site_id,
        patient_id=patient_id,
        about=about,
        direction=data.direction,
        outcome=data.outcome,
        spoke_with=data.spoke_with,
        note=data.note,
        call_back_at=data.call_back_at if wanted else None,
        by_id=by.user_id if isinstance(by, Staff) else None,
        at=now,
    )
    audit.record("clinic.call.logged", by=by, about=[call], detail={"outcome": data.outcome.value})
    if wanted and data.call_back_at is not None:
        _call_back(call, data.call_back_at, by=by)
    elif data.outcome == CallOutcome.REACHED:
        for task_id in open_about(kind=CALL_BACK, abouts=[_subject(call)]):
            tasks.finish(by=by, task_id=task_id, outcome=_("Reached by phone"))
    return call


def _subject(call: Call) -> str:
    """One call back is open for a subject at a time: the latest time said is the one that counts."""
    return f"call:{call.about or call.patient_id}"


def _call_back(call: Call, at: dt.datetime, *, by: Actor) -> None:
    task = tasks.open_task(
        by=by,
        site_id=call.site_id,
        patient_id=call.patient_id,
        kind=CALL_BACK,
        title=_("Call back"),
        role=by.role if isinstance(by, Staff) else Role.FRONT_DESK,
        due_at=at,
        about=_subject(call),
    )
    if task.due_at != at:
        tasks.reassign(by=by, task_id=task.pk, role=task.role, owner_id=task.owner_id, due_at=at)
