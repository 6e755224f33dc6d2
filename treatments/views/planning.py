"""Planning all visits of a course on one page: a proposal that answers while it is changed, and one act that books it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from clinic import clock
from clinic.enums import Permission
from clinic.exceptions import DomainError
from clinic.models import Site
from clinic.permissions import actor_of, can, requires
from scheduling.enums import RefusalLevel, Told
from scheduling.exceptions import BookingRefused, SlotTaken
from scheduling.rules import Override, Refusal
from scheduling.services.availability import Slot
from scheduling.views.common import as_key, at_site
from treatments.forms.orders import PlanForm
from treatments.services import planning
from treatments.services.planning import CoursePlan, Step

SOON = dt.timedelta(days=1)


@requires(Permission.BOOK)
@require_http_methods(["GET", "POST"])
@at_site
def order_book(request: HttpRequest, site: Site, order_id: UUID) -> HttpResponse:
    """GET proposes from what is chosen so far; POST books it all or says which session is in the way."""
    said = request.POST if request.method == "POST" else request.GET
    form = PlanForm(said if "earliest" in said else None, site=site, initial=_initial(site))
    chosen = _chosen(said)
    refused: list[str] = []
    caution: list[Refusal] = []
    if request.method == "POST" and form.is_valid():
        try:
            booked = _book(request, order_id, form, chosen)
        except SlotTaken as error:
            refused = error.taken
            chosen = {n: start for n, start in chosen.items() if n != getattr(error, "number", None)}
        except BookingRefused as error:
            caution = error.refusals
        except DomainError as error:
            if error.status in (403, 404):
                raise
            refused = [error.message]
        else:
            words = ngettext("%(count)s session is booked.", "%(count)s sessions are booked.", len(booked))
            messages.success(request, words % {"count": len(booked)})
            return redirect("treatments:order-list")
    plan = _propose(request, order_id, site, form, chosen)
    by = actor_of(request)
    context = {
        "plan": plan,
        "order": plan.order,
        "form": form,
        "steps": [_step(step, plan) for step in plan.steps],
        "request_key": said.get("request_key") or uuid4(),
        "told": said.get("told", Told.MAIL),
        "refused": refused,
        "caution": caution,
        "may_override": bool(caution)
        and all(_overridable(refusal) and _may(by, refusal) for refusal in caution),
    }
    fragment = request.headers.get("HX-Target") == "plan"
    template = "treatments/order/_plan.html" if fragment else "treatments/order/book.html"
    return render(request, template, context, status=422 if refused or caution or form.errors else 200)


def _initial(site: Site) -> dict[str, Any]:
    return {"earliest": (clock.now() + SOON).astimezone(site.zone).date()}


def _chosen(said: QueryDict) -> dict[int, dt.datetime]:
    """Starts by session number. A change of one session lets those after it be proposed anew."""
    changed = str(said.get("changed", ""))
    last = int(changed) if changed.isdecimal() else 99
    found: dict[int, dt.datetime] = {}
    for name, value in said.items():
        number = name.removeprefix("s")
        if name.startswith("s") and number.isdecimal() and int(number) <= last:
            try:
                start = dt.datetime.fromisoformat(str(value))
            except ValueError:
                continue
            if start.tzinfo is not None:
                found[int(number)] = start
    return found


def _book(
    request: HttpRequest, order_id: UUID, form: PlanForm, chosen: Mapping[int, dt.datetime]
) -> Sequence[object]:
    lead = form.cleaned_data["lead"]
    reason, codes = (
        request.POST.get("override_reason", "").strip()[:300],
        request.POST.getlist("override_code"),
    )
    told = request.POST.get("told")
    return planning.book_course(
        by=actor_of(request),
        order_id=order_id,
        starts=chosen,
        request_key=as_key(request.POST.get("request_key")) or uuid4(),
        lead_id=lead.pk if lead else None,
        told=Told(told) if told in Told.values else Told.MAIL,
        override=Override(reason, frozenset(codes)) if reason and codes else None,
    )


def _propose(
    request: HttpRequest, order_id: UUID, site: Site, form: PlanForm, chosen: Mapping[int, dt.datetime]
) -> CoursePlan:
    valid = form.is_bound and form.is_valid()
    day = form.cleaned_data["earliest"] if valid else _initial(site)["earliest"]
    lead = form.cleaned_data["lead"] if valid else None
    return planning.propose(
        by=actor_of(request),
        order_id=order_id,
        earliest=max(clock.local(day, dt.time(0), site.zone), clock.now()),
        lead_id=lead.pk if lead else None,
        chosen=chosen,
    )


def _step(step: Step, plan: CoursePlan) -> dict[str, Any]:
    """One session as the page shows it: its chosen start, and days of others."""
    zone = plan.order.site.zone
    several = len({slot.lead.pk for slot in step.choices if slot.lead}) > 1
    days: dict[dt.date, list[dict[str, Any]]] = {}
    for slot in step.choices:
        local = slot.start.astimezone(zone)
        days.setdefault(local.date(), []).append(_choice(slot, date_format(local, "H:i"), named=several))
    number = step.session.number
    chosen = step.chosen
    return {
        "number": number,
        "name": f"s{number}",
        "first": number == plan.steps[0].session.number,
        "chosen": chosen,
        "selected": chosen.start.isoformat() if chosen else "",
        "moved": chosen is not None
        and abs(chosen.start - step.wanted) > dt.timedelta(0)
        and number != plan.steps[0].session.number,
        "wanted": step.wanted,
        "warnings": [refusal.words for refusal in chosen.warnings] if chosen else [],
        "days": [{"day": day, "slots": slots} for day, slots in days.items()],
    }


def _choice(slot: Slot, label: str, *, named: bool) -> dict[str, Any]:
    return {
        "value": slot.start.isoformat(),
        "label": label,
        "note": slot.lead.name if named and slot.lead else "",
        "warned": bool(slot.warnings),
    }


def _overridable(refusal: Refusal) -> bool:
    return refusal.level == RefusalLevel.WARN or refusal.overridable_by is not None


def _may(by: Any, refusal: Refusal) -> bool:
    return refusal.overridable_by is None or can(by, refusal.overridable_by)
