"""What the patient reports."""

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import InvalidInput
from clinic.transactions import use_case
from treatments import scoring
from treatments.models import Course, Response
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
        check_day(answered_at.astimezone(course.site.zone).date(), course, field="answered_on")
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


def check_day(day: dt.date, course: Course, *, field: str) -> None:
    """Days of this course: a year typed wrong would otherwise stand in the record for ever."""
    if day > clock.today(course.site.zone):
        raise InvalidInput(_("This day is still to come."), field=field)
    if day < course.created_at.astimezone(course.site.zone).date() - BEFORE_THE_COURSE:
        raise InvalidInput(_("This day is long before the course: check the year."), field=field)
