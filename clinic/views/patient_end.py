"""A record's end: a death, an erasure; and leaving a household."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic import clock
from clinic.enums import Permission
from clinic.forms.patients import DeceasedForm, EraseForm
from clinic.models import Patient, Site
from clinic.permissions import actor_of, requires
from clinic.selectors.patients import patient_detail
from clinic.services import deaths, erasure, patients
from clinic.views.common import answered, at_site


@requires(Permission.EDIT_PATIENTS)
@require_http_methods(["GET", "POST"])
@at_site
def deceased(request: HttpRequest, site: Site, patient_id: UUID) -> HttpResponse:
    """Record a death: mails are withdrawn at once, and the desk is asked to cancel what is booked."""
    patient = patient_detail(patient_id)
    form = DeceasedForm(
        request.POST or None, initial={"on": clock.today(site.zone), "version": patient.version}
    )
    form.cancel_url = reverse("clinic:patient-detail", args=[patient_id])
    if request.method == "GET" or not form.is_valid():
        return _page(request, "clinic/patient/deceased.html", patient, form)
    by, cleaned = actor_of(request), form.cleaned_data
    if not answered(
        form,
        lambda: deaths.mark_deceased(
            by=by, patient_id=patient_id, version=cleaned["version"], on=cleaned["on"], site_id=site.pk
        ),
    ):
        return _page(request, "clinic/patient/deceased.html", patient, form)
    messages.success(
        request, _("Recorded. Planned mails are withdrawn; a task asks the desk to cancel open visits.")
    )
    return redirect("clinic:patient-detail", patient_id)


@requires(Permission.EDIT_PATIENTS)
@require_POST
def not_deceased(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Undo of a mis-click."""
    patient = patient_detail(patient_id)
    deaths.unmark_deceased(by=actor_of(request), patient_id=patient_id, version=patient.version)
    messages.success(request, _("Corrected. Mails that were withdrawn stay withdrawn."))
    return redirect("clinic:patient-detail", patient_id)


@requires(Permission.EDIT_PATIENTS)
@require_POST
def leave_household(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    patients.leave_household(by=actor_of(request), patient_id=patient_id)
    messages.success(request, _("No longer in this household."))
    return redirect("clinic:patient-detail", patient_id)


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
def erase(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Anonymise for ever, after the record number was typed."""
    patient = patient_detail(patient_id)
    form = EraseForm(request.POST or None, expected=patient.record_number)
    form.cancel_url = reverse("clinic:patient-detail", args=[patient_id])
    if request.method == "GET" or not form.is_valid():
        return _page(request, "clinic/patient/erase.html", patient, form)
    by = actor_of(request)
    if not answered(form, lambda: erasure.erase(by=by, patient_id=patient_id)):
        return _page(request, "clinic/patient/erase.html", patient, form)
    messages.success(request, _("Erased."))
    return redirect("clinic:patient-detail", patient_id)


def _page(
    request: HttpRequest, template: str, patient: Patient, form: DeceasedForm | EraseForm
) -> HttpResponse:
    return render(request, template, {"patient": patient, "form": form}, status=422 if form.errors else 200)
