"""The clinical rules of a protocol version: what its physician edits, compares and signs off, never a constant in code.

A version keeps them as one JSON document; `load` gives it these shapes, `dump` writes it. Every number carries its
basis: read in a source, remembered from one (to be checked before use), or decided by the clinic.

Units: volumes in mL, platelets and leucocytes in 10³/µL, haemoglobin in g/dL, days are whole calendar days.
"""

import tomllib
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct, field

VERSION: Final = 1
"""Of the document's shape. Rises when a field changes its meaning, together with a migration of stored documents."""

Days = Annotated[int, Meta(ge=0, le=3650)]
Percent = Annotated[int, Meta(ge=0, le=100)]
Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Words = Annotated[str, Meta(min_length=1, max_length=400)]


_DEFAULTS: Final = Path(__file__).with_name("default_rules.toml")


class Mark(StrEnum):
    """How well a number is sourced."""

    READ = "read"
    MEMORY = "memory"
    OURS = "ours"


class Level(StrEnum):
    """What an answer of the checklist does: refuse until a physician overrides, ask a physician, or point out."""

    BLOCK = "block"
    REVIEW = "review"
    WARN = "warn"


class Moment(StrEnum):
    """Which checklist a rule stands on: the one before booking, or the one of the day."""

    BOOKING = "booking"
    DAY = "day"


class MedicineGroup(StrEnum):
    NSAID = "nsaid"
    ASPIRIN = "aspirin"
    ANTICOAGULANT = "anticoagulant"
    ANTIPLATELET = "antiplatelet"
    STEROID = "steroid"
    ALLOWED = "allowed"


class Anchor(StrEnum):
    """The day that a time point is counted from."""

    FIRST_SESSION = "first_session"
    BEFORE_REPEAT = "before_repeat"
    SESSION = "session"
    LAST_SESSION = "last_session"


class Ice(StrEnum):
    """The published advice contradicts itself: the clinic chooses."""

    AVOID = "avoid"
    AVOID_72H = "avoid_72h"
    USE = "use"


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every line: where its number comes from."""

    mark: Mark = Mark.OURS
    source: Annotated[str, Meta(max_length=300)] = ""


class ScreeningRule(Rule, frozen=True, kw_only=True):
    """One line of a checklist.

    Without limits it is a question whose answer yes lets it fire. With a unit it asks for a number and fires below
    `below` or above `above`. A line not answered has not fired and is not cleared either. `expires_days`: an answer
    or measurement older than this at the session counts as not given.
    """

    code: Code
    words: Words
    moment: Moment
    level: Level
    unit: Annotated[str, Meta(max_length=20)] = ""
    below: Decimal | None = None
    above: Decimal | None = None
    expires_days: Days | None = None
    only_if: Code | None = None
    """Asked only where that medicine group or earlier line applies, such as the INR under warfarin."""
    only_sex: Code | None = None
    """Left out where the patient is known to be of the other sex; asked where that is not known."""
    only_diagnosis: Annotated[str, Meta(pattern=r"^[A-Z][0-9][0-9A-Z.]{0,6}$")] | None = None
    """Asked only in courses whose diagnosis code begins so."""


class MedicineHold(Rule, frozen=True, kw_only=True):
    """What a medicine asks before a session. `stop_days` None: no number may be told, the prescriber decides."""

    name: Words
    group: MedicineGroup
    stop_days: Days | None = None
    note: Annotated[str, Meta(max_length=400)] = ""


class TargetRule(Rule, frozen=True, kw_only=True):
    """Plausible volume of one structure (value of enum Structure). Outside it is pointed out, never refused."""

    structure: Code
    ml_low: Decimal
    ml_high: Decimal
    most_per_course: Annotated[int, Meta(ge=1)] | None = None
    """Injections of one level a course."""


class TimePoint(Rule, frozen=True, kw_only=True):
    """When which instruments are asked: `days` after the anchor (negative: before), valid within the window."""

    code: Code
    words: Words
    anchor: Anchor
    days: Annotated[int, Meta(ge=-365, le=3650)]
    early: Days = 0
    late: Days = 0
    instruments: tuple[Code, ...]


class GateRules(Rule, frozen=True, kw_only=True):
    """Thresholds of the suggestion before a repeat. Falls of a score are per cent of its baseline."""

    nrs_some: Percent = 30
    nrs_substantial: Percent = 50
    rmdq_some: Percent = 30
    rmdq_points: Annotated[int, Meta(ge=0, le=24)] = 5
    rmdq_recovered: Annotated[int, Meta(ge=0, le=24)] = 2
    pgic_good: Annotated[int, Meta(ge=1, le=7)] = 2
    reevaluate_after: Annotated[int, Meta(ge=1)] = 2
    grave_grade: Annotated[int, Meta(ge=1, le=5)] = 3
    escalate_days: Days = 3
    """An undecided gate becomes a task of the physician's so many days before the visit would have to be released."""


class PlanBasis(Rule, frozen=True, kw_only=True):
    """Where a number comes from that a version keeps beside this document: sessions, intervals, leads."""

    field: Code


