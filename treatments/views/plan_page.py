"""The page on which a course is planned: to book its visits, or to move one of them with those after it."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import clock
from clinic.actors import Actor
from clinic.exceptions import DomainError
from clinic.models import Site
from clinic.permissions import actor_of, can
from scheduling import policies
from scheduling.enums import DayPart, Told
from scheduling.exceptions import BookingRefused, SlotTaken
from scheduling.rules import Override, Refusal
from scheduling.selectors import away as away_reads
from scheduling.views.common import as_key
from treatments.forms import planning as said_forms
from treatments.forms.planning import AwayForm, PlanForm
from treatments.models import Order
from treatments.services import proposing, shifting
from treatments.services.horizon import Choice, Wishes
from treatments.services.proposals import CoursePlan, Wanted
from treatments.views import plan_rows


@dataclass(frozen=True)
class Job:
    """What is planned: an order's visits, or with `visit_id` that booked visit and those after it."""

    order: Order
    here: str
    earliest: dt.date
    visit_id: UUID | None = None

    def propose(self, *, by: Actor, wishes: Wishes, wanted: Wanted) -> CoursePlan:
        if self.visit_id is None:
            return proposing.propose(by=by, order_id=self.order.pk, wishes=wishes, wanted=wanted)
        return shifting.propose(by=by, appointment_id=self.visit_id, wishes=wishes, wanted=wanted)

    def versions(self) -> dict[int, int]:
        """Of the visits that may move, by session number: sent back with the act, so that a stale page moves nothing."""
        if self.visit_id is None:
            return {}
        moving = shifting.moving_of(self.visit_id)
        return {number: one.visit.version for number, one in moving.items()}


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


@dataclass(frozen=True)
class Said:
    """What was sent with the act itself: starts and clinicians by session, and how the patient is told."""

    shown: Mapping[int, Choice]
    told: Told
    override: Override | None
    request_key: UUID
    versions: Mapping[int, int] = field(default_factory=dict)
    """Of the visits that are being moved, as they were shown."""

    @property
    def starts(self) -> dict[int, dt.datetime]:
        return {number: choice.start for number, choice in self.shown.items()}

    @property
    def leads(self) -> dict[int, UUID | None]:
        return {number: choice.lead_id for number, choice in self.shown.items()}


def act(request: HttpRequest, site: Site, job: Job, do: Callable[[Said], object]) -> HttpResponse:
    """Do what the page was sent for and read the days back, or show the plan made anew around what was in the way."""
    form, said = PlanForm(request.POST, site=site), _said(request)
    if not form.is_valid():
        return page(request, site, job, Answer(keep=said.shown))
    if said_forms.asks_for_days(request.POST):
        words = _("You asked for another day. Look at the plan with it, then save.")
        return page(request, site, job, Answer(refused=[words], keep=said.shown))
    try:
        do(said)
    except SlotTaken as error:
        lost = set(getattr(error, "numbers", ()))
        keep = {number: choice for number, choice in said.shown.items() if number not in lost}
        return page(request, site, job, Answer(lost=error.taken, keep=keep))
    except BookingRefused:
        return page(request, site, job, Answer(needs_reason=True, keep=said.shown))
    except DomainError as error:
        if error.status in (403, 404):
            raise
        return page(request, site, job, Answer(refused=[error.message], keep=said.shown))
    return HttpResponseRedirect(reverse("treatments:order-booked", args=[job.order.pk]))


def page(request: HttpRequest, site: Site, job: Job, answer: Answer) -> HttpResponse:
    """The whole page, or the plan alone for a change that was just made."""
    by = actor_of(request)
    said = request.POST if request.method == "POST" else request.GET
    initial = {"earliest": job.earliest, "part": DayPart.ANY}
    form = PlanForm(said if "earliest" in said else None, site=site, initial=initial)
    decided = said_forms.wanted(said)
    keep = {number: choice for number, choice in answer.keep.items() if number not in decided.days}
    # Read before the plan: what changes in between is refused rather than overwritten.
    versions = job.versions()
    plan = job.propose(
        by=by,
        wishes=_wishes(form.cleaned_data if form.is_valid() else initial, site),
        wanted=replace(decided, pinned={**keep, **decided.pinned}),
    )
    caution = _caution(plan)
    fragment = request.headers.get("HX-Target") == "plan"
    context = {
        "job": job,
        "plan": plan,
        "order": plan.order,
        "form": form,
        "moved": sum(
            1 for step in plan.steps if step.was and step.chosen and step.was.start != step.chosen.start
        ),
        "rows": plan_rows.rows(plan, decided={*decided.pinned, *decided.days}, versions=versions),
        "request_key": as_key(said.get("request_key")) or uuid4(),
        "told": said.get("told") or (Told.MAIL if job.order.patient.email else Told.PHONE),
        "answer": answer,
        "away": away_reads.coming(patient_id=job.order.patient_id, today=clock.today(site.zone)),
        "caution": caution,
        "may_accept": all(
            policies.may_be_overridden(refusal.level, refusal.overridable_by)
            and (refusal.overridable_by is None or can(by, refusal.overridable_by))
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


def _wishes(values: Mapping[str, Any], site: Site) -> Wishes:
    lead = values.get("lead")
    return Wishes(
        earliest=max(clock.local(values["earliest"], dt.time(0), site.zone), clock.now()),
        lead_id=lead.pk if lead else None,
        part=values["part"],
        not_on=frozenset(values.get("not_on") or ()),
    )


def _caution(plan: CoursePlan) -> list[Refusal]:
    """Each thing that the rules say to the plan, once."""
    said = {(refusal.code, refusal.words): refusal for step in plan.steps for refusal in step.refusals}
    return list(said.values())


def _said(request: HttpRequest) -> Said:
    reason = request.POST.get("override_reason", "").strip()[:300]
    codes = frozenset(code[:60] for code in request.POST.getlist("override_code")[:20])
    told = request.POST.get("told")
    return Said(
        shown=said_forms.shown(request.POST),
        told=Told(told) if told in Told.values else Told.MAIL,
        override=Override(reason, codes) if reason and codes else None,
        request_key=as_key(request.POST.get("request_key")) or uuid4(),
        versions=said_forms.versions(request.POST),
    )
