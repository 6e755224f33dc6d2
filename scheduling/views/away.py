"""When a patient cannot come: the days kept free, and the visits that are booked on them all the same."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic import clock
from clinic.enums import Permission
from clinic.exceptions import InvalidInput
from clinic.models import Patient, Site
from clinic.permissions import actor_of, requires
from scheduling.forms.away import AwayForm
from scheduling.selectors import away as reads
from scheduling.selectors import visits
from scheduling.services import away
from scheduling.views.common import as_key, at_site, attempt


@requires(Permission.BOOK)
@require_http_methods(["GET", "POST"])
@at_site
def patient_away(request: HttpRequest, site: Site, patient_id: UUID) -> HttpResponse:
    """Days are added and taken back here; what is booked on them is listed, to be moved."""
    patient = get_object_or_404(Patient, pk=patient_id, erased_at__isnull=True)
    by, here = actor_of(request), reverse("scheduling:patient-away", args=[patient.pk])
    if ended := as_key(request.POST.get("end")):
        attempt(request, lambda: away.end(away_id=ended, by=by), done=_("Taken back. They can come then."))
        return redirect(here)
    form = AwayForm(request.POST or None)
    form.cancel_url = reverse("clinic:patient-detail", args=[patient.pk])
    if request.method == "POST" and form.is_valid():
        first, last = form.days
        try:
            away.add(patient_id=patient.pk, first_day=first, last_day=last, by=by)
        except InvalidInput as error:
            form.add_error(error.field or None, error.message)
        else:
            messages.success(request, _("Kept. Whoever books on these days is warned."))
            return redirect(here)
    spans = reads.coming(patient_id=patient.pk, today=clock.today(site.zone))
    kept = reads.days(spans)
    booked = visits.coming_of(patient_id=patient.pk, site_ids=by.site_ids, now=clock.now())
    context = {
        "site": site,
        "patient": patient,
        "form": form,
        "spans": spans,
        "hit": [visit for visit in booked if timezone.localtime(visit.period.lower).date() in kept],
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "scheduling/away/page.html", context, status=status)
