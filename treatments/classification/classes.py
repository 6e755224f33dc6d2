"""Classes of a product by published systems. Without every row a product is unclassifiable, and says what is missing."""

from decimal import Decimal
from typing import Final

from treatments.classification.numbers import baseline_rows, undiluted
from treatments.classification.values import Count, Figure, Measurements, figure

LEUCOCYTE_RICH: Final = "LR-PRP"
LEUCOCYTE_POOR: Final = "LP-PRP"
MISHRA_HIGH: Final = 5
"""Platelets of type A: at least so many times the blood's."""
_PAW_STEPS: Final = (("P2", 750), ("P3", 1250))


def leucocytes(measured: Measurements) -> Figure:
    """Leucocyte-rich when the product holds more than the blood did, else leucocyte-poor: the rule of PAW for WBC."""
    product, baseline = measured.product.leucocytes, measured.baseline.leucocytes
    return figure(
        {"product.leucocytes": product, **baseline_rows("leucocytes", baseline, measured)},
        lambda: LEUCOCYTE_RICH if _above(product, baseline, measured) else LEUCOCYTE_POOR,
    )


def paw(measured: Measurements) -> Figure:
    """Platelets, activation, white cells: DeLong 2012, Arthroscopy 28:998; cuts as in PMC8044532, table 1.

    P1 not above baseline (tested first), P2 to 750, P3 to 1,250, P4 above (10³/µL); x where activated from outside;
    leucocytes A above baseline or B; neutrophils α above baseline or β.
    """
    product, baseline = measured.product, measured.baseline
    rows = {
        "product.platelets": product.platelets,
        **baseline_rows("platelets", baseline.platelets, measured),
        "product.activation": measured.activated,
        "product.leucocytes": product.leucocytes,
        **baseline_rows("leucocytes", baseline.leucocytes, measured),
        "product.neutrophils": product.neutrophils,
        **baseline_rows("neutrophils", baseline.neutrophils, measured),
    }
    return figure(
        rows,
        lambda: "".join(
            (
                paw_platelets(product.platelets or 0, undiluted(baseline.platelets, measured) or 0),
                "x" if measured.activated else "",
                "A" if _above(product.leucocytes, baseline.leucocytes, measured) else "B",
                "α" if _above(product.neutrophils, baseline.neutrophils, measured) else "β",
            )
        ),
    )


def paw_platelets(product: Decimal | int, baseline: Decimal | int) -> str:
    """P1 to P4."""
    if product <= baseline:
        return "P1"
    return next((name for name, upper in _PAW_STEPS if product <= upper), "P4")


def mishra(measured: Measurements) -> Figure:
    """Types 1–4 by leucocytes and activation, A or B by platelets: Mishra 2012; as in PMC8044532, table 1.

    1 and 2: more leucocytes than the blood, not activated and activated; 3 and 4: not more; A at least five times
    the blood's platelets.
    """
    product, baseline = measured.product, measured.baseline
    rows = {
        "product.leucocytes": product.leucocytes,
        **baseline_rows("leucocytes", baseline.leucocytes, measured),
        "product.activation": measured.activated,
        "product.platelets": product.platelets,
        **baseline_rows("platelets", baseline.platelets, measured),
    }
    return figure(rows, lambda: _mishra(measured))


def _mishra(measured: Measurements) -> str:
    rich = _above(measured.product.leucocytes, measured.baseline.leucocytes, measured)
    kind = (1 if rich else 3) + (1 if measured.activated else 0)
    base = undiluted(measured.baseline.platelets, measured) or Decimal(1)
    return f"{kind}{'A' if Decimal(measured.product.platelets or 0) >= MISHRA_HIGH * base else 'B'}"


def _above(product: Count, baseline: Count, measured: Measurements) -> bool:
    base = undiluted(baseline, measured)
    return product is not None and base is not None and Decimal(product) > base
