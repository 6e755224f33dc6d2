"""The whole course on one page."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from clinic import clock
from clinic.enums import Permission
from clinic.exceptions import InvalidInput
from clinic.forms import DateField
from clinic.permissions import actor_of, can, requires
from scheduling.views.common import attempt
from treatments.enums import COURSE_TRANSITIONS, CourseStatus, Instrument, SessionStatus
from treatments.forms.outcomes import time_points
from treatments.selectors import check_ins
from treatments.selectors import reviews as gates
from treatments.selectors import time_points as points_of
from treatments.selectors.history import History
from treatments.selectors.record_rows import SessionView
from treatments.services import reviews
from treatments.views.common import history_for
from treatments.views.course_axis import axes
from treatments.views.course_entries import entries, folded
from treatments.views.course_next import gains, next_step
from treatments.views.recovery_curve import Week, week
from treatments.views.spine import body_map

_TO_DO = (SessionStatus.PLANNED, SessionStatus.CLEARED)


@requires(Permission.VIEW_CLINICAL)
@require_GET
def course_detail(request: HttpRequest, course_id: UUID) -> HttpResponse:
    by = actor_of(request)
    history = history_for(by, course_id)
    course = history.course
    decides = can(by, Permission.DECIDE_COURSE)
    with timezone.override(course.site.zone):
        now, shown = clock.now(), entries(history)
        asked = points_of.of_courses([course.pk])[course.pk]
        points = points_of.points(asked, today=clock.today(course.site.zone))
        gate = gates.gates([course])[0] if course.status == CourseStatus.REVIEW_DUE else None
        context = {
            "history": history,
            "course": course,
            "gate": gate,
            "sessions": _with_weeks(history),
            "next": next_step(history, gate, points),
            "gains": gains(history),
            "coming": folded(entry for entry in shown if entry.at > now),
            "past": folded(entry for entry in reversed(shown) if entry.at <= now),
            "axes": axes(history, shown),
            "map": body_map(course.targets.all(), history.sessions),
            "outcomes": _outcomes(history),
            "records": can(by, Permission.RECORD_CLINICAL),
            "decides": decides,
            "lapsed_on": _lapsed(history),
            "may_extend": decides
            and course.status == CourseStatus.FOLLOW_UP
            and not course.extended
            and history.injected < course.protocol_version.max_sessions,
            "may_hold": decides and CourseStatus.ON_HOLD in COURSE_TRANSITIONS[course.status],
            "may_end": decides
            and course.status
            in (
                CourseStatus.APPROVED,
                CourseStatus.ACTIVE,
                CourseStatus.REVIEW_DUE,
                CourseStatus.ON_HOLD,
                CourseStatus.FOLLOW_UP,
            ),
        }
        return render(request, "treatments/course/detail.html", context)


@requires(Permission.DECIDE_COURSE)
@require_POST
def course_move(request: HttpRequest, course_id: UUID, act: str) -> HttpResponse:
    """Hold, resume, end or close a course."""
    by = actor_of(request)
    reason = request.POST.get("reason", "")[:300]
    version = int(request.POST["version"]) if request.POST.get("version", "").isdecimal() else None
    acts: dict[str, tuple[Callable[[], Any], str]] = {
        "hold": (
            lambda: reviews.hold(
                by=by, course_id=course_id, reason=reason, until=_day(request), version=version
            ),
            _("The course is on hold."),
        ),
        "resume": (
            lambda: reviews.resume(by=by, course_id=course_id, version=version),
            _("The course goes on."),
        ),
        "end": (
            lambda: reviews.discontinue(by=by, course_id=course_id, reason=reason, version=version),
            _("The course has ended. Its visits are cancelled."),
        ),
        "close": (
            lambda: reviews.close(by=by, course_id=course_id, version=version),
            _("The course is completed."),
        ),
        "renew": (
            lambda: reviews.renew_approval(by=by, course_id=course_id, version=version),
            _("The approval stands again from today."),
        ),
    }
    service, done = acts[act]
    attempt(request, service, done=done)
    return redirect("treatments:course-detail", course_id)


def _lapsed(history: History) -> dt.date | None:
    """Since when the approval has lapsed, where sessions are left to do."""
    course = history.course
    if course.status not in (CourseStatus.APPROVED, CourseStatus.ACTIVE, CourseStatus.REVIEW_DUE):
        return None
    done = [view.session.injected_at for view in history.sessions if view.session.injected_at]
    since = max([course.approved_at or course.created_at, *done]).astimezone(course.site.zone).date()
    ends = since + dt.timedelta(days=course.protocol_version.approval_days)
    waits = any(view.session.status in _TO_DO for view in history.sessions)
    return ends if waits and ends < clock.today(course.site.zone) else None


def _with_weeks(history: History) -> list[tuple[SessionView, Week | None]]:
    """Each session, and the days after it where it was done."""
    found = check_ins.of_sessions([view.session.pk for view in history.sessions])
    version = history.course.protocol_version
    return [
        (view, week(view.session, found.get(view.session.pk, []), version=version))
        for view in history.sessions
    ]


def _day(request: HttpRequest) -> dt.date | None:
    """The day on which a hold is looked at again, where one was given."""
    try:
        day: dt.date | None = DateField(required=False).clean(request.POST.get("until", ""))
    except ValidationError as error:
        raise InvalidInput(error.messages[0], field="until") from error
    return day


def _outcomes(history: History) -> list[dict[str, Any]]:
    """One row a time point, in the order of the course; a column an instrument."""
    by_point: dict[str, dict[str, Any]] = {}
    for row in history.responses:
        cells = by_point.setdefault(row.time_point, {"at": row.answered_at, "scores": {}})
        cells["scores"][row.instrument] = row.score.normalize()
    names = dict(time_points(history.course))
    return [
        {
            "label": names.get(point, point),
            "at": cells["at"],
            "scores": [cells["scores"].get(instrument.value) for instrument in Instrument],
        }
        for point, cells in sorted(by_point.items(), key=lambda item: item[1]["at"])
    ]
