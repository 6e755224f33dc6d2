"""Out of order and called away; the list of visits to move, worked off by one key a line or many in one action."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinic import clock
from clinic.enums import CallOutcome, Permission
from clinic.exceptions import DomainError, InvalidInput
from clinic.forms.calls import CallForm
from clinic.models import Site
from clinic.permissions import actor_of, requires
from clinic.policies import phones
from clinic.selectors.tasks import task as task_of
from clinic.services import tasks
from scheduling.forms.disruption import OutOfOrderForm, RebookForm, as_text
from scheduling.models import TimeOff
from scheduling.selectors import disruption as reads
from scheduling.selectors import visits
from scheduling.selectors.disruption import Line
from scheduling.services import disruption, rebooking
from scheduling.services.rebooking import Choice, RebookingFailed
from scheduling.views.common import at_site, visit_for

_OUTCOMES = (
    (CallOutcome.VOICEMAIL, "v"),
    (CallOutcome.NO_ANSWER, "x"),
    (CallOutcome.CALL_BACK, "b"),
)


@requires(Permission.BOOK)
@require_http_methods(["GET", "POST"])
@at_site
def out_of_order(request: HttpRequest, site: Site) -> HttpResponse:
    """A device fails, or somebody is called away: from this minute on."""
    form = OutOfOrderForm(
        request.POST or None, site=site, initial={"resource": request.GET.get("resource", "")[:40]}
    )
    form.cancel_url = reverse("scheduling:day")
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            off = disruption.start_now(
                by=actor_of(request),
                site_id=site.pk,
                resource_id=said["resource"].pk,
                until=form.until,
                reason=said["reason"],
            )
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            messages.success(request, _("%(name)s is out from now on.") % {"name": said["resource"].name})
            return redirect("scheduling:to-move", off.pk)
    status = 422 if form.errors else 200
    return render(request, "scheduling/move/out_of_order.html", {"form": form}, status=status)


@requires(Permission.BOOK)
@require_GET
@at_site
def to_move(request: HttpRequest, site: Site, time_off_id: UUID | None = None) -> HttpResponse:
    """Every visit of the site that lost what it was booked with, or those of one time off."""
    return _list(request, site, _off(site, time_off_id))


@requires(Permission.BOOK)
@require_POST
@at_site
def rebook(request: HttpRequest, site: Site, time_off_id: UUID | None = None) -> HttpResponse:
    """Move all that were chosen, in one action: all, or none with the reason of each."""
    off = _off(site, time_off_id)
    form = RebookForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("That is not a time. Choose one of those offered."))
        return _list(request, site, off, status=422)
    try:
        moved = rebooking.rebook(site_id=site.pk, choices=form.cleaned_data["go"], by=actor_of(request))
    except RebookingFailed as error:
        messages.error(request, error.message)
        return _list(request, site, off, why=error.why, status=409)
    except InvalidInput as error:
        messages.error(request, error.message)
        return _list(request, site, off, status=422)
    count = len(moved)
    words = ngettext("%(count)s visit is moved.", "%(count)s visits are moved.", count)
    messages.success(request, words % {"count": count})
    return redirect(_address(off))


@requires(Permission.BOOK)
@require_GET
@at_site
def changes(request: HttpRequest, site: Site) -> HttpResponse:
    """The list's poll: the lines that a colleague has taken or settled since they were shown; 204 when there are none."""
    since, _end = clock.day_bounds(clock.today(site.zone), site.zone)
    marks = {mark[:20] for mark in request.GET.getlist("s")[: rebooking.AT_MOST * 2]}
    found = reads.changed(site=site, since=since, marks=marks)
    if marks and not found:
        return HttpResponse(status=204)
    context = {"lines": [_shown(line, site) for line in found], "by": actor_of(request), "oob": True}
    return render(request, "scheduling/move/_lines.html", context)


