"""The pain that the nurse asks for before a session is that day's NRS: asked once, counted wherever answers count."""

from decimal import Decimal

from clinic import clock
from clinic.actors import Actor
from treatments.clinical_rules import Anchor
from treatments.enums import Instrument, Source
from treatments.instruments import BUILTIN
from treatments.models import Response, Session
from treatments.policies.time_points import session_code
from treatments.services import responses, sheets


def answered(session: Session, *, by: Actor) -> None:
    """Inner step of a use case that holds the session: write the pain as the answer of the protocol's point of that day.

    Nothing where the protocol has no such point, or no pain was noted. What the patient answered themselves stays; a
    corrected pain corrects what an earlier one wrote.
    """
    if session.pain_before is None:
        return
    points = session.course.protocol_version.clinical.time_points
    point = next(
        (
            one
            for one in points
            if one.anchor == Anchor.SESSION and one.days == 0 and Instrument.NRS in one.instruments
        ),
        None,
    )
    if point is None:
        return
    code = session_code(point, session.number)
    known = Response.objects.filter(
        course=session.course_id, instrument=Instrument.NRS, time_point=code
    ).first()
    if known is not None and (known.source != Source.STAFF or known.score == Decimal(session.pain_before)):
        return
    responses.write(
        by=by,
        course=session.course,
        definition=BUILTIN[Instrument.NRS],
        time_point=code,
        answers={"value": session.pain_before},
        at=session.injected_at or clock.now(),
        source=Source.STAFF,
    )
    sheets.settle_answered(session.course, by=by, time_points=[code])
