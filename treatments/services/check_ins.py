"""A patient's check-ins as they come: kept once, however often they are sent; a red flag in one makes a task at once."""

import datetime as dt
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor, Contact, Patient, Staff
from clinic.enums import Permission, TaskState
from clinic.exceptions import InvalidInput, NotFound
from clinic.models import Contact as ContactRow
from clinic.models import Task
from clinic.permissions import check
from clinic.services import tasks
from clinic.transactions import use_case
from treatments.data import CheckInData
from treatments.enums import Source
from treatments.models import CheckIn, Session
from treatments.policies import check_ins as rules
from treatments.services import red_flags
from treatments.services.red_flags import about

CALL = "recovery_call"
SILENT = "recovery_silent"
ASKING = (CALL, SILENT)
"""Kinds of tasks that a check-in settles."""


@use_case
def record(
    *,
    by: Actor,
    session_id: UUID,
    client_key: UUID,
    data: CheckInData,
    source: str,
    waited: dt.timedelta = dt.timedelta(0),
) -> CheckIn:
    """Keep one check-in. What bears a key that was kept before is the same one, and is handed back unchanged.

    `waited` is how long the phone held it without network. A red flag opens its task in this transaction; whoever was to
    ask the patient need not any more. Two sends at once wait for each other at the session's lock, and the database's
    unique key settles what the lock did not. Raises InvalidInput beside an answer that there is not, IllegalMove where
    nothing is asked (not done, weeks ago), NotFound for another patient's session.
    """
    locks.take(session=[session_id])
    session = _session(session_id)
    _check_may(by, session)
    kept = CheckIn.objects.filter(session=session, client_key=client_key).first()
    if kept is not None:
        return kept

    now = clock.now()
    answered = now - (waited if dt.timedelta(0) <= waited <= rules.LONGEST_WAIT else dt.timedelta(0))
    recovery = session.course.protocol_version.clinical.recovery
    day = rules.day_of(session.injected_at or now, answered, zone=session.site.zone)
    rules.check_is_asked(session, recovery, day=day)
    said = rules.check(data, recovery)
    if source not in Source.values:
        raise InvalidInput(_("Choose one of the answers."), field="source")

    row = CheckIn.objects.create(
        site_id=session.site_id,
        session=session,
        client_key=client_key,
        day=day,
        pain=said.pain,
        trend=said.trend,
        able=said.able,
        medicine=said.medicine,
        red_flags=list(said.red_flags),
        emergency=any(flag.emergency for flag in rules.flags(recovery, said.red_flags)),
        note=said.note,
        source=source,
        contact_id=by.contact_id if isinstance(by, Contact) else None,
        recorded_by_id=by.user_id if isinstance(by, Staff) else None,
        answered_at=answered,
        received_at=now,
    )
    audit.record(
        "treatments.check_in.received",
        by=by,
        about=[row],
        patient_id=session.course.patient_id,
        detail={"day": day, "source": source, "red_flags": len(row.red_flags)},
    )
    if row.has_red_flag:
        red_flags.open_for(row, session, by=by)
    _settle(session, by=by)
    return row


def _session(session_id: UUID) -> Session:
    rows = Session.objects.select_related("site", "course__patient", "course__protocol_version__rules")
    found = rows.filter(pk=session_id).first()
    if found is None:
        raise NotFound(_("There is nothing to answer here."))
    return found


def _check_may(by: Actor, session: Session) -> None:
    """The patient, a contact beside them, or staff who write records."""
    if isinstance(by, Patient) and by.patient_id == session.course.patient_id:
        return
    if isinstance(by, Contact):
        beside = ContactRow.objects.filter(
            pk=by.contact_id, patient_id=session.course.patient_id, ended_at=None
        )
        if beside.exists():
            return
    if isinstance(by, Staff):
        check(by, Permission.RECORD_CLINICAL, site_id=session.site_id)
        return
    raise NotFound(_("There is nothing to answer here."))


def _settle(session: Session, *, by: Actor) -> None:
    """Nobody has to ask any more."""
    waiting = Task.objects.filter(kind__in=ASKING, about__startswith=about(session.pk), state=TaskState.OPEN)
    for task_id in waiting.order_by("pk").values_list("pk", flat=True):
        tasks.finish(by=by, task_id=task_id, outcome=_("The patient has answered."))
