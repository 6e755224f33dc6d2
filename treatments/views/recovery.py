"""Staff in the recovery week: working a red flag or a call to its end, and asking the questions on the phone."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic import clock, task_kinds
from clinic.actors import Staff
from clinic.enums import Permission, TaskState
from clinic.exceptions import DomainError, NotFound
from clinic.forms.tasks import OutcomeForm
from clinic.models import Task
from clinic.permissions import actor_of, can, requires
from clinic.selectors import tasks as task_reads
from clinic.services import tasks
from clinic.views.common import answered
from treatments.forms.check_ins import PhoneForm
from treatments.models import CheckIn, Session
from treatments.policies import check_ins as rules
from treatments.selectors import check_ins as reads
from treatments.services import check_ins, red_flags
from treatments.services.check_ins import ASKING
from treatments.views import recovery_curve
from treatments.views.common import refuse


@requires(Permission.WORK_TASKS)
@require_http_methods(["GET", "POST"])
def recovery_task(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """One red flag, or one call: whom to ring, what was said, and what was done in the end.

    Clinical words are for those who may read them; a manager sees that it waits, and whom to send.
    """
    by = actor_of(request)
    task = task_reads.task(by, task_id)
    kind = task_kinds.get(task.kind)
    if kind is None or task.kind not in (*red_flags.KINDS, *ASKING):
        return redirect("clinic:task-finish", task.pk)
    session = reads.session_asked(red_flags.session_of(task))
    if session is None:
        raise NotFound(_("There is no such task at your site."))
    form = OutcomeForm(request.POST or None)
    form.fields["outcome"].help_text = _(
        "For the record: “Reached her, no fever, sees the physician at 15:00.”"
    )
    form.cancel_url = reverse("clinic:home")
    if request.method == "POST" and form.is_valid():
        outcome = form.cleaned_data["outcome"]
        if answered(form, lambda: tasks.finish(by=by, task_id=task.pk, outcome=outcome)):
            messages.success(request, _("Finished."))
            return redirect("clinic:home")
    with timezone.override(session.site.zone):
        context = _context(by, task, session) | {
            "form": form,
            "is_clocked": kind.is_clocked,
            "closes": task.state == TaskState.OPEN and (not kind.is_clocked or by.role in kind.closed_by),
        }
        status = 422 if form.errors else 200
        return render(request, "treatments/recovery/task.html", context, status=status)


def _context(by: Staff, task: Task, session: Session) -> dict[str, Any]:
    clinical = can(by, Permission.VIEW_CLINICAL, site_id=session.site_id)
    found = reads.of_sessions([session.pk]).get(session.pk, []) if clinical else []
    week = recovery_curve.week(session, found, version=session.course.protocol_version) if clinical else None
    flagged = [one for one in week.said if one.flags] if week else []
    records = can(by, Permission.RECORD_CLINICAL, site_id=session.site_id)
    return {
        "task": task,
        "session": session,
        "course": session.course,
        "patient": session.course.patient,
        "phones": session.course.patient.phones.all(),
        "week": week,
        "flagged": list(reversed(flagged)),
        "day": reads.today_of(session),
        "now": clock.now(),
        "clinical": clinical,
        "records": records,
        "language": session.course.patient.language,
    }


@requires(Permission.RECORD_CLINICAL)
@require_http_methods(["GET", "POST"])
def check_in_new(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """A check-in taken on the phone, from paper or at the desk."""
    by = actor_of(request)
    session = reads.session_asked(session_id)
    if session is None or not can(by, Permission.RECORD_CLINICAL, site_id=session.site_id):
        raise NotFound(_("There is no such session."))
    recovery = session.course.protocol_version.clinical.recovery
    language = (translation.get_language() or "en")[:2]
    form = PhoneForm(request.POST if request.method == "POST" else None, rules=recovery, language=language)
    form.cancel_url = reverse("treatments:session-detail", args=[session.pk])
    if request.method == "POST" and form.is_valid():
        try:
            row = check_ins.record(
                by=by,
                session_id=session.pk,
                client_key=form.cleaned_data["key"],
                data=form.said,
                source=form.cleaned_data["source"],
            )
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The check-in is kept."))
            return _after(row, session)
    with timezone.override(session.site.zone):
        day = reads.today_of(session)
        context = {
            "form": form,
            "session": session,
            "course": session.course,
            "patient": session.course.patient,
            "phones": session.course.patient.phones.all(),
            "day": day,
            "guidance": _guidance(session, day, language),
            "emergency_phone": session.site.emergency_phone,
        }
        return render(request, "treatments/recovery/new.html", context, status=422 if form.errors else 200)


def _after(row: CheckIn, session: Session) -> HttpResponse:
    """To the task that a red flag opened: it is the next thing to do."""
    if row.has_red_flag:
        kind = red_flags.EMERGENCY if row.emergency else red_flags.SAME_DAY
        task = Task.objects.filter(kind=kind, about=red_flags.about(session.pk), state=TaskState.OPEN).first()
        if task is not None:
            return redirect("treatments:recovery-task", task.pk)
    return redirect("treatments:session-detail", session.pk)


def _guidance(session: Session, day: int, language: str) -> str:
    line = rules.guidance(session.course.protocol_version.clinical.recovery, day=day)
    return line.words.get(language, line.words.get("en", "")) if line else ""
