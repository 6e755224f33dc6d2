"""Protocols, courses, sessions and their record, outcomes."""

from treatments.models.consent import Consent, ConsentPage, ConsentText, ConsentWithdrawal
from treatments.models.course import Course, Order, Review, Target
from treatments.models.event import AdverseEvent
from treatments.models.medicine import Medicine, MedicineCheck, PrescriberDecision
from treatments.models.outcome import AnswerSheet, InstrumentDefinition, Observation, Response
from treatments.models.protocol import Protocol, ProtocolRules, ProtocolVersion
from treatments.models.screening import ScreeningAnswer, ScreeningRuling
from treatments.models.session import Amendment, Injection, Preparation, Session, SessionBooking

__all__ = [
    "AdverseEvent",
    "Amendment",
    "AnswerSheet",
    "Consent",
    "ConsentPage",
    "ConsentText",
    "ConsentWithdrawal",
    "Course",
    "Injection",
    "InstrumentDefinition",
    "Medicine",
    "MedicineCheck",
    "Observation",
    "Order",
    "Preparation",
    "PrescriberDecision",
    "Protocol",
    "ProtocolRules",
    "ProtocolVersion",
    "Response",
    "Review",
    "ScreeningAnswer",
    "ScreeningRuling",
    "Session",
    "SessionBooking",
    "Target",
]
