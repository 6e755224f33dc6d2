"""Is this patient ready? The checklists of a session, what stands, and a physician's word on it."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinic.actors import Staff
from clinic.enums import Permission
from clinic.exceptions import DomainError, NotFound, StaleVersion
from clinic.models import Site
from clinic.permissions import actor_of, can, requires
from scheduling.views.common import at_site, attempt, way_back
from treatments.clinical_rules import Moment
from treatments.enums import Answer, SessionStatus
from treatments.forms.screening import ChecklistForm, Entry, RulingForm
from treatments.policies.readiness import Line, Part, Result, State
from treatments.selectors import screening as reads
from treatments.selectors.screening import Checked
from treatments.services import screening
from treatments.views.common import course_for, refuse

_CLOSED = (SessionStatus.SIGNED, SessionStatus.DROPPED)
_SPANS = (2, 7, 14)


@requires(Permission.VIEW_CLINICAL)
@require_http_methods(["GET", "POST"])
def session_ready(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Read what stands; answer one checklist. "No to the rest" fills in without saving, to be looked over."""
    by = actor_of(request)
    one = checked_for(by, session_id)
    writes = can(by, Permission.RECORD_CLINICAL) and one.session.status not in _CLOSED
    with timezone.override(one.session.site.zone):
        if request.method == "GET" or not writes:
            return _page(request, one, status=200 if request.method == "GET" else 409)
        moment = Moment.BOOKING if "booking-moment" in request.POST else Moment.DAY
        form = _form(one, moment, data=request.POST)
        if "rest" in request.POST:
            return _page(request, one, shown=_rest_is_no(one, moment, request))
        if not form.is_valid():
            return _page(request, one, shown=form, status=422)
        try:
            count = screening.answer(
                by=by,
                session_id=session_id,
                moment=moment,
                answers=form.answers,
                seen=form.cleaned_data["seen"],
            )
        except StaleVersion as error:
            fresh = checked_for(by, session_id)
            data = request.POST.copy()
            data[f"{moment}-seen"] = str(error.current_version)
            shown = _form(fresh, moment, data=data)
            return _page(request, fresh, shown=shown, stale=error.message, status=409)
        except DomainError as error:
            refuse(form, error)
            return _page(request, one, shown=form, status=422)
        said = ngettext("%(count)s answer is saved.", "%(count)s answers are saved.", count)
        messages.success(request, said % {"count": count} if count else _("Nothing was changed."))
        return redirect(_with_next(request, session_id))


