"""What the patient reports, and what went wrong."""

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import InvalidInput, NotFound
from clinic.transactions import use_case
from treatments import scoring
from treatments.models import AdverseEvent, Course, Response
from treatments.scoring import Unscorable
from treatments.services import reading

BEFORE_THE_COURSE = dt.timedelta(days=366)
"""How long before its order an answer or an event may still belong to a course."""


@use_case
def record_response(
    *,
    by: Actor,
    course_id: UUID,
    instrument: str,
    time_point: str,
    answers: Mapping[str, int | None],
    answered_at: dt.datetime | None = None,
) -> Response:
    """Write a patient's answers and their score. The same time point again corrects it (history keeps both).

    Raises InvalidInput when the answers give no score.
    """
    locks.take(course=[course_id])
    course = reading.course(course_id, by=by, permission=Permission.RECORD_CLINICAL)
    if answered_at is not None:
        _check_day(answered_at.astimezone(course.site.zone).date(), course, field="answered_on")
    try:
        score = scoring.score(instrument, answers)
    except Unscorable as error:
        raise InvalidInput(str(error), field="answers") from error
    response, created = Response.objects.update_or_create(
        course=course,
        instrument=instrument,
        time_point=time_point,
        defaults={
            "site_id": course.site_id,
            "answers": {key: value for key, value in answers.items() if value is not None},
            "score": score,
            "answered_at": answered_at or clock.now(),
        },
    )
    action = "recorded" if created else "corrected"
    audit.record(
        f"treatments.response.{action}",
        by=by,
        about=[response],
        patient_id=course.patient_id,
        detail={"instrument": instrument, "time_point": time_point},
    )
    return response


@use_case
def record_adverse_event(
    *,
    by: Actor,
    course_id: UUID,
    term: str,
    grade: int,
    is_serious: bool,
    started_on: dt.date,
    resolved_on: dt.date | None = None,
    session_id: UUID | None = None,
    note: str = "",
) -> AdverseEvent:
    """Write something that went wrong; grade as in CTCAE, 1–5."""
    locks.take(course=[course_id])
    course = reading.course(course_id, by=by, permission=Permission.RECORD_CLINICAL)
    _check_day(started_on, course, field="started_on")
    if resolved_on is not None:
        _check_end(resolved_on, started_on, course)
    if session_id is not None and not course.sessions.filter(pk=session_id).exists():
        raise InvalidInput(_("That session belongs to another course."), field="session")
    event = AdverseEvent.objects.create(
        site_id=course.site_id,
        course=course,
        session_id=session_id,
        term=term,
        grade=grade,
        is_serious=is_serious,
        started_on=started_on,
        resolved_on=resolved_on,
        note=note,
    )
    audit.record(
        "treatments.adverse_event.recorded",
        by=by,
        about=[event],
        patient_id=course.patient_id,
        detail={"grade": grade, "serious": is_serious},
    )
    return event


@use_case
def resolve_adverse_event(*, by: Actor, event_id: UUID, resolved_on: dt.date) -> AdverseEvent:
    """Say since when it is over."""
    event = AdverseEvent.objects.filter(pk=event_id).first()
    if event is None:
        raise NotFound(_("There is no such event."))
    locks.take(course=[event.course_id])
    course = reading.course(event.course_id, by=by, permission=Permission.RECORD_CLINICAL)
    _check_end(resolved_on, event.started_on, course)
    event.resolved_on = resolved_on
    event.save(update_fields=["resolved_on"])
    audit.record("treatments.adverse_event.resolved", by=by, about=[event])
    return event


def _check_day(day: dt.date, course: Course, *, field: str) -> None:
    """Days of this course: a year typed wrong would otherwise stand in the record for ever."""
    if day > clock.today(course.site.zone):
        raise InvalidInput(_("This day is still to come."), field=field)
    if day < course.created_at.astimezone(course.site.zone).date() - BEFORE_THE_COURSE:
        raise InvalidInput(_("This day is long before the course: check the year."), field=field)


def _check_end(day: dt.date, started_on: dt.date, course: Course) -> None:
    if day < started_on:
        raise InvalidInput(_("It cannot have ended before it began."), field="resolved_on")
    _check_day(day, course, field="resolved_on")
