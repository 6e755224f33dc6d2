"""What the patient reports, and what a clinician observes."""

import datetime as dt
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import InvalidInput
from clinic.transactions import use_case
from treatments.enums import Source
from treatments.instruments import Answers, Unscorable
from treatments.models import Course, Observation, Response
from treatments.policies import observations
from treatments.policies.observations import ObservationData
from treatments.selectors import instruments as instrument_reads
from treatments.services import reading, responses, sheets

BEFORE_THE_COURSE = dt.timedelta(days=366)
"""How long before its order an answer or an event may still belong to a course."""


@use_case
def record_response(
    *,
    by: Actor,
    course_id: UUID,
    instrument: str,
    time_point: str,
    answers: Answers,
    answered_at: dt.datetime | None = None,
    source: str = Source.PAPER,
) -> Response:
    """Write a patient's answers and their score. The same time point again corrects it (history keeps both).

    What was asked for by mail at that time point is withdrawn once all of it is there. Raises InvalidInput when the
    answers give no score, or there is no such questionnaire.
    """
    locks.take(course=[course_id])
    course = reading.course(course_id, by=by, permission=Permission.RECORD_CLINICAL)
    if answered_at is not None:
        check_day(answered_at.astimezone(course.site.zone).date(), course, field="answered_on")
    definition = instrument_reads.at_site(course.site_id).get(instrument)
    if definition is None:
        raise InvalidInput(_("There is no such questionnaire."), field="answers")
    try:
        response = responses.write(
            by=by,
            course=course,
            definition=definition,
            time_point=time_point,
            answers=answers,
            at=answered_at or clock.now(),
            source=source,
        )
    except Unscorable as error:
        raise InvalidInput(str(error), field="answers") from error
    sheets.settle_answered(course, by=by, time_points=[time_point])
    return response


@use_case
def observe(*, by: Actor, course_id: UUID, data: ObservationData) -> Observation:
    """Write what a clinician measured or graded. It is no answer of the patient's and is never counted as one.

    Raises InvalidInput for a value that cannot be, or a day that cannot be of this course.
    """
    locks.take(course=[course_id])
    course = reading.course(course_id, by=by, permission=Permission.RECORD_CLINICAL)
    check_day(data.observed_on, course, field="observed_on")
    observations.check(data.what, data.value)
    row = Observation.objects.create(
        site_id=course.site_id,
        course=course,
        what=data.what,
        side=data.side,
        value=data.value,
        observed_on=data.observed_on,
        observed_by_id=reading.person(by),
        note=data.note,
    )
    audit.record(
        "treatments.observation.recorded",
        by=by,
        about=[row],
        patient_id=course.patient_id,
        detail={"what": data.what},
    )
    return row


def check_day(day: dt.date, course: Course, *, field: str) -> None:
    """Days of this course: a year typed wrong would otherwise stand in the record for ever."""
    if day > clock.today(course.site.zone):
        raise InvalidInput(_("This day is still to come."), field=field)
    if day < course.created_at.astimezone(course.site.zone).date() - BEFORE_THE_COURSE:
        raise InvalidInput(_("This day is long before the course: check the year."), field=field)
