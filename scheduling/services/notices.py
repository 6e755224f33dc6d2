"""What the patient is told of a visit, planned in the transaction that books, moves or cancels it.

Whoever changes a fact cancels its messages in the same transaction: that is the guarantee. A mail about the
change waits for the grace of 3 minutes, so that a correction sends one mail and not two.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from clinic import clock
from clinic.actors import Actor
from clinic.models import Message
from clinic.services import links, outbox
from clinic.services.outbox import Plan
from scheduling import purposes
from scheduling.enums import Notice, Told
from scheduling.models import Appointment
from scheduling.services import preparing
from scheduling.services.knowledge import (
    DOOR,
    FORMER,
    about,
    about_former,
    last_told,
    told_starts,
    visit_key,
    was_ever_mailed,
)
from scheduling.services.together import GRACE, Together, plan_alone

__all__ = [
    "DOOR",
    "FORMER",
    "GRACE",
    "about",
    "about_former",
    "last_told",
    "told_starts",
    "visit_key",
    "was_ever_mailed",
]

ARRIVED = "arrived"


def plan_booked(*, appointments: Sequence[Appointment], by: Actor) -> None:
    """Confirmation, preparation and reminders. A provisional visit tells its patient nothing.

    Several visits of one patient, booked in one act, are confirmed in one mail.
    """
    told = [appointment for appointment in appointments if appointment.told_rev > 0]
    several = {
        patient_id for patient_id, count in Counter(row.patient_id for row in told).items() if count > 1
    }
    alone = [appointment for appointment in told if appointment.patient_id not in several]
    plans = [plan for appointment in alone for plan in _confirmation(appointment)] + _reminders(told)
    patients = {appointment.patient_id: appointment.patient for appointment in told}
    outbox.plan(plans, by=by, patients=patients)
    together = Together()
    for appointment in told:
        if appointment.patient_id in several:
            together.add(appointment, Notice.CONFIRMATION, was=None)
    together.tell(by=by)


def plan_moved(
    *, appointment: Appointment, phoned: bool, by: Actor, together: Together | None = None
) -> None:
    """The old mails end; the new ones speak of the new time. `phoned`: the last word they had was by phone.

    `together` gathers what an action of several visits has to tell: its caller ends with `together.tell`.
    """
    gathered = Together() if together is None else together
    gathered.withdraw(appointment, by=by, reason="moved")
    _tell_anew(gathered, appointment, phoned=phoned, by=by)
    if together is None:
        gathered.tell(by=by)


def plan_cancelled(
    *,
    appointment: Appointment,
    was_told: bool,
    phoned: bool,
    by: Actor,
    together: Together | None = None,
) -> None:
    """The mails of the visit end; whoever may have been told of it is told that it is off."""
    known = last_told(appointment)
    gathered = Together() if together is None else together
    gathered.withdraw(appointment, by=by, reason="cancelled")
    knew = phoned or (known is not None and not known.is_off)
    if was_told and knew and appointment.period.lower > clock.now():
        gathered.add(appointment, Notice.CANCELLED, was=known.start if known is not None else None)
    if together is None:
        gathered.tell(by=by)


def plan_undone(*, appointment: Appointment, by: Actor) -> None:
    """What holds again is told where the last mail out says otherwise, and only there."""
    gathered = Together()
    gathered.withdraw(appointment, by=by, reason="undone")
    _tell_anew(gathered, appointment, phoned=False, by=by)
    gathered.tell(by=by)


def plan_not_yours(*, appointment: Appointment, by: Actor) -> None:
    """Before the visit becomes another patient's: its mails end, and who was told by mail is told that it is off.

    Who was the mistaken patient earlier and gets the visit back hears nothing of the mistake that has not gone out.
    """
    known = last_told(appointment)
    links.revoke(by=by, purpose=DOOR, about=[about(appointment)], reason="patient_changed")
    outbox.cancel(about=[about_former(appointment)], by=by, reason="patient_changed")
    cancel_all(appointment=appointment, by=by, reason="patient_changed")
    if known is not None and not known.is_off and appointment.period.lower > clock.now():
        due = clock.now() + GRACE
        if due < appointment.period.lower:
            off = plan_alone(appointment, Notice.CANCELLED, due, appointment.period.lower)
            outbox.plan(
                [replace(off, about=about_former(appointment), about_rev=appointment.told_rev + 1)], by=by
            )


def plan_reminders(*, appointment: Appointment, by: Actor) -> None:
    """The reminders that are still to come, after a no-show was undone."""
    outbox.plan(_reminders([appointment]), by=by)


def ended_by_arrival(appointment: Appointment) -> bool:
    """Whether the tap "arrived" cancelled mails of the revision in force."""
    rows = Message.objects.filter(about=about(appointment), about_rev=appointment.told_rev, reason=ARRIVED)
    return rows.exists()


def cancel_all(
    *, appointment: Appointment, by: Actor, reason: str, kinds: Collection[str] | None = None
) -> None:
    """No mail about this visit goes out any more; a mail that told of others as well tells of those alone.

    `kinds` limits what ends of the mails about this visit alone.
    """
    others = Together()
    others.withdraw(appointment, by=by, reason=reason, kinds=kinds)
    others.tell(by=by)


def _tell_anew(together: Together, appointment: Appointment, *, phoned: bool, by: Actor) -> None:
    """Reminders, and what tells the patient when to come: nothing where the last mail out says just that.

    Judged by what was sent, so that moving there and back within the grace sends nothing.
    """
    if appointment.told_rev == 0:
        return
    links.last_until(purpose=DOOR, about=about(appointment), until=appointment.period.upper)
    outbox.plan(_reminders([appointment]), by=by)
    known = last_told(appointment)
    if (known is None and not phoned) or (known is not None and known.is_off):
        together.add(appointment, Notice.CONFIRMATION, was=None)
    elif known is None or phoned or known.start != appointment.period.lower:
        together.add(appointment, Notice.MOVED, was=known.start if known is not None else None)


def _confirmation(appointment: Appointment) -> list[Plan]:
    """Unless the desk has told the patient another way, or nobody is to be told."""
    start: dt.datetime = appointment.period.lower
    due = clock.now() + GRACE
    told = appointment.told == Told.MAIL and due < start
    return [plan_alone(appointment, Notice.CONFIRMATION, due, start)] if told else []


def _reminders(appointments: Sequence[Appointment]) -> list[Plan]:
    """Preparation, and reminders three days and one day before; at wall time in the site's zone, never one whose time
    has passed: who books when the preparation has begun reads of it in the confirmation.

    Reminders three days and one day before gave 4.4 % missed visits, three days alone 5.8 % (randomised trial,
    n = 54,066, PMID 30130032).
    """
    leads = purposes.leads([appointment.purpose for appointment in appointments])
    return [
        plan
        for row in appointments
        for plan in _before(row, lead=leads.get(row.purpose) if row.purpose else None)
    ]


def _before(appointment: Appointment, *, lead: int | None) -> list[Plan]:
    start: dt.datetime = appointment.period.lower
    now = clock.now()
    three, one = preparing.at(appointment, 3), preparing.at(appointment, 1)
    wanted = [
        (Notice.REMINDER_3D, three, one),
        (Notice.REMINDER_1D, one, start - dt.timedelta(hours=2)),
    ]
    if lead is not None and now + GRACE < preparing.at(appointment, lead):  # else the confirmation says it
        wanted.insert(0, (Notice.PREPARATION, preparing.at(appointment, lead), three if lead > 3 else start))
    return [
        plan_alone(appointment, kind, due, expires) for kind, due, expires in wanted if now < due < expires
    ]
