"""Adverse events of a course: recording one, writing it on, a physician's judgement."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic import clock
from clinic.actors import Staff
from clinic.enums import Permission
from clinic.exceptions import DomainError, NotFound
from clinic.permissions import actor_of, can, requires
from scheduling.views.common import attempt
from treatments.enums import EventSource
from treatments.forms.events import AssessmentForm, EventForm, initial
from treatments.models import AdverseEvent, CheckIn, Course
from treatments.services import events
from treatments.views.common import course_for, refuse

PAGE = "treatments/outcome/event.html"


@requires(Permission.RECORD_CLINICAL)
@require_http_methods(["GET", "POST"])
def event_new(request: HttpRequest, course_id: UUID) -> HttpResponse:
    by = actor_of(request)
    course = course_for(by, course_id)
    last = course.sessions.filter(injected_at__isnull=False).order_by("-number").first()
    start: dict[str, Any] = {"started_on": clock.today(course.site.zone), "session": last and last.pk}
    found = _found_in(request, course)
    if found is not None:
        start |= {
            "started_on": found.answered_at.astimezone(course.site.zone).date(),
            "session": found.session_id,
            "source": EventSource.CHECK_IN,
        }
    form = EventForm(request.POST or None, course=course, initial=start)
    form.cancel_url = reverse("treatments:course-detail", args=[course.pk])
    if request.method == "POST" and form.is_valid():
        try:
            events.record(
                by=by, course_id=course.pk, data=form.event(f"check_in:{found.pk}" if found else "")
            )
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The event is recorded."))
            return redirect("treatments:course-detail", course.pk)
    context = {"course": course, "form": form}
    return render(request, PAGE, context, status=422 if form.errors else 200)


@requires(Permission.RECORD_CLINICAL)
@require_http_methods(["GET", "POST"])
def event_detail(request: HttpRequest, course_id: UUID, event_id: UUID) -> HttpResponse:
    """The event as it stands, to be written on; a physician judges its cause here."""
    by = actor_of(request)
    course, event = _event(by, course_id, event_id)
    form = EventForm(request.POST or None, course=course, initial=initial(event))
    form.cancel_url = reverse("treatments:course-detail", args=[course.pk])
    if request.method == "POST" and form.is_valid():
        version = form.cleaned_data["version"] or event.version
        try:
            events.correct(by=by, event_id=event.pk, data=form.event(event.about), version=version)
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The event is saved."))
            return redirect("treatments:course-detail", course.pk)
    context = {
        "course": course,
        "event": event,
        "form": form,
        "judgement": _judgement(by, event) if not form.errors else None,
    }
    return render(request, PAGE, context, status=422 if form.errors else 200)


@requires(Permission.DECIDE_COURSE)
@require_POST
def event_assess(request: HttpRequest, course_id: UUID, event_id: UUID) -> HttpResponse:
    """A physician's judgement of the cause."""
    by = actor_of(request)
    course, event = _event(by, course_id, event_id)
    said = request.POST.get("causality", "")
    attempt(
        request,
        lambda: events.assess(by=by, event_id=event.pk, causality=said),
        done=_("The judgement is saved."),
    )
    return redirect("treatments:event-detail", course.pk, event.pk)


@requires(Permission.RECORD_CLINICAL)
@require_POST
def event_resolve(request: HttpRequest, course_id: UUID, event_id: UUID) -> HttpResponse:
    """The event is over since today."""
    by = actor_of(request)
    course, event = _event(by, course_id, event_id)
    today = clock.today(course.site.zone)
    attempt(
        request,
        lambda: events.resolve(by=by, event_id=event.pk, resolved_on=today),
        done=_("Noted: it is over since today."),
    )
    return redirect("treatments:course-detail", course.pk)


def _event(by: Staff, course_id: UUID, event_id: UUID) -> tuple[Course, AdverseEvent]:
    course = course_for(by, course_id)
    event = course.adverse_events.select_related("assessed_by", "recorded_by").filter(pk=event_id).first()
    if event is None:
        raise NotFound(_("There is no such event."))
    return course, event


def _found_in(request: HttpRequest, course: Course) -> CheckIn | None:
    """The check-in of this course that an event was found in, where the address names one."""
    try:
        key = UUID(request.GET.get("check_in", ""))
    except ValueError:
        return None
    return CheckIn.objects.filter(pk=key, session__course=course).first()


def _judgement(by: Staff, event: AdverseEvent) -> AssessmentForm | None:
    if not can(by, Permission.DECIDE_COURSE, site_id=event.site_id):
        return None
    form = AssessmentForm(initial={"causality": event.causality or None})
    form.action = reverse("treatments:event-assess", args=[event.course_id, event.pk])
    return form
