"""Writing a session's record: part by part as it happens, as planned, as last time; and what others saved meanwhile."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from clinic.enums import Permission
from clinic.exceptions import DomainError
from clinic.forms import DateField
from clinic.permissions import actor_of, can, requires
from treatments.enums import IdentityStep, RecordSection, SessionStatus
from treatments.forms.section_base import SectionForm
from treatments.forms.sessions import StopForm
from treatments.selectors import records
from treatments.services import bedside, blood, identity, writing_up
from treatments.views import sections
from treatments.views.common import session_for, session_row
from treatments.views.sections import SectionPage

CLOSED = (SessionStatus.SIGNED, SessionStatus.DROPPED)


@requires(Permission.RECORD_CLINICAL)
@require_POST
def section_save(request: HttpRequest, session_id: UUID, record_part: str) -> HttpResponse:
    """Save one part, and do what its button says: `act` fills, fails, calls the time-out or lets the patient go."""
    if record_part not in RecordSection.values:
        raise Http404
    by, code = actor_of(request), RecordSection(record_part)
    session = session_row(by, session_id)
    if session.status in CLOSED:
        return _refused(request, session_id, _("This record is closed: it is not changed any more."))
    with timezone.override(session.site.zone):
        found = sections.save(by, session_id, code, request.POST)
        act = request.POST.get("act", "")
        if act and not found.form.errors and not found.theirs:
            try:
                _act(request, session_id, code, act)
            except DomainError as error:
                if error.status in (403, 404):
                    raise
                found.form = _with_error(found, error.message)
            else:
                found = sections.page(records.record_view(session_for(by, session_id)), code)
        return _answer(request, session_id, found)


@requires(Permission.VIEW_CLINICAL)
@require_GET
def record_now(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """The parts that were saved since: `have` says for each part which version the page shows. 204 when none was."""
    by = actor_of(request)
    session = session_row(by, session_id)
    have = dict(each.split(":", 1) for each in request.GET.getlist("have") if ":" in each)
    current = records.section_versions(session_id)
    changed = [code for code in RecordSection if str(current.get(code, 0)) != have.get(code, "0")]
    closed = session.status in CLOSED
    if not changed and not closed:
        return HttpResponse(status=204)
    if closed or not can(by, Permission.RECORD_CLINICAL):
        return render(request, "treatments/session/_changed.html", {"session": session, "closed": True})
    with timezone.override(session.site.zone):
        record = records.record_view(session_for(by, session_id))
        pages = [sections.page(record, code) for code in changed]
        return render(request, "treatments/session/_changed.html", page_context(request, record, pages))


@requires(Permission.RECORD_CLINICAL)
@require_POST
def record_write_up(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """The whole session as planned, in one go."""
    by = actor_of(request)
    session_row(by, session_id)
    try:
        writing_up.as_planned(by=by, session_id=session_id)
    except DomainError as error:
        if error.status in (403, 404):
            raise
        return _refused(request, session_id, error.message)
    messages.success(request, _("Written up as planned. Look it over, add what was different, sign."))
    return redirect(reverse("treatments:session-detail", args=[session_id]) + "?written=1")


class IdentityForm(forms.Form):
    record_number = forms.CharField(max_length=40)
    birth_date = DateField()
    step = forms.ChoiceField(choices=IdentityStep.choices)


@requires(Permission.RECORD_CLINICAL)
@require_POST
def identity_check(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Two identifiers were read from the patient or the tube."""
    by = actor_of(request)
    session_row(by, session_id)
    form = IdentityForm(request.POST)
    if not form.is_valid():
        return _refused(request, session_id, _("Enter the record number and the date of birth."))
    try:
        identity.check(
            by=by,
            session_id=session_id,
            step=IdentityStep(form.cleaned_data["step"]),
            record_number=form.cleaned_data["record_number"],
            birth_date=form.cleaned_data["birth_date"],
        )
    except DomainError as error:
        if error.status in (403, 404):
            raise
        return _refused(request, session_id, error.message)
    messages.success(request, _("It is the right patient. Noted."))
    return redirect("treatments:session-detail", session_id)


def _act(request: HttpRequest, session_id: UUID, code: RecordSection, act: str) -> None:
    by = actor_of(request)
    reason = request.POST.get("reason", "")[:300]
    match act, code:
        case "planned", _code:
            writing_up.as_planned(by=by, session_id=session_id, sections=[code])
        case "last", _code:
            writing_up.as_last(by=by, session_id=session_id, section=code)
        case "failed", RecordSection.DRAW:
            blood.fail_draw(by=by, session_id=session_id, reason=reason)
        case "failed", RecordSection.PREPARATION:
            blood.fail_preparation(by=by, session_id=session_id, reason=reason)
        case "time_out", RecordSection.READYING:
            bedside.call_time_out(by=by, session_id=session_id)
        case "home", RecordSection.DISCHARGE:
            bedside.let_go(by=by, session_id=session_id)


def _answer(request: HttpRequest, session_id: UUID, found: SectionPage) -> HttpResponse:
    refused = bool(found.form.errors)
    status = 409 if found.theirs else 422 if refused else 200
    if request.headers.get("HX-Request"):
        context = page_context(request, found.record, [found])
        return render(request, "treatments/session/_changed.html", context, status=status)
    if status == 200:
        return redirect(reverse("treatments:session-detail", args=[session_id]) + f"#{found.section}")
    rest = [found if each.section == found.section else each for each in sections.pages(found.record)]
    return render(
        request, "treatments/session/detail.html", page_context(request, found.record, rest), status=status
    )


def page_context(
    request: HttpRequest, record: records.RecordView, pages: list[SectionPage]
) -> dict[str, object]:
    """Of the page while it is written, or of what is renewed on it."""
    by, session = actor_of(request), record.session
    return {
        "record": record,
        "view": record.rows,
        "session": session,
        "course": session.course,
        "pages": pages,
        "writes": True,
        "may_sign": can(by, Permission.DECIDE_COURSE),
        "signs": can(by, Permission.DECIDE_COURSE)
        and session.status in (SessionStatus.INJECTED, SessionStatus.STOPPED),
        "stop_form": StopForm(),
        "clears": session.status == SessionStatus.PLANNED,
        "stops": session.status in (SessionStatus.PLANNED, SessionStatus.CLEARED, SessionStatus.INJECTED),
    }


def _with_error(found: SectionPage, message: str) -> SectionForm:
    form = found.form
    if not form.is_bound:
        stored = form.shown()
        form = type(form)(form.record, form.filled(stored, QueryDict()))
        form.is_valid()
    form.add_error(None, message)
    return form


def _refused(request: HttpRequest, session_id: UUID, message: str) -> HttpResponse:
    messages.error(request, message)
    return redirect("treatments:session-detail", session_id)
