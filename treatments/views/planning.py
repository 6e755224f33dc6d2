"""Planning all visits of a course on one page: a proposal that answers while it is changed, and one act that books it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinic import clock
from clinic.enums import Permission
from clinic.exceptions import DomainError, InvalidInput
from clinic.models import Site
from clinic.permissions import actor_of, can, requires
from scheduling import policies
from scheduling.enums import DayPart, Told
from scheduling.exceptions import BookingRefused, SlotTaken
from scheduling.rules import Override, Refusal
from scheduling.selectors import away as away_reads
from scheduling.services import away
from scheduling.views.common import as_key, at_site
from treatments.forms import planning as said_forms
from treatments.forms.planning import AwayForm, PlanForm
from treatments.models import Order
from treatments.selectors import orders, plans
from treatments.services import planning, proposing, reading
from treatments.services.horizon import Choice, Wishes
from treatments.services.proposing import CoursePlan, Wanted
from treatments.views import plan_rows


@dataclass
class Answer:
    """What came of the last thing that was sent."""

    lost: Sequence[str] = ()
    refused: Sequence[str] = ()
    needs_reason: bool = False
    keep: Mapping[int, Choice] = field(default_factory=dict)
    """Starts that were shown and can still be had: the new plan is made around them."""
    away: AwayForm = field(default_factory=AwayForm)

    @property
    def status(self) -> int:
        return 422 if self.lost or self.refused or self.needs_reason or self.away.errors else 200


@requires(Permission.BOOK)
@require_http_methods(["GET", "POST"])
@at_site
def order_book(request: HttpRequest, site: Site, order_id: UUID) -> HttpResponse:
    """GET proposes from what is decided so far; POST books it all or says which session is in the way."""
    if request.method == "GET":
        return _page(request, site, order_id, Answer())
    form = PlanForm(request.POST, site=site)
    shown = said_forms.shown(request.POST)
    if not form.is_valid():
        return _page(request, site, order_id, Answer(keep=shown))
    if said_forms.asks_for_days(request.POST):
        words = _("You asked for another day. Look at the plan with it, then book.")
        return _page(request, site, order_id, Answer(refused=[words], keep=shown))
    try:
        _book(request, order_id, shown)
    except SlotTaken as error:
        lost = set(getattr(error, "numbers", ()))
        keep = {number: choice for number, choice in shown.items() if number not in lost}
        return _page(request, site, order_id, Answer(lost=error.taken, keep=keep))
    except BookingRefused:
        return _page(request, site, order_id, Answer(needs_reason=True, keep=shown))
    except DomainError as error:
        if error.status in (403, 404):
            raise
        return _page(request, site, order_id, Answer(refused=[error.message], keep=shown))
    return redirect("treatments:order-booked", order_id)


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
            return _page(request, site, order_id, Answer(away=form))
        first, last = form.span
        try:
            away.add(patient_id=order.patient_id, first_day=first, last_day=last, by=by)
        except InvalidInput as error:
            form.add_error("away_last", error.message)
            return _page(request, site, order_id, Answer(away=form))
    state = said_forms.state(request.POST)
    return redirect(reverse("treatments:order-book", args=[order_id]) + (f"?{state}" if state else ""))


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


def _page(request: HttpRequest, site: Site, order_id: UUID, answer: Answer) -> HttpResponse:
    """The whole page, or the plan alone for a change that was just made."""
    by = actor_of(request)
    said = request.POST if request.method == "POST" else request.GET
    order = reading.order(order_id, by=by, permission=Permission.BOOK)
    initial = _initial(order)
    form = PlanForm(said if "earliest" in said else None, site=site, initial=initial)
    decided = said_forms.wanted(said)
    keep = {number: choice for number, choice in answer.keep.items() if number not in decided.days}
    wanted = replace(decided, pinned={**keep, **decided.pinned})
    plan = _propose(request, order_id, site, form.cleaned_data if form.is_valid() else initial, wanted)
    caution = _caution(plan)
    fragment = request.headers.get("HX-Target") == "plan"
    context = {
        "plan": plan,
        "order": plan.order,
        "form": form,
        "rows": plan_rows.rows(plan, decided={*decided.pinned, *decided.days}),
        "request_key": as_key(said.get("request_key")) or uuid4(),
        "told": said.get("told") or (Told.MAIL if order.patient.email else Told.PHONE),
        "answer": answer,
        "away": away_reads.coming(patient_id=order.patient_id, today=clock.today(site.zone)),
        "caution": caution,
        "may_accept": all(
            policies.may_be_overridden(refusal.level, refusal.overridable_by)
            and can(by, refusal.overridable_by or Permission.BOOK)
            for refusal in caution
        ),
        "override_reason": said.get("override_reason", ""),
        "fragment": fragment,
    }
    template = "treatments/order/_plan.html" if fragment else "treatments/order/book.html"
    response = render(request, template, context, status=answer.status if not form.errors else 422)
    if fragment:
        state = said_forms.state(said)
        response["HX-Replace-Url"] = request.path + (f"?{state}" if state else "")
    return response


def _initial(order: Order) -> dict[str, Any]:
    """A first session leaves time for its preparation; a repeat may be as soon as the interval allows."""
    version, today = order.course.protocol_version, clock.today(order.site.zone)
    first = today + dt.timedelta(days=max(version.preparation_lead_days, 1))
    return {"earliest": first, "part": DayPart.ANY}


def _caution(plan: CoursePlan) -> list[Refusal]:
    """Each thing that the rules say to the plan, once."""
    said = {(refusal.code, refusal.words): refusal for step in plan.steps for refusal in step.refusals}
    return list(said.values())


def _book(request: HttpRequest, order_id: UUID, shown: Mapping[int, Choice]) -> None:
    reason = request.POST.get("override_reason", "").strip()[:300]
    codes = frozenset(code[:60] for code in request.POST.getlist("override_code")[:20])
    told = request.POST.get("told")
    planning.book_course(
        by=actor_of(request),
        order_id=order_id,
        starts={number: choice.start for number, choice in shown.items()},
        leads={number: choice.lead_id for number, choice in shown.items()},
        left_out=said_forms.wanted(request.POST).left_out,
        request_key=as_key(request.POST.get("request_key")) or uuid4(),
        told=Told(told) if told in Told.values else Told.MAIL,
        override=Override(reason, codes) if reason and codes else None,
    )


def _propose(
    request: HttpRequest, order_id: UUID, site: Site, values: Mapping[str, Any], wanted: Wanted
) -> CoursePlan:
    lead = values.get("lead")
    return proposing.propose(
        by=actor_of(request),
        order_id=order_id,
        wishes=Wishes(
            earliest=max(clock.local(values["earliest"], dt.time(0), site.zone), clock.now()),
            lead_id=lead.pk if lead else None,
            part=values["part"],
            not_on=frozenset(values.get("not_on") or ()),
        ),
        wanted=wanted,
    )