class Spin(Struct, frozen=True, forbid_unknown_fields=True):
    """One run of the centrifuge: relative force in g, minutes, temperature in °C where it is set."""

    g: Annotated[int, Meta(ge=1, le=5000)]
    minutes: Decimal
    celsius: Annotated[int, Meta(ge=-10, le=40)] | None = None


class Usual(Rule, frozen=True, kw_only=True):
    """What a session written up as planned is pre-filled with."""

    blood_ml: Decimal | None = None
    anticoagulant: Code | None = None
    anticoagulant_ml: Decimal | None = None
    draw_site: Annotated[str, Meta(max_length=40)] = ""
    kit: Annotated[str, Meta(max_length=80)] = ""
    spins: tuple[Spin, ...] = ()
    plasma_removed_ml: Decimal | None = None
    product_ml: Decimal | None = None
    target_ml: Decimal | None = None
    needle_gauge: Annotated[int, Meta(ge=14, le=34)] | None = None
    needle_mm: Annotated[int, Meta(ge=10, le=250)] | None = None
    guidance: Code = "ultrasound"
    skin_preparation: Code = "chlorhexidine"
    anaesthetic: Code = "lidocaine"
    anaesthetic_percent: Decimal | None = None
    anaesthetic_ml: Decimal | None = None


class Limits(Rule, frozen=True, kw_only=True):
    """What is pointed out in the record."""

    product_minutes: Annotated[int, Meta(ge=1)] = 30
    """A product older than this at the injection is flagged."""
    nsaid_floor_days: Days = 7
    """An NSAID is held for at least so many days, whatever its line of the table says."""
    baseline_platelets_low: int = 100
    baseline_platelets_high: int = 500
    product_factor_low: Decimal = Decimal(1)
    product_factor_high: Decimal = Decimal(12)
    blood_ml_low: Decimal = Decimal(10)
    blood_ml_high: Decimal = Decimal(180)


class ConsentRules(Rule, frozen=True, kw_only=True):
    """Whether a consent on record is needed before blood is drawn, and how long one stands."""

    required: bool = True
    valid_days: Days = 365
    fresh_on_extension: bool = True


class RedFlag(Rule, frozen=True, kw_only=True):
    """A sign that the patient may tick, by language; an emergency shows what to do before anything is sent."""

    code: Code
    emergency: bool
    words: dict[str, Words]


class DayGuidance(Rule, frozen=True, kw_only=True):
    """What the recovery page says from this day on, by language, until the next one begins."""

    day: Days
    words: dict[str, Annotated[str, Meta(min_length=1, max_length=2000)]]


class RecoveryRules(Rule, frozen=True, kw_only=True):
    """The week after, beside the days with a mail (`ProtocolVersion.recovery_days`)."""

    ice: Ice = Ice.AVOID
    red_flag_days: Days = 42
    """Red-flag advice stays reachable for so long: an infection of the disc can show late."""
    same_day_minutes: Annotated[int, Meta(ge=1)] = 120
    emergency_minutes: Annotated[int, Meta(ge=1)] = 15
    """The clock of the task that a red flag opens."""
    red_flags: tuple[RedFlag, ...] = ()
    guidance: tuple[DayGuidance, ...] = ()


class EvidenceBasis(Rule, frozen=True, kw_only=True):
    """How good the evidence is that the version's statement tells of, by whose grading: `source` of the rule."""

    level: Annotated[str, Meta(max_length=120)] = ""


class ClinicalRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole document. A part that a stored document lacks is empty or has its defaults."""

    shape: int = VERSION
    plan: tuple[PlanBasis, ...] = ()
    screening: tuple[ScreeningRule, ...] = ()
    medicines: tuple[MedicineHold, ...] = ()
    targets: tuple[TargetRule, ...] = ()
    time_points: tuple[TimePoint, ...] = ()
    gate: GateRules = field(default_factory=GateRules)
    usual: Usual = field(default_factory=Usual)
    limits: Limits = field(default_factory=Limits)
    consent: ConsentRules = field(default_factory=ConsentRules)
    recovery: RecoveryRules = field(default_factory=RecoveryRules)
    evidence: EvidenceBasis = field(default_factory=EvidenceBasis)
    required: tuple[str, ...] = ()
    """Fields of the record without which it is called incomplete, as `section.field`."""


class RulesError(ValueError):
    """A document that does not have these shapes. The text names the place and may be shown."""


def load(document: dict[str, Any]) -> ClinicalRules:
    """The stored document in its shapes. Raises RulesError."""
    try:
        return msgspec.convert(document, ClinicalRules, strict=False)
    except msgspec.ValidationError as error:
        raise RulesError(str(error)) from error


def dump(rules: ClinicalRules) -> dict[str, Any]:
    """The document as it is stored: JSON values only, numbers with decimals as text."""
    document: dict[str, Any] = msgspec.to_builtins(rules)
    return document


def replace(rules: ClinicalRules, **parts: Any) -> ClinicalRules:
    """The same rules with other parts."""
    changed: ClinicalRules = msgspec.structs.replace(rules, **parts)
    return changed


@cache
def default() -> ClinicalRules:
    """The rules that a new site's protocol starts with, from the file beside this module."""
    return load(tomllib.loads(_DEFAULTS.read_text(encoding="utf-8")))


def default_document() -> dict[str, Any]:
    """The same, as it is stored."""
    return dump(default())
