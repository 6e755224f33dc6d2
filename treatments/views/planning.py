"""Planning all visits of a course on one page: a proposal that answers while it is changed, and one act that saves it."""

import datetime as dt
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinic import clock
from clinic.enums import Permission
from clinic.exceptions import InvalidInput
from clinic.models import Site
from clinic.permissions import actor_of, requires
from scheduling.services import away
from scheduling.views.common import as_key, at_site, visit_for
from treatments.forms import planning as said_forms
from treatments.forms.planning import AwayForm
from treatments.models import Order
from treatments.selectors import orders, plans
from treatments.services import planning, reading, shifting
from treatments.views import plan_page
from treatments.views.plan_page import Answer, Job, Said


@requires(Permission.BOOK)
@require_http_methods(["GET", "POST"])
@at_site
def order_book(request: HttpRequest, site: Site, order_id: UUID) -> HttpResponse:
    """GET proposes from what is decided so far; POST books it all or says which session is in the way."""
    by = actor_of(request)
    job = _booking(reading.order(order_id, by=by, permission=Permission.BOOK))
    if request.method == "GET":
        return plan_page.page(request, site, job, Answer())

    if said_forms.days_typed(request.POST):
        return plan_page.page(request, site, job, Answer(away=said_forms.unkept_days(request.POST)))

    def book(said: Said) -> object:
        return planning.book_course(
            by=by,
            order_id=order_id,
            starts=said.starts,
            leads=said.leads,
            left_out=said_forms.wanted(request.POST).left_out,
            request_key=said.request_key,
            told=said.told,
            override=said.override,
        )

    return plan_page.act(request, site, job, book)


@requires(Permission.BOOK)
@require_http_methods(["GET", "POST"])
@at_site
def visit_shift(request: HttpRequest, site: Site, appointment_id: UUID) -> HttpResponse:
    """Move a booked session, and with it those after it that would then break the interval."""
    by = actor_of(request)
    visit = visit_for(by, appointment_id)
    order = shifting.order_of(appointment_id, by=by)
    job = Job(
        order,
        reverse("treatments:visit-shift", args=[appointment_id]),
        max(visit.period.lower.astimezone(site.zone).date(), clock.today(site.zone)) + dt.timedelta(days=1),
        appointment_id,
    )
    if request.method == "GET":
        return plan_page.page(request, site, job, Answer())

    def shift(said: Said) -> object:
        return shifting.shift(
            by=by,
            appointment_id=appointment_id,
            starts=said.starts,
            leads=said.leads,
            told=said.told,
            override=said.override,
            versions=said.versions,
        )

    return plan_page.act(request, site, job, shift)


@requires(Permission.BOOK)
@require_POST
@at_site
def order_away(request: HttpRequest, site: Site, order_id: UUID) -> HttpResponse:
    """The patient names days on which they cannot come, or takes such days back; then the plan is made anew."""
    by = actor_of(request)
    order = reading.order(order_id, by=by, permission=Permission.BOOK)
    if ended := as_key(request.POST.get("end")):
        away.end(away_id=ended, by=by)
    else:
        form = AwayForm(request.POST)
        if not form.is_valid():
            return plan_page.page(request, site, _booking(order), Answer(away=form))
        first, last = form.span
        try:
            away.add(patient_id=order.patient_id, first_day=first, last_day=last, by=by)
        except InvalidInput as error:
            form.add_error("away_last", error.message)
            return plan_page.page(request, site, _booking(order), Answer(away=form))
    state = said_forms.state(request.POST)
    return redirect(_booking(order).here + (f"?{state}" if state else ""))


@requires(Permission.BOOK)
@require_GET
def order_booked(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Read back to the patient: every day of the course, when to come, and who tells them of which."""
    order = reading.order(order_id, by=actor_of(request), permission=Permission.BOOK)
    lines = plans.read_back(order)
    with timezone.override(order.site.zone):
        context = {
            "order": order,
            "site": order.site,
            "lines": lines,
            "left": orders.unbooked(order.course),
            "provisional": any(line.is_provisional for line in lines),
            "told": next((line.visit.told for line in lines if not line.is_provisional), ""),
            "visit_type": order.course.protocol_version.session_visit,
        }
        return render(request, "treatments/order/booked.html", context)


def _booking(order: Order) -> Job:
    """A first session leaves time for its preparation; a repeat may be as soon as the interval allows."""
    version, today = order.course.protocol_version, clock.today(order.site.zone)
    first = today + dt.timedelta(days=max(version.preparation_lead_days, 1))
    return Job(order, reverse("treatments:order-book", args=[order.pk]), first)
