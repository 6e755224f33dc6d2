"""Resources, hours, visit types, appointments and what they hold."""

from scheduling.models.appointment import Allocation, Appointment, ChangeReason, Hold, VisitStage
from scheduling.models.hours import Closure, TimeOff, WorkingHours
from scheduling.models.resource import Resource, ResourceKind
from scheduling.models.visit_type import Requirement, Stage, VisitType

__all__ = [
    "Allocation",
    "Appointment",
    "ChangeReason",
    "Closure",
    "Hold",
    "Requirement",
    "Resource",
    "ResourceKind",
    "Stage",
    "TimeOff",
    "VisitStage",
    "VisitType",
    "WorkingHours",
]
