"""Red flags: a task for whoever is on duty, with a clock that goes up when it runs out, until a person has written what
was done.

One open task a session and urgency: what is said again while somebody is at it joins it.
"""

import datetime as dt
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock
from clinic.actors import Actor, Staff, System
from clinic.enums import Role, TaskState
from clinic.models import Task
from clinic.services import tasks
from clinic.transactions import use_case
from treatments.models import CheckIn, Session
from treatments.policies import duty
from treatments.selectors import duty as duty_reads

EMERGENCY: Final = "red_flag_emergency"
SAME_DAY: Final = "red_flag_same_day"
KINDS: Final = (EMERGENCY, SAME_DAY)


def about(session_id: UUID) -> str:
    """The key of what a session's tasks of its recovery are about."""
    return f"session:{session_id}"


def session_of(task: Task) -> UUID:
    """The session of such a task."""
    return UUID(task.about.split(":")[1])


def open_for(check_in: CheckIn, session: Session, *, by: Actor) -> Task:
    """An inner step of writing the check-in. Whoever heard it on the phone has the task; else the role on duty.

    The title says nothing clinical: the desk sees it too.
    """
    now = clock.now()
    emergency = check_in.emergency
    on = duty_reads.of_site(session.site, now=now)
    return tasks.open_task(
        by=by,
        site_id=session.site_id,
        kind=EMERGENCY if emergency else SAME_DAY,
        title=_("Call at once: an emergency sign was reported")
        if emergency
        else _("Call today: a warning sign was reported"),
        role=by.role if isinstance(by, Staff) else duty.on_duty(on, at=now),
        owner_id=by.user_id if isinstance(by, Staff) else None,
        due_at=duty.due(on, at=now, minutes=_minutes(session, emergency=emergency)),
        patient_id=session.course.patient_id,
        about=about(session.pk),
    )


def escalate_due(*, by: System) -> int:
    """Hand on every red flag whose clock has run out. One transaction a task; running it twice or by two does no harm.

    Returns how many. With the manager a task stays, overdue, until its outcome is written.
    """
    late = Task.objects.filter(kind__in=KINDS, state=TaskState.OPEN, due_at__lte=clock.now())
    keys = late.exclude(role=Role.MANAGER).order_by("due_at", "pk").values_list("pk", flat=True)
    return sum(_escalate(task_id=key, by=by) for key in list(keys))


@use_case
def _escalate(*, task_id: UUID, by: System) -> bool:
    """The row is locked before its clock is read again: of two at once the second finds the new time."""
    now = clock.now()
    rows = Task.objects.select_for_update(no_key=True, of=("self",)).select_related("site")
    task = rows.filter(pk=task_id, state=TaskState.OPEN, due_at__lte=now).exclude(role=Role.MANAGER).first()
    if task is None:
        return False
    session = _session(session_of(task))
    on = duty_reads.of_site(task.site, now=now)
    before = task.role
    role = duty.on_duty(on, at=now, above=before)
    due_at: dt.datetime = duty.due(on, at=now, minutes=_minutes(session, emergency=task.kind == EMERGENCY))
    tasks.reassign(by=by, task_id=task.pk, role=role, owner_id=None, due_at=due_at)
    audit.record(
        "treatments.red_flag.escalated", by=by, about=[task], detail={"before": before, "after": role}
    )
    return True


def _session(session_id: UUID) -> Session:
    return Session.objects.select_related("course__protocol_version__rules").get(pk=session_id)


def _minutes(session: Session, *, emergency: bool) -> int:
    rules = session.course.protocol_version.clinical.recovery
    return rules.emergency_minutes if emergency else rules.same_day_minutes
