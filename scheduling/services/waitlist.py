"""Waiting for a visit, or for an earlier one: entered, changed, withdrawn, served. The patient's lock guards it."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor, Staff
from clinic.enums import Permission
from clinic.exceptions import Conflict, InvalidInput, NotFound, StaleVersion
from clinic.models import Patient
from clinic.permissions import check
from clinic.transactions import explain_constraint, use_case
from scheduling import policies, wishes
from scheduling.enums import AppointmentStatus, DayPart, WaitStatus, WaitUrgency
from scheduling.models import Appointment, VisitType, WaitlistEntry
from scheduling.services import offer_ends

LIVE = (WaitStatus.WAITING, WaitStatus.OFFERED)
LONGEST_NOTICE = 24 * 14
"""Hours. Whoever needs more than two weeks' notice is not waiting for a freed time."""


@dataclass(frozen=True)
class Wish:
    """What suits the patient. Empty weekdays: any day; no clinician: any; notice in hours."""

    urgency: int = WaitUrgency.ROUTINE
    lead_id: UUID | None = None
    weekdays: tuple[int, ...] = ()
    part: str = DayPart.ANY
    not_before: dt.date | None = None
    not_after: dt.date | None = None
    notice_hours: int = 24
    note: str = ""


@use_case
def add(
    *,
    patient_id: UUID,
    site_id: UUID,
    by: Actor,
    wish: Wish,
    visit_type_id: UUID | None = None,
    appointment_id: UUID | None = None,
    purpose: UUID | None = None,
) -> WaitlistEntry:
    """Put a patient on the list, for a kind of visit or, with `appointment_id`, for an earlier time of a visit they have.

    InvalidInput for a wish nobody could meet; Conflict when they wait for this kind of visit already.
    """
    check(by, Permission.BOOK, site_id=site_id)
    locks.take(patient=[patient_id])
    patient = Patient.objects.filter(pk=patient_id).first()
    if patient is None:
        raise NotFound(_("There is no such patient."))
    if not patient.is_active:
        raise InvalidInput(_("Nothing can be booked for this patient any more."))
    visit = _visit(appointment_id, patient_id, site_id) if appointment_id else None
    if visit is not None:
        visit_type_id, purpose = visit.visit_type_id, visit.purpose
    offered = VisitType.objects.filter(site_id=site_id, is_active=True)
    visit_type = offered.filter(pk=visit_type_id).first() if visit_type_id else None
    if visit_type is None:
        raise InvalidInput(_("Choose the kind of visit."), field="visit_type")
    policies.check_order(needs_order=visit_type.needs_order, purpose=purpose)
    _check(wish, visit=visit)
    entry = WaitlistEntry.objects.create(
        site_id=site_id,
        patient=patient,
        visit_type=visit_type,
        purpose=purpose,
        appointment=visit,
        created_by_id=by.user_id if isinstance(by, Staff) else None,
        created_at=clock.now(),
        **_fields(wish),
    )
    audit.record("scheduling.waitlist.added", by=by, about=[entry])
    return entry


@use_case
def change(*, entry_id: UUID, by: Actor, wish: Wish, version: int) -> WaitlistEntry:
    """Other wishes, another urgency. An offer that is open stands: it was made by the wishes of then."""
    entry = locked(entry_id, by=by, version=version)
    if entry.status not in LIVE:
        raise InvalidInput(_("This patient does not wait any more. Put them on the list again."))
    _check(wish, visit=entry.appointment)
    for name, value in _fields(wish).items():
        setattr(entry, name, value)
    entry.version += 1
    entry.save()
    audit.record("scheduling.waitlist.changed", by=by, about=[entry])
    return entry


@use_case
def withdraw(*, entry_id: UUID, by: Actor, version: int | None = None) -> WaitlistEntry:
    """The patient does not wait any more. An open offer ends with it, and its time goes to the next."""
    entry = locked(entry_id, by=by, version=version)
    wishes.check_wait_move(WaitStatus(entry.status), WaitStatus.WITHDRAWN)
    offer_ends.withdraw_open(entry, by=by)
    _moved(entry, WaitStatus.WITHDRAWN)
    audit.record("scheduling.waitlist.withdrawn", by=by, about=[entry])
    return entry


@use_case
def wait_again(*, entry_id: UUID, by: Actor) -> WaitlistEntry:
    """Undo of a withdrawal: back on the list, in the old place."""
    entry = locked(entry_id, by=by)
    wishes.check_wait_move(WaitStatus(entry.status), WaitStatus.WAITING)
    if WaitlistEntry.objects.filter(
        patient=entry.patient_id, visit_type=entry.visit_type_id, status__in=LIVE
    ).exists():
        raise _already()
    _moved(entry, WaitStatus.WAITING)
    audit.record("scheduling.waitlist.waits_again", by=by, about=[entry])
    return entry


