"""What every step of writing a record begins and ends with: the lock, the state, the version; the mark of who saved."""

import datetime as dt
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import Conflict, DomainError, IllegalMove, InvalidInput, StaleVersion, TryAgain
from clinic.transactions import explain_constraint
from scheduling.services import progress
from treatments.enums import RecordSection, SessionStatus
from treatments.models import SectionVersion, Session, SessionBooking
from treatments.services import derivations, reading

_OPEN = (SessionStatus.PLANNED, SessionStatus.CLEARED, SessionStatus.INJECTED, SessionStatus.STOPPED)
_MEASURED = (RecordSection.DRAW, RecordSection.PREPARATION, RecordSection.INJECTIONS)
CLOCK_TOLERANCE = dt.timedelta(minutes=5)


def _signed() -> DomainError:
    return Conflict(_("This record is signed and is not changed any more. Write an amendment."))


explain_constraint("signed_record_is_kept", _signed)


def opened(
    session_id: UUID,
    *,
    by: Actor,
    version: int | None = None,
    section: RecordSection | None = None,
    permission: Permission = Permission.RECORD_CLINICAL,
) -> Session:
    """Lock the course, the session and the visit that serves it, and read what may be written: recording may mark the
    visit's arrival.

    `version` is of the section where one is named, else of the whole record. Raises Conflict when the record is
    signed, IllegalMove when the session was dropped, StaleVersion when somebody saved since.
    """
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
    if section is None:
        reading.check_version(session, version)
    elif version is not None:
        _check_section(session, section, version)
    return session


def saved(session: Session, section: RecordSection, *, by: Actor, detail: audit.Detail | None = None) -> None:
    """Raise the section's version and the record's, mark the visit's arrival, and write the audit event."""
    person, now = reading.person(by), clock.now()
    patient_is_here(session, now, by=by)
    row = SectionVersion.objects.filter(session=session, section=section).first()
    if row is None:
        row = SectionVersion(session=session, section=section, version=0)
    row.version, row.saved_by_id, row.saved_at = row.version + 1, person, now
    row.save()
    touch(session)
    if section in _MEASURED:
        derivations.keep(session.pk)
    audit.record(
        "treatments.record.saved", by=by, about=[session], detail={"section": section.value, **(detail or {})}
    )


def patient_is_here(session: Session, at: dt.datetime, *, by: Actor) -> None:
    """Whose session is being recorded has come, so that nobody cancels the visit as one that is still to be."""
    for visit_id in _open_visits(session.pk):
        progress.arrive_by_record(appointment_id=visit_id, at=at, by=by)


def touch(session: Session) -> None:
    session.version += 1
    session.save(update_fields=["version"])


def not_future(moment: dt.datetime | None, *, field: str, words: str) -> None:
    """A record carries true times, and what is still to come has none. A clock may be a little ahead."""
    if moment is not None and moment > clock.now() + CLOCK_TOLERANCE:
        raise InvalidInput(words, field=field)


def _open_visits(session_id: UUID) -> QuerySet[SessionBooking, UUID]:
    rows = SessionBooking.objects.filter(session=session_id, is_open=True)
    return rows.values_list("appointment_id", flat=True)


def _check_section(session: Session, section: RecordSection, version: int) -> None:
    row = SectionVersion.objects.filter(session=session, section=section).values_list("version", flat=True)
    current = row.first() or 0
    if current != version:
        raise StaleVersion(
            _(
                "Somebody else has saved this part since you opened it. What you typed is still here: compare."
            ),
            current_version=current,
        )
