"""Tasks: what is open, for whom, and what came of it."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinic import clock, task_kinds
from clinic.enums import Permission
from clinic.exceptions import IllegalMove
from clinic.forms.tasks import AssignForm, OutcomeForm, TaskForm
from clinic.models import Patient, Site, Task
from clinic.permissions import actor_of, requires
from clinic.selectors import tasks as selectors
from clinic.selectors.patients import patient_detail
from clinic.services import tasks
from clinic.views.common import answered, at_site, next_path

ROWS = 30
SHOWN_AFTERWARDS = dt.timedelta(days=14)


@requires(Permission.WORK_TASKS)
@require_GET
@at_site
def index(request: HttpRequest, site: Site) -> HttpResponse:
    """Mine and my role's, everybody's, or what was finished lately."""
    by = actor_of(request)
    lists: dict[str, tuple[str, Any]] = {
        "mine": (_("For me"), selectors.tasks_for(by, site_id=site.pk)),
        "all": (_("Everybody's"), selectors.open_tasks(site_id=site.pk)),
        "calls": (_("Call back"), selectors.call_backs(site_id=site.pk)),
        "done": (_("Finished"), selectors.done_tasks(site_id=site.pk, since=clock.now() - SHOWN_AFTERWARDS)),
    }
    wanted = request.GET.get("show", "mine")
    chosen = wanted if wanted in lists else "mine"
    page = Paginator(lists[chosen][1], ROWS).get_page(request.GET.get("page"))
    tabs = [
        {
            "label": label,
            "url": f"?show={name}",
            "current": name == chosen,
            "count": page.paginator.count if name == chosen else None,
        }
        for name, (label, _rows) in lists.items()
    ]
    return render(
        request, "clinic/task/list.html", {"page": page, "tabs": tabs, "chosen": chosen, "now": clock.now()}
    )


@requires(Permission.WORK_TASKS)
@require_GET
@at_site
def urgent(request: HttpRequest, site: Site) -> HttpResponse:
    """What cannot wait, with the time that is left: a strip that pages of the day keep fresh."""
    rows = selectors.clocked(site_id=site.pk)
    return render(request, "clinic/task/_urgent.html", {"tasks": rows, "now": clock.now()})


@requires(Permission.WORK_TASKS)
@require_http_methods(["GET", "POST"])
@at_site
def new(request: HttpRequest, site: Site, patient_id: UUID | None = None) -> HttpResponse:
    by = actor_of(request)
    patient = patient_detail(patient_id) if patient_id else None
    people = selectors.colleagues(site_id=site.pk)
    first = {"role": by.role, "day": clock.today(site.zone)}
    form = TaskForm(request.POST or None, initial=first, site=site, people=people)
    form.cancel_url = _back(patient)
    if request.method == "GET" or not form.is_valid():
        return _page(request, form, patient, _("New task"))
    title, role = form.cleaned_data["title"], form.cleaned_data["role"]
    due, owner = form.due_at, form.owner_id
    key = patient.pk if patient else None
    if not answered(
        form,
        lambda: tasks.open_task(
            by=by,
            site_id=site.pk,
            kind="by_hand",
            title=title,
            role=role,
            due_at=due,
            patient_id=key,
            owner_id=owner,
        ),
    ):
        return _page(request, form, patient, _("New task"))
    messages.success(request, _("Task added."))
    return redirect(_back(patient))


@requires(Permission.WORK_TASKS)
@require_http_methods(["GET", "POST"])
@at_site
def finish(request: HttpRequest, site: Site, task_id: UUID) -> HttpResponse:
    by = actor_of(request)
    task = selectors.task(by, task_id)
    kind = task_kinds.get(task.kind)
    if kind is not None and request.method == "GET":
        return redirect(kind.page, task_id)
    form = OutcomeForm(request.POST or None)
    form.cancel_url = reverse("clinic:task-list")
    if request.method == "GET" or not form.is_valid():
        return _page(request, form, task.patient, _("Finish task"), task)
    outcome = form.cleaned_data["outcome"]
    if not answered(form, lambda: tasks.finish(by=by, task_id=task_id, outcome=outcome)):
        return _page(request, form, task.patient, _("Finish task"), task)
    messages.success(request, _("Finished."))
    return redirect("clinic:task-list")


@requires(Permission.WORK_TASKS)
@require_http_methods(["GET", "POST"])
@at_site
def assign(request: HttpRequest, site: Site, task_id: UUID) -> HttpResponse:
    """Hand a task to somebody else, or to another time."""
    by = actor_of(request)
    task = selectors.task(by, task_id)
    local = task.due_at.astimezone(site.zone)
    first = {"role": task.role, "owner": task.owner_id, "day": local.date(), "time": local.time()}
    form = AssignForm(
        request.POST or None, initial=first, site=site, people=selectors.colleagues(site_id=task.site_id)
    )
    form.cancel_url = reverse("clinic:task-list")
    if request.method == "GET" or not form.is_valid():
        return _page(request, form, task.patient, _("Hand over task"), task)
    role, due, owner = form.cleaned_data["role"], form.due_at, form.owner_id
    if not answered(
        form, lambda: tasks.reassign(by=by, task_id=task_id, role=role, owner_id=owner, due_at=due)
    ):
        return _page(request, form, task.patient, _("Hand over task"), task)
    messages.success(request, _("Handed over."))
    return redirect("clinic:task-list")


@requires(Permission.WORK_TASKS)
@require_POST
def drop(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """No longer needed."""
    tasks.drop(by=actor_of(request), task_id=task_id)
    messages.success(request, _("Dropped. It is among the finished tasks, should it be needed again."))
    return redirect("clinic:task-list")


@requires(Permission.WORK_TASKS)
@require_POST
def reopen(request: HttpRequest, task_id: UUID) -> HttpResponse:
    tasks.reopen(by=actor_of(request), task_id=task_id)
    messages.success(request, _("Open again."))
    return redirect("clinic:task-list")


def _page(
    request: HttpRequest, form: Any, patient: Patient | None, heading: str, task: Task | None = None
) -> HttpResponse:
    context = {"form": form, "patient": patient, "heading": heading, "task": task}
    return render(request, "clinic/task/form.html", context, status=422 if form.errors else 200)


@requires(Permission.WORK_TASKS)
@require_POST
@at_site
def claim(request: HttpRequest, site: Site, task_id: UUID) -> HttpResponse:
    """Take a task, so that nobody else does the same."""
    return _taken(request, lambda: tasks.claim(by=actor_of(request), task_id=task_id))


@requires(Permission.WORK_TASKS)
@require_POST
@at_site
def put_back(request: HttpRequest, site: Site, task_id: UUID) -> HttpResponse:
    """Leave a task that one had taken to whoever has time."""
    return _taken(request, lambda: tasks.put_back(by=actor_of(request), task_id=task_id))


def _taken(request: HttpRequest, service: Callable[[], object]) -> HttpResponse:
    try:
        service()
    except IllegalMove as error:
        messages.error(request, error.message)
    return redirect(next_path(request) or reverse("clinic:task-list") + "?show=all")


def _back(patient: Patient | None) -> str:
    return reverse("clinic:patient-detail", args=[patient.pk]) if patient else reverse("clinic:task-list")
