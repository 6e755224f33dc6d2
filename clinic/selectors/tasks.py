"""Reads of tasks."""

import datetime as dt
from collections.abc import Collection
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from clinic import task_kinds
from clinic.actors import Staff
from clinic.enums import TaskState
from clinic.exceptions import NotFound
from clinic.models import Task, User

CALL_BACK = "call.back"
"""The kind of task that a call leaves behind: somebody is to be rung back."""


def open_tasks(*, site_id: UUID) -> QuerySet[Task]:
    """What is open at a site, the most urgent first, with patient and owner at hand."""
    return (
        Task.objects.filter(site_id=site_id, state=TaskState.OPEN)
        .select_related("patient", "owner")
        .order_by("due_at", "pk")
    )


def tasks_for(by: Staff, *, site_id: UUID) -> QuerySet[Task]:
    """Open tasks of this person, and those of their role that nobody has taken."""
    return open_tasks(site_id=site_id).filter(Q(owner_id=by.user_id) | Q(owner__isnull=True, role=by.role))


def clocked(*, site_id: UUID) -> QuerySet[Task]:
    """What cannot wait at a site, whoever has it: the kinds with a clock, the most urgent first."""
    return open_tasks(site_id=site_id).filter(kind__in=task_kinds.clocked())


def call_backs(*, site_id: UUID, until: dt.datetime | None = None) -> QuerySet[Task]:
    """Whom somebody promised to ring; with `until`, by then. The most urgent first."""
    rows = open_tasks(site_id=site_id).filter(kind=CALL_BACK)
    return rows if until is None else rows.filter(due_at__lt=until)


def open_about(*, kind: str, abouts: Collection[str]) -> list[UUID]:
    """The open tasks of a kind about any of these facts, for a service that settles them."""
    rows = Task.objects.filter(kind=kind, about__in=abouts, state=TaskState.OPEN)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def done_tasks(*, site_id: UUID, since: dt.datetime) -> QuerySet[Task]:
    """What was finished or dropped lately, newest first."""
    ended = Task.objects.filter(site_id=site_id, ended_at__gte=since).exclude(state=TaskState.OPEN)
    return ended.select_related("patient", "owner").order_by("-ended_at", "pk")


def task(by: Staff, task_id: UUID) -> Task:
    """One task at one of this person's sites; another site's looks like none."""
    found = (
        Task.objects.filter(pk=task_id, site_id__in=by.site_ids).select_related("patient", "owner").first()
    )
    if found is None:
        raise NotFound(_("There is no such task at your site."))
    return found


def colleagues(*, site_id: UUID) -> QuerySet[User]:
    """Who can be given a task at this site."""
    return User.objects.filter(is_active=True, sites=site_id).order_by("full_name")
