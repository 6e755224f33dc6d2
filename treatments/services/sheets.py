"""What patients are asked at their time points: laid out when due, closed when answered, missed or no longer wanted.

Inner steps, under the locks of the courses concerned. A sheet is answered through `answering`, asked for by `asking`.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from uuid import UUID

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import TaskState
from clinic.models import Task
from clinic.services import outbox, tasks
from treatments.enums import SHEET_TRANSITIONS, SheetStatus
from treatments.instruments import Definition
from treatments.models import AnswerSheet, Course, Session
from treatments.policies.time_points import Slot
from treatments.selectors import instruments as instrument_reads

QUESTIONNAIRE = "treatments.questionnaire"
NUDGE = "treatments.questionnaire_nudge"
MAILS = (QUESTIONNAIRE, NUDGE)
BY_HAND = "ask_questions"
"""Kind of the task for patients whom no mail reaches."""


def about(patient_id: UUID) -> str:
    """The fact that a task about a patient's open questions is about."""
    return f"answers:{patient_id}"


def about_day(patient_id: UUID, day: dt.date) -> str:
    """The fact that the mail of one day tells: at most one a day and patient."""
    return f"answers:{patient_id}:{day.isoformat()}"


def lay_out(
    course: Course, slots: Sequence[Slot], *, known: dict[str, Definition], by: Actor
) -> list[AnswerSheet]:
    """A sheet for each slot, with those of its instruments that the site may ask by; none where there is none."""
    locks.take(course=[course.pk])
    numbers = {slot.session for slot in slots if slot.session is not None}
    sessions = {
        row.number: row for row in Session.objects.filter(course=course, number__in=numbers) if numbers
    }
    rows = [
        AnswerSheet(
            site_id=course.site_id,
            course=course,
            session=sessions.get(slot.session) if slot.session else None,
            time_point=slot.code,
            instruments=list(codes),
            due_on=slot.due,
            closes_on=slot.closes,
            until=slot.until,
            nudge_on=slot.nudge,
            asked_at=clock.now(),
        )
        for slot in slots
        if (codes := instrument_reads.askable(known, slot.instruments))
    ]
    AnswerSheet.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        detail: audit.Detail = {"time_points": [row.time_point for row in rows]}
        audit.record("treatments.sheet.asked", by=by, about=[course], detail=detail)
    return rows


def move(sheet: AnswerSheet, to: str, *, by: Actor) -> None:
    """The one way in which a sheet changes its state. Staying where it is is no move."""
    locks.take(course=[sheet.course_id])
    if to == sheet.status or to not in SHEET_TRANSITIONS[sheet.status]:
        return
    before, sheet.status = sheet.status, SheetStatus(to)
    if to == SheetStatus.ANSWERED:
        sheet.answered_at = clock.now()
    sheet.version += 1
    sheet.save(update_fields=["status", "answered_at", "version"])
    audit.record(
        "treatments.sheet.moved",
        by=by,
        about=[sheet],
        detail={"from": before, "to": to, "time_point": sheet.time_point},
    )


def withdraw(course: Course, *, by: Actor) -> None:
    """The course has ended: its patient is asked no more about it."""
    for sheet in AnswerSheet.objects.filter(course=course, status=SheetStatus.OPEN):
        move(sheet, SheetStatus.WITHDRAWN, by=by)
    settle(course.patient_id, by=by, reason="course_ended")


def settle(patient_id: UUID, *, by: Actor, reason: str = "answered") -> None:
    """Once nothing is open any more: no mail asks for it, and nobody has to ask by hand."""
    if AnswerSheet.objects.filter(course__patient_id=patient_id, status=SheetStatus.OPEN).exists():
        return
    outbox.cancel_for_patient(patient_id=patient_id, by=by, reason=reason, kinds=MAILS)
    waiting = Task.objects.filter(kind=BY_HAND, about=about(patient_id), state=TaskState.OPEN)
    for task_id in waiting.values_list("pk", flat=True):
        tasks.drop(by=by, task_id=task_id)


def settle_answered(course: Course, *, by: Actor, time_points: Collection[str]) -> None:
    """After answers came in by another way: a sheet all of whose instruments are answered is answered."""
    rows = AnswerSheet.objects.filter(course=course, time_point__in=time_points)
    for sheet in rows:
        done = set(course.responses.filter(time_point=sheet.time_point).values_list("instrument", flat=True))
        if set(sheet.instruments) <= done:
            move(sheet, SheetStatus.ANSWERED, by=by)
    settle(course.patient_id, by=by)
