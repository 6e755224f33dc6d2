"""Writing an answer down as a fact: the score of one instrument at one time point. Inner steps, under the course's lock."""

import datetime as dt
from collections.abc import Mapping

from clinic import audit, locks
from clinic.actors import Actor
from treatments import instruments
from treatments.instruments import Answers, Definition
from treatments.models import Course, Response
from treatments.services import summaries


def write(
    *,
    by: Actor,
    course: Course,
    definition: Definition,
    time_point: str,
    answers: Answers,
    at: dt.datetime,
    source: str,
) -> Response:
    """The score of these answers; the same time point again corrects it (history keeps both). Raises Unscorable."""
    locks.take(course=[course.pk])
    score = instruments.score(definition, answers)
    response, created = Response.objects.update_or_create(
        course=course,
        instrument=definition.code,
        time_point=time_point,
        defaults={
            "site_id": course.site_id,
            "instrument_version": definition.version,
            "answers": _given(answers),
            "score": score,
            "answered_at": at,
            "source": source,
        },
    )
    summaries.answers_changed(course.pk)
    action = "recorded" if created else "corrected"
    audit.record(
        f"treatments.response.{action}",
        by=by,
        about=[response],
        patient_id=course.patient_id,
        detail={"instrument": definition.code, "time_point": time_point, "source": source},
    )
    return response


def _given(answers: Answers) -> Mapping[str, int]:
    return {key: value for key, value in answers.items() if value is not None}
