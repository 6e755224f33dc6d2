"""What other pages show of treatments: a patient's courses, and the physician's day."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from clinic import clock
from clinic.enums import Permission
from clinic.models import Patient, Site
from clinic.permissions import actor_of, can, requires
from scheduling.views.common import at_site
from treatments.selectors import history, reviews


@requires(Permission.VIEW_ORDERS)
@require_GET
@at_site
def patient_pane(request: HttpRequest, site: Site, patient_id: UUID) -> HttpResponse:
    """A patient's courses. Who may not see clinical things sees how many sessions are booked and done."""
    by = actor_of(request)
    patient = get_object_or_404(Patient, pk=patient_id)
    context = {
        "patient": patient,
        "histories": history.patient_courses(patient_id=patient.pk, site_ids=sorted(by.site_ids)),
        "clinical": can(by, Permission.VIEW_CLINICAL),
        "may_book": can(by, Permission.BOOK),
    }
    return render(request, "treatments/pane/patient.html", context)


@requires(Permission.VIEW_ORDERS)
@require_GET
@at_site
def home_pane(request: HttpRequest, site: Site) -> HttpResponse:
    """For the physician: my sessions today, gates that wait, records to sign."""
    by = actor_of(request)
    clinical = can(by, Permission.VIEW_CLINICAL)
    decides = can(by, Permission.DECIDE_COURSE)
    start, end = clock.day_bounds(clock.today(site.zone), site.zone)
    mine = by.user_id if decides else None
    context = {
        "clinical": clinical,
        "decides": decides,
        "sessions": history.todays_sessions(site_id=site.pk, start=start, end=end, user_id=mine)
        if clinical
        else [],
        "gates": reviews.waiting(site=site) if decides else [],
        "unsigned": history.unsigned(site_id=site.pk, user_id=mine) if decides else [],
    }
    return render(request, "treatments/pane/home.html", context)
