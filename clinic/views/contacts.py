"""The people around a patient."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic.enums import Permission
from clinic.forms.patients import ContactForm, contact_initial
from clinic.models import Contact, Patient, Site
from clinic.permissions import actor_of, requires
from clinic.selectors.patients import contact_detail, patient_detail
from clinic.services import contacts
from clinic.views.common import answered, at_site


@requires(Permission.EDIT_PATIENTS)
@require_http_methods(["GET", "POST"])
@at_site
def new(request: HttpRequest, site: Site, patient_id: UUID) -> HttpResponse:
    patient = patient_detail(patient_id)
    form = ContactForm(request.POST or None, site=site)
    if request.method == "GET" or not form.is_valid():
        return _page(request, form, patient)
    by, data = actor_of(request), form.data_now
    if not answered(form, lambda: contacts.add(by=by, patient_id=patient_id, data=data)):
        return _page(request, form, patient)
    messages.success(request, _("Added."))
    return redirect("clinic:patient-detail", patient_id)


@requires(Permission.EDIT_PATIENTS)
@require_http_methods(["GET", "POST"])
@at_site
def edit(request: HttpRequest, site: Site, contact_id: UUID) -> HttpResponse:
    contact = contact_detail(contact_id)
    form = ContactForm(request.POST or None, initial=contact_initial(contact), site=site)
    if request.method == "GET" or not form.is_valid():
        return _page(request, form, contact.patient, contact)
    by, data = actor_of(request), form.data_now
    if not answered(form, lambda: contacts.update(by=by, contact_id=contact_id, data=data)):
        return _page(request, form, contact.patient, contact)
    messages.success(request, _("Saved."))
    return redirect("clinic:patient-detail", contact.patient_id)


@requires(Permission.EDIT_PATIENTS)
@require_POST
def end(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """Take all rights back."""
    contact = contacts.end(by=actor_of(request), contact_id=contact_id)
    messages.success(request, _("Ended. This contact has no rights any more."))
    return redirect("clinic:patient-detail", contact.patient_id)


def _page(
    request: HttpRequest, form: ContactForm, patient: Patient, contact: Contact | None = None
) -> HttpResponse:
    form.cancel_url = reverse("clinic:patient-detail", args=[patient.pk])
    context = {"form": form, "patient": patient, "contact": contact}
    return render(request, "clinic/patient/contact.html", context, status=422 if form.errors else 200)
