"""What other pages show of the schedule: a patient's visits, and the front desk's day."""

import datetime as dt
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from clinic import clock
from clinic.enums import Permission
from clinic.models import Patient, Site
from clinic.permissions import actor_of, can, requires
from scheduling import policies
from scheduling.enums import OCCUPYING, AppointmentStatus
from scheduling.selectors import away, pencilled, visits, waitlist
from scheduling.views.common import at_site
from scheduling.views.rows import Row, rows_of

_NEXT = 8


@requires(Permission.VIEW_SCHEDULE)
@require_GET
@at_site
def patient_pane(request: HttpRequest, site: Site, patient_id: UUID) -> HttpResponse:
    """A patient's visits at the person's sites: what comes, soonest first; then what was, newest first."""
    by, now = actor_of(request), clock.now()
    patient = get_object_or_404(Patient, pk=patient_id)
    found = [
        visit for visit in visits.patient_appointments(patient_id=patient_id) if visit.site_id in by.site_ids
    ]
    rows = [Row(visit, now, is_today=_is_today(visit.period.lower, visit.site, now)) for visit in found]
    coming = [row for row in rows if row.end > now and row.status in OCCUPYING]
    context = {
        "patient": patient,
        "coming": list(reversed(coming)),
        "past": [row for row in rows if row not in coming],
        "may_book": can(by, Permission.BOOK) and patient.is_active,
        "pencilled": [
            hold
            for hold in pencilled.of_patient(patient_id=patient_id, now=now)
            if hold.site_id in by.site_ids
        ],
        "away": away.coming(patient_id=patient_id, today=clock.today(site.zone)),
        "movable": policies.MOVABLE,
        "waits": waitlist.of_patient(patient_id=patient_id, site_ids=by.site_ids),
        "several_sites": len({visit.site_id for visit in found}) > 1,
        "back": request.headers.get("HX-Current-URL", ""),
    }
    return render(request, "scheduling/pane/patient.html", context)


@requires(Permission.VIEW_SCHEDULE)
@require_GET
@at_site
def home_pane(request: HttpRequest, site: Site) -> HttpResponse:
    """The desk's day: who is late, who comes next, who has not confirmed for the next working day."""
    now, today = clock.now(), clock.today(site.zone)
    rows = rows_of(visits.day_list(site=site, day=today), now=now, is_today=True)
    expected = [row for row in rows if row.place == "expected"]
    tomorrow, unconfirmed = _next_day(site, today, now)
    context = {
        "site": site,
        "day": today,
        "late": [row for row in expected if row.late],
        "coming": [row for row in expected if not row.late][:_NEXT],
        "here": [row for row in rows if row.place not in ("expected", "done", "off")],
        "done": sum(1 for row in rows if row.place == "done"),
        "total": len(rows),
        "tomorrow": tomorrow,
        "unconfirmed": unconfirmed,
        "may_book": can(actor_of(request), Permission.BOOK),
    }
    return render(request, "scheduling/pane/home.html", context)


def _next_day(site: Site, today: dt.date, now: dt.datetime) -> tuple[dt.date, list[Row]]:
    """The next day of the coming week that has visits, with those not confirmed. One query."""
    found = visits.next_day_with_visits(site=site, after=today)
    day = found[0].period.lower.astimezone(site.zone).date() if found else today + dt.timedelta(days=1)
    rows = rows_of(found, now=now, is_today=False)
    return day, [row for row in rows if row.status == AppointmentStatus.BOOKED]


def _is_today(start: dt.datetime, site: Site, now: dt.datetime) -> bool:
    return start.astimezone(site.zone).date() == now.astimezone(site.zone).date()
