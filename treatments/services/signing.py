"""Signing closes a record in the database itself; what is found later is an amendment beside it.

The physician's signature takes over the parts that others wrote: it names them, with author and time. An amendment by
a nurse waits for a physician's co-signature.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import models
from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Permission, Role
from clinic.exceptions import Conflict, DomainError, IllegalMove, InvalidInput, NotFound
from clinic.permissions import can
from clinic.selectors.tasks import open_about
from clinic.services import tasks
from clinic.transactions import use_case
from treatments.enums import RecordSection, SessionStatus, SignatureKind
from treatments.models import Amendment, Signature
from treatments.selectors import record_rows, seals
from treatments.services import derivations, reading, summaries, writing

COSIGN = "cosign_amendment"
_COSIGN_WITHIN = dt.timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that could not be signed, and why."""

    session_id: UUID
    words: str


@use_case
def sign(*, by: Actor, session_id: UUID, version: int) -> Signature:
    """Close the record for good: the database refuses any change afterwards.

    Raises Conflict where nothing says what was injected, IllegalMove where nothing was done, StaleVersion when somebody
    saved since the signer looked.
    """
    session = writing.opened(session_id, by=by, version=version, permission=Permission.DECIDE_COURSE)
    if session.status not in (SessionStatus.INJECTED, SessionStatus.STOPPED):
        raise IllegalMove(_("Nothing was injected yet: there is nothing to sign."))
    rows = record_rows.of([session_id])[session_id]
    if session.injected_at is not None and rows.preparation is None:
        raise Conflict(_("Record the preparation before signing: what was injected must be known."))
    derivations.keep(session_id)
    now = clock.now()
    signature = Signature.objects.create(
        session=session,
        kind=SignatureKind.RECORD,
        by_id=reading.person(by),
        at=now,
        digest=seals.digest(rows),
        entries=[
            {"section": row.section, "by": str(row.saved_by_id), "at": row.saved_at.isoformat()}
            for row in rows.sections
        ],
    )
    # One UPDATE for state and signature: the trigger refuses a second one.
    before, session.status = session.status, SessionStatus.SIGNED
    session.signed_by_id, session.signed_at = signature.by_id, now
    session.version += 1
    session.save(update_fields=["status", "signed_by", "signed_at", "version"])
    summaries.sessions_changed(session.course_id)
    audit.record("treatments.session.signed", by=by, about=[session], detail={"from": before})
    return signature


def sign_many(*, by: Actor, wanted: Sequence[tuple[UUID, int]]) -> list[Refused]:
    """Sign several records that were looked at, each in a transaction of its own: one that is refused stops no other."""
    refused: list[Refused] = []
    for session_id, version in wanted:
        try:
            sign(by=by, session_id=session_id, version=version)
        except DomainError as error:
            refused.append(Refused(session_id, error.message))
    return refused


@use_case
def amend(*, by: Actor, session_id: UUID, text: str, reason: str, section: str = "") -> Amendment:
    """Correct a signed record by a further statement; the record itself stays as it was signed.

    By whoever may sign it stands at once; by others it waits for a co-signature, and the physician has a task.
    """
    locks.take(session=[session_id])
    session = reading.session(session_id, by=by, permission=Permission.RECORD_CLINICAL)
    if session.status != SessionStatus.SIGNED:
        raise IllegalMove(_("This record is not signed yet: change it directly."))
    if not text.strip() or not reason.strip():
        raise InvalidInput(_("Write the correction and its reason."), field="text")
    if section and section not in RecordSection.values:
        raise InvalidInput(_("The record has no such part."), field="section")
    waits = not can(by, Permission.DECIDE_COURSE, site_id=session.site_id)
    row = Amendment.objects.create(
        session=session,
        section=section,
        text=text.strip(),
        reason=reason.strip(),
        author_id=reading.person(by),
        needs_cosignature=waits,
        created_at=clock.now(),
    )
    audit.record("treatments.session.amended", by=by, about=[session], detail={"amendment": row.pk})
    if waits:
        tasks.open_task(
            by=by,
            site_id=session.site_id,
            kind=COSIGN,
            title=_("An amendment waits for your co-signature"),
            role=Role.PHYSICIAN,
            due_at=row.created_at + _COSIGN_WITHIN,
            patient_id=session.course.patient_id,
            about=f"session:{session_id}",
            owner_id=session.course.physician.user_id,
        )
    return row


@use_case
def cosign(*, by: Actor, session_id: UUID, amendment_id: int) -> Signature:
    """A physician takes an amendment over. Once: a second one is refused. The last one of a record ends the task."""
    locks.take(session=[session_id])
    session = reading.session(session_id, by=by, permission=Permission.DECIDE_COURSE)
    found = session.amendments.filter(pk=amendment_id).first()
    if found is None:
        raise NotFound(_("There is no such amendment."))
    if not found.needs_cosignature or Signature.objects.filter(amendment=found).exists():
        raise IllegalMove(_("This amendment needs no further signature."))
    signature = Signature.objects.create(
        session=session,
        kind=SignatureKind.AMENDMENT,
        amendment=found,
        by_id=reading.person(by),
        at=clock.now(),
        digest=seals.of({"text": found.text, "reason": found.reason, "section": found.section}),
    )
    audit.record("treatments.amendment.cosigned", by=by, about=[session], detail={"amendment": found.pk})
    if not waiting_for_cosignature(session.pk).exists():
        for task_id in open_about(kind=COSIGN, abouts=[f"session:{session.pk}"]):
            tasks.finish(by=by, task_id=task_id, outcome=_("Co-signed."))
    return signature


def waiting_for_cosignature(session_id: UUID) -> "models.QuerySet[Amendment]":
    return Amendment.objects.filter(session=session_id, needs_cosignature=True, cosignature__isnull=True)
