"""States of appointments and their table of moves."""

from enum import StrEnum

from django.db.models import TextChoices
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
    AppointmentStatus.ARRIVED: frozenset({"booked", "confirmed", "in_progress", "not_done"}),
    AppointmentStatus.IN_PROGRESS: frozenset({"arrived", "completed", "not_done"}),
    AppointmentStatus.COMPLETED: frozenset({"in_progress"}),
    AppointmentStatus.CANCELLED: frozenset(),
    AppointmentStatus.NO_SHOW: frozenset({"booked", "confirmed"}),
    AppointmentStatus.NOT_DONE: frozenset({"arrived", "in_progress"}),
}
"""Moves against the flow (arrived → booked, completed → in progress…) are undo of a mis-click; each is audited.
Undo of a cancellation is a new attempt for the same team and so is not a move of this row."""

OCCUPYING = ("provisional", "booked", "confirmed", "arrived", "in_progress", "completed")
"""Statuses in which an appointment still claims its patient's time."""

TOLD = ("booked", "confirmed", "arrived", "in_progress", "completed", "not_done")
"""Statuses of which the patient has been told."""


class HoldReason(TextChoices):
    PENCIL = "pencil", _("Pencilled in")
    OFFER = "offer", _("Waitlist offer")


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
    REMINDER_3D = "appointment.reminder_3d"
    REMINDER_1D = "appointment.reminder_1d"
