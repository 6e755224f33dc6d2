"""Booking one visit: the patient, a free time, who is told. The list of free times and the time chosen are fragments."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinic import clock
from clinic.actors import Staff
from clinic.enums import Permission
from clinic.exceptions import DomainError
from clinic.models import Patient, Site
from clinic.permissions import actor_of, can, requires
from clinic.services import lookups
from scheduling import policies
from scheduling.enums import AppointmentStatus, HoldTerm, Told
from scheduling.exceptions import BookingRefused, SlotTaken
from scheduling.forms.booking import BookForm, PickerForm
from scheduling.forms.fields import InstantField
from scheduling.models import Appointment, VisitChange, VisitType
from scheduling.selectors import ledger, visits
from scheduling.services import booking, holds, notices, squeeze
from scheduling.services.plans import VisitRequest
from scheduling.views import picker
from scheduling.views.common import as_key, at_site, visit_for
from scheduling.views.picker import Quest

PENCIL, SQUEEZE = "pencil", "squeeze"
"""What the buttons beside "Book" do with the time chosen."""

KEPT = ("visit_type", "lead", "earliest", "part", "weekdays")


@requires(Permission.BOOK)
@require_GET
@at_site
def start(request: HttpRequest, site: Site) -> HttpResponse:
    """Whose visit? The search answers while typing."""
    return render(
        request,
        "scheduling/book/start.html",
        {"site": site, "keep": _kept_with_start(request.GET).removeprefix("?"), "at": _start(request.GET)},
    )


@requires(Permission.BOOK)
@require_POST
@at_site
def find(request: HttpRequest, site: Site) -> HttpResponse:
    """Patients found, each leading to their booking page. By POST: names do not belong into addresses."""
    query = request.POST.get("q", "").strip()[:80]
    found = lookups.search(by=actor_of(request), text=query).patients
    kept = _kept_with_start(request.GET)
    results = [
        {"patient": patient, "url": reverse("scheduling:book", args=[patient.pk]) + kept, "note": ""}
        for patient in found
    ]
    return render(request, "scheduling/book/_found.html", {"results": results, "query": query, "kept": kept})


@requires(Permission.BOOK)
@require_http_methods(["GET", "POST"])
@at_site
def book(request: HttpRequest, site: Site, patient_id: UUID) -> HttpResponse:
    patient = get_object_or_404(Patient, pk=patient_id, erased_at__isnull=True)
    if request.method == "GET":
        initial, start = _initial(request.GET), _start(request.GET)
        if start is not None:
            initial["earliest"] = timezone.localtime(start).date()
        chooser = PickerForm(site=site, initial=initial)
        form = BookForm(patient=patient, initial={"request_key": uuid4()})
        keep = timezone.localtime(start).isoformat(timespec="minutes") if start else ""
        return _page(request, site, patient, chooser, form, keep=keep)

    chooser, form = PickerForm(request.POST, site=site), BookForm(request.POST, patient=patient)
    if not (chooser.is_valid() & form.is_valid()):
        return _page(request, site, patient, chooser, form, status=422, keep=form.kept)
    quest = _quest(site, chooser, patient)
    try:
        if request.POST.get("act") == PENCIL:
            return _pencilled(request, quest, form)
        appointment = _booked(request, quest, form)
    except SlotTaken as error:
        return _lost(request, site, patient, chooser, form, quest, taken=error.taken)
    except BookingRefused as error:
        caution = picker.as_caution(error.refusals, actor_of(request))
        return _lost(request, site, patient, chooser, form, quest, caution=caution, keep=form.kept)
    except DomainError as error:
        if error.status in (403, 404):
            raise
        return _lost(request, site, patient, chooser, form, quest, taken=[error.message])
    if appointment.period.lower != form.cleaned_data["start"]:
        messages.warning(
            request, _("This page had already booked the visit below. For another one, book anew.")
        )
    return redirect(reverse("scheduling:booked", args=[appointment.pk]) + _kept(request.POST))


def _booked(request: HttpRequest, quest: Quest, form: BookForm) -> Appointment:
    wanted, by = _visit(quest, form), actor_of(request)
    if request.POST.get("act") == SQUEEZE and (on := form.cleaned_data["squeeze_on"]):
        return squeeze.squeeze_in(request=wanted, on=on, by=by, override=form.override)
    return booking.book(request=wanted, by=by, override=form.override)


def _pencilled(request: HttpRequest, quest: Quest, form: BookForm) -> HttpResponse:
    until = policies.hold_until(form.term_wanted, now=clock.now(), zone=quest.site.zone)
    hold = holds.pencil(request=_visit(quest, form), until=until, by=actor_of(request))
    local = timezone.localtime(hold.expires_at)
    messages.success(request, _("Pencilled in until %(time)s. Nobody is told.") % {"time": f"{local:%H:%M}"})
    return redirect("scheduling:pencils")


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
    context: dict[str, Any] = {
        "days": days,
        "more": count + picker.DAYS_AT_ONCE if more and count < picker.DAYS_AT_MOST else 0,
        "quest": quest,
        "chooser": chooser,
        "chosen": request.GET.get("start", ""),
        "new_leads": getattr(request, "htmx", None) and request.htmx.trigger_name == "visit_type",  # type: ignore[attr-defined]
    }
    if _wants_the_first(request, days) and (first := picker.first_other(quest, days)):
        context["chosen"] = first["value"]
        context["picked"] = picker.read_back(quest, first["slot"], first["slot"].start, actor_of(request))
    response = render(request, "scheduling/book/_slots.html", context)
    page = request.GET.get("page", "")
    if page.startswith("/") and not page.startswith("//"):
        response["HX-Replace-Url"] = page + _kept(request.GET)
    return response


@requires(Permission.BOOK)
@require_GET
@at_site
def pick(request: HttpRequest, site: Site) -> HttpResponse:
    """The time chosen, as it could be booked this very moment: with whom, where, and what stands against it."""
    by = actor_of(request)
    quest, chooser = asked(request.GET, site, by)
    instant = _start(request.GET)
    if chooser.is_valid() and chooser.cleaned_data["at"] and "by_clock" in request.GET:
        instant = clock.local(chooser.cleaned_data["earliest"], chooser.cleaned_data["at"], site.zone)
    if quest is None or instant is None:
        return render(request, "scheduling/book/_picked.html", {})
    slot, why = picker.chosen(quest, instant)
    along = picker.along(quest, instant)
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
            "kept": _kept(request.GET),
            "change": _undoable(visit),
            "mail_at": clock.now() + notices.GRACE,
            "movable": AppointmentStatus(visit.status) in policies.MOVABLE,
        }
        return render(request, "scheduling/book/booked.html", context)


def _undoable(visit: Appointment) -> VisitChange | None:
    change = ledger.latest_standing(appointment_id=visit.pk)
    return change if change is not None and change.kind in policies.UNDOABLE else None


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
    return _quest(site, chooser, patient), chooser


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


def _quest(site: Site, chooser: PickerForm, patient: Patient | None) -> Quest:
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


def _visit(quest: Quest, form: BookForm) -> VisitRequest:
    assert quest.patient is not None  # noqa: S101 - the page has one
    said = form.cleaned_data
    return VisitRequest(
        patient_id=quest.patient.pk,
        visit_type_id=quest.visit_type.pk,
        site_id=quest.site.pk,
        start=said["start"],
        lead_id=quest.lead.pk if quest.lead else None,
        told=Told(said["told"]),
        note=said["note"],
        request_key=said["request_key"],
    )


def _lost(
    request: HttpRequest,
    site: Site,
    patient: Patient,
    chooser: PickerForm,
    form: BookForm,
    quest: Quest,
    **why: Any,
) -> HttpResponse:
    """The same page with everything kept, what stood in the way, and the nearest free times, read after the rollback."""
    around = form.cleaned_data["start"]
    near = picker.nearest(quest, around)
    return _page(request, site, patient, chooser, form, status=409, around=around, nearest=near, **why)


def _page(
    request: HttpRequest,
    site: Site,
    patient: Patient,
    chooser: PickerForm,
    form: BookForm,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    any_type = VisitType.objects.filter(site=site, is_active=True, needs_order=False).exists()
    context = {
        "site": site,
        "patient": patient,
        "chooser": chooser,
        "form": form,
        "any_type": any_type,
        "terms": HoldTerm.choices,
        "has": visits.coming_of(patient_id=patient.pk, site_ids=actor_of(request).site_ids, now=clock.now()),
        "kept": _kept(request.POST or request.GET),
        **more,
    }
    return render(request, "scheduling/book/book.html", context, status=status)


def _initial(data: QueryDict) -> dict[str, Any]:
    said: dict[str, Any] = {name: data[name] for name in KEPT if data.get(name)}
    if "weekdays" in said:
        said["weekdays"] = data.getlist("weekdays")
    return said


def _start(data: QueryDict) -> dt.datetime | None:
    """The instant in an address or a form, where there is one."""
    try:
        found: dt.datetime | None = InstantField(required=False).clean(data.get("start", ""))
    except ValidationError:
        return None
    return found


def _wants_the_first(request: HttpRequest, days: Sequence[Mapping[str, Any]]) -> bool:
    """The first free time is chosen for the clerk until they choose another; a new search chooses anew.

    Not where a time was asked for by its instant, nor when only more days are shown.
    """
    shown = {choice["value"] for day in days for choice in day["slots"]}
    asked_for, searching = (
        request.GET.get("start", ""),
        getattr(request, "htmx", None) and request.htmx.trigger == "looking",  # type: ignore[attr-defined]
    )
    if not shown or request.GET.get("start", "") in shown:
        return False
    return bool(searching) or not (asked_for or request.GET.get("kept_start") or request.GET.get("days"))


def _kept(data: QueryDict) -> str:
    """What was looked for, as an address: it stays while the call lasts, over to the next patient and visit."""
    kept = QueryDict(mutable=True)
    for name, value in _initial(data).items():
        kept.setlist(name, value if isinstance(value, list) else [value])
    return f"?{kept.urlencode()}" if kept else ""


def _count(data: QueryDict) -> int:
    wanted = data.get("days", "")
    return (
        min(int(wanted), picker.DAYS_AT_MOST) if wanted.isdigit() and len(wanted) < 4 else picker.DAYS_AT_ONCE
    )


def _kept_with_start(data: QueryDict) -> str:
    """The same with the time that was clicked on the grid, until the patient is chosen."""
    kept = _kept(data)
    if _start(data) is None:
        return kept
    return f"{kept}{'&' if kept else '?'}{urlencode({'start': str(data['start'])})}"
