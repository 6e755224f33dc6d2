"""What follows from the measured numbers of a preparation. Pure functions of measured values.

Platelets and leucocytes in 10³/µL, volumes in mL. A value that was not measured is None and stays None:
nothing is guessed, and an absent count is never read as 0.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

VERSION: Final = 1
"""Rises when a rule below changes, so that an old print can say by which rules it was made."""

Measured = Decimal | int | None

LEUCOCYTE_RICH: Final = "LR-PRP"
LEUCOCYTE_POOR: Final = "LP-PRP"


@dataclass(frozen=True, slots=True)
class Derived:
    """Everything that a preparation's page shows beside its measured values."""

    factor: Decimal | None
    dose: Decimal | None
    recovery: Decimal | None
    leucocytes: str | None


def derive(
    *,
    baseline_platelets: Measured,
    product_platelets: Measured,
    blood_ml: Measured,
    product_ml: Measured,
    injected_ml: Measured,
    baseline_leucocytes: Measured,
    product_leucocytes: Measured,
) -> Derived:
    """All derived values of one preparation."""
    return Derived(
        factor=concentration_factor(product=product_platelets, baseline=baseline_platelets),
        dose=dose(product=product_platelets, injected_ml=injected_ml),
        recovery=recovery(
            product=product_platelets, product_ml=product_ml, baseline=baseline_platelets, blood_ml=blood_ml
        ),
        leucocytes=leucocyte_class(product=product_leucocytes, baseline=baseline_leucocytes),
    )


def concentration_factor(*, product: Measured, baseline: Measured) -> Decimal | None:
    """How many times the blood's platelets the product holds: product ÷ baseline, to one decimal.

    Baseline is the count of EDTA blood. (MIBO asks for both counts: Murray 2017, JBJS 99:809.)
    """
    if product is None or not baseline:
        return None
    return _rounded(Decimal(product) / Decimal(baseline))


def dose(*, product: Measured, injected_ml: Measured) -> Decimal | None:
    """Platelets injected, in 10⁹: count (10³/µL) × volume (mL) ÷ 1000.

    No threshold exists for the spine (knee literature: doi:10.1007/s12178-024-09922-x): shown, not judged.
    """
    if product is None or injected_ml is None:
        return None
    return _rounded(Decimal(product) * Decimal(injected_ml) / 1000)


def recovery(
    *, product: Measured, product_ml: Measured, baseline: Measured, blood_ml: Measured
) -> Decimal | None:
    """Per cent of the drawn platelets found in the product. `blood_ml` excludes the anticoagulant.

    100 × product count × product volume ÷ (baseline count × blood volume): Magalon 2016 (DEPA), PMC5117023.
    """
    if product is None or product_ml is None or not baseline or not blood_ml:
        return None
    return _rounded(100 * Decimal(product) * Decimal(product_ml) / (Decimal(baseline) * Decimal(blood_ml)))


def leucocyte_class(*, product: Measured, baseline: Measured) -> str | None:
    """Leucocyte-rich when the product holds more than the blood did, else leucocyte-poor.

    The rule of the PAW system (DeLong 2012, Arthroscopy 28:998; PMC8044532, table 1). Unclassifiable
    without both counts.
    """
    if product is None or baseline is None:
        return None
    return LEUCOCYTE_RICH if Decimal(product) > Decimal(baseline) else LEUCOCYTE_POOR


def paw_platelets(*, product: Measured, baseline: Measured) -> str | None:
    """P1 to P4 of the PAW system, P1 (not above baseline) tested first (DeLong 2012; PMC8044532, table 1)."""
    if product is None or baseline is None:
        return None
    if product <= baseline:
        return "P1"
    for name, upper in (("P2", 750), ("P3", 1250)):
        if product <= upper:
            return name
    return "P4"


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
