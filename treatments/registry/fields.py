"""The data dictionary: every column of the export, with its unit, where it comes from, and its section of MIBO.

The columns of the file, the page and the file of the dictionary are made from this one table. There is no column for
what people wrote in their own words, and none with a calendar date: days count from the course's first session.
MIBO: Murray 2017, J Bone Joint Surg 99:809; sections as in the note of `docs/adr/0029`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from treatments.enums import (
    Activation,
    Anticoagulant,
    BaselineTube,
    CourseStatus,
    Guidance,
    Level,
    Side,
    SkinAgent,
    Smoking,
    Source,
    Structure,
)

SESSION_ROW: Final = "injection"
RESPONSE_ROW: Final = "response"


class Section(TextChoices):
    """Of the export, after MIBO; `key` and `follow-up` are ours."""

    KEY = "key", _("Keys")
    DESIGN = "design", _("Design of the course")
    RECIPIENT = "recipient", _("Recipient")
    INJURY = "injury", _("Injury")
    BLOOD = "blood", _("Whole blood")
    PROCESSING = "processing", _("PRP processing")
    PRODUCT = "product", _("PRP characteristics")
    ACTIVATION = "activation", _("Activation")
    DELIVERY = "delivery", _("Delivery")
    AFTERCARE = "aftercare", _("Aftercare and harms")
    OUTCOME = "outcome", _("Outcome")


@dataclass(frozen=True, slots=True)
class Field:
    """One column. `sql`: how it is read in the rows of sessions; empty for the columns of responses, and for keys that
    are hashed. `source`: table and column, for whoever has to find it again."""

    name: str
    section: Section
    words: str | Promise
    source: str
    sql: str = ""
    unit: str = ""
    values: Mapping[str, str | Promise] | None = None


def _codes(choices: type[TextChoices]) -> dict[str, str | Promise]:
    return dict(choices.choices)


def _plain(
    name: str,
    section: Section,
    words: str | Promise,
    column: str,
    unit: str = "",
    values: type[TextChoices] | None = None,
) -> Field:
    """A column that is copied as it is; `column` is alias.column of `rows.SESSIONS`."""
    alias, _dot, rest = column.partition(".")
    codes = _codes(values) if values else None
    return Field(name, section, words, f"{_TABLES[alias]}.{rest}", column, unit, codes)


_TABLES: Final = {
    "c": "course",
    "s": "session",
    "r": "recipient",
    "d": "draw",
    "p": "preparation",
    "x": "derivation",
    "i": "injection",
    "y": "readying",
    "g": "discharge",
    "v": "protocolversion",
}
_YES_NO: Final[dict[str, str | Promise]] = {"1": _("yes"), "0": _("no")}


def _flag(name: str, section: Section, words: str | Promise, source: str, sql: str) -> Field:
    return Field(name, section, words, source, f"({sql})::int", values=_YES_NO)


KEYS: Final = (
    Field(
        "row",
        Section.KEY,
        _("What the row is"),
        "–",
        values={
            SESSION_ROW: _("one injected target of one session"),
            RESPONSE_ROW: _("one answered questionnaire"),
        },
    ),
    Field("site", Section.KEY, _("Site, as a keyed hash"), "site.id"),
    Field("patient", Section.KEY, _("Patient, as a keyed hash"), "patient.id"),
    Field("course", Section.KEY, _("Course, as a keyed hash"), "course.id"),
    Field("session", Section.KEY, _("Session, as a keyed hash"), "session.id"),
    Field("physician", Section.KEY, _("Responsible physician, as a keyed hash"), "course.physician"),
)

SESSION_FIELDS: Final = (
    _plain("protocol_version", Section.DESIGN, _("Version of the protocol, counted within it"), "v.number"),
    _plain("planned_sessions", Section.DESIGN, _("Sessions planned"), "c.planned_sessions"),
    _plain(
        "course_status", Section.DESIGN, _("State of the course at the export"), "c.status", "", CourseStatus
    ),
    _flag("extended", Section.DESIGN, _("The course was extended"), "course.extended", "c.extended"),
    _plain("session_number", Section.DESIGN, _("Number of the session in its course"), "s.number"),
    Field(
        "session_day",
        Section.DESIGN,
        _("Day of the session, from the first one of its course"),
        "session.injected_at",
        "(s.injected_at AT TIME ZONE z.time_zone)::date - b.started_on",
        "d",
    ),
    Field(
        "age",
        Section.RECIPIENT,
        _("Age on the day; 90 stands for 90 and over"),
        "recipient.age_years",
        "least(r.age_years, 90)",
        "a",
    ),
    Field(
        "sex",
        Section.RECIPIENT,
        _("Sex as administered"),
        "recipient.sex",
        "CASE WHEN r.sex IN ('female', 'male', 'other') THEN r.sex END",
        values={"female": _("female"), "male": _("male"), "other": _("other")},
    ),
    Field("bmi", Section.RECIPIENT, _("Body mass index"), "recipient.bmi", "round(r.bmi)", "kg/m²"),
    _plain("smoking", Section.RECIPIENT, _("Tobacco"), "r.smoking", "", Smoking),
    _plain("haemoglobin", Section.RECIPIENT, _("Haemoglobin"), "r.haemoglobin", "g/dL"),
    _plain("diagnosis_code", Section.INJURY, _("Diagnosis, ICD-10-CM"), "c.diagnosis_code"),
    _plain("pain_before", Section.INJURY, _("Pain just before, 0–10"), "s.pain_before", "0–10"),
    _plain("blood_ml", Section.BLOOD, _("Blood drawn, without the anticoagulant"), "d.blood_ml", "mL"),
    _plain("anticoagulant", Section.BLOOD, _("Anticoagulant"), "d.anticoagulant", "", Anticoagulant),
    _plain("anticoagulant_ml", Section.BLOOD, _("Volume of it"), "d.anticoagulant_ml", "mL"),
    _plain("blood_platelets", Section.BLOOD, _("Platelets in blood"), "d.baseline_platelets", "10³/µL"),
    _plain("blood_leucocytes", Section.BLOOD, _("Leucocytes in blood"), "d.baseline_leucocytes", "10³/µL"),
    _plain("blood_neutrophils", Section.BLOOD, _("Neutrophils in blood"), "d.baseline_neutrophils", "10³/µL"),
    _plain("blood_red_cells", Section.BLOOD, _("Red cells in blood"), "d.baseline_red_cells", "10⁶/µL"),
    _plain("blood_haematocrit", Section.BLOOD, _("Haematocrit"), "d.baseline_haematocrit", "%"),
    _plain("blood_counted_in", Section.BLOOD, _("Tube of the count"), "d.baseline_tube", "", BaselineTube),
    Field("failed_draws", Section.BLOOD, _("Draws that failed"), "draw.failed", "f.draws"),
    Field("failed_kits", Section.PROCESSING, _("Preparations that failed"), "preparation.failed", "f.kits"),
    Field("spins", Section.PROCESSING, _("Runs of the centrifuge"), "spin", "q.spins"),
    Field("spin_1_g", Section.PROCESSING, _("First run: force"), "spin.g", "q.g_1", "g"),
    Field("spin_1_minutes", Section.PROCESSING, _("First run: time"), "spin.minutes", "q.minutes_1", "min"),
    Field("spin_2_g", Section.PROCESSING, _("Second run: force"), "spin.g", "q.g_2", "g"),
    Field("spin_2_minutes", Section.PROCESSING, _("Second run: time"), "spin.minutes", "q.minutes_2", "min"),
    _flag("buffy_coat", Section.PROCESSING, _("Buffy coat taken"), "preparation.buffy_coat", "p.buffy_coat"),
    _plain("plasma_removed_ml", Section.PROCESSING, _("Plasma removed"), "p.plasma_removed_ml", "mL"),
    _plain("product_ml", Section.PRODUCT, _("Volume of the product"), "p.product_ml", "mL"),
    _plain(
        "product_platelets", Section.PRODUCT, _("Platelets in the product"), "p.product_platelets", "10³/µL"
    ),
    _plain(
        "product_leucocytes",
        Section.PRODUCT,
        _("Leucocytes in the product"),
        "p.product_leucocytes",
        "10³/µL",
    ),
    _plain(
        "product_neutrophils",
        Section.PRODUCT,
        _("Neutrophils in the product"),
        "p.product_neutrophils",
        "10³/µL",
    ),
    _plain(
        "product_red_cells", Section.PRODUCT, _("Red cells in the product"), "p.product_red_cells", "10⁶/µL"
    ),
    _plain("factor", Section.PRODUCT, _("Platelets, times those of the blood"), "x.factor", "×"),
    _plain("dose", Section.PRODUCT, _("Platelets injected in the session"), "x.dose", "10⁹"),
    _plain("leucocyte_class", Section.PRODUCT, _("LR-PRP or LP-PRP; empty: unclassifiable"), "x.leucocytes"),
    _plain("paw", Section.PRODUCT, _("PAW class; empty: unclassifiable"), "x.paw"),
    _plain(
        "algorithm", Section.PRODUCT, _("Version of the rules of factor, dose and classes"), "x.algorithm"
    ),
    _plain("activation", Section.ACTIVATION, _("Activation from outside"), "p.activation", "", Activation),
    _plain("structure", Section.DELIVERY, _("Injected structure"), "i.structure", "", Structure),
    _plain("level", Section.DELIVERY, _("Level"), "i.level", "", Level),
    _plain("side", Section.DELIVERY, _("Side"), "i.side", "", Side),
    _plain("injected_ml", Section.DELIVERY, _("Volume injected there"), "i.volume_ml", "mL"),
    _plain("guidance", Section.DELIVERY, _("Guidance"), "i.guidance", "", Guidance),
    _plain("needle_gauge", Section.DELIVERY, _("Needle"), "i.needle_gauge", "G"),
    _plain("needle_mm", Section.DELIVERY, _("Length of the needle"), "i.needle_mm", "mm"),
    _plain("contrast_ml", Section.DELIVERY, _("Contrast"), "i.contrast_ml", "mL"),
    _plain("fluoro_seconds", Section.DELIVERY, _("X-ray"), "i.fluoro_seconds", "s"),
    _plain(
        "product_minutes", Section.DELIVERY, _("Age of the product when injected"), "i.product_minutes", "min"
    ),
    Field(
        "anaesthetic_mixed",
        Section.DELIVERY,
        _("A local anaesthetic was mixed with the product"),
        "anaesthetic.use",
        "a.mixed::int",
        values=_YES_NO,
    ),
    _plain("skin_agent", Section.DELIVERY, _("Skin prepared with"), "y.skin_agent", "", SkinAgent),
    _plain("pain_after", Section.AFTERCARE, _("Pain when leaving, 0–10"), "g.pain_after", "0–10"),
    Field(
        "events",
        Section.AFTERCARE,
        _("Adverse events of the session"),
        "adverseevent",
        "coalesce(e.events, 0)",
    ),
    Field(
        "worst_grade", Section.AFTERCARE, _("The worst of their grades, 1–5"), "adverseevent.grade", "e.grade"
    ),
    Field(
        "serious_events",
        Section.AFTERCARE,
        _("Serious ones"),
        "adverseevent.is_serious",
        "coalesce(e.serious, 0)",
    ),
    Field(
        "amendments",
        Section.DESIGN,
        _("Corrections written after signing"),
        "amendment",
        "coalesce(m.count, 0)",
    ),
)

RESPONSE_FIELDS: Final = (
    Field("instrument", Section.OUTCOME, _("Questionnaire"), "response.instrument"),
    Field(
        "instrument_version", Section.OUTCOME, _("Version of its definition"), "response.instrument_version"
    ),
    Field("time_point", Section.OUTCOME, _("Time point of the protocol"), "response.time_point"),
    Field(
        "answer_day",
        Section.OUTCOME,
        _("Day of the answer, from the first session; below 0: before it"),
        "response.answered_at",
        unit="d",
    ),
    Field("score", Section.OUTCOME, _("Score on the questionnaire’s own scale"), "response.score"),
    Field(
        "answered_by",
        Section.OUTCOME,
        _("How the answers reached the clinic"),
        "response.source",
        values=_codes(Source),
    ),
)

FIELDS: Final = (*KEYS, *SESSION_FIELDS, *RESPONSE_FIELDS)
"""All columns in the order of the file."""
