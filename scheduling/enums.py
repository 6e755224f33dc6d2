"""States of appointments and their table of moves."""

from enum import StrEnum

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _


class ResourceCategory(TextChoices):
    CLINICIAN = "clinician", _("Clinician")
    ROOM = "room", _("Room")
    EQUIPMENT = "equipment", _("Equipment")


class AppointmentStatus(TextChoices):
    PROVISIONAL = "provisional", _("Provisional")
    BOOKED = "booked", _("Booked")
    CONFIRMED = "confirmed", _("Confirmed")
    ARRIVED = "arrived", _("Arrived")
    IN_PROGRESS = "in_progress", _("In progress")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")
    NO_SHOW = "no_show", _("No-show")
    NOT_DONE = "not_done", _("Not done")


APPOINTMENT_TRANSITIONS: dict[str, frozenset[str]] = {
    AppointmentStatus.PROVISIONAL: frozenset({"booked", "cancelled"}),
    AppointmentStatus.BOOKED: frozenset({"confirmed", "arrived", "cancelled", "no_show"}),
    AppointmentStatus.CONFIRMED: frozenset({"booked", "arrived", "cancelled", "no_show"}),
    AppointmentStatus.ARRIVED: frozenset({"in_progress", "not_done"}),
    AppointmentStatus.IN_PROGRESS: frozenset({"completed", "not_done"}),
    AppointmentStatus.COMPLETED: frozenset(),
    AppointmentStatus.CANCELLED: frozenset(),
    AppointmentStatus.NO_SHOW: frozenset(),
    AppointmentStatus.NOT_DONE: frozenset(),
}
"""The way of a visit. A confirmed one becomes booked when it is moved: its new time is not confirmed yet."""

APPOINTMENT_UNDO: dict[str, frozenset[str]] = {
    AppointmentStatus.PROVISIONAL: frozenset(),
    AppointmentStatus.BOOKED: frozenset({"confirmed"}),  # undo of a move
    AppointmentStatus.CONFIRMED: frozenset({"booked"}),
    AppointmentStatus.ARRIVED: frozenset({"booked", "confirmed"}),
    AppointmentStatus.IN_PROGRESS: frozenset({"arrived"}),
    AppointmentStatus.COMPLETED: frozenset({"in_progress"}),
    AppointmentStatus.CANCELLED: frozenset({"provisional", "booked", "confirmed"}),
    AppointmentStatus.NO_SHOW: frozenset({"booked", "confirmed"}),
    AppointmentStatus.NOT_DONE: frozenset({"arrived", "in_progress"}),
}
"""What a mis-click may be taken back to; each undo is audited. A table of its own, so that nothing but an undo can
bring back what has ended. Undo of a cancellation or a no-show is a new attempt for the same team, and may lose."""

OCCUPYING = ("provisional", "booked", "confirmed", "arrived", "in_progress", "completed")
"""Statuses in which an appointment still claims its patient's time."""

TOLD = ("booked", "confirmed", "arrived", "in_progress", "completed", "not_done")
"""Statuses of which the patient has been told."""


class HoldReason(TextChoices):
    PENCIL = "pencil", _("Pencilled in")
    OFFER = "offer", _("Waitlist offer")


class HoldTerm(TextChoices):
    """How long a pencilled time is kept."""

    HALF_HOUR = "half_hour", _("30 minutes")
    TWO_HOURS = "two_hours", _("2 hours")
    TOMORROW = "tomorrow", _("until tomorrow 12:00")


class ReasonUse(TextChoices):
    """For which change a coded reason is offered."""

    CANCEL = "cancel", _("Cancelling")
    MOVE = "move", _("Moving")
    NO_SHOW = "no_show", _("No-show")
    LATE = "late", _("Late")
    NOT_DONE = "not_done", _("Not done")


class ChangeKind(TextChoices):
    """What can happen to a booked visit."""

    MOVED = "moved", _("Moved")
    CANCELLED = "cancelled", _("Cancelled")
    NO_SHOW = "no_show", _("No-show")
    NOT_DONE = "not_done", _("Not done")
    LATE = "late", _("Late")
    PATIENT = "patient", _("Patient changed")
    RELEASED = "released", _("Released")
    CONFIRMED = "confirmed", _("Confirmed")
    UNDONE = "undone", _("Taken back")


class WaitStatus(TextChoices):
    WAITING = "waiting", _("Waiting")
    OFFERED = "offered", _("Offered")
    BOOKED = "booked", _("Booked")
    WITHDRAWN = "withdrawn", _("Withdrawn")


WAIT_TRANSITIONS: dict[str, frozenset[str]] = {
    WaitStatus.WAITING: frozenset({"offered", "booked", "withdrawn"}),
    WaitStatus.OFFERED: frozenset({"waiting", "booked", "withdrawn"}),
    WaitStatus.BOOKED: frozenset({"waiting"}),
    WaitStatus.WITHDRAWN: frozenset({"waiting"}),
}


class OfferStatus(TextChoices):
    OPEN = "open", _("Open")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    EXPIRED = "expired", _("Expired")
    WITHDRAWN = "withdrawn", _("Withdrawn")


OFFER_TRANSITIONS: dict[str, frozenset[str]] = {
    OfferStatus.OPEN: frozenset({"accepted", "declined", "expired", "withdrawn"}),
    OfferStatus.ACCEPTED: frozenset(),
    OfferStatus.DECLINED: frozenset(),
    OfferStatus.EXPIRED: frozenset(),
    OfferStatus.WITHDRAWN: frozenset(),
}


class WaitUrgency(IntegerChoices):
    URGENT = 1, _("Urgent")
    SOON = 2, _("Soon")
    ROUTINE = 3, _("Routine")


class DayPart(TextChoices):
    ANY = "any", _("Any time")
    MORNING = "morning", _("Mornings")
    AFTERNOON = "afternoon", _("Afternoons")


class Told(TextChoices):
    """Who was told of a booking, a move or a cancellation, and how: part of saving."""

    MAIL = "mail", _("By mail")
    PHONE = "phone", _("Told by phone")
    NOBODY = "nobody", _("Nobody yet")


class RefusalLevel(TextChoices):
    WARN = "warn", _("Warning")
    BLOCK = "block", _("Not allowed")


class Notice(StrEnum):
    """The kinds of mail that a visit sends."""

    CONFIRMATION = "appointment.confirmation"
    MOVED = "appointment.moved"
    CANCELLED = "appointment.cancelled"
    SEVERAL = "appointment.changed_several"
    PLAN = "appointment.plan"
    PREPARATION = "appointment.preparation"
    REMINDER_3D = "appointment.reminder_3d"
    REMINDER_1D = "appointment.reminder_1d"
    OFFER = "appointment.offer"
