"""A session's life: cleared, written, stopped, signed, amended. What its record holds is written by `blood`,
`bedside` and `injecting`."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import Conflict, IllegalMove, InvalidInput
from clinic.transactions import use_case
from treatments.data import DrawData, Findings, InjectionData, PreparationData
from treatments.enums import RecordSection, SessionStatus
from treatments.models import Amendment, Session
from treatments.services import blood, injecting, reading, screening, writing
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


@use_case
def sign(*, by: Actor, session_id: UUID, version: int) -> None:
    """Close the record for good: the database refuses any change afterwards."""
    session = writing.opened(session_id, by=by, version=version, permission=Permission.DECIDE_COURSE)
    if session.status == SessionStatus.INJECTED and not session.preparations.exists():
        raise Conflict(_("Record the preparation before signing: what was injected must be known."))
    session.signed_by_id, session.signed_at = reading.person(by), clock.now()
    before, session.status = session.status, SessionStatus.SIGNED
    if before not in (SessionStatus.INJECTED, SessionStatus.STOPPED):
        raise IllegalMove(_("Nothing was injected yet: there is nothing to sign."))
    # One UPDATE for state and signature: the trigger refuses a second one.
    session.version += 1
    session.save(update_fields=["status", "signed_by", "signed_at", "version"])
    audit.record("treatments.session.signed", by=by, about=[session], detail={"from": before})


@use_case
def amend(*, by: Actor, session_id: UUID, text: str, reason: str) -> Amendment:
    """Correct a signed record by a further statement; the record itself stays as it was signed."""
    locks.take(session=[session_id])
    session = reading.session(session_id, by=by, permission=Permission.RECORD_CLINICAL)
    if session.status != SessionStatus.SIGNED:
        raise IllegalMove(_("This record is not signed yet: change it directly."))
    if not text.strip() or not reason.strip():
        raise InvalidInput(_("Write the correction and its reason."), field="text")
    row = Amendment.objects.create(
        session=session, text=text, reason=reason, author_id=reading.person(by), created_at=clock.now()
    )
    audit.record("treatments.session.amended", by=by, about=[session], detail={"amendment": row.pk})
    return row
