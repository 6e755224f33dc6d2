"""At the front desk: the slip with the call number, and somebody who comes after they were noted as a no-show."""

from collections.abc import Callable
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from clinic.enums import Permission
from clinic.permissions import actor_of, can, requires
from scheduling.forms.latecomers import FitForm, SqueezeForm
from scheduling.models import Appointment
from scheduling.selectors import choices
from scheduling.services import latecomers
from scheduling.views.common import attempt, visit_for

_OFFERED = 12


@requires(Permission.VIEW_SCHEDULE)
@require_GET
def slip(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    """The number to take along, to print. It names nobody: it is left lying about."""
    visit = visit_for(actor_of(request), appointment_id)
    with timezone.override(visit.site.zone):
        return render(request, "scheduling/board/slip.html", {"visit": visit, "site": visit.site})


@requires(Permission.BOOK)
@require_http_methods(["GET", "POST"])
def came_after_all(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    """Today's fits, a squeeze-in, or another day; whoever has their place by now keeps it."""
    by = actor_of(request)
    visit_for(by, appointment_id)
    visit = latecomers.missed_visit(appointment_id, by=by)
    with timezone.override(visit.site.zone):
        if request.method == "POST" and (done := _done(request, visit)) is not None:
            return done
        may_squeeze = can(by, Permission.SQUEEZE_IN, site_id=visit.site_id)
        context = {
            "visit": visit,
            "site": visit.site,
            "patient": visit.patient,
            "slots": latecomers.fits_today(visit, limit=_OFFERED),
            "leads": choices.leads(visit.site_id, visit_type_id=visit.visit_type_id) if may_squeeze else [],
            "may_squeeze": may_squeeze,
            "request_key": uuid4(),
        }
        status = 409 if request.method == "POST" else 200
        return render(request, "scheduling/board/came_after_all.html", context, status=status)


def _done(request: HttpRequest, visit: Appointment) -> HttpResponse | None:
    """The choice carried out, and back to the board; None with a note where it was not possible."""
    by, booked = actor_of(request), list[Appointment]()
    service: Callable[[], None]
    fit, queue = FitForm(request.POST), SqueezeForm(request.POST, visit=visit)
    if "squeeze_on" in request.POST and queue.is_valid():
        on, key = queue.cleaned_data["squeeze_on"].pk, queue.cleaned_data["request_key"]

        def service() -> None:
            booked.append(latecomers.squeeze_in(appointment_id=visit.pk, on=on, request_key=key, by=by))
    elif fit.is_valid():
        start, key = fit.cleaned_data["start"], fit.cleaned_data["request_key"]

        def service() -> None:
            booked.append(latecomers.fit_in(appointment_id=visit.pk, start=start, request_key=key, by=by))
    else:
        messages.error(request, _("Choose one of the times."))
        return None
    if not attempt(request, service):
        return None
    at = timezone.localtime(booked[0].period.lower)
    messages.success(
        request,
        _("Booked for %(time)s and here: number %(number)s.")
        % {"time": f"{at:%H:%M}", "number": booked[0].call_number or "–"},
    )
    return redirect(reverse("scheduling:board"))