def served(*, appointment: Appointment, by: Actor) -> int:
    """Inner step of every booking, which holds the patient's lock: whoever was booked for it does not wait any more.

    An offer still open for that wait is withdrawn, and its time goes to the next. Waiting for an earlier time of
    another visit goes on. Returns how many waits ended.
    """
    rows = WaitlistEntry.objects.filter(
        patient=appointment.patient_id,
        status__in=LIVE,
        visit_type=appointment.visit_type_id,
        appointment=None,
    )
    ended = [entry for entry in rows if entry.purpose in (None, appointment.purpose)]
    for entry in ended:
        offer_ends.withdraw_open(entry, by=by)
        _moved(entry, WaitStatus.BOOKED)
    if ended:
        audit.record("scheduling.waitlist.served", by=by, about=ended)
    return len(ended)


def served_by_offer(entry: WaitlistEntry) -> None:
    """Inner step of an accepted offer: the wait ends with the visit, unless the booking itself has ended it."""
    entry.refresh_from_db(fields=["status", "version"])
    if entry.status in LIVE:
        _moved(entry, WaitStatus.BOOKED)


def left(entry_id: UUID, *, by: Actor) -> None:
    """Inner step of a declined offer: the patient does not want to wait any longer."""
    entry = WaitlistEntry.objects.get(pk=entry_id)
    _moved(entry, WaitStatus.WITHDRAWN)
    audit.record("scheduling.waitlist.withdrawn", by=by, about=[entry])


def forget(*, patient_id: UUID, by: Actor) -> None:
    """Inner step of an erasure: the wait ends, its notes and offers with it."""
    entries = WaitlistEntry.objects.filter(patient=patient_id)
    for entry in entries.filter(status__in=LIVE):
        offer_ends.withdraw_open(entry, by=by)
        _moved(entry, WaitStatus.WITHDRAWN)
    entries.exclude(note="").update(note="")


def locked(entry_id: UUID, *, by: Actor, version: int | None = None) -> WaitlistEntry:
    """Lock the entry's patient, read the entry again. NotFound for a foreign one, StaleVersion for an old form."""
    row = WaitlistEntry.objects.filter(pk=entry_id).first()
    if row is None:
        raise NotFound(_("There is no such entry on the waitlist."))
    check(by, Permission.BOOK, site_id=row.site_id)
    locks.take(patient=[row.patient_id])
    entry = WaitlistEntry.objects.select_related("patient", "visit_type", "appointment").get(pk=entry_id)
    if version is not None and entry.version != version:
        raise StaleVersion(
            _("Somebody else has changed this entry since you opened it. Look at it as it is now."),
            current_version=entry.version,
        )
    return entry


def _visit(appointment_id: UUID, patient_id: UUID, site_id: UUID) -> Appointment:
    visit = Appointment.objects.filter(pk=appointment_id, patient_id=patient_id, site_id=site_id).first()
    if visit is None:
        raise NotFound(_("There is no such visit."))
    policies.check_can_move(AppointmentStatus(visit.status))
    return visit


def _check(wish: Wish, *, visit: Appointment | None) -> None:
    if wish.urgency not in WaitUrgency.values:
        raise InvalidInput(_("Choose how urgent it is."), field="urgency")
    if wish.part not in DayPart.values:
        raise InvalidInput(_("Choose a part of the day."), field="part")
    if any(day not in range(7) for day in wish.weekdays):
        raise InvalidInput(_("Choose days of the week."), field="weekdays")
    if not 0 <= wish.notice_hours <= LONGEST_NOTICE:
        raise InvalidInput(_("At most two weeks’ notice (336 hours)."), field="notice_hours")
    if wish.not_before and wish.not_after and wish.not_after < wish.not_before:
        raise InvalidInput(_("The last day lies before the first."), field="not_after")
    if visit is not None and wish.not_before and wish.not_before >= visit.period.lower.date():
        raise InvalidInput(_("That is not earlier than the visit they have."), field="not_before")


def _fields(wish: Wish) -> dict[str, object]:
    return {
        "urgency": wish.urgency,
        "lead_id": wish.lead_id,
        "weekdays": sorted(set(wish.weekdays)),
        "part": wish.part,
        "not_before": wish.not_before,
        "not_after": wish.not_after,
        "notice_hours": wish.notice_hours,
        "note": wish.note,
    }


def _moved(entry: WaitlistEntry, to: WaitStatus) -> None:
    """One move by the table, saved. The caller holds the patient's lock and writes the audit event."""
    wishes.check_wait_move(WaitStatus(entry.status), to)
    entry.status = to
    entry.ended_at = None if to in LIVE else clock.now()
    entry.version += 1
    entry.save(update_fields=["status", "ended_at", "version"])


def _already() -> Conflict:
    return Conflict(_("This patient waits for this kind of visit already. Change that entry instead."))


explain_constraint("waiting_once_per_visit_type", _already)
