"""Resources, hours, visit types, appointments and what they hold, the waitlist, feeds and displays."""

from scheduling.models.access import Display, Feed
from scheduling.models.appointment import Allocation, Appointment, ChangeReason, Hold, VisitChange, VisitStage
from scheduling.models.hours import (
    Closure,
    ExtraHours,
    HolidayDecision,
    PatientAway,
    TimeOff,
    WorkingHours,
)
from scheduling.models.notice import NoticeLine
from scheduling.models.resource import Resource, ResourceKind
from scheduling.models.visit_type import Qualification, Requirement, Stage, VisitType
from scheduling.models.waitlist import FreedSlot, Offer, WaitlistEntry

__all__ = [
    "Allocation",
    "Appointment",
    "ChangeReason",
    "Closure",
    "Display",
    "ExtraHours",
    "Feed",
    "FreedSlot",
    "Hold",
    "HolidayDecision",
    "NoticeLine",
    "Offer",
    "PatientAway",
    "Qualification",
    "Requirement",
    "Resource",
    "ResourceKind",
    "Stage",
    "TimeOff",
    "VisitChange",
    "VisitStage",
    "VisitType",
    "WaitlistEntry",
    "WorkingHours",
]
