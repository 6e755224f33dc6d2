"""A physician orders a course; the desk books from the order."""

import re
from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit, clock, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import Conflict, DomainError, InvalidInput, NotFound
from clinic.models import Patient
from clinic.permissions import check
from clinic.transactions import explain_constraint, use_case
from scheduling.models import Resource
from treatments.data import TargetData
from treatments.enums import OPEN_COURSE, CourseStatus, OrderStatus, SessionStatus, Urgency
from treatments.models import Course, Order, ProtocolVersion, Session, Target
from treatments.policies import record
from treatments.selectors import protocols
from treatments.services import reading
from treatments.services.moves import move

_ICD_10_CM = re.compile(r"[A-TV-Z]\d[0-9AB](\.[0-9A-Z]{1,4})?")
_RETIRED_CODES = {"M54.5": ("M54.50", "M54.51", "M54.59")}


def _already_open() -> DomainError:
    return Conflict(
        _("This patient already has an open course under this protocol. End it before ordering another.")
    )


explain_constraint("one_open_course_per_protocol", _already_open)


@use_case
def place(
    *,
    by: Actor,
    patient_id: UUID,
    protocol_version_id: UUID,
    physician_id: UUID,
    diagnosis_code: str,
    diagnosis: str,
    targets: Sequence[TargetData],
    sessions: int | None = None,
    urgency: int = Urgency.ROUTINE,
    note_for_desk: str = "",
    screening_complete: bool = False,
) -> Order:
    """Open a course with its planned sessions and put it on the desk's list.

    With `screening_complete` the physician attests fitness for treatment and the course is approved at
    once; otherwise it waits in screening and its sessions cannot be booked. Raises InvalidInput for
    values, Conflict for a version that is not in force (unsigned, retired, or followed by a newer signed one), for a
    second open course under the same protocol or a patient who died or was erased.
    """
    orderer = reading.person(by)
    version = ProtocolVersion.objects.select_related("protocol__site").filter(pk=protocol_version_id).first()
    if version is None:
        raise NotFound(_("There is no such protocol."))
    check(by, Permission.DECIDE_COURSE, site_id=version.protocol.site_id)
    _check_in_force(version)
    code = _checked_code(diagnosis_code)
    count = _checked_count(sessions, version)
    record.check_targets(targets)
    locks.take(patient=[patient_id])
    patient = _orderable(patient_id, version)
    _check_physician(physician_id)

    course = Course.objects.create(
        site_id=version.protocol.site_id,
        patient=patient,
        protocol_version=version,
        physician_id=physician_id,
        diagnosis_code=code,
        diagnosis=diagnosis,
        planned_sessions=count,
        created_at=clock.now(),
    )
    locks.add_created("course", course.pk)
    Target.objects.bulk_create(
        Target(course=course, position=n, structure=t.structure, level=t.level, side=t.side)
        for n, t in enumerate(targets)
    )
    Session.objects.bulk_create(
        Session(site_id=course.site_id, course=course, number=n) for n in range(1, count + 1)
    )
    order = Order.objects.create(
        site_id=course.site_id,
        patient=patient,
        course=course,
        sessions=count,
        urgency=urgency,
        note_for_desk=note_for_desk,
        ordered_by_id=orderer,
        created_at=course.created_at,
    )
    audit.record(
        "treatments.order.placed", by=by, about=[order], detail={"sessions": count, "urgency": int(urgency)}
    )
    move(course, CourseStatus.SCREENING, by=by)
    if screening_complete:
        move(course, CourseStatus.APPROVED, by=by)
    return order


@use_case
def finish_screening(*, by: Actor, course_id: UUID, fit: bool, reason: str = "") -> None:
    """The physician attests fitness, or declines the course, which also withdraws its order."""
    locks.take(course=[course_id], session=_sessions(course_id))
    course = reading.course(course_id, by=by, permission=Permission.DECIDE_COURSE)
    if fit:
        move(course, CourseStatus.APPROVED, by=by)
        return
    if not reason.strip():
        raise InvalidInput(_("Say why the patient is not fit for this treatment."), field="reason")
    move(course, CourseStatus.DECLINED, by=by, reason=reason)
    move(course.order, OrderStatus.WITHDRAWN, by=by)
    for session in course.sessions.filter(status=SessionStatus.PLANNED):
        move(session, SessionStatus.DROPPED, by=by)


def _check_in_force(version: ProtocolVersion) -> None:
    if version.signed_at is None:
        raise Conflict(_("No physician has signed this version off yet: sign it before ordering under it."))
    if not protocols.is_in_force(version):
        raise Conflict(_("This version is not in force any more. Reload the page for the one that is."))


def _sessions(course_id: UUID) -> list[UUID]:
    return list(Session.objects.filter(course_id=course_id).values_list("pk", flat=True))


def _orderable(patient_id: UUID, version: ProtocolVersion) -> Patient:
    patient = Patient.objects.filter(pk=patient_id).first()
    if patient is None:
        raise NotFound(_("There is no such patient."))
    if not patient.is_active:
        raise Conflict(_("Nothing can be ordered for this patient any more."))
    if Course.objects.filter(
        patient=patient, protocol_version__protocol_id=version.protocol_id, status__in=OPEN_COURSE
    ).exists():
        raise _already_open()
    return patient


def _check_physician(resource_id: UUID) -> None:
    if not Resource.objects.filter(pk=resource_id, is_clinician=True, is_active=True).exists():
        raise InvalidInput(_("Choose a physician who works here."), field="physician_id")


def _checked_code(text: str) -> str:
    code = text.strip().upper()
    if code in _RETIRED_CODES:
        raise InvalidInput(
            _("%(code)s is no longer valid on its own: choose %(instead)s.")
            % {"code": code, "instead": _any_of(_RETIRED_CODES[code])},
            field="diagnosis_code",
        )
    if not _ICD_10_CM.fullmatch(code):
        raise InvalidInput(_("An ICD-10-CM code looks like M54.50 or M47.816."), field="diagnosis_code")
    return code


def _any_of(codes: Sequence[str]) -> str:
    return _("%(others)s or %(last)s") % {"others": ", ".join(codes[:-1]), "last": codes[-1]}


def _checked_count(sessions: int | None, version: ProtocolVersion) -> int:
    count = version.planned_sessions if sessions is None else sessions
    if not 1 <= count <= version.max_sessions:
        raise InvalidInput(
            _("The protocol allows 1 to %(most)s sessions.") % {"most": version.max_sessions},
            field="sessions",
        )
    return count
