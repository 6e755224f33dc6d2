"""The session's record: preparation, injections, findings, signature, amendments."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import Conflict, DomainError, IllegalMove, InvalidInput, TryAgain
from clinic.services import outbox
from clinic.transactions import explain_constraint, use_case
from scheduling.services import progress
from treatments.data import Findings, InjectionData, PreparationData
from treatments.enums import CourseStatus, SessionStatus
from treatments.models import Amendment, Injection, Preparation, Session, SessionBooking
from treatments.policies import record, recovery
from treatments.services import reading
from treatments.services.moves import move

_OPEN = (SessionStatus.PLANNED, SessionStatus.CLEARED, SessionStatus.INJECTED, SessionStatus.STOPPED)
_CLOCK_TOLERANCE = dt.timedelta(minutes=5)


def _signed() -> DomainError:
    return Conflict(_("This record is signed and is not changed any more. Write an amendment."))


explain_constraint("signed_record_is_kept", _signed)


@use_case
def clear(*, by: Actor, session_id: UUID, version: int | None = None) -> None:
    """The checks of the day are done: the patient may be treated."""
    session = _locked(session_id, by=by, version=version)
    move(session, SessionStatus.CLEARED, by=by)
    _patient_is_here(session, clock.now(), by=by)


@use_case
def save(
    *,
    by: Actor,
    session_id: UUID,
    version: int,
    preparation: PreparationData | None,
    injections: Sequence[InjectionData],
    findings: Findings,
    injected_at: dt.datetime | None = None,
) -> Session:
    """Save the whole page of a session's record, all or nothing."""
    session = _locked(session_id, by=by, version=version)
    if preparation is not None:
        record_preparation(by=by, session_id=session_id, data=preparation)
    if injections or session.injections.exists():
        record_injections(by=by, session_id=session_id, injections=injections, injected_at=injected_at)
    return record_findings(by=by, session_id=session_id, findings=findings)


@use_case
def record_preparation(
    *, by: Actor, session_id: UUID, data: PreparationData, version: int | None = None
) -> Preparation:
    """Write the preparation in hand. After one that failed this is a further row, never an overwrite."""
    session = _locked(session_id, by=by, version=version)
    record.check_preparation(data)
    last = session.preparations.order_by("-attempt").first()
    if last is None or last.failed:
        last = Preparation(session=session, attempt=(last.attempt if last else 0) + 1, ready_at=clock.now())
    for field in PreparationData.__slots__:
        setattr(last, field, getattr(data, field))
    last.save()
    _patient_is_here(session, clock.now(), by=by)
    _touch(session)
    audit.record(
        "treatments.preparation.recorded",
        by=by,
        about=[session],
        detail={"attempt": last.attempt, "failed": data.failed},
    )
    return last


@use_case
def record_injections(
    *,
    by: Actor,
    session_id: UUID,
    injections: Sequence[InjectionData],
    injected_at: dt.datetime | None = None,
    version: int | None = None,
) -> Session:
    """Write what was injected, in order; replaces what was recorded before and is not yet signed.

    The first recorded injection consumes the session: it sets `injected_at` (now, or the time given),
    starts an approved course and plans the mails of the recovery week. A later correction to another
    day plans them anew.
    """
    session = _locked(session_id, by=by, version=version)
    product = session.preparations.filter(failed=False).order_by("-attempt").first()
    record.check_injections(injections, product_ml=product.product_ml if product else None)
    if not injections and session.injected_at is not None:
        raise InvalidInput(
            _("Injections were recorded: correct them instead of deleting them all."), field="injections"
        )
    moment = _checked_time(injected_at or session.injected_at or clock.now())
    if injections:
        record.check_order(session.number, moment, _injected(session), zone=session.site.zone)
        _patient_is_here(session, moment, by=by)
    _write_rows(session, injections, moment)
    if injections:
        _date_injection(session, moment, by=by)
    _touch(session)
    total = sum((injection.volume_ml for injection in injections), Decimal(0))
    audit.record(
        "treatments.injections.recorded",
        by=by,
        about=[session],
        detail={"count": len(injections), "ml": str(total)},
    )
    return session


@use_case
def record_findings(
    *, by: Actor, session_id: UUID, findings: Findings, version: int | None = None
) -> Session:
    """Pain on the day, complications, the note."""
    session = _locked(session_id, by=by, version=version)
    if findings.pain_before is not None and not 0 <= findings.pain_before <= 10:
        raise InvalidInput(_("Pain is a number from 0 to 10."), field="pain_before")
    session.pain_before, session.complications, session.note = (
        findings.pain_before,
        findings.complications,
        findings.note,
    )
    session.save(update_fields=["pain_before", "complications", "note"])
    _patient_is_here(session, clock.now(), by=by)
    _touch(session)
    audit.record("treatments.session.findings_recorded", by=by, about=[session])
    return session


