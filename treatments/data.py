"""What forms hand to services: plain values, checked for shape."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class TargetData:
    """One structure: values of enums Structure, Level, Side."""

    structure: str
    level: str
    side: str


@dataclass(frozen=True, slots=True)
class PreparationData:
    """Volumes in mL, counts in 10³/µL; None means not measured."""

    blood_ml: Decimal
    product_ml: Decimal
    anticoagulant: str = "acd_a"
    anticoagulant_ml: Decimal | None = None
    plasma_removed_ml: Decimal | None = None
    baseline_platelets: int | None = None
    baseline_leucocytes: Decimal | None = None
    product_platelets: int | None = None
    product_leucocytes: Decimal | None = None
    kit_lot: str = ""
    kit_expires_on: dt.date | None = None
    failed: bool = False


@dataclass(frozen=True, slots=True)
class InjectionData:
    """One injected target, in the order in which it was given."""

    target: TargetData
    volume_ml: Decimal
    guidance: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What the physician notes beside the numbers."""

    pain_before: int | None = None
    complications: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class EventData:
    """An adverse event as it was seen: values of enums EventTerm, Seriousness, EventOutcome, EventSource."""

    code: str
    grade: int
    started_on: dt.date
    term: str = ""
    seriousness: str = ""
    resolved_on: dt.date | None = None
    outcome: str = "ongoing"
    source: str = "visit"
    about: str = ""
    session_id: UUID | None = None
    treatment: str = ""
    note: str = ""
