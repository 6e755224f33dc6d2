"""What a patient takes, and what their prescribers decided. No advice about an anticoagulant comes from here: its
prescriber is asked, as a task of the nurse's, until the decision is on record."""

import datetime as dt
from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor, Staff, System
from clinic.enums import Permission, Role, TaskState
from clinic.exceptions import Conflict, DomainError, InvalidInput, NotFound, StaleVersion
from clinic.models import Task
from clinic.services import tasks
from clinic.transactions import explain_constraint, use_case
from scheduling.models import Appointment
from treatments.data import DecisionData, MedicineData
from treatments.enums import OPEN_COURSE, MedicineKind, MedicinePlan, PrescriberWord, SessionStatus
from treatments.models import Course, Medicine, MedicineCheck, PrescriberDecision, Session
from treatments.policies import medicines as policy
from treatments.selectors import screening as reads
from treatments.services import reading, screening

ASK = "ask_prescriber"
_UNBOOKED_WITHIN = dt.timedelta(days=3)
_AT_LEAST = dt.timedelta(hours=4)


def _twice() -> DomainError:
    return Conflict(_("This medicine is on the list already. Change that line."))


explain_constraint("one_open_medicine_per_name", _twice)


@use_case
def add(*, by: Actor, course_id: UUID, data: MedicineData) -> Medicine:
    """Put a medicine on the patient's list. Its kind is the protocol's, where the table knows its name."""
    course = _locked(course_id, by=by)
    _check(data, course)
    row = Medicine(patient=course.patient, recorded_by_id=reading.person(by), recorded_at=clock.now())
    _fill(row, data, course)
    row.save()
    audit.record("treatments.medicine.added", by=by, about=[row], patient_id=course.patient_id)
    _followed(course.patient_id, by=by)
    return row


@use_case
def change(*, by: Actor, course_id: UUID, medicine_id: UUID, data: MedicineData, version: int) -> Medicine:
    """Correct a line. Raises StaleVersion when it was saved since `version` was shown."""
    course = _locked(course_id, by=by)
    row = _medicine(medicine_id, course)
    if row.version != version:
        raise StaleVersion(
            _("Somebody else has changed this medicine since you opened it. Compare, then save again."),
            current_version=row.version,
        )
    _check(data, course)
    _fill(row, data, course)
    row.version += 1
    row.save()
    audit.record("treatments.medicine.changed", by=by, about=[row], patient_id=course.patient_id)
    _followed(course.patient_id, by=by)
    return row


@use_case
def end(*, by: Actor, course_id: UUID, medicine_id: UUID) -> None:
    """The patient does not take it any more. The line is kept, and asks for nothing."""
    course = _locked(course_id, by=by)
    row = _medicine(medicine_id, course)
    row.ended_on, row.version = clock.today(course.site.zone), row.version + 1
    row.save(update_fields=["ended_on", "version"])
    audit.record("treatments.medicine.ended", by=by, about=[row], patient_id=course.patient_id)
    _followed(course.patient_id, by=by)


@use_case
def confirm_list(*, by: Actor, course_id: UUID) -> None:
    """The patient was asked for everything they take, and the list has it all."""
    course = _locked(course_id, by=by)
    MedicineCheck.objects.create(
        site_id=course.site_id, course=course, checked_by_id=reading.person(by), checked_at=clock.now()
    )
    audit.record("treatments.medicines.asked", by=by, about=[course])


@use_case
def record_decision(*, by: Actor, course_id: UUID, medicine_id: UUID, data: DecisionData) -> None:
    """What the prescriber decided for this course: who, when, in their words. The nurse's task is done with it."""
    course = _locked(course_id, by=by)
    row = _medicine(medicine_id, course)
    if not data.words.strip() or not data.decided_by.strip():
        raise InvalidInput(_("Write down who decided, and what they said."), field="words")
    if data.word not in PrescriberWord.values:
        raise InvalidInput(_("Choose what was decided."), field="word")
    if data.decided_on > clock.today(course.site.zone):
        raise InvalidInput(_("A decision is not of a day to come."), field="decided_on")
    PrescriberDecision.objects.create(
        site_id=course.site_id,
        course=course,
        medicine=row,
        word=data.word,
        words=data.words.strip(),
        decided_by=data.decided_by.strip(),
        decided_on=data.decided_on,
        recorded_by_id=reading.person(by),
        recorded_at=clock.now(),
    )
    audit.record(
        "treatments.medicine.decided",
        by=by,
        about=[row],
        patient_id=course.patient_id,
        detail={"word": data.word},
    )
    _followed(course.patient_id, by=by)


def visit_changed(*, appointment: Appointment, by: Actor) -> None:
    """The visit of a session was booked, moved or ended: what its medicines ask for goes with it.

    Inside the transaction of that change. Tasks come after every lock, so nothing more is locked here.
    """
    if appointment.purpose is None:
        return
    takes_any = Session.objects.filter(pk=appointment.purpose, course__patient__medicines__isnull=False)
    for patient_id in takes_any.values_list("course__patient_id", flat=True).distinct():
        follow_tasks(patient_id, by=by)


