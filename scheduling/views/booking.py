"""Booking one visit: the patient, a free time, who is told."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinic import clock
from clinic.enums import Permission
from clinic.exceptions import DomainError
from clinic.models import Patient, Site
from clinic.permissions import actor_of, requires
from clinic.services import lookups
from scheduling import policies
from scheduling.enums import HoldTerm, Told
from scheduling.exceptions import BookingRefused, SlotTaken
from scheduling.forms.booking import BookForm, PickerForm
from scheduling.models import Appointment, VisitType
from scheduling.selectors import visits
from scheduling.services import booking, holds, squeeze
from scheduling.services.plans import VisitRequest
from scheduling.views import kept, picker
from scheduling.views.common import at_site
from scheduling.views.free_times import quest_of
from scheduling.views.picker import Quest

PENCIL, SQUEEZE = "pencil", "squeeze"
"""What the buttons beside "Book" do with the time chosen."""


@requires(Permission.BOOK)
@require_GET
@at_site
def start(request: HttpRequest, site: Site) -> HttpResponse:
    """Whose visit? The search answers while typing."""
    return render(
        request,
        "scheduling/book/start.html",
        {
            "site": site,
            "keep": kept.with_start(request.GET).removeprefix("?"),
            "at": kept.start_of(request.GET),
        },
    )


@requires(Permission.BOOK)
@require_POST
@at_site
def find(request: HttpRequest, site: Site) -> HttpResponse:
    """Patients found, each leading to their booking page. By POST: names do not belong into addresses."""
    query = request.POST.get("q", "").strip()[:80]
    found = lookups.search(by=actor_of(request), text=query).patients
    end = kept.with_start(request.GET)
    results = [
        {"patient": patient, "url": reverse("scheduling:book", args=[patient.pk]) + end, "note": ""}
        for patient in found
    ]
    return render(request, "scheduling/book/_found.html", {"results": results, "query": query, "kept": end})


@requires(Permission.BOOK)
@require_http_methods(["GET", "POST"])
@at_site
def book(request: HttpRequest, site: Site, patient_id: UUID) -> HttpResponse:
    patient = get_object_or_404(Patient, pk=patient_id, erased_at__isnull=True)
    if request.method == "GET":
        initial, start = kept.said(request.GET), kept.start_of(request.GET)
        if start is not None:
            initial["earliest"] = timezone.localtime(start).date()
        chooser = PickerForm(site=site, initial=initial)
        form = BookForm(patient=patient, initial={"request_key": uuid4()})
        keep = timezone.localtime(start).isoformat(timespec="minutes") if start else ""
        return _page(request, site, patient, chooser, form, keep=keep)

    chooser, form = PickerForm(request.POST, site=site), BookForm(request.POST, patient=patient)
    if not (chooser.is_valid() & form.is_valid()):
        return _page(request, site, patient, chooser, form, status=422, keep=form.kept)
    quest = quest_of(site, chooser, patient)
    try:
        if request.POST.get("act") == PENCIL:
            return _pencilled(request, quest, form)
        appointment = _booked(request, quest, form)
    except SlotTaken as error:
        return _lost(request, site, patient, chooser, form, quest, taken=error.taken)
    except BookingRefused as error:
        caution = picker.as_caution(error.refusals, actor_of(request))
        return _lost(request, site, patient, chooser, form, quest, caution=caution, keep=form.kept)
    except DomainError as error:
        if error.status in (403, 404):
            raise
        return _lost(request, site, patient, chooser, form, quest, taken=[error.message])
    if appointment.period.lower != form.cleaned_data["start"]:
        messages.warning(
            request, _("This page had already booked the visit below. For another one, book anew.")
        )
    return redirect(reverse("scheduling:booked", args=[appointment.pk]) + kept.address(request.POST))


def _booked(request: HttpRequest, quest: Quest, form: BookForm) -> Appointment:
    wanted, by = _visit(quest, form), actor_of(request)
    if request.POST.get("act") == SQUEEZE and (on := form.cleaned_data["squeeze_on"]):
        return squeeze.squeeze_in(request=wanted, on=on, by=by, override=form.override)
    return booking.book(request=wanted, by=by, override=form.override)


def _pencilled(request: HttpRequest, quest: Quest, form: BookForm) -> HttpResponse:
    until = policies.hold_until(form.term_wanted, now=clock.now(), zone=quest.site.zone)
    hold = holds.pencil(request=_visit(quest, form), until=until, by=actor_of(request))
    local = timezone.localtime(hold.expires_at)
    messages.success(request, _("Pencilled in until %(time)s. Nobody is told.") % {"time": f"{local:%H:%M}"})
    return redirect("scheduling:pencils")


def _visit(quest: Quest, form: BookForm) -> VisitRequest:
    assert quest.patient is not None  # noqa: S101 - the page has one
    said = form.cleaned_data
    return VisitRequest(
        patient_id=quest.patient.pk,
        visit_type_id=quest.visit_type.pk,
        site_id=quest.site.pk,
        start=said["start"],
        lead_id=quest.lead.pk if quest.lead else None,
        told=Told(said["told"]),
        note=said["note"],
        request_key=said["request_key"],
    )


def _lost(
    request: HttpRequest,
    site: Site,
    patient: Patient,
    chooser: PickerForm,
    form: BookForm,
    quest: Quest,
    **why: Any,
) -> HttpResponse:
    """The same page with everything kept, what stood in the way, and the nearest free times, read after the rollback."""
    around = form.cleaned_data["start"]
    near = picker.nearest(quest, around)
    return _page(request, site, patient, chooser, form, status=409, around=around, nearest=near, **why)


def _page(
    request: HttpRequest,
    site: Site,
    patient: Patient,
    chooser: PickerForm,
    form: BookForm,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    any_type = VisitType.objects.filter(site=site, is_active=True, needs_order=False).exists()
    context = {
        "site": site,
        "patient": patient,
        "chooser": chooser,
        "form": form,
        "any_type": any_type,
        "terms": HoldTerm.choices,
        "has": visits.coming_of(patient_id=patient.pk, site_ids=actor_of(request).site_ids, now=clock.now()),
        "kept": kept.address(request.POST or request.GET),
        **more,
    }
    return render(request, "scheduling/book/book.html", context, status=status)
