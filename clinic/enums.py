"""Roles, permissions and the state tables of what every app shares."""

from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    FRONT_DESK = "front_desk", _("Front desk")
    NURSE = "nurse", _("Nurse")
    PHYSICIAN = "physician", _("Physician")
    MANAGER = "manager", _("Manager")


class Permission(StrEnum):
    """What a role may do. The one table is in `clinic.permissions`."""

    VIEW_PATIENTS = "view_patients"
    EDIT_PATIENTS = "edit_patients"
    VIEW_SCHEDULE = "view_schedule"
    BOOK = "book"
    OVERRIDE_SCHEDULE_WARNING = "override_schedule_warning"
    RUN_BOARD = "run_board"
    VIEW_CLINICAL = "view_clinical"
    RECORD_CLINICAL = "record_clinical"
    DECIDE_COURSE = "decide_course"
    OVERRIDE_INTERVAL = "override_interval"
    VIEW_ORDERS = "view_orders"
    VIEW_MESSAGES = "view_messages"
    MANAGE_MESSAGES = "manage_messages"
    WORK_TASKS = "work_tasks"
    MANAGE_SITE = "manage_site"
    MANAGE_STAFF = "manage_staff"
    SQUEEZE_IN = "squeeze_in"
    VIEW_REPORTS = "view_reports"
    VIEW_PROTOCOLS = "view_protocols"
    EDIT_PROTOCOLS = "edit_protocols"
    EDIT_CONSENT_TEXT = "edit_consent_text"
    VIEW_COHORTS = "view_cohorts"
    EXPORT_REGISTRY = "export_registry"


class Sex(TextChoices):
    """FHIR AdministrativeGender."""

    FEMALE = "female", _("Female")
    MALE = "male", _("Male")
    OTHER = "other", _("Other")
    UNKNOWN = "unknown", _("Not stated")


class Channel(TextChoices):
    EMAIL = "email", _("E-mail")
    PHONE = "phone", _("Phone call")
    POST = "post", _("Letter")


class MessageGroup(TextChoices):
    """What may be declined. A kind of mail without a group is always sent."""

    REMINDERS = "reminders", _("Reminders of visits")
    PREPARATION = "preparation", _("How to prepare")
    RECOVERY = "recovery", _("How recovery goes")
    QUESTIONNAIRES = "questionnaires", _("Questions about how they are")
    REVIEWS = "reviews", _("Invitations to a review")


class CallDirection(TextChoices):
    OUT = "out", _("We called")
    IN = "in", _("They called")


class CallOutcome(TextChoices):
    REACHED = "reached", _("Reached")
    OTHER = "other", _("Spoke with somebody else")
    VOICEMAIL = "voicemail", _("Left a message")
    NO_ANSWER = "no_answer", _("No answer")
    CALL_BACK = "call_back", _("To be called back")


class HandWay(TextChoices):
    """How a patient without an address was told."""

    CALL = "call", _("By phone")
    LETTER = "letter", _("By letter")
    NOT_NEEDED = "not_needed", _("Not needed")


class MessageState(TextChoices):
    PENDING = "pending", _("Planned")
    LEASED = "leased", _("In line")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    BOUNCED = "bounced", _("Returned")
    CANCELLED = "cancelled", _("Cancelled")
    MISSED = "missed", _("Missed")
    SUPPRESSED = "suppressed", _("Not sent")
    FAILED = "failed", _("Failed")
    UNCERTAIN = "uncertain", _("Uncertain")


MESSAGE_TRANSITIONS: dict[str, frozenset[str]] = {
    MessageState.PENDING: frozenset({"leased", "cancelled", "missed", "suppressed"}),
    MessageState.LEASED: frozenset({"pending", "sending", "cancelled", "missed", "suppressed", "failed"}),
    MessageState.SENDING: frozenset({"sent", "pending", "failed", "missed", "uncertain", "cancelled"}),
    MessageState.UNCERTAIN: frozenset({"sent", "pending", "missed", "failed", "cancelled"}),
    MessageState.SENT: frozenset({"delivered", "bounced"}),
    MessageState.DELIVERED: frozenset({"bounced"}),
    MessageState.BOUNCED: frozenset(),
    MessageState.CANCELLED: frozenset(),
    MessageState.MISSED: frozenset(),
    MessageState.SUPPRESSED: frozenset(),
    MessageState.FAILED: frozenset({"pending"}),
}


class TaskState(TextChoices):
    OPEN = "open", _("Open")
    DONE = "done", _("Done")
    DROPPED = "dropped", _("No longer needed")


TASK_TRANSITIONS: dict[str, frozenset[str]] = {
    TaskState.OPEN: frozenset({"done", "dropped"}),
    TaskState.DONE: frozenset({"open"}),
    TaskState.DROPPED: frozenset({"open"}),
}