def _followed(patient_id: UUID, *, by: Actor) -> None:
    follow_tasks(patient_id, by=by)
    held = Session.objects.filter(course__in=_open_courses([patient_id]), status=SessionStatus.CLEARED)
    screening.take_back_clearance(list(reads.with_context(held)), by=by)


def follow_tasks(patient_id: UUID, *, by: Actor) -> None:
    """One task a course and medicine whose prescriber has to decide, due before the next session asks for it."""
    actor = by if isinstance(by, Staff) else System("medicines")
    courses = list(_open_courses([patient_id]).select_related("site", "protocol_version"))
    taken = reads.taken_by_course(courses)
    rules = reads.rules_of({course.protocol_version_id for course in courses})
    wanted = {
        _about(course.pk, medicine.id): course
        for course in courses
        for medicine in taken[course.pk]
        if policy.awaits_prescriber(medicine, rules[course.protocol_version_id])
    }
    due = _due(courses) if wanted else {}
    open_now = {
        row.about: row for row in Task.objects.filter(patient_id=patient_id, kind=ASK, state=TaskState.OPEN)
    }
    for about, row in open_now.items():
        if about not in wanted:
            tasks.finish(by=actor, task_id=row.pk, outcome=_("Decided, or not asked any more."))
    for about, course in wanted.items():
        standing = open_now.get(about)
        if standing is None:
            tasks.open_task(
                by=actor,
                site_id=course.site_id,
                kind=ASK,
                # The desk reads tasks too: which medicine, the nurse's page says.
                title=_("Obtain the prescriber's decision about a medicine"),
                role=Role.NURSE,
                due_at=due[course.pk],
                patient_id=patient_id,
                about=about,
            )
        elif standing.due_at != due[course.pk]:
            tasks.reassign(
                by=actor,
                task_id=standing.pk,
                role=standing.role,
                owner_id=standing.owner_id,
                due_at=due[course.pk],
            )


def _due(courses: Iterable[Course]) -> dict[UUID, dt.datetime]:
    """Before the preparation of the next session begins; soon where that is past or nothing is booked."""
    now = clock.now()
    found: dict[UUID, dt.datetime] = {}
    for course in courses:
        session = reads.next_session(course)
        visit = reads.checked([session])[0].visit if session is not None else None
        lead = dt.timedelta(days=course.protocol_version.preparation_lead_days)
        wanted = visit.period.lower - lead if visit is not None else now + _UNBOOKED_WITHIN
        latest = visit.period.lower if visit is not None else wanted
        found[course.pk] = max(min(max(wanted, now + _AT_LEAST), latest), now)
    return found


def _open_courses(patient_ids: Iterable[UUID]) -> QuerySet[Course]:
    return Course.objects.filter(patient__in=list(patient_ids), status__in=OPEN_COURSE)


def _about(course_id: UUID, medicine_id: UUID) -> str:
    return f"prescriber:{course_id.hex}:{medicine_id.hex}"


def _locked(course_id: UUID, *, by: Actor) -> Course:
    """The course, with all open ones of its patient and their sessions held: a medicine concerns them all."""
    patients = Course.objects.filter(pk=course_id).values_list("patient_id", flat=True)
    patient_ids = list(patients)
    courses = {course_id, *_open_courses(patient_ids).values_list("pk", flat=True)}
    sessions = Session.objects.filter(course__in=courses).values_list("pk", flat=True)
    locks.take(patient=patient_ids, course=courses, session=list(sessions))
    course = reading.course(course_id, by=by, permission=Permission.RECORD_CLINICAL)
    if course.patient.erased_at is not None:
        raise Conflict(_("Nothing is written down for this patient any more."))
    return course


def _medicine(medicine_id: UUID, course: Course) -> Medicine:
    row = Medicine.objects.filter(pk=medicine_id, patient_id=course.patient_id, ended_on=None).first()
    if row is None:
        raise NotFound(_("This medicine is not on the list any more."))
    return row


def _check(data: MedicineData, course: Course) -> None:
    if not data.name.strip():
        raise InvalidInput(_("Which medicine?"), field="name")
    if data.group not in MedicineKind.values:
        raise InvalidInput(_("Choose its kind."), field="group")
    if data.plan not in MedicinePlan.values:
        raise InvalidInput(_("Choose a plan."), field="plan")
    if data.last_dose_on is not None and data.last_dose_on > clock.today(course.site.zone):
        raise InvalidInput(_("The last dose was not taken in the future."), field="last_dose_on")


def _fill(row: Medicine, data: MedicineData, course: Course) -> None:
    rules = reads.rules_of([course.protocol_version_id])[course.protocol_version_id]
    row.name = " ".join(data.name.split())
    row.group = policy.group_of(row.name, rules) or data.group
    row.dose, row.prescriber = data.dose.strip(), data.prescriber.strip()
    row.last_dose_on, row.plan, row.note = data.last_dose_on, data.plan, data.note.strip()
