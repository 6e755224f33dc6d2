"""Typing in what the patient reported, and what went wrong."""

import datetime as dt
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic import clock
from clinic.enums import Permission
from clinic.exceptions import DomainError
from clinic.permissions import actor_of, requires
from clinic.views.common import answered
from treatments.enums import Source
from treatments.forms.outcomes import ObservationForm, ResponseForm
from treatments.instruments import BUILTIN
from treatments.policies.observations import ObservationData
from treatments.selectors import instruments as instrument_reads
from treatments.services import outcomes
from treatments.views.common import course_for, refuse


@requires(Permission.RECORD_CLINICAL)
@require_http_methods(["GET", "POST"])
def response_new(request: HttpRequest, course_id: UUID) -> HttpResponse:
    by = actor_of(request)
    course = course_for(by, course_id)
    today = clock.today(course.site.zone)
    known = instrument_reads.at_site(course.site_id)
    form = ResponseForm(
        request.POST or None,
        course=course,
        loaded=[one for code, one in known.items() if code not in BUILTIN],
        initial={"answered_on": today, "time_point": request.GET.get("point", "")},
    )
    form.cancel_url = reverse("treatments:outcomes", args=[course.pk])
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
                    source=form.cleaned_data["source"] or Source.PAPER,
                )
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The answers are saved."))
            return redirect("treatments:outcomes", course.pk)
    context = {"course": course, "form": form}
    return render(request, "treatments/outcome/response.html", context, status=422 if form.errors else 200)


@requires(Permission.RECORD_CLINICAL)
@require_http_methods(["GET", "POST"])
def observation_new(request: HttpRequest, course_id: UUID) -> HttpResponse:
    """Strength as a clinician finds it. Not patient-reported, and never shown as if it were."""
    by = actor_of(request)
    course = course_for(by, course_id)
    form = ObservationForm(request.POST or None, initial={"observed_on": clock.today(course.site.zone)})
    form.cancel_url = reverse("treatments:outcomes", args=[course.pk])
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        data = ObservationData(
            what=said["what"],
            value=said["value"],
            observed_on=said["observed_on"],
            side=said["side"],
            note=said["note"],
        )
        if answered(form, lambda: outcomes.observe(by=by, course_id=course.pk, data=data)):
            messages.success(request, _("The finding is recorded."))
            return redirect("treatments:outcomes", course.pk)
    context = {"course": course, "form": form}
    return render(request, "treatments/outcome/observation.html", context, status=422 if form.errors else 200)
