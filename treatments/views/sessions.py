"""The session's record: written in the order of the procedure, read as one page once it is signed."""

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic import clock
from clinic.enums import Permission
from clinic.exceptions import DomainError, StaleVersion
from clinic.permissions import actor_of, can, requires
from scheduling.views.common import attempt
from treatments.enums import Guidance, SessionStatus
from treatments.forms.sessions import (
    _DRAW,
    _PREPARATION,
    AmendForm,
    InjectionFormSet,
    RecordForm,
    StopForm,
    share,
)
from treatments.selectors import history
from treatments.selectors.history import SessionView
from treatments.services import sessions
from treatments.views.common import refuse, session_for

_CLOSED = (SessionStatus.SIGNED, SessionStatus.DROPPED)


@requires(Permission.VIEW_CLINICAL)
@require_http_methods(["GET", "POST"])
def session_detail(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Read it; while it is unsigned, write it. "As planned" fills the targets in without saving."""
    by = actor_of(request)
    view = session_for(by, session_id)
    writes = can(by, Permission.RECORD_CLINICAL) and view.session.status not in _CLOSED
    with timezone.override(view.session.site.zone):
        if not writes:
            return _page(request, view, None, None)
        if request.method == "GET":
            return _page(request, view, _form(view), _rows(view))
        if "fill" in request.POST:
            return _page(request, view, _kept(request), _filled(request, view))
        form = RecordForm(request.POST)
        rows = InjectionFormSet(request.POST, prefix="inj")
        if form.is_valid() & rows.is_valid():
            try:
                _save(request, view, form, rows)
            except StaleVersion as error:
                form = _kept(request, version=error.current_version)
                return _page(request, session_for(by, session_id), form, rows, stale=error.message)
            except DomainError as error:
                refuse(form, error)
            else:
                messages.success(request, _("The record is saved."))
                return redirect("treatments:session-detail", session_id)
        return _page(request, view, form, rows, status=422)


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
        lambda: sessions.sign(
            by=actor_of(request), session_id=session_id, version=int(version) if version.isdecimal() else 0
        ),
        done=_("The record is signed."),
    )
    if signed:
        view = session_for(actor_of(request), session_id)
        return redirect("treatments:course-detail", view.session.course_id)
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
            sessions.amend(by=by, session_id=session_id, **form.cleaned_data)
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The amendment is added."))
            return redirect("treatments:session-detail", session_id)
    view = session_for(by, session_id)
    if view.session.status not in _CLOSED:
        messages.error(request, _("This record is not signed yet: change it directly."))
        return redirect("treatments:session-detail", session_id)
    with timezone.override(view.session.site.zone):
        return _page(request, view, None, None, amending=form, status=422)


def _page(
    request: HttpRequest,
    view: SessionView,
    form: RecordForm | None,
    rows: Any,
    *,
    stale: str = "",
    amending: AmendForm | None = None,
    status: int = 200,
) -> HttpResponse:
    session = view.session
    by = actor_of(request)
    context = {
        "view": view,
        "session": session,
        "course": session.course,
        "form": form,
        "rows": rows,
        "stale": stale,
        "implausible": [],
        "signs": can(by, Permission.DECIDE_COURSE)
        and session.status in (SessionStatus.INJECTED, SessionStatus.STOPPED),
        "clears": form is not None and session.status == SessionStatus.PLANNED,
        "stops": form is not None
        and session.status in (SessionStatus.PLANNED, SessionStatus.CLEARED, SessionStatus.INJECTED),
        "amends": can(by, Permission.RECORD_CLINICAL) and session.status == SessionStatus.SIGNED,
        "amend_form": amending or AmendForm(),
        "stop_form": StopForm(),
    }
    return render(request, "treatments/session/detail.html", context, status=409 if stale else status)


def _form(view: SessionView) -> RecordForm:
    session, last = view.session, view.preparations[-1] if view.preparations else None
    initial: dict[str, Any] = {
        "version": session.version,
        "pain_before": session.pain_before,
        "complications": session.complications,
        "note": session.note,
    }
    if last is not None and not last.failed:
        initial |= {name: getattr(last, name) for name in _PREPARATION}
    if view.draw is not None:
        initial |= {name: getattr(view.draw, name) for name in _DRAW}
    if session.injected_at is not None:
        initial["injected_at"] = session.injected_at.astimezone(session.site.zone).time()
    return RecordForm(initial=initial)


def _rows(view: SessionView) -> Any:
    """What was injected; before that the course's targets, ready for their volumes; and a row to spare."""
    if view.injections:
        initial = [
            _as_row(row.structure, row.level, row.side, row.volume_ml, row.guidance)
            for row in view.injections
        ]
    else:
        initial = [_as_row(row.structure, row.level, row.side) for row in view.session.course.targets.all()]
    return InjectionFormSet(initial=[*initial, {}, {}][:8], prefix="inj")


def _as_row(
    structure: str, level: str, side: str, volume: Decimal | None = None, guidance: str = Guidance.ULTRASOUND
) -> dict[str, Any]:
    return {"structure": structure, "level": level, "side": side, "volume_ml": volume, "guidance": guidance}


def _kept(request: HttpRequest, *, version: int | None = None) -> RecordForm:
    """The form as typed, shown again unjudged."""
    typed = {name: value for name, value in request.POST.items() if name in RecordForm.base_fields}
    return RecordForm(initial=typed | ({"version": version} if version is not None else {}))


def _filled(request: HttpRequest, view: SessionView) -> Any:
    """The targets as planned: each with its volume of last time, else an even share of the product."""
    targets = list(view.session.course.targets.all())
    earlier = history.earlier_volumes(view.session)
    field = RecordForm.base_fields["product_ml"]
    try:
        product = field.clean(request.POST.get("product_ml", "")) or Decimal(0)
    except ValidationError:
        product = Decimal(0)
    even = share(product, len(targets))
    initial = [
        _as_row(row.structure, row.level, row.side, earlier.get((row.structure, row.level, row.side), even))
        for row in targets
    ]
    return InjectionFormSet(initial=[*initial, {}, {}][:8], prefix="inj")


def _save(request: HttpRequest, view: SessionView, form: RecordForm, rows: Any) -> None:
    given = [row.data_row for row in rows.forms]
    sessions.save(
        by=actor_of(request),
        session_id=view.session.pk,
        version=form.cleaned_data["version"],
        draw=form.draw,
        preparation=form.preparation,
        injections=[row for row in given if row is not None],
        findings=form.findings,
        injected_at=_moment(view, form.cleaned_data["injected_at"]),
    )


def _moment(view: SessionView, time: dt.time | None) -> dt.datetime | None:
    """A time typed in belongs to the day of the injection or of the visit, at most today."""
    if time is None:
        return None
    zone = view.session.site.zone
    today = clock.today(zone)
    day = min((view.when or clock.now()).astimezone(zone).date(), today)
    known = view.session.injected_at
    if known is not None and known.astimezone(zone).time().replace(second=0, microsecond=0) == time:
        return known
    return clock.local(day, time, zone)
