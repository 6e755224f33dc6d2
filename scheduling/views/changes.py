"""Putting a booked visit right: taken back, missed, late, booked for the wrong patient."""

import datetime as dt
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinic.enums import Permission
from clinic.exceptions import DomainError
from clinic.models import Patient
from clinic.permissions import actor_of, requires
from clinic.services import lookups
from clinic.templatetags.dates import clinic_day
from scheduling import policies
from scheduling.enums import AppointmentStatus, ChangeKind, Told
from scheduling.exceptions import BookingRefused, SlotTaken
from scheduling.forms.changes import ChangePatientForm, LateForm, NoShowForm
from scheduling.models import Appointment
from scheduling.selectors import names
from scheduling.services import corrections, endings, undoing
from scheduling.views import picker
from scheduling.views.common import attempt, back_to, change_for, visit_for
from scheduling.views.picker import Quest


@requires(Permission.BOOK)
@require_POST
def undo_change(request: HttpRequest, change_id: UUID) -> HttpResponse:
    """Take back a move, a cancellation or a no-show; the desk is told when somebody has to ring the patient."""
    by = actor_of(request)
    change = change_for(by, change_id)
    moved = change.kind == ChangeKind.MOVED
    rung = change.told == Told.PHONE or (
        moved and change.appointment.told == Told.PHONE
    )  # rung after the move
    if attempt(request, lambda: undoing.undo(change_id=change_id, by=by)):
        if rung:
            messages.warning(
                request, _("Taken back. The patient was told of it by phone: please ring them again.")
            )
        else:
            messages.success(request, _("Taken back. The visit stands as before."))
    return back_to(request, reverse("scheduling:appointment-detail", args=[change.appointment_id]))


@requires(Permission.BOOK)
@require_POST
def no_show(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    """The patient did not come; why, where they said it."""
    form = NoShowForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else None
    by, key = actor_of(request), reason.pk if reason else None
    attempt(request, lambda: endings.no_show(appointment_id=appointment_id, by=by, reason=key))
    return _back(request, appointment_id)


@requires(Permission.BOOK)
@require_POST
def late(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    """The patient rings: so many minutes late. Nought: in time after all."""
    by = actor_of(request)
    visit = visit_for(by, appointment_id)
    form = LateForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose how late."))
        return _back(request, appointment_id)
    said = form.cleaned_data
    expected = visit.period.lower + dt.timedelta(minutes=said["minutes"]) if said["minutes"] else None
    reason = said["reason"].pk if said["reason"] else None
    done = _("Noted: comes later.") if expected else _("Noted: comes in time.")
    attempt(
        request,
        lambda: corrections.late(
            appointment_id=visit.pk, expected=expected, reason=reason, by=by, version=said["version"]
        ),
        done=done,
    )
    return _back(request, appointment_id)


@requires(Permission.BOOK)
@require_GET
def patient(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    """For whom was it meant? The search answers while typing."""
    visit = visit_for(actor_of(request), appointment_id)
    with timezone.override(visit.site.zone):
        return render(
            request,
            "scheduling/visit/patient.html",
            {"visit": visit, "site": visit.site, "refused": _no(visit)},
        )


@requires(Permission.BOOK)
@require_POST
def patient_find(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    visit = visit_for(actor_of(request), appointment_id)
    query = request.POST.get("q", "").strip()[:80]
    results = [
        {"patient": one, "url": reverse("scheduling:appointment-patient-to", args=[visit.pk, one.pk])}
        for one in lookups.search(by=actor_of(request), text=query).patients
        if one.pk != visit.patient_id
    ]
    return render(request, "scheduling/visit/_patients.html", {"results": results, "query": query})


@requires(Permission.BOOK)
@require_http_methods(["GET", "POST"])
def patient_to(request: HttpRequest, appointment_id: UUID, patient_id: UUID) -> HttpResponse:
    """The visit becomes this patient's, once read and confirmed."""
    by = actor_of(request)
    visit = visit_for(by, appointment_id)
    right = get_object_or_404(Patient, pk=patient_id, erased_at__isnull=True)
    phoned = visit.told == Told.PHONE
    form = ChangePatientForm(
        request.POST or None, patient=right, initial={"version": visit.version, "request_key": uuid4()}
    )
    form.cancel_url = reverse("scheduling:appointment-detail", args=[visit.pk])
    refused, status = _no(visit), 200
    caution, near = None, list[dict[str, str]]()
    if request.method == "POST":
        status = 422
        if form.is_valid():
            said = form.cleaned_data
            try:
                corrections.change_patient(
                    appointment_id=visit.pk,
                    patient_id=right.pk,
                    by=by,
                    version=said["version"],
                    told=Told(said["told"]),
                    override=form.override,
                    key=said["request_key"],
                )
            except BookingRefused as error:
                caution, status = picker.as_caution(error.refusals, by), error.status
            except SlotTaken as error:
                refused, status, near = error.message, error.status, _instead(visit, right)
            except DomainError as error:
                if error.status in (403, 404):
                    raise
                refused, status = error.message, error.status
            else:
                if phoned:
                    messages.warning(request, _("The first patient was told by phone: ring them too."))
                return redirect("scheduling:booked", visit.pk)
    with timezone.override(visit.site.zone):
        day = timezone.localtime(visit.period.lower).date()
        context = {
            "visit": visit,
            "site": visit.site,
            "right": right,
            "form": form,
            "refused": refused,
            "caution": caution,
            "near": near,
            "same_name": right.pk in names.same_names(site=visit.site, day=day, besides=right),
        }
        return render(request, "scheduling/visit/patient_to.html", context, status=status)


def _no(visit: Appointment) -> str:
    """Why the patient of this visit cannot be changed; empty when they can."""
    try:
        policies.check_can_move(AppointmentStatus(visit.status))
        policies.check_can_change_patient(same=False, purpose=visit.purpose)
    except DomainError as error:
        return error.message
    return ""


def _instead(visit: Appointment, right: Patient) -> list[dict[str, str]]:
    """Free times near this one that the right patient could have, each on their booking page."""
    page = reverse("scheduling:book", args=[right.pk])
    with timezone.override(visit.site.zone):
        start = visit.period.lower
        quest = Quest(visit.site, visit.visit_type, timezone.localtime(start).date(), right)
        return [
            {
                "label": f"{clinic_day(choice['start'])}, {choice['label']}",
                "url": f"{page}?{urlencode({'visit_type': visit.visit_type_id, 'start': choice['value']})}",
            }
            for choice in picker.nearest(quest, start)
        ]


def _back(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    return back_to(request, reverse("scheduling:appointment-detail", args=[appointment_id]))
