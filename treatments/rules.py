"""What treatments say to a start of a visit, asked by availability, booking and moving alike."""

import datetime as dt
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic import clock, locks
from clinic.enums import Permission
from scheduling import purposes, rules
from scheduling.enums import RefusalLevel
from scheduling.rules import Refusal, StartRequest
from treatments.enums import CourseStatus, SessionStatus
from treatments.policies import intervals, medicines
from treatments.selectors import courses, screening
from treatments.selectors.courses import Series

Asked = tuple[StartRequest, Series]
"""A start that is asked for, and the series of sessions that it would be part of."""

_TREATABLE = (CourseStatus.APPROVED, CourseStatus.ACTIVE, CourseStatus.REVIEW_DUE)
_TO_DO = (SessionStatus.PLANNED, SessionStatus.CLEARED)


def of_course(requests: Sequence[StartRequest]) -> list[Refusal]:
    """All that treatments say, from one look at the courses: the interval first, then the state of the course, then
    what has to be prepared."""
    asked = _of_sessions(requests)
    return [*_course_interval(asked), *_review_gate(asked), *_preparation(asked)]


def _course_interval(asked: Sequence[Asked]) -> list[Refusal]:
    """Days to the sessions before and after: the protocol warns or refuses.

    Below the limits a physician may go on with a reason, below the one that refuses only where the protocol says so.
    The order of the sessions is not up for override. Beyond the longest interval whoever books may go on with a reason.
    """
    found: list[Refusal] = []
    for request, series in asked:
        neighbours = series.neighbours(request.planned)
        for start, day in _days(request, series):
            verdict = intervals.interval(series.session.number, day, neighbours, series.limits)
            if verdict is not None:
                override = _who_may(verdict, series.limits)
                found.append(
                    Refusal(start, verdict.level, verdict.code, verdict.words, override, request=request)
                )
    return found


def _review_gate(asked: Sequence[Asked]) -> list[Refusal]:
    """The course must be approved and its approval standing, and the visit must be what the session needs."""
    found: list[Refusal] = []
    for request, series in asked:
        objection = _objection(request, series)
        if objection is not None:
            code, words = objection
            found += [
                Refusal(start, RefusalLevel.BLOCK, code, words, request=request) for start in request.starts
            ]
            continue
        neighbours = series.neighbours(request.planned)
        course = series.session.course
        approved_on = (course.approved_at or course.created_at).astimezone(series.session.site.zone).date()
        for start, day in _days(request, series):
            verdict = intervals.approval(series.session.number, day, approved_on, neighbours, series.limits)
            if verdict is not None:
                found.append(Refusal(start, verdict.level, verdict.code, verdict.words, request=request))
    return found


def _preparation(asked: Sequence[Asked]) -> list[Refusal]:
    """A start too near for what has to be prepared warns, without clinical content: whoever books may go on.

    One query, and two more where a patient takes anything.
    """
    courses_by_key = {series.session.course_id: series.session.course for _request, series in asked}
    taken = screening.taken_by_course(courses_by_key.values()) if courses_by_key else {}
    versions = {course.protocol_version_id for key, course in courses_by_key.items() if taken[key]}
    known = screening.rules_of(versions) if versions else {}
    found: list[Refusal] = []
    for request, series in asked:
        course = series.session.course
        if not taken[course.pk]:
            continue
        zone, version = series.session.site.zone, course.protocol_version
        today = clock.today(zone)
        rules_of_course = known[version.pk]
        earliest = medicines.earliest(taken[course.pk], rules=rules_of_course, today=today)
        waits = any(medicines.awaits_prescriber(each, rules_of_course) for each in taken[course.pk])
        for start, day in _days(request, series):
            if earliest is not None and day < earliest:
                words = _("The preparation for this visit takes until %(day)s.") % {
                    "day": date_format(earliest, "D j M")
                }
                found.append(Refusal(start, RefusalLevel.WARN, "preparation", words, request=request))
            if waits and (day - today).days < version.preparation_lead_days:
                words = _(
                    "A clearance that this visit needs is still open: ask the nurse before telling the patient."
                )
                found.append(Refusal(start, RefusalLevel.WARN, "clearance", words, request=request))
    return found


def _who_may(verdict: intervals.Verdict, limits: intervals.Limits) -> Permission | None:
    if verdict.code in (intervals.OUT_OF_ORDER, intervals.LONG):
        return None
    if verdict.code == intervals.TOO_SOON and not limits.is_overridable:
        return None
    return Permission.OVERRIDE_INTERVAL


def register() -> None:
    """Called once at start-up."""
    rules.register("course", of_course)
    rules.register_lock_keys(courses.lock_keys)
    purposes.register(courses.session_words)
    purposes.register_leads(courses.preparation_leads)


def _of_sessions(requests: Sequence[StartRequest]) -> list[Asked]:
    """The requests that serve a session of ours. Other purposes are none of our business."""
    series: Mapping[UUID, Series] = courses.series(
        {
            request.purpose
            for request in requests
            if request.purpose is not None and not locks.is_absent("session", request.purpose)
        }
    )
    return [
        (request, series[request.purpose])
        for request in requests
        if request.purpose is not None and request.purpose in series
    ]


def _days(request: StartRequest, series: Series) -> list[tuple[dt.datetime, dt.date]]:
    zone = series.session.site.zone
    return [(start, start.astimezone(zone).date()) for start in request.starts]


def _objection(request: StartRequest, series: Series) -> tuple[str, str] | None:
    session, course = series.session, series.session.course
    if not course.patient.is_active:
        return "patient_inactive", _("Nothing can be booked for this patient any more.")
    if (request.patient_id or course.patient_id) != course.patient_id or request.site_id != session.site_id:
        return "purpose_mismatch", _("This session belongs to another patient or another site.")
    if request.visit_type_id != course.protocol_version.session_visit_id:
        return "purpose_mismatch", _("The protocol asks for another kind of visit.")
    if session.status not in _TO_DO:
        return "session_done", _("Session %(number)s is done or was dropped.") % {"number": session.number}
    if course.status not in _TREATABLE:
        return "course_closed", _("The course is not open for sessions: %(state)s.") % {
            "state": course.get_status_display().lower()
        }
    visit = series.visits.get(session.pk)
    if visit is not None and visit.pk != request.appointment_id:
        return "session_booked", _("Session %(number)s is already booked.") % {"number": session.number}
    return None
