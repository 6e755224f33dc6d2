"""Protocols, courses, sessions and their record, outcomes."""

from treatments.models.blood import Draw, Preparation, Spin
from treatments.models.check_in import CheckIn
from treatments.models.consent import Consent, ConsentPage, ConsentText, ConsentWithdrawal
from treatments.models.course import Course, Order, Review, Target
from treatments.models.delivery import (
    Anaesthetic,
    Discharge,
    IdentityCheck,
    Injection,
    Readying,
    Recipient,
    SectionVersion,
)
from treatments.models.equipment import Centrifuge, KitType
from treatments.models.event import AdverseEvent
from treatments.models.medicine import Medicine, MedicineCheck, PrescriberDecision
from treatments.models.outcome import AnswerSheet, InstrumentDefinition, Observation, Response
from treatments.models.protocol import Protocol, ProtocolRules, ProtocolVersion
from treatments.models.registry import RegistryExport
from treatments.models.screening import ScreeningAnswer, ScreeningRuling
from treatments.models.session import Session, SessionBooking
from treatments.models.signing import Amendment, Derivation, Signature
from treatments.models.summary import CourseSummary, PointSummary, ScoreSummary

__all__ = [
    "AdverseEvent",
    "Amendment",
    "Anaesthetic",
    "AnswerSheet",
    "Centrifuge",
    "CheckIn",
    "Consent",
    "ConsentPage",
    "ConsentText",
    "ConsentWithdrawal",
    "Course",
    "CourseSummary",
    "Derivation",
    "Discharge",
    "Draw",
    "IdentityCheck",
    "Injection",
    "InstrumentDefinition",
    "KitType",
    "Medicine",
    "MedicineCheck",
    "Observation",
    "Order",
    "PointSummary",
    "Preparation",
    "PrescriberDecision",
    "Protocol",
    "ProtocolRules",
    "ProtocolVersion",
    "Readying",
    "Recipient",
    "RegistryExport",
    "Response",
    "Review",
    "ScoreSummary",
    "ScreeningAnswer",
    "ScreeningRuling",
    "SectionVersion",
    "Session",
    "SessionBooking",
    "Signature",
    "Spin",
    "Target",
]
