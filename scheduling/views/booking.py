"""Booking one visit: the patient, a free time, who is told. The list of free times and the time chosen are fragments."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinic.actors import Staff
from clinic.enums import Permission
from clinic.exceptions import InvalidInput
from clinic.models import Patient, Site
from clinic.permissions import actor_of, requires
from clinic.services import lookups
from scheduling.enums import Told
from scheduling.exceptions import BookingRefused, SlotTaken
from scheduling.forms.booking import BookForm, PickerForm
from scheduling.forms.fields import InstantField
from scheduling.models import Appointment, VisitType
from scheduling.selectors import visits
from scheduling.services import booking
from scheduling.services.plans import VisitRequest
from scheduling.views import picker
from scheduling.views.common import as_key, at_site, visit_for
from scheduling.views.picker import Quest

KEPT = ("visit_type", "lead", "earliest", "part")


@requires(Permission.BOOK)
@require_GET
@at_site
def start(request: HttpRequest, site: Site) -> HttpResponse:
    """Whose visit? The search answers while typing."""
    return render(
        request, "scheduling/book/start.html", {"site": site, "keep": _kept(request.GET).removeprefix("?")}
    )


@requires(Permission.BOOK)
@require_POST
@at_site
def find(request: HttpRequest, site: Site) -> HttpResponse:
    """Patients found, each leading to their booking page. By POST: names do not belong into addresses."""
    query = request.POST.get("q", "").strip()[:80]
    found = lookups.search(by=actor_of(request), text=query).patients
    kept = _kept(request.GET)
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
        chooser = PickerForm(site=site, initial=_initial(request.GET))
        form = BookForm(patient=patient, initial={"request_key": uuid4()})
        return _page(request, site, patient, chooser, form)

    chooser, form = PickerForm(request.POST, site=site), BookForm(request.POST, patient=patient)
    if not (chooser.is_valid() & form.is_valid()):
        return _page(request, site, patient, chooser, form, status=422, keep=form.kept)
    quest = _quest(site, chooser, patient)
    try:
        appointment = booking.book(request=_visit(quest, form), by=actor_of(request), override=form.override)
    except SlotTaken as error:
        return _lost(request, site, patient, chooser, form, quest, taken=error.taken)
    except BookingRefused as error:
        caution = picker.as_caution(error.refusals, actor_of(request))
        return _lost(request, site, patient, chooser, form, quest, caution=caution, keep=form.kept)
    except InvalidInput as error:
        return _lost(request, site, patient, chooser, form, quest, taken=[error.message])
    if appointment.period.lower != form.cleaned_data["start"]:
        messages.warning(
            request, _("This page had already booked the visit below. For another one, book anew.")
        )
    return redirect("scheduling:booked", appointment.pk)


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
    response = render(
        request,
        "scheduling/book/_slots.html",
        {
            "days": days,
            "more": count + picker.DAYS_AT_ONCE if more and count < picker.DAYS_AT_MOST else 0,
            "quest": quest,
            "chooser": chooser,
            "chosen": request.GET.get("start", ""),
            "new_leads": getattr(request, "htmx", None) and request.htmx.trigger_name == "visit_type",  # type: ignore[attr-defined]
        },
    )
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
    quest, _chooser = asked(request.GET, site, by)
    instant = InstantField(required=False).clean(request.GET.get("start", ""))
    if quest is None or instant is None:
        return render(request, "scheduling/book/_picked.html", {})
    slot, why = picker.chosen(quest, instant)
    context = {"quest": quest, "slot": slot, "why": why, "start": instant}
    if slot is not None:
        context |= {"caution": picker.as_caution(slot.warnings, by), "places": picker.places(slot)}
    else:
        context["nearest"] = picker.nearest(quest, instant)
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
        }
        return render(request, "scheduling/book/booked.html", context)


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
        appointment_id=moving.pk,
        purpose=moving.purpose,
        now_at=moving.period.lower,
    )


def _quest(site: Site, chooser: PickerForm, patient: Patient | None) -> Quest:
    wanted = chooser.cleaned_data
    return Quest(site, wanted["visit_type"], wanted["earliest"], patient, wanted["lead"], wanted["part"])


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
        **more,
    }
    return render(request, "scheduling/book/book.html", context, status=status)


def _initial(data: QueryDict) -> dict[str, Any]:
    return {name: data[name] for name in KEPT if data.get(name)}


def _kept(data: QueryDict) -> str:
    kept = QueryDict(mutable=True)
    kept.update(_initial(data))
    return f"?{kept.urlencode()}" if kept else ""


def _count(data: QueryDict) -> int:
    wanted = data.get("days", "")
    return (
        min(int(wanted), picker.DAYS_AT_MOST) if wanted.isdigit() and len(wanted) < 4 else picker.DAYS_AT_ONCE
    )
