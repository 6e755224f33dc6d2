"""What every app shares: sites, staff, patients and their contacts, the outbox, tasks, audit."""

from clinic.models.audit import AuditEvent
from clinic.models.call import Call
from clinic.models.clock import ClockOffset
from clinic.models.link import Link
from clinic.models.message import HandDelivery, Message, MessageText
from clinic.models.patient import Contact, Household, NameWord, Patient, PatientNameWord, PatientPhone
from clinic.models.preference import Decline
from clinic.models.sending import Pace, Pause
from clinic.models.site import Site
from clinic.models.task import Task
from clinic.models.user import User

__all__ = [
    "AuditEvent",
    "Call",
    "ClockOffset",
    "Contact",
    "Decline",
    "HandDelivery",
    "Household",
    "Link",
    "Message",
    "MessageText",
    "NameWord",
    "Pace",
    "Patient",
    "PatientNameWord",
    "PatientPhone",
    "Pause",
    "Site",
    "Task",
    "User",
]
