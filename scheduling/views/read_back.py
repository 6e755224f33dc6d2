"""The read-back: what the clerk says to the patient once the visit is saved."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from clinic import clock
from clinic.enums import Permission
from clinic.permissions import actor_of, requires
from scheduling import policies
from scheduling.enums import AppointmentStatus
from scheduling.models import Appointment, VisitChange
from scheduling.selectors import ledger, visits
from scheduling.services import notices
from scheduling.views import kept
from scheduling.views.common import visit_for


@requires(Permission.BOOK)
@require_GET
def booked(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    """Read back to the patient: the day, when to come, where, what to bring, and who tells them."""
    visit = visit_for(actor_of(request), appointment_id)
    with timezone.override(visit.site.zone):
        context = {
            "visit": visit,
            "site": visit.site,
            "lead": visits.lead_of(visit),
            "day": timezone.localtime(visit.period.lower).date(),
            "kept": kept.address(request.GET),
            "change": _undoable(visit),
            "mail_at": clock.now() + notices.GRACE,
            "movable": AppointmentStatus(visit.status) in policies.MOVABLE,
        }
        return render(request, "scheduling/book/booked.html", context)


def _undoable(visit: Appointment) -> VisitChange | None:
    change = ledger.latest_standing(appointment_id=visit.pk)
    return change if change is not None and change.kind in policies.UNDOABLE else None