@requires(Permission.DECIDE_COURSE)
@require_POST
def session_ruling(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """A physician's word on a line that stands. With the last one that stops the draw, back to where they came from."""
    by = actor_of(request)
    checked_for(by, session_id)
    form = RulingForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give the reason in a few words, at most 300 letters."))
        return redirect(_with_next(request, session_id))
    done = attempt(
        request,
        lambda: screening.rule(by=by, session_id=session_id, **form.cleaned_data),
        done=_("Your decision is recorded."),
    )
    if done and not checked_for(by, session_id).readiness.stops:
        return redirect(way_back(request, reverse("treatments:session-ready", args=[session_id])))
    return redirect(_with_next(request, session_id))


@requires(Permission.VIEW_CLINICAL)
@require_GET
def course_ready(request: HttpRequest, course_id: UUID) -> HttpResponse:
    """For the course's page: how ready its next session is."""
    course = course_for(actor_of(request), course_id)
    session = reads.next_session(course)
    one = reads.checked([session])[0] if session is not None else None
    with timezone.override(course.site.zone):
        context = {"course": course, "one": one, "missing": one.readiness.standing if one else []}
        return render(request, "treatments/screening/_pane.html", context)


@requires(Permission.VIEW_CLINICAL)
@require_GET
@at_site
def readiness_list(request: HttpRequest, site: Site) -> HttpResponse:
    """Who is booked soon and not ready: what is missing, and who can settle it."""
    asked = request.GET.get("days", "")
    days = int(asked) if asked in {str(span) for span in _SPANS} else 7
    rows = reads.not_ready(site=site, days=days)
    here = reverse("treatments:readiness-list")
    spans = [
        {
            "label": ngettext("%(days)s day", "%(days)s days", span) % {"days": span},
            "url": f"{here}?days={span}",
            "current": span == days,
        }
        for span in _SPANS
    ]
    context = {
        "site": site,
        "rows": [{"one": one, "missing": grouped(reads.missing(one))} for one in rows],
        "spans": spans,
        "days": days,
    }
    return render(request, "treatments/screening/list.html", context)


def checked_for(by: Staff, session_id: UUID) -> Checked:
    """A session's readiness, at one of the person's sites."""
    one = reads.session_checked(session_id)
    if one is None or not can(by, Permission.VIEW_CLINICAL, site_id=one.session.site_id):
        raise NotFound(_("There is no such session."))
    return one


def grouped(lines: list[Line]) -> list[dict[str, Any]]:
    """What stands, as a person reads it: lines of a list that nobody asked yet are one sentence."""
    found: list[dict[str, Any]] = [
        {"line": line, "words": line.words, "mender": line.mender, "part": line.part}
        for line in lines
        if not _is_unasked(line)
    ]
    for part in (Part.DAY, Part.BOOKING):
        count = sum(1 for line in lines if _is_unasked(line) and line.part == part)
        if count:
            words = (
                ngettext(
                    "Checks of the day: %(count)s not asked yet.",
                    "Checks of the day: %(count)s not asked yet.",
                    count,
                )
                if part == Part.DAY
                else ngettext(
                    "Checks before booking: %(count)s not asked yet.",
                    "Checks before booking: %(count)s not asked yet.",
                    count,
                )
            )
            found.append({"line": None, "words": words % {"count": count}, "mender": "nurse", "part": part})
    return found


def _is_unasked(line: Line) -> bool:
    return line.part in (Part.BOOKING, Part.DAY) and line.state == State.OPEN and line.given is None


def _page(
    request: HttpRequest,
    one: Checked,
    *,
    shown: ChecklistForm | None = None,
    stale: str = "",
    status: int = 200,
) -> HttpResponse:
    by, session = actor_of(request), one.session
    writes = can(by, Permission.RECORD_CLINICAL) and session.status not in _CLOSED
    forms = {moment: _form(one, moment) for moment in Moment}
    if shown is not None:
        forms[Moment(str(shown.prefix))] = shown
    readiness = one.readiness
    is_today = one.day <= one.facts.today
    standing = grouped(readiness.standing)
    context = {
        "one": one,
        "session": session,
        "course": session.course,
        "readiness": readiness,
        "standing": standing,
        "pointed_out": [line for line in readiness.lines if line.is_pointed_out],
        "decided": [line for line in readiness.lines if line.ruled is not None],
        "title": _title(one),
        "kind": "refusal" if readiness.stops and is_today else "attention" if standing else "done",
        "lists": _lists(forms, shown, is_today=is_today),
        "writes": writes,
        "decides": can(by, Permission.DECIDE_COURSE) and session.status not in _CLOSED,
        "clears": writes and session.status == SessionStatus.PLANNED and readiness.result == Result.READY,
        "medicines": readiness.of(Part.MEDICINES),
        "consent": readiness.line("consent"),
        "consent_key": UUID(one.facts.consent.key) if one.facts.consent else None,
        "stale": stale,
        "next": way_back(request, ""),
        "is_today": is_today,
    }
    return render(request, "treatments/screening/ready.html", context, status=status)


def _title(one: Checked) -> str:
    if one.session.status in _CLOSED:
        return _("These checklists are closed.")
    if one.readiness.stops:
        return _("No blood is drawn yet")
    return _("Something is still open") if one.readiness.standing else _("Ready for the session")


def _lists(
    forms: dict[Moment, ChecklistForm], shown: ChecklistForm | None, *, is_today: bool
) -> list[dict[str, Any]]:
    """The list of the day first on the day; a list with nothing to do is folded."""
    order = [Moment.DAY, Moment.BOOKING] if is_today else [Moment.BOOKING, Moment.DAY]
    names = {Moment.DAY: _("On the day"), Moment.BOOKING: _("Before booking")}
    found = []
    for moment in order:
        form = forms[moment]
        unasked = [line for line in form.lines if line.state == State.OPEN]
        wanted = bool(unasked) and (is_today or moment == Moment.BOOKING)
        found.append(
            {
                "moment": moment.value,
                "name": names[moment],
                "form": form,
                # What is open or stands comes first: nobody looks for it among what is done.
                "entries": sorted(form.entries(), key=lambda entry: not _wants_a_look(entry)),
                "unasked": len(unasked),
                "rest": any(not line.unit for line in unasked),
                "open": wanted or form is shown or any(line.stands for line in form.lines),
            }
        )
    return found


def _wants_a_look(entry: Entry) -> bool:
    return entry.line.state != State.CLEAR or entry.filled or bool(entry.errors)


def _form(one: Checked, moment: Moment, data: Any = None, filled: Any = ()) -> ChecklistForm:
    lines = one.readiness.of(Part(moment.value))
    return ChecklistForm(
        data, lines=lines, moment=moment.value, seen=screening.answers_so_far(one.session), filled=filled
    )


def _rest_is_no(one: Checked, moment: Moment, request: HttpRequest) -> ChecklistForm:
    """The form as typed, with every question not answered set to no; nothing is saved."""
    data = request.POST.copy()
    filled = []
    for line in one.readiness.of(Part(moment.value)):
        name = f"{moment.value}-a-{line.code}"
        if not line.unit and not data.get(name):
            data[name] = Answer.NO.value
            filled.append(line.code)
    return _form(one, moment, data=data, filled=filled)


def _with_next(request: HttpRequest, session_id: UUID) -> str:
    here, there = reverse("treatments:session-ready", args=[session_id]), way_back(request, "")
    return f"{here}?{urlencode({'next': there})}" if there else here