@use_case
def stop(*, by: Actor, session_id: UUID, reason: str, version: int | None = None) -> None:
    """The session was broken off. After a first injection it still counts as injected."""
    session = _locked(session_id, by=by, version=version)
    if not reason.strip():
        raise InvalidInput(_("Say what happened."), field="reason")
    session.complications = reason
    session.save(update_fields=["complications"])
    _patient_is_here(session, clock.now(), by=by)
    move(session, SessionStatus.STOPPED, by=by)


@use_case
def sign(*, by: Actor, session_id: UUID, version: int) -> None:
    """Close the record for good: the database refuses any change afterwards."""
    session = _locked(session_id, by=by, version=version, permission=Permission.DECIDE_COURSE)
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


def _locked(
    session_id: UUID, *, by: Actor, version: int | None, permission: Permission = Permission.RECORD_CLINICAL
) -> Session:
    """The session for a change of its record, locked with the visit that serves it: recording may mark its arrival."""
    rows = Session.objects.filter(pk=session_id).values_list("site_id", "course__patient_id", "course_id")
    visits = set(_open_visits(session_id))
    locks.take(
        site=[site for site, _patient, _course in rows] if visits else [],
        patient=[patient for _site, patient, _course in rows] if visits else [],
        appointment=visits,
        course=[course for _site, _patient, course in rows],
        session=[session_id],
    )
    session = reading.session(session_id, by=by, permission=permission)
    if set(_open_visits(session_id)) - visits:
        # Booked between our reading and our locks: that visit is not ours to change.
        raise TryAgain(_("A visit of this session was booked this very moment. Please try again."))
    if session.status == SessionStatus.SIGNED:
        raise _signed()
    if session.status not in _OPEN:
        raise IllegalMove(_("This session was dropped from the course."))
    reading.check_version(session, version)
    return session


def _open_visits(session_id: UUID) -> QuerySet[SessionBooking, UUID]:
    rows = SessionBooking.objects.filter(session=session_id, is_open=True)
    return rows.values_list("appointment_id", flat=True)


def _patient_is_here(session: Session, at: dt.datetime, *, by: Actor) -> None:
    """Whose session is being recorded has come, so that nobody cancels the visit as one that is still to be."""
    for visit_id in _open_visits(session.pk):
        progress.arrive_by_record(appointment_id=visit_id, at=at, by=by)


def _checked_time(moment: dt.datetime) -> dt.datetime:
    if moment > clock.now() + _CLOCK_TOLERANCE:
        raise InvalidInput(_("The injection lies in the future."), field="injected_at")
    return moment


def _injected(session: Session) -> dict[int, dt.datetime]:
    """When the sessions of the course were injected, by number. The course is locked: nobody adds one meanwhile."""
    rows = Session.objects.filter(course=session.course_id, injected_at__isnull=False)
    return {number: at for number, at in rows.values_list("number", "injected_at") if at is not None}


def _write_rows(session: Session, injections: Sequence[InjectionData], moment: dt.datetime) -> None:
    rows = {row.position: row for row in session.injections.all()}
    for position, data in enumerate(injections):
        row = rows.pop(position, None) or Injection(session=session, position=position, injected_at=moment)
        row.structure, row.level, row.side = data.target.structure, data.target.level, data.target.side
        row.volume_ml, row.guidance, row.injected_at = data.volume_ml, data.guidance, moment
        row.save()
    for row in rows.values():
        row.delete()


def _date_injection(session: Session, moment: dt.datetime, *, by: Actor) -> None:
    zone = session.site.zone
    before, session.injected_at = session.injected_at, moment
    session.save(update_fields=["injected_at"])
    if session.status in (SessionStatus.PLANNED, SessionStatus.CLEARED):
        move(session, SessionStatus.INJECTED, by=by)
    if session.course.status == CourseStatus.APPROVED:
        move(session.course, CourseStatus.ACTIVE, by=by)
    if before is None or before.astimezone(zone).date() != moment.astimezone(zone).date():
        _plan_recovery(session, corrected=before is not None, by=by)


def _plan_recovery(session: Session, *, corrected: bool, by: Actor) -> None:
    days = session.course.protocol_version.recovery_days
    if corrected:
        outbox.cancel(about=[recovery.about(session.pk, day) for day in days], by=by, reason="day_corrected")
    if not session.course.patient.is_active or not days:
        return
    week = recovery.week(
        session.injected_at or clock.now(),
        days=days,
        zone=session.site.zone,
        quiet_from=session.site.quiet_from,
        now=clock.now(),
    )
    outbox.plan(
        [
            outbox.Plan(
                kind=mail.kind,
                about=recovery.about(session.pk, mail.day),
                about_rev=session.version,
                patient_id=session.course.patient_id,
                site_id=session.site_id,
                due=mail.due,
                expires=mail.expires,
            )
            for mail in week
        ],
        by=by,
    )


def _touch(session: Session) -> None:
    session.version += 1
    session.save(update_fields=["version"])
