"""A session's life: cleared, written, stopped. What its record holds is written by `blood`,
`bedside` and `injecting`; `signing` closes it."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import clock
from clinic.actors import Actor
from clinic.exceptions import InvalidInput
from clinic.transactions import use_case
from treatments.data import DrawData, Findings, InjectionData, PreparationData
from treatments.enums import RecordSection, SessionStatus
from treatments.models import Session
from treatments.services import blood, injecting, pain_of_day, screening, writing
from treatments.services.moves import move


@use_case
def clear(*, by: Actor, session_id: UUID, version: int | None = None) -> None:
    """The checks of the day are done: the patient may be treated. Refused while a line of them stands."""
    session = writing.opened(session_id, by=by, version=version)
    screening.check_clearable(session)
    move(session, SessionStatus.CLEARED, by=by)
    writing.patient_is_here(session, clock.now(), by=by)


@use_case
def save(
    *,
    by: Actor,
    session_id: UUID,
    version: int,
    draw: DrawData | None,
    preparation: PreparationData | None,
    injections: Sequence[InjectionData],
    findings: Findings,
    injected_at: dt.datetime | None = None,
) -> Session:
    """Save what was drawn, made, injected and found in one go, all or nothing."""
    session = writing.opened(session_id, by=by, version=version)
    if draw is not None:
        blood.record_draw(by=by, session_id=session_id, data=draw)
    if preparation is not None:
        blood.record_preparation(by=by, session_id=session_id, data=preparation)
    if injections or session.injections.exists():
        injecting.record_injections(
            by=by, session_id=session_id, injections=injections, injected_at=injected_at
        )
    return record_findings(by=by, session_id=session_id, findings=findings)


@use_case
def record_findings(
    *, by: Actor, session_id: UUID, findings: Findings, version: int | None = None
) -> Session:
    """Pain on the day, complications, the note."""
    session = writing.opened(session_id, by=by, version=version)
    if findings.pain_before is not None and not 0 <= findings.pain_before <= 10:
        raise InvalidInput(_("Pain is a number from 0 to 10."), field="pain_before")
    session.pain_before, session.complications, session.note = (
        findings.pain_before,
        findings.complications,
        findings.note,
    )
    session.save(update_fields=["pain_before", "complications", "note"])
    pain_of_day.answered(session, by=by)
    writing.saved(session, RecordSection.DISCHARGE, by=by)
    return session


@use_case
def stop(*, by: Actor, session_id: UUID, reason: str, version: int | None = None) -> None:
    """The session was broken off. After a first injection it still counts as injected."""
    session = writing.opened(session_id, by=by, version=version)
    if not reason.strip():
        raise InvalidInput(_("Say what happened."), field="reason")
    session.complications = reason
    session.save(update_fields=["complications"])
    writing.patient_is_here(session, clock.now(), by=by)
    move(session, SessionStatus.STOPPED, by=by)
