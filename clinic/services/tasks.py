"""Tasks: what a person must do, with a role, an owner and a time."""

import datetime as dt
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock, task_kinds
from clinic.actors import Actor, Contact, Patient, Staff
from clinic.enums import TASK_TRANSITIONS, Permission, Role, TaskState
from clinic.exceptions import IllegalMove, InvalidInput, NotAllowed, NotFound
from clinic.models import Task, User
from clinic.permissions import check
from clinic.transactions import use_case


@use_case
def open_task(
    *,
    by: Actor,
    site_id: UUID,
    kind: str,
    title: str,
    role: str,
    due_at: dt.datetime,
    patient_id: UUID | None = None,
    about: str = "",
    owner_id: UUID | None = None,
) -> Task:
    """Ask somebody to do something. While a task of this kind about this fact is open, that one is handed back.

    Two at once are settled by the database's partial unique index. Patients and contacts open tasks too,
    through what they answer; only staff need the permission.
    """
    if isinstance(by, Staff):
        check(by, Permission.WORK_TASKS, site_id=site_id)
    if not title.strip() or "\x00" in title:
        raise InvalidInput(_("Say what is to be done."), field="title")
    task = Task(
        site_id=site_id,
        patient_id=patient_id,
        kind=kind,
        about=about,
        title=title[:200],
        role=Role(role),
        owner_id=owner_id,
        due_at=due_at,
        created_at=clock.now(),
    )
    Task.objects.bulk_create([task], ignore_conflicts=True)
    if about:
        kept = Task.objects.get(kind=kind, about=about, state=TaskState.OPEN)
        if kept.pk != task.pk:
            return kept
    audit.record("clinic.task.opened", by=by, about=[task], detail={"kind": kind})
    return task


@use_case
def finish(*, by: Actor, task_id: UUID, outcome: str) -> Task:
    """Done, with what came of it."""
    if not outcome.strip():
        raise InvalidInput(_("Say what was done: one short sentence is enough."), field="outcome")
    return _move(by, task_id, TaskState.DONE, outcome)


@use_case
def drop(*, by: Actor, task_id: UUID, outcome: str = "") -> Task:
    """No longer needed: what it was about has gone. Refused for a kind with a clock: that one needs its outcome."""
    return _move(by, task_id, TaskState.DROPPED, outcome)


@use_case
def reopen(*, by: Actor, task_id: UUID) -> Task:
    """Undo of a finish or a drop. Refused while another task about the same fact is open."""
    return _move(by, task_id, TaskState.OPEN, "")


@use_case
def reassign(
    *, by: Actor, task_id: UUID, role: str, owner_id: UUID | None, due_at: dt.datetime | None = None
) -> Task:
    """Hand an open task to a role or to one person of its site, by another time if one is given."""
    task = _locked(by, task_id)
    if task.state != TaskState.OPEN:
        raise IllegalMove(_("This task is finished. Reopen it first."))
    if (
        owner_id is not None
        and not User.objects.filter(pk=owner_id, is_active=True, sites=task.site_id).exists()
    ):
        raise InvalidInput(_("This person does not work at the task's site."), field="owner")
    task.role, task.owner_id, task.due_at = Role(role), owner_id, due_at or task.due_at
    task.save(update_fields=["role", "owner", "due_at"])
    audit.record("clinic.task.reassigned", by=by, about=[task], detail={"role": task.role})
    return task


@use_case
def claim(*, by: Staff, task_id: UUID) -> Task:
    """Take an open task for oneself, so that two people who share a list never take the same line.

    Claiming one's own again changes nothing. Raises IllegalMove when somebody else has it or it is finished: of two
    at once the row lock lets one be first, and the other is told who.
    """
    task = _locked(by, task_id)
    if task.state != TaskState.OPEN:
        raise IllegalMove(_("Somebody else has finished this task already."))
    if task.owner_id is not None and task.owner_id != by.user_id:
        owner = User.objects.get(pk=task.owner_id)
        raise IllegalMove(_("%(name)s has this one. Take another.") % {"name": owner})
    if task.owner_id is None:
        task.owner_id = by.user_id
        task.save(update_fields=["owner"])
        audit.record("clinic.task.claimed", by=by, about=[task])
    return task


@use_case
def put_back(*, by: Staff, task_id: UUID) -> Task:
    """Give a task that one had claimed back to its role. Somebody else's stays theirs: hand it over instead."""
    task = _locked(by, task_id)
    if task.state == TaskState.OPEN and task.owner_id == by.user_id:
        task.owner_id = None
        task.save(update_fields=["owner"])
        audit.record("clinic.task.put_back", by=by, about=[task])
    return task


def _move(by: Actor, task_id: UUID, state: TaskState, outcome: str) -> Task:
    task = _locked(by, task_id)
    if state not in TASK_TRANSITIONS[task.state]:
        raise IllegalMove(_("Somebody else has finished this task already."))
    _check_kind(by, task, state)
    if "\x00" in outcome or len(outcome) > 500:
        raise InvalidInput(_("At most 500 characters."), field="outcome")
    if state == TaskState.OPEN and _twin_is_open(task):
        raise IllegalMove(_("Another task about the same is open already."))
    task.state, task.outcome = state, outcome.strip()
    task.ended_at = None if state == TaskState.OPEN else clock.now()
    task.save(update_fields=["state", "outcome", "ended_at"])
    action = {TaskState.DONE: "finished", TaskState.DROPPED: "dropped", TaskState.OPEN: "reopened"}[state]
    audit.record(f"clinic.task.{action}", by=by, about=[task])
    return task


def _check_kind(by: Actor, task: Task, state: TaskState) -> None:
    kind = task_kinds.get(task.kind)
    if kind is None or not kind.is_clocked:
        return
    if state == TaskState.DROPPED:
        raise IllegalMove(_("This one is not dropped: write what was done about it, then it is finished."))
    if isinstance(by, Staff) and by.role not in kind.closed_by:
        raise NotAllowed(_("A nurse, a physician or the manager finishes this one. Tell them at once."))


def _twin_is_open(task: Task) -> bool:
    same = Task.objects.filter(kind=task.kind, about=task.about, state=TaskState.OPEN)
    return bool(task.about) and same.exclude(pk=task.pk).exists()


def _locked(by: Actor, task_id: UUID) -> Task:
    """The row, locked. Tasks come after every rank of `clinic.locks`: nothing is locked once a task is held.

    What a patient's answer settles is finished in their name; only staff need the permission.
    """
    task = Task.objects.select_for_update(no_key=True).filter(pk=task_id).first()
    if task is None:
        raise NotFound(_("There is no such task at your site."))
    if not isinstance(by, Patient | Contact):
        check(by, Permission.WORK_TASKS, site_id=task.site_id)
    return task
