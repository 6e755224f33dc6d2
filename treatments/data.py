"""What forms hand to services: plain values, checked for shape. None means not known, and for a count not measured."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class TargetData:
    """One structure: values of enums Structure, Level, Side."""

    structure: str
    level: str
    side: str


@dataclass(frozen=True, slots=True)
class RecipientData:
    """The patient on the day. Height in cm, weight in kg, haemoglobin in g/dL."""

    age_years: int | None = None
    sex: str = ""
    height_cm: int | None = None
    weight_kg: Decimal | None = None
    bmi: Decimal | None = None
    comorbidity: str = ""
    smoking: str = ""
    medicines: str = ""
    haemoglobin: Decimal | None = None
    diagnosis_code: str = ""
    diagnosis: str = ""
    imaging_on: dt.date | None = None
    imaging: str = ""
    prior_treatment: str = ""


@dataclass(frozen=True, slots=True)
class DrawData:
    """One draw. Volumes in mL, cells in 10³/µL, red cells in 10⁶/µL, haematocrit in per cent."""

    blood_ml: Decimal | None = None
    site: str = ""
    needle_gauge: int | None = None
    anticoagulant: str = ""
    anticoagulant_ml: Decimal | None = None
    drawn_at: dt.datetime | None = None
    baseline_platelets: int | None = None
    baseline_leucocytes: Decimal | None = None
    baseline_neutrophils: Decimal | None = None
    baseline_red_cells: Decimal | None = None
    baseline_haematocrit: Decimal | None = None
    baseline_tube: str = ""


@dataclass(frozen=True, slots=True)
class SpinData:
    """One run of the centrifuge: g, or rpm with the rotor's radius in mm, from which g follows."""

    minutes: Decimal
    g: int | None = None
    celsius: int | None = None
    rpm: int | None = None
    radius_mm: int | None = None


@dataclass(frozen=True, slots=True)
class PreparationData:
    """One preparation. Volumes in mL, cells in 10³/µL, red cells in 10⁶/µL."""

    product_ml: Decimal | None = None
    kit_id: UUID | None = None
    kit_lot: str = ""
    device_identifier: str = ""
    kit_expires_on: dt.date | None = None
    device_id: UUID | None = None
    buffy_coat: bool | None = None
    plasma_removed_ml: Decimal | None = None
    operator_id: UUID | None = None
    ready_at: dt.datetime | None = None
    product_platelets: int | None = None
    product_leucocytes: Decimal | None = None
    product_neutrophils: Decimal | None = None
    product_red_cells: Decimal | None = None
    appearance: str = ""
    activation: str = ""
    additives: str = ""


@dataclass(frozen=True, slots=True)
class AnaestheticData:
    """Values of LocalAnaesthetic and AnaestheticUse; per cent and mL."""

    agent: str
    percent: Decimal | None = None
    ml: Decimal | None = None
    use: str = "skin"


@dataclass(frozen=True, slots=True)
class ReadyingData:
    """Skin and time-out. `checked` are codes of TimeOutItem."""

    skin_agent: str = ""
    antibiotic: str = ""
    time_out_at: dt.datetime | None = None
    checked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InjectionData:
    """One injected target, in the order in which it was given. Volumes in mL, the needle in G and mm."""

    target: TargetData
    volume_ml: Decimal
    guidance: str
    needle_gauge: int | None = None
    needle_mm: int | None = None
    approach: str = ""
    contrast_ml: Decimal | None = None
    fluoro_seconds: int | None = None
    image_saved: bool | None = None


@dataclass(frozen=True, slots=True)
class DischargeData:
    """How the patient left. mmHg, per minute, per cent, pain 0–10."""

    systolic: int | None = None
    diastolic: int | None = None
    pulse: int | None = None
    saturation: int | None = None
    pain_after: int | None = None
    fit: bool | None = None
    escort: str = ""
    left_at: dt.datetime | None = None
    instructions_given: bool | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """What is noted beside the numbers."""

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


@dataclass(frozen=True, slots=True)
class CheckInData:
    """What a patient says of a day: pain 0–10, values of Trend, Able and PainMedicine, codes of red flags."""

    pain: int | None = None
    trend: str = ""
    able: str = ""
    medicine: str = ""
    red_flags: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class AnswerData:
    """An answer to one line of a checklist. `measured_on` empty: today."""

    code: str
    value: str
    number: Decimal | None = None
    measured_on: dt.date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class MedicineData:
    """What a patient takes, as they say it."""

    name: str
    group: str
    dose: str = ""
    prescriber: str = ""
    last_dose_on: dt.date | None = None
    plan: str = "table"
    note: str = ""


@dataclass(frozen=True, slots=True)
class DecisionData:
    """A prescriber's decision about one medicine: who, when, what."""

    word: str
    words: str
    decided_by: str
    decided_on: dt.date


@dataclass(frozen=True, slots=True)
class SignatureData:
    """How a consent was signed. Without a `contact_id` the patient signed."""

    method: str
    contact_id: UUID | None = None
    strokes: Any = None
    page: bytes | None = None
    witness: str = ""
    interpreter: str = ""
    given_at: dt.datetime | None = None
