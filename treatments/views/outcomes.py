"""Typing in what the patient reported, and what went wrong."""

import datetime as dt
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic import clock
from clinic.enums import Permission
from clinic.exceptions import DomainError
from clinic.permissions import actor_of, requires
from scheduling.views.common import attempt
from treatments.forms.outcomes import EventForm, ResponseForm
from treatments.services import outcomes
from treatments.views.common import course_for, refuse

TERMS = (
    "Vasovagal reaction",
    "Haematoma",
    "Pain flare",
    "Infection",
    "Dural puncture",
    "Nerve injury",
    "Allergic reaction",
    "Citrate reaction",
    "Wrong site",
)


@requires(Permission.RECORD_CLINICAL)
@require_http_methods(["GET", "POST"])
def response_new(request: HttpRequest, course_id: UUID) -> HttpResponse:
    by = actor_of(request)
    course = course_for(by, course_id)
    today = clock.today(course.site.zone)
    form = ResponseForm(request.POST or None, course=course, initial={"answered_on": today})
    form.cancel_url = reverse("treatments:course-detail", args=[course.pk])
    if request.method == "POST" and form.is_valid():
        day = form.cleaned_data["answered_on"]
        at = clock.now() if day == today else clock.local(day, dt.time(12), course.site.zone)
        try:
            for instrument, answers in form.answers.items():
                outcomes.record_response(
                    by=by,
                    course_id=course.pk,
                    instrument=instrument,
                    time_point=form.cleaned_data["time_point"],
                    answers=answers,
                    answered_at=at,
                )
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The answers are saved."))
            return redirect("treatments:course-detail", course.pk)
    context = {"course": course, "form": form}
    return render(request, "treatments/outcome/response.html", context, status=422 if form.errors else 200)


@requires(Permission.RECORD_CLINICAL)
@require_http_methods(["GET", "POST"])
def event_new(request: HttpRequest, course_id: UUID) -> HttpResponse:
    by = actor_of(request)
    course = course_for(by, course_id)
    form = EventForm(
        request.POST or None, course=course, initial={"started_on": clock.today(course.site.zone)}
    )
    form.cancel_url = reverse("treatments:course-detail", args=[course.pk])
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            outcomes.record_adverse_event(
                by=by,
                course_id=course.pk,
                term=said["term"],
                grade=said["grade"],
                is_serious=said["is_serious"],
                started_on=said["started_on"],
                resolved_on=said["resolved_on"],
                session_id=said["session"].pk if said["session"] else None,
                note=said["note"],
            )
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The event is recorded."))
            return redirect("treatments:course-detail", course.pk)
    context = {"course": course, "form": form, "terms": TERMS}
    return render(request, "treatments/outcome/event.html", context, status=422 if form.errors else 200)


@requires(Permission.RECORD_CLINICAL)
@require_POST
def event_resolve(request: HttpRequest, course_id: UUID, event_id: UUID) -> HttpResponse:
    """The event is over since today."""
    by = actor_of(request)
    course = course_for(by, course_id)
    today = clock.today(course.site.zone)
    attempt(
        request,
        lambda: outcomes.resolve_adverse_event(by=by, event_id=event_id, resolved_on=today),
        done=_("Noted: it is over since today."),
    )
    return redirect("treatments:course-detail", course.pk)
