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
_GRAVE_WITHIN = dt.timedelta(hours=2)
_CONSENT_WITHIN = dt.timedelta(days=7)
_SETTLED_BY_A_DECISION = (HELD, DECIDE, OVERDUE, GRAVE)


def about(course: Course) -> str:
    """The key of what a course's tasks are about."""
    return f"course:{course.pk}"


def about_gate(course: Course, number: int) -> str:
    """The key of the tasks about one gate of a course."""
    return f"{about(course)}:gate:{number}"


def remind_of_hold(course: Course, *, on: dt.date, by: Actor) -> None:
    """On the day on which the hold is to be looked at again."""
    due_at = clock.local(on, _MORNING, course.site.zone)
    title = _("A course on hold: decide whether it goes on")
    _open(course, HELD, title, about(course), due_at=due_at, by=by)


def ask_for_consent(course: Course, *, by: Actor) -> None:
    """An extension is a new agreement."""
    title = _("The course was extended: a fresh consent is needed")
    due_at = clock.now() + _CONSENT_WITHIN
    _open(course, CONSENT, title, about(course), due_at=due_at, by=by, role=Role.NURSE)


def tell_of_grave_event(course: Course, *, by: Actor) -> None:
    """At once, whoever wrote the event down."""
    title = _("A grave event is on record: decide whether the course goes on")
    _open(course, GRAVE, title, about(course), due_at=clock.now() + _GRAVE_WITHIN, by=by)


def ask_physician(course: Course, number: int, *, due_at: dt.datetime, by: Actor) -> None:
    """The gate is open, and the day on which its visit must be released comes near."""
    title = _("A review waits for your decision")
    _open(course, DECIDE, title, about_gate(course, number), due_at=due_at, by=by)


def tell_manager(course: Course, number: int, *, by: Actor) -> None:
    """That day has passed: the patient still knows of no visit."""
    title = _("A visit is kept free and not released: %(physician)s has not decided") % {
        "physician": course.physician.name
    }
    _open(course, OVERDUE, title, about_gate(course, number), due_at=clock.now(), by=by, role=Role.MANAGER)


def settle(course: Course, *, by: Actor) -> None:
    """A physician has decided: what waited for the decision is done."""
    waiting = Task.objects.filter(
        about__startswith=about(course), kind__in=_SETTLED_BY_A_DECISION, state=TaskState.OPEN
    ).order_by("pk")
    for task_id in list(waiting.values_list("pk", flat=True)):
        tasks.finish(by=by, task_id=task_id, outcome=_("Decided."))


def _open(
    course: Course,
    kind: str,
    title: str,
    key: str,
    *,
    due_at: dt.datetime,
    by: Actor,
    role: Role = Role.PHYSICIAN,
) -> None:
    tasks.open_task(
        by=by,
        site_id=course.site_id,
        kind=kind,
        title=title,
        role=role,
        due_at=due_at,
        patient_id=course.patient_id,
        about=key,
        owner_id=course.physician.user_id if role == Role.PHYSICIAN else None,
    )
