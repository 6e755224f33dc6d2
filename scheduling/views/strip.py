"""The strip at the head of the day, and the lists behind its counts; calls about one visit."""

from collections.abc import Sequence
from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from clinic.enums import CallOutcome, Permission
from clinic.models import Site
from clinic.permissions import actor_of, can, requires
from clinic.selectors.calls import latest_about
from clinic.services.calls import CallData
from clinic.views import calls
from clinic.views.common import address
from clinic.views.patient_facts import phone_link
from scheduling.duties import Light
from scheduling.enums import AppointmentStatus
from scheduling.models import Appointment
from scheduling.selectors import strip as reads
from scheduling.services import notices, phoned
from scheduling.views.common import at_site, visit_for, way_back
from scheduling.views.rows import Row


@requires(Permission.VIEW_SCHEDULE)
@require_GET
@at_site
def strip(request: HttpRequest, site: Site) -> HttpResponse:
    """Each count with its word; zero says so quietly. A count whose list this person may not open is left out."""
    items = [
        {"count": count, "url": url + count.query}
        for count in reads.counts(site=site)
        if (url := address(request, count.url_name))
    ]
    return render(request, "scheduling/strip/_strip.html", {"items": items})


@requires(Permission.VIEW_SCHEDULE)
@require_GET
@at_site
def unconfirmed(request: HttpRequest, site: Site) -> HttpResponse:
    """Whom to ring about the next two days: one key a call."""
    ahead = reads.outlook(site=site, parts=True)
    words = (
        _("Not confirmed"),
        _("The visits until the end of the day after tomorrow that nobody has confirmed."),
    )
    return _list(
        request,
        ahead,
        [(visit, None) for visit in ahead.unconfirmed],
        *words,
        _("Everybody has confirmed"),
        rings=can(actor_of(request), Permission.BOOK),
    )


@requires(Permission.VIEW_SCHEDULE)
@require_GET
@at_site
def not_ready(request: HttpRequest, site: Site) -> HttpResponse:
    """Visits of the next two days that cannot go ahead as things stand."""
    ahead = reads.outlook(site=site, parts=True)
    words = (_("Not ready"), _("The physician or the nurse still has something to decide or to find out."))
    return _list(request, ahead, ahead.not_ready(), *words, _("Everything is ready"))


@requires(Permission.VIEW_SCHEDULE)
@require_GET
@at_site
def same_names(request: HttpRequest, site: Site) -> HttpResponse:
    """People of today who could be taken for each other."""
    ahead = reads.outlook(site=site, parts=True)
    words = (_("Same name today"), _("Ask each of them for the birth date."))
    return _list(
        request, ahead, [(visit, None) for visit in ahead.same_names], *words, _("Nobody shares a name today")
    )


@requires(Permission.VIEW_SCHEDULE)
@require_http_methods(["GET", "POST"])
def visit_calls(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    """Calls about one visit; with `?confirm=1`, a call in which they said that they will come confirms it."""
    by = actor_of(request)
    visit = visit_for(by, appointment_id)

    def keep(data: CallData) -> object:
        if request.GET.get("confirm") and data.outcome == CallOutcome.REACHED:
            return phoned.confirm(by=by, appointment_id=visit.pk, data=data)
        return phoned.log(by=by, visit=visit, data=data)

    with timezone.override(visit.site.zone):
        response = calls.answer(
            request,
            visit.site,
            visit.patient,
            keep,
            back=way_back(request, reverse("scheduling:appointment-detail", args=[visit.pk])),
            about=notices.about(visit),
            confirms=can(by, Permission.BOOK) and visit.status == AppointmentStatus.BOOKED,
        )
    if request.GET.get("confirm") and request.method == "POST" and response.status_code == HTTPStatus.OK:
        # The state stands in several places of the visit's page.
        messages.success(request, _("Confirmed, and the call is noted."))
        response.headers["HX-Refresh"] = "true"
    return response


def _list(
    request: HttpRequest,
    ahead: reads.Outlook,
    found: Sequence[tuple[Appointment, Light | None]],
    title: str,
    lede: str,
    none: str,
    *,
    rings: bool = False,
) -> HttpResponse:
    """The rows; with `rings`, each with its numbers, the last call about it and the keys of a call."""
    last = latest_about([notices.about(visit) for visit, _light in found]) if rings else {}
    rows = [
        {
            "row": Row(visit, ahead.now, is_today=visit.period.lower < ahead.today_ends),
            "light": light,
            "call": last.get(notices.about(visit)),
            "numbers": [phone_link(number, visit.site.country) for number in ahead.numbers(visit)]
            if rings
            else [],
        }
        for visit, light in found
    ]
    context = {"title": title, "lede": lede, "none": none, "rows": rows, "rings": rings, "here": request.path}
    return render(request, "scheduling/strip/list.html", context)
