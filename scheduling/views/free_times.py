"""The list of free times and the time chosen: fragments of the booking page and of the page that moves a visit."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET
from django_htmx.middleware import HtmxDetails

from clinic import clock
from clinic.actors import Staff
from clinic.enums import Permission
from clinic.models import Patient, Site
from clinic.permissions import actor_of, can, requires
from scheduling.forms.booking import PickerForm
from scheduling.models import Appointment
from scheduling.views import kept, picker
from scheduling.views.common import as_key, at_site, visit_for
from scheduling.views.picker import Quest


@requires(Permission.BOOK)
@require_GET
@at_site
def slots(request: HttpRequest, site: Site) -> HttpResponse:
    """The free times for what the form says, a few days at a time."""
    quest, chooser = asked(request.GET, site, actor_of(request))
    if quest is None:
        return render(request, "scheduling/book/_slots.html", {"chooser": chooser, "days": []})
    count = _count(request.GET)
    days, more = picker.free_days(quest, count=count)
    asking = _htmx(request)
    context: dict[str, Any] = {
        "days": days,
        "more": count + picker.DAYS_AT_ONCE if more and count < picker.DAYS_AT_MOST else 0,
        "quest": quest,
        "chooser": chooser,
        "chosen": request.GET.get("start", ""),
        "new_leads": asking is not None and asking.trigger_name == "visit_type",
    }
    if _wants_the_first(request, days) and (first := picker.first_other(quest, days)):
        slot, _why = picker.chosen(quest, first["start"])
        if slot is not None:
            context["chosen"] = first["value"]
            context["picked"] = picker.read_back(quest, slot, slot.start, actor_of(request))
    response = render(request, "scheduling/book/_slots.html", context)
    page = request.GET.get("page", "")
    if page.startswith("/") and not page.startswith("//"):
        response["HX-Replace-Url"] = page + kept.address(request.GET)
    return response


@requires(Permission.BOOK)
@require_GET
@at_site
def pick(request: HttpRequest, site: Site) -> HttpResponse:
    """The time chosen, as it could be booked this very moment: with whom, where, and what stands against it."""
    by = actor_of(request)
    quest, chooser = asked(request.GET, site, by)
    instant = kept.start_of(request.GET)
    if chooser.is_valid() and chooser.cleaned_data["at"] and "by_clock" in request.GET:
        instant = clock.local(chooser.cleaned_data["earliest"], chooser.cleaned_data["at"], site.zone)
    if quest is None or instant is None:
        return render(request, "scheduling/book/_picked.html", {})
    slot, why = picker.chosen(quest, instant)
    along = picker.along(quest, instant)
    context: dict[str, Any]
    if slot is not None:
        context = {**picker.read_back(quest, slot, instant, by), "along": along}
        return render(request, "scheduling/book/_picked.html", context)
    context = {
        "along": along,
        "quest": quest,
        "why": why,
        "start": instant,
        "value": timezone.localtime(instant).isoformat(timespec="minutes"),
        "nearest": picker.nearest(quest, instant),
    }
    if can(by, Permission.SQUEEZE_IN) and quest.appointment_id is None:
        context["squeeze_leads"] = picker.busy_leads(quest)
    return render(request, "scheduling/book/_picked.html", context)


def asked(data: QueryDict, site: Site, by: Staff) -> tuple[Quest | None, PickerForm]:
    """What the page's form looks for: a new visit, or another time for one that is being moved."""
    moving: Appointment | None = None
    if data.get("appointment"):
        moving = visit_for(by, data["appointment"])
    chooser = PickerForm(data, site=site, moving=moving)
    if not chooser.is_valid():
        return None, chooser
    if moving is not None:
        return moving_quest(moving, chooser), chooser
    key = as_key(data.get("patient"))
    patient = Patient.objects.filter(pk=key, erased_at__isnull=True).first() if key else None
    return quest_of(site, chooser, patient), chooser


def moving_quest(moving: Appointment, chooser: PickerForm) -> Quest:
    wanted = chooser.cleaned_data
    return Quest(
        site=moving.site,
        visit_type=moving.visit_type,
        earliest=wanted["earliest"],
        patient=moving.patient,
        lead=wanted["lead"],
        part=wanted["part"],
        weekdays=frozenset(wanted["weekdays"]),
        appointment_id=moving.pk,
        purpose=moving.purpose,
        now_at=moving.period.lower,
    )


def quest_of(site: Site, chooser: PickerForm, patient: Patient | None) -> Quest:
    wanted = chooser.cleaned_data
    return Quest(
        site,
        wanted["visit_type"],
        wanted["earliest"],
        patient,
        wanted["lead"],
        wanted["part"],
        frozenset(wanted["weekdays"]),
    )


def _wants_the_first(request: HttpRequest, days: Sequence[Mapping[str, Any]]) -> bool:
    """The first free time is chosen for the clerk until they choose another; a new search chooses anew.

    Not where a time was asked for by its instant, nor when only more days are shown.
    """
    shown = {choice["value"] for day in days for choice in day["slots"]}
    asked_for, asking = request.GET.get("start", ""), _htmx(request)
    if not shown or asked_for in shown:
        return False
    if asking is not None and asking.trigger == "looking":
        return True
    return not (asked_for or request.GET.get("kept_start") or request.GET.get("days"))


def _htmx(request: HttpRequest) -> HtmxDetails | None:
    """What of the page asked, where it was the page that did."""
    found: HtmxDetails | None = getattr(request, "htmx", None)
    return found


def _count(data: QueryDict) -> int:
    wanted = data.get("days", "")
    return (
        min(int(wanted), picker.DAYS_AT_MOST) if wanted.isdigit() and len(wanted) < 4 else picker.DAYS_AT_ONCE
    )
