"""The fields of a record by name: what a protocol can ask for, what a registry gets, where each stands in MIBO.

MIBO: Murray 2017, JBJS 99:809, 23 items on platelet-rich plasma; its sections are named from memory.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from treatments.selectors.record_rows import RecordRows


class MiboSection(TextChoices):
    RECIPIENT = "recipient", _("Recipient")
    BLOOD = "blood", _("Whole blood")
    PROCESSING = "processing", _("Processing")
    CHARACTERISTICS = "characteristics", _("Characteristics of the product")
    ACTIVATION = "activation", _("Activation")
    DELIVERY = "delivery", _("Delivery")
    AFTERCARE = "aftercare", _("Aftercare")


@dataclass(frozen=True, slots=True)
class Field:
    """`section.name`, its words, unit and MIBO section, and how it is read. None or empty: not recorded."""

    code: str
    words: str | Promise
    mibo: MiboSection
    read: Callable[[RecordRows], Any]
    unit: str = ""

    def said(self, rows: RecordRows) -> Any:
        """What was recorded, as a person reads it: the words of a choice instead of its code."""
        return self.read.said(rows) if isinstance(self.read, _of) else self.read(rows)


@dataclass(frozen=True, slots=True)
class _of:
    """Reads a column of one part of the record."""

    part: str
    name: str

    def __call__(self, rows: RecordRows) -> Any:
        found = getattr(rows, self.part)
        return None if found is None else getattr(found, self.name)

    def said(self, rows: RecordRows) -> Any:
        """The value, or the words of its choice."""
        words = getattr(getattr(rows, self.part), f"get_{self.name}_display", None)
        return words() if words is not None else self(rows)


def _each(name: str) -> Callable[[RecordRows], Any]:
    """A value that every injection must have."""

    def read(rows: RecordRows) -> Any:
        values = [getattr(row, name) for row in rows.injections]
        return values if values and all(value not in (None, "") for value in values) else None

    return read


FIELDS: Final = (
    Field("recipient.age_years", _("age"), MiboSection.RECIPIENT, _of("recipient", "age_years"), "a"),
    Field("recipient.sex", _("sex"), MiboSection.RECIPIENT, _of("recipient", "sex")),
    Field("recipient.bmi", _("BMI"), MiboSection.RECIPIENT, _of("recipient", "bmi"), "kg/m²"),
    Field("recipient.smoking", _("smoking"), MiboSection.RECIPIENT, _of("recipient", "smoking")),
    Field(
        "recipient.haemoglobin",
        _("haemoglobin"),
        MiboSection.RECIPIENT,
        _of("recipient", "haemoglobin"),
        "g/dL",
    ),
    Field(
        "recipient.diagnosis",
        _("diagnosis"),
        MiboSection.RECIPIENT,
        lambda rows: rows.session.course.diagnosis_code,
    ),
    Field("draw.volume_ml", _("blood drawn"), MiboSection.BLOOD, _of("draw", "blood_ml"), "mL"),
    Field("draw.anticoagulant", _("anticoagulant"), MiboSection.BLOOD, _of("draw", "anticoagulant")),
    Field(
        "draw.anticoagulant_ml",
        _("volume of the anticoagulant"),
        MiboSection.BLOOD,
        _of("draw", "anticoagulant_ml"),
        "mL",
    ),
    Field("draw.drawn_at", _("time of the draw"), MiboSection.BLOOD, _of("draw", "drawn_at")),
    Field(
        "draw.baseline_platelets",
        _("platelets in blood"),
        MiboSection.BLOOD,
        _of("draw", "baseline_platelets"),
        "10³/µL",
    ),
    Field(
        "draw.baseline_leucocytes",
        _("leucocytes in blood"),
        MiboSection.BLOOD,
        _of("draw", "baseline_leucocytes"),
        "10³/µL",
    ),
    Field(
        "draw.baseline_neutrophils",
        _("neutrophils in blood"),
        MiboSection.BLOOD,
        _of("draw", "baseline_neutrophils"),
        "10³/µL",
    ),
    Field(
        "draw.baseline_red_cells",
        _("red cells in blood"),
        MiboSection.BLOOD,
        _of("draw", "baseline_red_cells"),
        "10⁶/µL",
    ),
    Field(
        "preparation.kit",
        _("kit"),
        MiboSection.PROCESSING,
        lambda rows: rows.preparation and (rows.preparation.kit or rows.preparation.device_identifier),
    ),
    Field("preparation.lot", _("lot of the kit"), MiboSection.PROCESSING, _of("preparation", "kit_lot")),
    Field("preparation.device", _("centrifuge"), MiboSection.PROCESSING, _of("preparation", "device")),
    Field("preparation.spins", _("spins"), MiboSection.PROCESSING, lambda rows: rows.spins),
    Field(
        "preparation.buffy_coat", _("buffy coat"), MiboSection.PROCESSING, _of("preparation", "buffy_coat")
    ),
    Field(
        "preparation.plasma_removed_ml",
        _("plasma removed"),
        MiboSection.PROCESSING,
        _of("preparation", "plasma_removed_ml"),
        "mL",
    ),
    Field(
        "product.volume_ml",
        _("volume of the product"),
        MiboSection.CHARACTERISTICS,
        _of("preparation", "product_ml"),
        "mL",
    ),
    Field(
        "product.platelets",
        _("platelets in the product"),
        MiboSection.CHARACTERISTICS,
        _of("preparation", "product_platelets"),
        "10³/µL",
    ),
    Field(
        "product.leucocytes",
        _("leucocytes in the product"),
        MiboSection.CHARACTERISTICS,
        _of("preparation", "product_leucocytes"),
        "10³/µL",
    ),
    Field(
        "product.neutrophils",
        _("neutrophils in the product"),
        MiboSection.CHARACTERISTICS,
        _of("preparation", "product_neutrophils"),
        "10³/µL",
    ),
    Field(
        "product.red_cells",
        _("red cells in the product"),
        MiboSection.CHARACTERISTICS,
        _of("preparation", "product_red_cells"),
        "10⁶/µL",
    ),
    Field("product.activation", _("activation"), MiboSection.ACTIVATION, _of("preparation", "activation")),
    Field(
        "delivery.skin_preparation",
        _("skin preparation"),
        MiboSection.DELIVERY,
        _of("readying", "skin_agent"),
    ),
    Field("delivery.time_out", _("time-out"), MiboSection.DELIVERY, _of("readying", "time_out_at")),
    Field("delivery.anaesthetic", _("anaesthetic"), MiboSection.DELIVERY, lambda rows: rows.anaesthetics),
    Field("delivery.targets", _("injected targets"), MiboSection.DELIVERY, lambda rows: rows.injections),
    Field("delivery.guidance", _("guidance"), MiboSection.DELIVERY, _each("guidance")),
    Field("delivery.needle", _("needle"), MiboSection.DELIVERY, _each("needle_gauge")),
    Field("discharge.at", _("time of leaving"), MiboSection.AFTERCARE, _of("discharge", "left_at")),
    Field("discharge.fit", _("fit to go home"), MiboSection.AFTERCARE, _of("discharge", "fit")),
    Field(
        "discharge.instructions",
        _("instructions given"),
        MiboSection.AFTERCARE,
        _of("discharge", "instructions_given"),
    ),
)

BY_CODE: Final = {field.code: field for field in FIELDS}


def missing(rows: RecordRows, required: Sequence[str]) -> list[Field]:
    """What the protocol asks for and the record lacks, in the protocol's order. Codes nobody knows are left out.

    A session that was stopped before its first injection is not asked for what comes after.
    """
    asked = [BY_CODE[code] for code in required if code in BY_CODE]
    if rows.session.injected_at is None:
        asked = [field for field in asked if field.mibo in (MiboSection.RECIPIENT, MiboSection.BLOOD)]
    return [field for field in asked if not _is_given(field.read(rows))]


def mibo_given(rows: RecordRows) -> dict[MiboSection, tuple[int, int]]:
    """By section: how many of its fields are recorded, of how many."""
    counts = dict.fromkeys(MiboSection, (0, 0))
    for field in FIELDS:
        given, total = counts[field.mibo]
        counts[field.mibo] = (given + _is_given(field.read(rows)), total + 1)
    return counts


def _is_given(value: object) -> bool:
    """A measured 0 and a plain no are given."""
    if isinstance(value, str | Collection):
        return bool(value)
    return value is not None
