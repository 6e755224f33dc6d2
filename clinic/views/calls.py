"""Calls with a patient: the list, and the line that is added to it by one key."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic.enums import CallOutcome, Permission
from clinic.forms.calls import KEYS, CallForm
from clinic.models import Patient, Site
from clinic.permissions import actor_of, requires
from clinic.policies import phones
from clinic.selectors import calls as selectors
from clinic.selectors.patients import patient_detail
from clinic.services import calls
from clinic.services.calls import CallData
from clinic.views.common import answered, at_site

NEWEST = 5


@requires(Permission.WORK_TASKS)
@require_http_methods(["GET", "POST"])
@at_site
def pane(request: HttpRequest, site: Site, patient_id: UUID) -> HttpResponse:
    """A patient's calls; a further one by POST."""
    patient = patient_detail(patient_id)
    by = actor_of(request)

    def keep(data: CallData) -> object:
        return calls.log(by=by, site_id=site.pk, patient_id=patient.pk, data=data)

    return answer(request, site, patient, keep, back=reverse("clinic:patient-detail", args=[patient.pk]))


def answer(
    request: HttpRequest,
    site: Site,
    patient: Patient,
    keep: Callable[[CallData], object],
    *,
    back: str,
    about: str = "",
    confirms: bool = False,
) -> HttpResponse:
    """The pane, or by POST the call kept by `keep` and the pane again; without htmx, back to the page it stands on."""
    form = CallForm(request.POST if request.method == "POST" else None, site=site)
    if request.method == "POST" and form.is_valid() and answered(form, lambda: keep(form.data_now)):
        if not getattr(request, "htmx", None):
            messages.success(request, _("The call is noted."))
            return redirect(back)
        form = CallForm(site=site)
        return _shown(request, patient, form, about=about, confirms=False, noted=True)
    return _shown(request, patient, form, about=about, confirms=confirms)


def _shown(
    request: HttpRequest, patient: Patient, form: CallForm, *, about: str, confirms: bool, noted: bool = False
) -> HttpResponse:
    by = actor_of(request)
    found = selectors.of_patient(patient_id=patient.pk, site_ids=by.site_ids, about=about)
    everything = request.GET.get("show") == "all"
    count = found.count()
    context: dict[str, Any] = {
        "patient": patient,
        "form": form,
        "calls": found if everything else found[:NEWEST],
        "folded": count > NEWEST and not everything,
        "count": count,
        "outcomes": [(value, CallOutcome(value).label, key) for value, key in KEYS.items()],
        "numbers": [
            (phone.e164, phones.shown(phone.e164, country=form.site.country))
            for phone in patient.phones.all()
        ],
        "confirms": confirms,
        "noted": noted,
        "address": request.path,
    }
    return render(request, "clinic/call/_pane.html", context, status=422 if form.errors else 200)
