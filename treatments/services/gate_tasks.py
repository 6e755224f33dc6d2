"""Tasks about courses that wait for a physician. Their titles say nothing clinical: the desk sees them too.

Inner steps of use cases that hold the course. Tasks come after every rank of `clinic.locks`.
"""

import datetime as dt

from django.utils.translation import gettext as _

from clinic import clock
from clinic.actors import Actor
from clinic.enums import Role, TaskState
from clinic.models import Task
from clinic.services import tasks
from treatments.models import Course

HELD = "course_held"
DECIDE = "decide_gate"
OVERDUE = "gate_overdue"
GRAVE = "grave_event"
CONSENT = "fresh_consent"
_MORNING = dt.time(9)
_SETTLED_BY_A_DECISION = (HELD, DECIDE, OVERDUE, GRAVE)


def about(course: Course) -> str:
    """The key of what a course's tasks are about."""
    return f"course:{course.pk}"


def remind_of_hold(course: Course, *, on: dt.date, by: Actor) -> None:
    """On the day on which the hold is to be looked at again."""
    _open(
        course,
        HELD,
        _("A course on hold: decide whether it goes on"),
        due_at=clock.local(on, _MORNING, course.site.zone),
        by=by,
    )


def _open(
    course: Course,
    kind: str,
    title: str,
    *,
    due_at: dt.datetime,
    by: Actor,
    role: Role = Role.PHYSICIAN,
) -> Task:
    owner = course.physician.user_id if role == Role.PHYSICIAN else None
    return tasks.open_task(
        by=by,
        site_id=course.site_id,
        kind=kind,
        title=title,
        role=role,
        due_at=due_at,
        patient_id=course.patient_id,
        about=about(course),
        owner_id=owner,
    )


def settle(course: Course, *, by: Actor) -> None:
    """A physician has decided: what waited for the decision is done."""
    waiting = Task.objects.filter(
        about=about(course), kind__in=_SETTLED_BY_A_DECISION, state=TaskState.OPEN
    ).order_by("pk")
    for task_id in waiting.values_list("pk", flat=True):
        tasks.finish(by=by, task_id=task_id, outcome=_("Decided."))
