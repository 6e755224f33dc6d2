"""A session's page: written part by part while it is open (`views.record`), read as one page once it is signed."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from clinic.enums import Permission
from clinic.exceptions import DomainError
from clinic.permissions import actor_of, can, requires
from scheduling.views.common import attempt
from treatments.enums import SessionStatus
from treatments.forms.sessions import AmendForm
from treatments.models import Session
from treatments.selectors import check_ins, records, seals
from treatments.services import sessions, signing
from treatments.views import recovery_curve, sections
from treatments.views.common import refuse, session_for, session_row
from treatments.views.record import CLOSED, page_context


@requires(Permission.VIEW_CLINICAL)
@require_GET
def session_detail(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Read it; while it is unsigned, write it part by part."""
    by = actor_of(request)
    view = session_for(by, session_id)
    writes = can(by, Permission.RECORD_CLINICAL) and view.session.status not in CLOSED
    with timezone.override(view.session.site.zone):
        record = records.record_view(view)
        if not writes:
            return _read(request, record)
        context = page_context(request, record, sections.pages(record))
        context |= _week(request, view.session)
        context["written"] = "written" in request.GET
        return render(request, "treatments/session/detail.html", context)


@requires(Permission.RECORD_CLINICAL)
@require_POST
def session_clear(request: HttpRequest, session_id: UUID) -> HttpResponse:
    attempt(
        request,
        lambda: sessions.clear(by=actor_of(request), session_id=session_id),
        done=_("Cleared for treatment."),
    )
    return redirect("treatments:session-detail", session_id)


@requires(Permission.DECIDE_COURSE)
@require_POST
def session_sign(request: HttpRequest, session_id: UUID) -> HttpResponse:
    version = request.POST.get("version", "")
    signed = attempt(
        request,
        lambda: signing.sign(
            by=actor_of(request), session_id=session_id, version=int(version) if version.isdecimal() else 0
        ),
        done=_("The record is signed."),
    )
    if signed:
        session = session_row(actor_of(request), session_id)
        return redirect("treatments:course-detail", session.course_id)
    return redirect("treatments:session-detail", session_id)


@requires(Permission.RECORD_CLINICAL)
@require_POST
def session_stop(request: HttpRequest, session_id: UUID) -> HttpResponse:
    reason = request.POST.get("reason", "")[:500]
    attempt(
        request,
        lambda: sessions.stop(by=actor_of(request), session_id=session_id, reason=reason),
        done=_("The session is stopped."),
    )
    return redirect("treatments:session-detail", session_id)


@requires(Permission.RECORD_CLINICAL)
@require_POST
def session_amend(request: HttpRequest, session_id: UUID) -> HttpResponse:
    by, form = actor_of(request), AmendForm(request.POST)
    if form.is_valid():
        try:
            signing.amend(by=by, session_id=session_id, **form.cleaned_data)
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The amendment is added."))
            return redirect("treatments:session-detail", session_id)
    view = session_for(by, session_id)
    if view.session.status not in CLOSED:
        messages.error(request, _("This record is not signed yet: change it directly."))
        return redirect("treatments:session-detail", session_id)
    with timezone.override(view.session.site.zone):
        return _read(request, records.record_view(view), amending=form, status=422)


def _read(
    request: HttpRequest, record: records.RecordView, *, amending: AmendForm | None = None, status: int = 200
) -> HttpResponse:
    by, session = actor_of(request), record.session
    context = {
        "record": record,
        "view": record.rows,
        "session": session,
        "course": session.course,
        "writes": False,
        "decides": can(by, Permission.DECIDE_COURSE),
        "amends": can(by, Permission.RECORD_CLINICAL) and session.status == SessionStatus.SIGNED,
        "unchanged": seals.verify(record.rows),
        "amend_form": amending or AmendForm(),
    } | _week(request, session)
    return render(request, "treatments/session/detail.html", context, status=status)


def _week(request: HttpRequest, session: Session) -> dict[str, Any]:
    """The days after the session, once it was done."""
    if session.injected_at is None:
        return {}
    found = check_ins.of_sessions([session.pk]).get(session.pk, [])
    return {
        "week": recovery_curve.week(session, found, version=session.course.protocol_version),
        "records": can(actor_of(request), Permission.RECORD_CLINICAL),
    }
