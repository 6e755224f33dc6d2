"""What a patient is asked in the course of a treatment: every time point with its state, and the ways of asking."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from clinic.enums import Permission
from clinic.exceptions import DomainError
from clinic.permissions import actor_of, can, requires
from clinic.selectors import links as link_reads
from clinic.views.tablet import hand_over
from scheduling.views.common import attempt
from treatments.instruments import Definition
from treatments.instruments.definition import in_language
from treatments.policies.observations import MEASURES
from treatments.policies.time_points import PointState
from treatments.selectors import instruments as instrument_reads
from treatments.selectors import time_points as reads
from treatments.selectors.time_points import PointView
from treatments.services import asking
from treatments.views.common import course_for

_NOW = (PointState.DUE, PointState.ASKED)


@requires(Permission.VIEW_CLINICAL)
@require_GET
def overview(request: HttpRequest, course_id: UUID) -> HttpResponse:
    """Every time point of one course: due, asked, answered or missed; and what clinicians found."""
    by = actor_of(request)
    course = course_for(by, course_id)
    asked = reads.of_courses([course.pk])[course.pk]
    known = instrument_reads.at_site(course.site_id)
    today = reads.today_of(course)
    observations = course.observations.select_related("observed_by").order_by("-observed_on", "-pk")
    with timezone.override(course.site.zone):
        points = [_row(view, known) for view in reads.points(asked, today=today)]
        context = {
            "course": course,
            "points": points,
            "now": [row for row in points if row["view"].state in _NOW],
            "next": next((row for row in points if row["view"].state == PointState.UPCOMING), None),
            "observations": [(row, MEASURES[row.what]) for row in observations],
            "records": can(by, Permission.RECORD_CLINICAL) and course.status in reads.ASKED_IN,
            "by_mail": asking.reached_by_mail(course.patient),
            "locked": link_reads.locked_of(course.patient_id),
            "today": today,
        }
        return render(request, "treatments/outcome/overview.html", context)


@requires(Permission.RECORD_CLINICAL)
@require_POST
def ask_now(request: HttpRequest, course_id: UUID) -> HttpResponse:
    by = actor_of(request)
    course = course_for(by, course_id)
    attempt(
        request,
        lambda: asking.ask_now(by=by, course_id=course.pk),
        done=_("The mail with the link is on its way."),
    )
    return redirect("treatments:outcomes", course.pk)


@requires(Permission.RECORD_CLINICAL)
@require_POST
def tablet(request: HttpRequest, course_id: UUID) -> HttpResponse:
    """Hand this device over: it shows the patient's questions and nothing else until staff take it back."""
    by = actor_of(request)
    course = course_for(by, course_id)
    back = reverse("treatments:outcomes", args=[course.pk])
    try:
        link = asking.for_tablet(by=by, course_id=course.pk)
    except DomainError as error:
        if error.status in (403, 404):
            raise
        messages.error(request, error.message)
        return redirect(back)
    return hand_over(request, link, back=back)


def _row(view: PointView, known: Mapping[str, Definition]) -> dict[str, Any]:
    language = get_language() or "en"
    scores = [
        {
            "short": known[code].short if code in known else code,
            "name": in_language(known[code].name, language) if code in known else code,
            "score": view.responses[code].score.normalize() if code in view.responses else None,
            "high": known[code].high.normalize() if code in known else None,
        }
        for code in dict.fromkeys([*view.slot.instruments, *view.responses])
    ]
    return {
        "view": view,
        "slot": view.slot,
        "state": view.state.value,
        "state_words": _STATES[view.state](),
        "scores": scores,
        "done": sum(1 for code in view.slot.instruments if code in view.responses),
        "all": len(view.slot.instruments),
        "late": bool(view.responses) and _latest(view) > view.slot.closes,
    }


def _latest(view: PointView) -> Any:
    return max(
        row.answered_at.astimezone(timezone.get_current_timezone()).date() for row in view.responses.values()
    )


_STATES: Mapping[PointState, Any] = {
    PointState.UPCOMING: lambda: _("Later"),
    PointState.DUE: lambda: _("Due"),
    PointState.ASKED: lambda: _("Asked"),
    PointState.PARTLY: lambda: _("Partly answered"),
    PointState.ANSWERED: lambda: _("Answered"),
    PointState.MISSED: lambda: _("Missed"),
}
