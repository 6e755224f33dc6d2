"""Putting a booked visit right: the patient it was booked for by mistake, and a patient who says that they will be late."""

import datetime as dt
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.transactions import use_case
from scheduling import policies
from scheduling.enums import OCCUPYING, TOLD, AppointmentStatus, ChangeKind, ReasonUse, Told
from scheduling.exceptions import SlotTaken
from scheduling.models import Appointment
from scheduling.rules import Override
from scheduling.services import booking, changes, notices, occupancy, overrides
from scheduling.services.plans import VisitRequest
from scheduling.services.visits import locked, tell


@use_case
def change_patient(
    *,
    appointment_id: UUID,
    patient_id: UUID,
    by: Actor,
    version: int | None = None,
    told: Told = Told.MAIL,
    override: Override | None = None,
    key: UUID | None = None,
) -> Appointment:
    """A visit booked for the wrong person becomes the right one's: same time, same team, rules asked again.

    The first patient's mails end, and where one had gone out a mail tells them that it is off; the right one is
    confirmed by mail unless `told` otherwise. Refused for visits of a course and for visits that have begun.
    Raises SlotTaken when the right patient has another visit then, BookingRefused, StaleVersion, NotFound.
    """
    appointment = locked(
        appointment_id,
        by=by,
        permission=Permission.BOOK,
        version=version,
        key=key,
        patient=True,
        patients=[patient_id],
    )
    if changes.made_by(appointment, key):
        return appointment
    was, wrong = AppointmentStatus(appointment.status), appointment.patient
    policies.check_can_move(was)
    policies.check_can_change_patient(same=wrong.pk == patient_id, purpose=appointment.purpose)
    request = VisitRequest(
        patient_id, appointment.visit_type_id, appointment.site_id, appointment.period.lower, told=told
    )
    right = booking.active_patients([request])[patient_id]
    if right.appointments.filter(status__in=OCCUPYING, period__overlap=appointment.period).exists():
        raise SlotTaken([_("The patient has another visit at that time.")])
    accepted = overrides.ask_rules([request], by=by, override=override, appointment_id=appointment.pk)

    notices.plan_not_yours(appointment=appointment, by=by)
    appointment.patient = right
    appointment.status = AppointmentStatus.BOOKED if was == AppointmentStatus.CONFIRMED else was
    appointment.told, appointment.expected_at = told, None
    appointment.told_rev += 1 if was in TOLD else 0
    appointment.override_reason = overrides.reason(accepted, override)
    appointment.version += 1
    appointment.save(
        update_fields=[
            "patient",
            "status",
            "told",
            "expected_at",
            "told_rev",
            "override_reason",
            "version",
        ]
    )
    changes.record(appointment, ChangeKind.PATIENT, by=by, old_status=was, told=told, key=key)
    detail = overrides.detail(accepted, override)
    audit.record("scheduling.appointment.patient_changed", by=by, about=[appointment], detail=detail)
    audit.record("scheduling.appointment.not_theirs", by=by, about=[appointment], patient_id=wrong.pk)
    notices.plan_moved(appointment=appointment, phoned=False, by=by)
    tell([appointment], "patient", by)
    return appointment


@use_case
def late(
    *,
    appointment_id: UUID,
    expected: dt.datetime | None,
    by: Actor,
    reason: str | None = None,
    version: int | None = None,
) -> Appointment:
    """The patient says when they will come, after the time that was booked; None: in time after all.

    The plan stays as it is, and so do the mails. Raises InvalidInput when the visit would be over by then.
    """
    appointment = locked(appointment_id, by=by, permission=Permission.BOOK, version=version)
    was = AppointmentStatus(appointment.status)
    policies.check_can_move(was)
    if reason is not None:
        occupancy.check_reason(reason, ReasonUse.LATE)
    if expected is not None:
        policies.check_expected(
            expected=expected, start=appointment.period.lower, ends=appointment.period.upper
        )
    appointment.expected_at = expected
    appointment.version += 1
    appointment.save(update_fields=["expected_at", "version"])
    changes.record(appointment, ChangeKind.LATE, by=by, old_status=was, reason=reason)
    audit.record(
        "scheduling.appointment.late", by=by, about=[appointment], detail={"expected": expected is not None}
    )
    tell([appointment], "late", by)
    return appointment