@requires(Permission.BOOK)
@require_GET
def offers(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    """Where one visit could go, as the choices of its line."""
    visit = visit_for(actor_of(request), appointment_id)
    lead = next((held.resource_id for held in visits.held_by(visit) if held.is_lead), None)
    with timezone.override(visit.site.zone):
        found = rebooking.suggestions(visit, lead_id=lead)
        choices = [
            {
                "value": as_text(
                    Choice(visit.pk, one.start, one.lead.pk if one.lead else None, visit.version)
                ),
                "offer": one,
            }
            for one in found
            if not one.warnings
        ]
        context = {"visit": visit, "choices": choices}
        return render(request, "scheduling/move/_offers.html", context)


@requires(Permission.BOOK)
@require_POST
@at_site
def work(request: HttpRequest, site: Site, task_id: UUID) -> HttpResponse:
    """One key on one line: take it, leave it, or say what came of the call."""
    by = actor_of(request)
    task = task_of(by, task_id)
    refused = ""
    try:
        _act(request, site, task.pk)
    except RebookingFailed as error:
        refused = next(iter(error.why.values()), error.message)
    except DomainError as error:
        if error.status in (403, 404):
            raise
        refused = error.message
    if not getattr(request, "htmx", None):
        if refused:
            messages.error(request, refused)
        return redirect("scheduling:to-move")
    line = reads.line(task_of(by, task_id))
    if line is None:
        raise Http404
    context = {"line": _shown(line, site, refused), "by": by}
    return render(request, "scheduling/move/_line.html", context)


def _act(request: HttpRequest, site: Site, task_id: UUID) -> None:
    by = actor_of(request)
    act = request.POST.get("act", "")
    if act == "take":
        tasks.claim(by=by, task_id=task_id)
    elif act == "leave":
        tasks.put_back(by=by, task_id=task_id)
    elif act == "moved":
        disruption.move_by_phone(by=by, task_id=task_id, choice=_chosen(request, task_id))
    else:
        first = CallForm(site=site).initial
        form = CallForm({"outcome": act, **{key: str(value) for key, value in first.items()}}, site=site)
        if not form.is_valid():
            raise InvalidInput(_("Say what came of the call."))
        disruption.note_call(by=by, task_id=task_id, data=form.data_now)


def _chosen(request: HttpRequest, task_id: UUID) -> Choice:
    """The time chosen in this very line; without htmx the choices of the other lines come along."""
    form = RebookForm(request.POST)
    about = task_of(actor_of(request), task_id).about
    choices: list[Choice] = form.cleaned_data["go"] if form.is_valid() else []
    found = next((one for one in choices if about == f"appointment:{one.appointment_id}"), None)
    if found is None:
        raise InvalidInput(_("Choose the time that you agreed on first."))
    return found


def _off(site: Site, time_off_id: UUID | None) -> TimeOff | None:
    if time_off_id is None:
        return None
    off = reads.time_off(site_id=site.pk, time_off_id=time_off_id)
    if off is None:
        raise Http404
    return off


def _address(off: TimeOff | None) -> str:
    return reverse("scheduling:to-move", args=[off.pk] if off else [])


def _shown(line: Line, site: Site, why: str = "") -> dict[str, Any]:
    numbers = [
        (phone.e164, phones.shown(phone.e164, country=site.country))
        for phone in line.visit.patient.phones.all()
    ]
    return {
        "it": line,
        "why": why,
        "numbers": numbers,
        "lead": visits.lead_of(line.visit),
        "outcomes": [(outcome, outcome.label, key) for outcome, key in _OUTCOMES],
    }


def _list(
    request: HttpRequest,
    site: Site,
    off: TimeOff | None,
    *,
    why: dict[UUID, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    since, _end = clock.day_bounds(clock.today(site.zone), site.zone)
    found = reads.lines(site=site, since=since, off=off)
    context = {
        "off": off,
        "lines": [_shown(line, site, (why or {}).get(line.visit.pk, "")) for line in found],
        "here": sum(1 for line in found if line.is_here),
        "open": sum(1 for line in found if line.is_open),
        "action": reverse("scheduling:rebook", args=[off.pk] if off else []),
        "by": actor_of(request),
    }
    return render(request, "scheduling/move/list.html", context, status=status)
