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
from treatments.forms.outcomes import ResponseForm
from treatments.services import outcomes
from treatments.views.common import course_for, refuse


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
