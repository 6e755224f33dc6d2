"""The whole course on one page."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from clinic import clock, messaging
from clinic.enums import MessageState, Permission
from clinic.exceptions import InvalidInput
from clinic.forms import DateField
from clinic.permissions import actor_of, can, requires
from scheduling.enums import AppointmentStatus
from scheduling.views.common import attempt
from treatments.enums import COURSE_TRANSITIONS, CourseStatus, Instrument, SessionStatus
from treatments.forms.outcomes import time_points
from treatments.selectors import reviews as gates
from treatments.selectors.history import History
from treatments.services import reviews
from treatments.views.charts import charts
from treatments.views.common import history_for

_TO_DO = (SessionStatus.PLANNED, SessionStatus.CLEARED)


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the timeline."""

    at: dt.datetime
    title: str
    note: str = ""
    tone: str = ""
    is_mail: bool = False


@requires(Permission.VIEW_CLINICAL)
@require_GET
def course_detail(request: HttpRequest, course_id: UUID) -> HttpResponse:
    by = actor_of(request)
    history = history_for(by, course_id)
    course = history.course
    decides = can(by, Permission.DECIDE_COURSE)
    with timezone.override(course.site.zone):
        now, timeline = clock.now(), _timeline(history)
        gate = gates.gates([course])[0] if course.status == CourseStatus.REVIEW_DUE else None
        context = {
            "history": history,
            "course": course,
            "gate": gate,
            "next_words": _next(history),
            "coming": _folded(entry for entry in reversed(timeline) if entry.at > now),
            "past": _folded(entry for entry in timeline if entry.at <= now),
            "charts": charts(history),
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


def _day(request: HttpRequest) -> dt.date | None:
    """The day on which a hold is looked at again, where one was given."""
    try:
        day: dt.date | None = DateField(required=False).clean(request.POST.get("until", ""))
    except ValidationError as error:
        raise InvalidInput(error.messages[0], field="until") from error
    return day


def _next(history: History) -> str:
    """What comes next, in one sentence."""
    course, upcoming = history.course, history.next_session
    if course.status == CourseStatus.REVIEW_DUE:
        return _("Decide about the next session.")
    if course.status == CourseStatus.SCREENING:
        return _("Finish the screening.")
    if course.ended_at is not None:
        return course.end_reason or _("This course has ended.")
    if course.status == CourseStatus.ON_HOLD:
        until = (
            _("look at it again on %(day)s") % {"day": date_format(course.held_until, "D j M Y")}
            if course.held_until
            else _("decide when to go on")
        )
        return _("On hold: %(reason)s (%(until)s)") % {
            "reason": course.hold_reason.rstrip("."),
            "until": until,
        }
    if upcoming is None:
        return _("All sessions are done.")
    if upcoming.visit is None:
        return _("Session %(number)s is not booked yet.") % {"number": upcoming.session.number}
    if upcoming.visit.status == AppointmentStatus.PROVISIONAL:
        return _("Session %(number)s is kept free and waits for the review.") % {
            "number": upcoming.session.number
        }
    return _("Session %(number)s is booked.") % {"number": upcoming.session.number}


def _timeline(history: History) -> list[Event]:
    """Sessions, decisions, events and mails in the order of time, newest first."""
    found = [Event(history.course.created_at, _("Course ordered"))]
    for view in history.sessions:
        number = {"number": view.session.number}
        if view.session.injected_at:
            note = (
                _("%(ml)s mL into %(count)s targets") % {"ml": view.volume_ml, "count": len(view.injections)}
                if view.volume_ml
                else ""
            )
            found.append(Event(view.session.injected_at, _("Session %(number)s done") % number, note))
        elif view.visit is not None:
            found.append(
                Event(
                    view.visit.period.lower,
                    _("Session %(number)s") % number,
                    view.visit.get_status_display(),
                    "now",
                )
            )
        if view.session.signed_at:
            found.append(
                Event(
                    view.session.signed_at,
                    _("Record of session %(number)s signed") % number,
                    str(view.session.signed_by),
                )
            )
        found += [
            Event(row.created_at, _("Record of session %(number)s amended") % number, row.reason)
            for row in view.amendments
        ]
    for review in history.reviews:
        title = _("Decided before session %(number)s") % {"number": review.before_session}
        note = f"{review.get_decision_display()} ({review.decided_by})" + (
            f": {review.reason}" if review.reason else ""
        )
        found.append(Event(review.decided_at, title, note))
    for event in history.events:
        at = clock.local(event.started_on, dt.time(12), history.course.site.zone)
        note = _("grade %(grade)s") % {"grade": event.grade}
        found.append(
            Event(at, event.name, note, "harm" if event.grade >= 3 or event.is_serious else "attention")
        )
    shown = (
        MessageState.SENT,
        MessageState.DELIVERED,
        MessageState.BOUNCED,
        MessageState.FAILED,
        MessageState.PENDING,
    )
    for message in history.messages:
        if message.state in shown:
            found.append(
                Event(message.planned_for, _mail(message.kind), message.get_state_display(), is_mail=True)
            )
    return sorted(found, key=lambda entry: entry.at, reverse=True)


def _folded(entries: Iterable[Event]) -> dict[str, list[Event]]:
    """What was done and decided apart from the mails: a dozen a session, they would hide it."""
    shown = list(entries)
    return {
        "facts": [entry for entry in shown if not entry.is_mail],
        "mails": [entry for entry in shown if entry.is_mail],
    }


def _mail(kind: str) -> str:
    return _("Mail: %(kind)s") % {"kind": messaging.get(kind).name}


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
