"""Visits that lost what they were booked with, as a list to work off: soonest first, with what was said so far."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch, Q

from clinic.enums import TaskState
from clinic.models import Call, Patient, Site, Task
from clinic.selectors.calls import latest_about
from scheduling import policies
from scheduling.enums import AppointmentStatus
from scheduling.models import Allocation, Appointment, TimeOff
from scheduling.selectors.setup import resources
from scheduling.selectors.visits import with_parts

REBOOK = "visit.rebook"
"""The kind of task that each visit in the way leaves behind."""

_ABOUT = "appointment:"
_KEY = 8  # signs of a task's key: enough to tell the lines of one page apart
_HERE = (AppointmentStatus.ARRIVED, AppointmentStatus.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class Line:
    """One visit of the list. The task's owner has it in hand; `call` is the last word about it."""

    task: Task
    visit: Appointment
    call: Call | None

    @property
    def mark(self) -> str:
        """What a page keeps of the line: which it is and whether it is as shown. Short, for many go into one address."""
        return _mark(self.task, self.call)

    @property
    def is_open(self) -> bool:
        return bool(self.task.state == TaskState.OPEN)

    @property
    def is_here(self) -> bool:
        """The patient is in the house: this comes before every call."""
        return self.is_open and self.visit.status in _HERE

    @property
    def can_move(self) -> bool:
        return self.is_open and self.visit.status in policies.MOVABLE


def time_off(*, site_id: UUID, time_off_id: UUID) -> TimeOff | None:
    rows = TimeOff.objects.filter(resource__in=resources(site_id), pk=time_off_id)
    return rows.select_related("resource__kind").first()


def lines(*, site: Site, since: dt.datetime, off: TimeOff | None = None) -> list[Line]:
    """Open lines, those of patients who are here first and then by time; after them what was settled since then.

    With `off`, of the visits that held its resource in its time, however they ended. A constant number of queries.
    """
    tasks = Task.objects.filter(site=site, kind=REBOOK).filter(
        Q(state=TaskState.OPEN) | Q(ended_at__gte=since)
    )
    if off is not None:
        held = Allocation.objects.filter(resource=off.resource_id, period__overlap=off.period)
        keys = held.exclude(appointment=None).values_list("appointment_id", flat=True)
        tasks = tasks.filter(about__in={f"{_ABOUT}{key}" for key in keys})
    return _lines(list(tasks.select_related("owner").order_by("created_at", "pk")))


def changed(*, site: Site, since: dt.datetime, marks: Collection[str]) -> list[Line]:
    """Of the lines that a page shows by these marks, those that somebody has taken, left, rung or settled meanwhile.

    Two queries where nothing changed.
    """
    shown = {mark[:_KEY] for mark in marks}
    rows = Task.objects.filter(site=site, kind=REBOOK).filter(
        Q(state=TaskState.OPEN) | Q(ended_at__gte=since)
    )
    tasks = [task for task in rows.select_related("owner") if task.pk.hex[-_KEY:] in shown]
    calls = latest_about([task.about for task in tasks])
    moved = [task for task in tasks if _mark(task, calls.get(task.about)) not in marks]
    return _lines(moved) if moved else []


def line(task: Task) -> Line | None:
    """The line of one task, read anew."""
    return next(iter(_lines([task])), None)


def _mark(task: Task, call: Call | None) -> str:
    owner = task.owner_id.hex[-3:] if task.owner_id else "-"
    said = call.pk.hex[-3:] if call else "-"
    return f"{task.pk.hex[-_KEY:]}{task.state[:2]}{owner}{said}"


def _lines(tasks: Sequence[Task]) -> list[Line]:
    latest = {task.about: task for task in tasks}
    people = Patient.objects.prefetch_related("phones")
    rows = with_parts(Appointment.objects.filter(pk__in=[about.removeprefix(_ABOUT) for about in latest]))
    rows = rows.select_related(None).select_related("visit_type", "site", "reason")
    visits = {f"{_ABOUT}{row.pk}": row for row in rows.prefetch_related(Prefetch("patient", queryset=people))}
    calls = latest_about(list(latest))
    found = [Line(task, visits[about], calls.get(about)) for about, task in latest.items() if about in visits]
    return sorted(
        found, key=lambda one: (not one.is_open, not one.is_here, one.visit.period.lower, one.task.pk)
    )
