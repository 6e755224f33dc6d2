"""What the grid sends when a visit is dropped, and what it shows then: a note with undo, or why not and what instead."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.enums import Permission
from clinic.exceptions import DomainError, StaleVersion
from clinic.permissions import actor_of, requires
from scheduling.enums import Told
from scheduling.exceptions import BookingRefused, SlotTaken
from scheduling.forms.booking import default_told, told_choices
from scheduling.forms.grid import MoveOnGridForm
from scheduling.models import Appointment, Resource
from scheduling.selectors import ledger, visits
from scheduling.services import shifts, telling
from scheduling.views import picker
from scheduling.views.common import attempt, back_to, visit_for
from scheduling.views.picker import Quest


@requires(Permission.BOOK)
@require_POST
def move(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    """Move the visit, or say why it stays. The answer is a fragment for the grid's own corner of the page."""
    by = actor_of(request)
    visit = visit_for(by, appointment_id)
    with timezone.override(visit.site.zone):
        form = MoveOnGridForm(request.POST)
        if not form.is_valid():
            return _refused(request, visit, form, [_("That is not a time on this grid.")], status=422)
        said = form.cleaned_data
        try:
            moved = shifts.shift(
                appointment_id=visit.pk,
                start=said["start"],
                by=by,
                version=said["version"],
                instead_of=said["instead_of"],
                resource_id=said["resource"],
                told=form.told_to(visit.patient),
                override=form.override,
            )
        except SlotTaken as error:
            return _refused(request, visit, form, error.taken, nearest=True)
        except BookingRefused as error:
            caution = picker.as_caution(error.refusals, by)
            return _refused(request, visit, form, [], caution=caution, nearest=True)
        except StaleVersion:
            why = _("Somebody else has changed this visit meanwhile. The grid shows it as it is now.")
            return _refused(request, visit, form, [why])
        except DomainError as error:
            if error.status in (403, 404):
                raise
            return _refused(request, visit, form, [error.message], nearest=True)
        return _done(request, moved)


@requires(Permission.BOOK)
@require_POST
def told(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    """The desk rings the patient instead of the mail that waits."""
    visit = visit_for(actor_of(request), appointment_id)
    attempt(
        request,
        lambda: telling.by_phone(appointment_id=visit.pk, by=actor_of(request)),
        done=_("No mail goes out. Please tell the patient yourself."),
    )
    return back_to(request, reverse("scheduling:appointment-detail", args=[visit.pk]))


def _done(request: HttpRequest, moved: Appointment) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        messages.success(request, _("The visit is moved."))
        return redirect("scheduling:appointment-detail", moved.pk)
    visit = visits.detail(appointment_id=moved.pk)
    context = {
        "visit": visit,
        "start": moved.period.lower,
        "lead": visits.lead_of(visit) if visit else "",
        "by_mail": moved.told == Told.MAIL and moved.told_rev > 0,
        "silent": moved.told_rev == 0,
        "told": moved.told,
        "here": _page_of(request),
        "change": ledger.latest_standing(appointment_id=moved.pk),
    }
    response = render(request, "scheduling/grid/_moved.html", context)
    response["HX-Trigger"] = "gridMoved"
    return response


def _page_of(request: HttpRequest) -> str:
    """The page that asked, without its site: where the answers of the note's own forms return to."""
    page = urlsplit(request.headers.get("HX-Current-URL", ""))
    return f"{page.path}?{page.query}" if page.query else page.path


def _refused(
    request: HttpRequest,
    visit: Appointment,
    form: MoveOnGridForm,
    why: list[str],
    *,
    status: int = 409,
    nearest: bool = False,
    caution: picker.Caution | None = None,
) -> HttpResponse:
    """Why the visit stays where it is, the nearest free starts, and where a person may accept a warning, how."""
    said = form.cleaned_data
    context: dict[str, Any] = {
        "visit": visit,
        "why": why,
        "caution": caution,
        "said": said,
        "start": said.get("start"),
        "told_choices": told_choices(visit.patient),
        "told": said.get("told") or default_told(visit.patient),
    }
    if nearest and said.get("start"):
        context["nearest"] = picker.nearest(_quest(visit, said), said["start"])
    return render(request, "scheduling/grid/_refused.html", context, status=status)


def _quest(visit: Appointment, said: dict[str, Any]) -> Quest:
    """The same clinician, or the one on whom the leading block was dropped."""
    lead = next((held.resource_id for held in visits.held_by(visit) if held.is_lead), None)
    if lead is not None and said["instead_of"] == lead:
        lead = said["resource"]
    return Quest(
        site=visit.site,
        visit_type=visit.visit_type,
        earliest=timezone.localtime(said["start"]).date(),
        patient=visit.patient,
        lead=Resource.objects.filter(pk=lead).first() if lead else None,
        appointment_id=visit.pk,
        purpose=visit.purpose,
    )
