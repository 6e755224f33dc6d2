"""Protocols, courses, sessions and their record, outcomes."""

from treatments.models.course import Course, Order, Review, Target
from treatments.models.outcome import AdverseEvent, Response
from treatments.models.protocol import Protocol, ProtocolRules, ProtocolVersion
from treatments.models.session import Amendment, Injection, Preparation, Session, SessionBooking

__all__ = [
    "AdverseEvent",
    "Amendment",
    "Course",
    "Injection",
    "Order",
    "Preparation",
    "Protocol",
    "ProtocolRules",
    "ProtocolVersion",
    "Response",
    "Review",
    "Session",
    "SessionBooking",
    "Target",
]
