"""What is possible of a patient, an anaesthetic, a discharge. The impossible is refused at its field."""

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _

from clinic.exceptions import InvalidInput
from treatments.data import AnaestheticData, DischargeData, RecipientData

_RECIPIENT = {
    "age_years": (0, 125),
    "height_cm": (50, 250),
    "weight_kg": (10, 400),
    "bmi": (5, 150),
    "haemoglobin": (1, 25),
}
_DISCHARGE = {"systolic": (30, 300), "diastolic": (10, 200), "pulse": (20, 300), "saturation": (30, 100)}


def bmi(*, height_cm: int | None, weight_kg: Decimal | None) -> Decimal | None:
    """Weight in kg by the square of the height in m, to one decimal; None where one is not known."""
    if not height_cm or weight_kg is None:
        return None
    return (weight_kg * 10_000 / Decimal(height_cm) ** 2).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def check_recipient(data: RecipientData) -> None:
    _check_ranges(data, _RECIPIENT)
    found = bmi(height_cm=data.height_cm, weight_kg=data.weight_kg)
    if found is not None and not 5 <= found <= 150:
        raise InvalidInput(_("Height and weight do not fit: check both."), field="weight_kg")


def check_anaesthetic(data: AnaestheticData) -> None:
    if data.percent is not None and not 0 < data.percent <= 10:
        raise InvalidInput(_("An anaesthetic has up to 10 %."), field="anaesthetics")
    if data.ml is not None and not 0 < data.ml <= 60:
        raise InvalidInput(_("An anaesthetic has up to 60 mL."), field="anaesthetics")


def check_discharge(data: DischargeData, *, injected_at: dt.datetime | None) -> None:
    _check_ranges(data, _DISCHARGE)
    if data.systolic is not None and data.diastolic is not None and data.diastolic >= data.systolic:
        raise InvalidInput(_("The second value of the blood pressure is the lower one."), field="diastolic")
    if data.left_at and injected_at and data.left_at < injected_at:
        raise InvalidInput(_("The patient leaves after the injection."), field="left_at")


def _check_ranges(data: RecipientData | DischargeData, ranges: dict[str, tuple[int, int]]) -> None:
    for field, (low, high) in ranges.items():
        value = getattr(data, field)
        if value is not None and not low <= value <= high:
            raise InvalidInput(
                _("%(value)s is not possible (%(low)s–%(high)s).")
                % {"value": value, "low": low, "high": high},
                field=field,
            )
