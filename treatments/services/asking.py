"""Asking patients at their time points: by mail at most once a day, else by a task for a person; one nudge, never two.

`ask_due` is run by a periodic job; running it twice, late or by two at once does no harm: the lock on the patient's
courses lets one through at a time, and the second finds everything asked.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from clinic import clock, locks
from clinic.actors import Actor
from clinic.enums import Channel, Permission, Role
from clinic.exceptions import Conflict, IllegalMove
from clinic.models import Contact, Link, Message, Patient
from clinic.services import links, outbox, tasks
from clinic.transactions import use_case
from treatments.enums import SheetStatus, Source
from treatments.models import AnswerSheet, Course
from treatments.policies import time_points
from treatments.selectors import instruments as instrument_reads
from treatments.selectors import time_points as reads
from treatments.selectors.time_points import Asked
from treatments.services import answering, reading, sheets
from treatments.services.sheets import MAILS, NUDGE, QUESTIONNAIRE

DOOR = "answers"
"""Purpose of the links."""
MORNING = dt.time(9)
_DAY = dt.timedelta(days=1)
_TABLET_FOR = dt.timedelta(hours=3)


@dataclass
class Todo:
    """What one course needs today."""

    ask: list[time_points.Slot] = field(default_factory=list)
    nudge: list[AnswerSheet] = field(default_factory=list)
    change: list[tuple[AnswerSheet, time_points.Slot]] = field(default_factory=list)
    again: list[tuple[AnswerSheet, time_points.Slot]] = field(default_factory=list)
    withdraw: list[AnswerSheet] = field(default_factory=list)
    close: list[AnswerSheet] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any((self.ask, self.nudge, self.change, self.again, self.withdraw, self.close))


def todo(asked: Asked, *, today: dt.date) -> Todo:
    """What is to be asked, chased once, moved with its visit, or closed. Pure."""
    found = Todo()
    slots = {slot.code: slot for slot in asked.slots}
    answered = {slot.code for slot in asked.slots if set(slot.instruments) <= set(asked.done(slot.code))}
    found.ask = time_points.to_ask(asked.slots, today=today, asked={*asked.sheets, *answered})
    for code, sheet in asked.sheets.items():
        slot = slots.get(code)
        if sheet.status == SheetStatus.OPEN:
            _sort_open(found, sheet, slot, today)
        elif slot is not None and code not in answered and _comes_back(sheet, slot, today):
            found.again.append((sheet, slot))
    return found


def _sort_open(found: Todo, sheet: AnswerSheet, slot: time_points.Slot | None, today: dt.date) -> None:
    if slot is None or (slot.due > today and slot.due > sheet.due_on):
        found.withdraw.append(sheet)  # its visit was called off, or moved so far that it is too early to ask
    elif _days(sheet) != _days_of(slot):
        found.change.append((sheet, slot))
    elif sheet.until < today:
        found.close.append(sheet)
    elif sheet.nudged_at is None and sheet.nudge_on is not None and sheet.nudge_on <= today:
        found.nudge.append(sheet)


def _comes_back(sheet: AnswerSheet, slot: time_points.Slot, today: dt.date) -> bool:
    """Asked before, and asked again: its visit was called off and booked anew, or moved to a later day."""
    if not slot.due <= today <= slot.until:
        return False
    moved = sheet.status == SheetStatus.MISSED and slot.until > sheet.until
    return moved or sheet.status == SheetStatus.WITHDRAWN


def ask_due(*, by: Actor) -> int:
    """Ask everybody who is due. One transaction a patient: one that fails stops no other. Returns how many patients."""
    patients: dict[tuple[UUID, UUID], set[UUID]] = defaultdict(set)
    days: dict[UUID, dt.date] = {}
    for keys in reads.candidates():
        for asked in reads.of_courses(keys).values():
            course = asked.course
            if course.site_id not in days:
                days[course.site_id] = reads.today_of(course)
            if todo(asked, today=days[course.site_id]):
                patients[course.patient_id, course.site_id].add(course.pk)
    return sum(
        _ask(patient_id=patient_id, site_id=site_id, course_ids=sorted(courses), by=by)
        for (patient_id, site_id), courses in patients.items()
    )


@use_case
def _ask(*, patient_id: UUID, site_id: UUID, course_ids: Sequence[UUID], by: Actor) -> bool:
    """Everything that is due for one patient at one site, in one mail or one task."""
    locks.take(course=course_ids)
    found = reads.of_courses(course_ids)
    patient = Patient.objects.get(pk=patient_id)
    today = max(reads.today_of(asked.course) for asked in found.values())
    if not patient.is_active:
        return False
    had_mail = Message.objects.filter(about=sheets.about_day(patient_id, today), kind__in=MAILS).exists()
    asked_now: list[AnswerSheet] = []
    nudged: list[AnswerSheet] = []
    for asked in found.values():
        if asked.course.status not in reads.ASKED_IN:
            continue
        work = todo(asked, today=today)
        again = _follow(work, asked, by=by)
        if had_mail:
            continue  # what became due since this morning is asked tomorrow: one mail a day
        known = instrument_reads.at_site(site_id, today=today)
        asked_now += [*again, *sheets.lay_out(asked.course, work.ask, known=known, by=by)]
        nudged += work.nudge
    AnswerSheet.objects.filter(pk__in=[sheet.pk for sheet in nudged]).update(nudged_at=clock.now())
    mailed = [sheet for sheet in asked_now if _is_mailed(sheet, found)]
    if mailed or nudged:
        _send(patient, site_id, [*mailed, *nudged], today, kind=QUESTIONNAIRE if mailed else NUDGE, by=by)
    return bool(asked_now or nudged)


@use_case
def ask_now(*, by: Actor, course_id: UUID) -> None:
    """Mail the link again today, together with everything whose window has opened. Raises IllegalMove when nothing is
    asked, Conflict when no mail reaches the patient or one is on its way already."""
    asked = _prepared(course_id, by=by)
    course, patient, today = asked.course, asked.course.patient, reads.today_of(asked.course)
    rows = reads.open_sheets(patient_id=patient.pk, site_id=course.site_id, today=today)
    if not rows:
        raise IllegalMove(_("No time point is open today: there is nothing to ask."))
    if not reached_by_mail(patient):
        raise Conflict(_("No mail reaches this patient. Hand over the tablet, or ask on the phone."))
    mails = Message.objects.filter(about=sheets.about_day(patient.pk, today), kind__in=MAILS)
    if mails.filter(state__in=["pending", "leased", "sending"]).exists():
        raise Conflict(_("A mail with the link is on its way already."))
    _send(patient, course.site_id, rows, today, kind=QUESTIONNAIRE, by=by, rev=mails.count() + 1)


@use_case
def for_tablet(*, by: Actor, course_id: UUID) -> Link:
    """Lay out everything whose window has opened and give a link of a few hours for the clinic's own device.

    Raises IllegalMove when nothing is asked today.
    """
    asked = _prepared(course_id, by=by)
    course = asked.course
    today = reads.today_of(course)
    if not reads.open_sheets(patient_id=course.patient_id, site_id=course.site_id, today=today):
        raise IllegalMove(_("No time point is open today: there is nothing to ask."))
    return links.issue(
        by=by,
        purpose=DOOR,
        about=f"tablet:{course.patient_id}:{today.isoformat()}",
        site_id=course.site_id,
        patient_id=course.patient_id,
        until=clock.now() + _TABLET_FOR,
    )[0]


def reached_by_mail(patient: Patient) -> bool:
    """Whether a mail may be sent to the patient, or to a contact who gets the mails and may hear details."""
    if not patient.reminders_consent or not patient.is_active:
        return False
    if patient.email and patient.preferred_channel == Channel.EMAIL:
        return True
    return _contacts(patient).exists()


def _prepared(course_id: UUID, *, by: Actor) -> Asked:
    """The course under its lock, with a sheet for every slot whose window has opened."""
    of_patient = Course.objects.filter(patient__courses=course_id, status__in=reads.ASKED_IN)
    together = set(of_patient.values_list("pk", flat=True))
    locks.take(course={course_id, *together})
    course = reading.course(course_id, by=by, permission=Permission.RECORD_CLINICAL)
    if course.status not in reads.ASKED_IN:
        raise IllegalMove(_("This course is not under way: nothing is asked."))
    today = reads.today_of(course)
    known = instrument_reads.at_site(course.site_id, today=today)
    found = reads.of_courses(together)
    for asked in found.values():
        if asked.course.site_id == course.site_id:
            slots = time_points.to_ask(asked.slots, today=today, asked=asked.sheets, early=True)
            wanted = [slot for slot in slots if not set(slot.instruments) <= set(asked.done(slot.code))]
            sheets.lay_out(asked.course, wanted, known=known, by=by)
    return found[course_id]


def _send(
    patient: Patient,
    site_id: UUID,
    rows: Sequence[AnswerSheet],
    today: dt.date,
    *,
    kind: str,
    by: Actor,
    rev: int = 1,
) -> None:
    """One mail with one link, or, where no mail reaches the patient, one task."""
    site = rows[0].site
    end = clock.local(max(sheet.until for sheet in rows) + _DAY, dt.time(0), site.zone)
    if not reached_by_mail(patient):
        if kind == QUESTIONNAIRE:
            _ask_by_hand(patient, site_id, rows, by=by, due=end)
        return
    due = max(clock.local(today, MORNING, site.zone), clock.now())
    if due >= end:
        return
    recipients: list[UUID | None] = [None] if patient.email else []
    recipients += list(_contacts(patient).values_list("pk", flat=True))
    about = sheets.about_day(patient.pk, today)
    links.issue(
        by=by,
        purpose=DOOR,
        about=about,
        site_id=site_id,
        patient_id=patient.pk,
        until=end,
        contact_ids=recipients,
    )
    outbox.plan(
        [
            outbox.Plan(
                kind=kind,
                about=about,
                about_rev=rev,
                patient_id=patient.pk,
                site_id=site_id,
                due=due,
                expires=end,
            )
        ],
        by=by,
    )


def _ask_by_hand(
    patient: Patient, site_id: UUID, rows: Sequence[AnswerSheet], *, by: Actor, due: dt.datetime
) -> None:
    tasks.open_task(
        by=by,
        site_id=site_id,
        kind=sheets.BY_HAND,
        title=_("Ask the questions by phone, tablet or paper: no mail reaches this patient"),
        role=Role.NURSE,
        due_at=min(due - _DAY / 2, clock.now() + 3 * _DAY),
        patient_id=patient.pk,
        about=sheets.about(patient.pk),
    )


def _follow(work: Todo, asked: Asked, *, by: Actor) -> list[AnswerSheet]:
    """Windows that moved with their visit, and those that are over: what was begun then counts as far as it can.

    Returns those that are asked anew; what was ticked weeks before does not answer for now.
    """
    for sheet, slot in work.change:
        _date(sheet, slot)
    for sheet, slot in work.again:
        sheet.answers, sheet.nudged_at = {}, None
        _date(sheet, slot)
        sheets.move(sheet, SheetStatus.OPEN, by=by)
    for sheet in work.withdraw:
        sheets.move(sheet, SheetStatus.WITHDRAWN, by=by)
    if work.close:
        known = instrument_reads.at_site(asked.course.site_id)
        for sheet in work.close:
            answering.count_what_counts(sheet, known, by=by, source=Source.LINK)
            sheets.move(sheet, SheetStatus.MISSED, by=by)
    if work.close or work.withdraw:
        sheets.settle(asked.course.patient_id, by=by, reason="window_over")
    return [sheet for sheet, _slot in work.again]


def _date(sheet: AnswerSheet, slot: time_points.Slot) -> None:
    sheet.due_on, sheet.closes_on, sheet.until, sheet.nudge_on = _days_of(slot)
    sheet.save(update_fields=["due_on", "closes_on", "until", "nudge_on", "answers", "nudged_at"])


def _contacts(patient: Patient) -> QuerySet[Contact]:
    """Contacts who may answer for the patient: they get the mails and may hear details."""
    return Contact.objects.filter(
        patient=patient, gets_mails=True, may_hear_details=True, ended_at=None
    ).exclude(email="")


def _is_mailed(sheet: AnswerSheet, found: dict[UUID, Asked]) -> bool:
    slots = {slot.code: slot for slot in found[sheet.course_id].slots}
    return slots[sheet.time_point].mailed


def _days(sheet: AnswerSheet) -> tuple[dt.date, dt.date, dt.date, dt.date | None]:
    return sheet.due_on, sheet.closes_on, sheet.until, sheet.nudge_on


def _days_of(slot: time_points.Slot) -> tuple[dt.date, dt.date, dt.date, dt.date | None]:
    return slot.due, slot.closes, slot.until, slot.nudge
