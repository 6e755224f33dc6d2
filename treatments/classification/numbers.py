"""Concentration factor, dose, recovery, purity. Each to one decimal, halves up."""

from decimal import Decimal

from treatments.classification.values import Count, Figure, Measurements, figure


def undiluted(count: Count, measured: Measurements) -> Decimal | None:
    """A count of the blood itself: one taken from anticoagulated blood times (blood + anticoagulant) ÷ blood."""
    if count is None:
        return None
    if not measured.baseline_is_diluted:
        return Decimal(count)
    if not measured.blood_ml or measured.anticoagulant_ml is None:
        return None
    return Decimal(count) * (measured.blood_ml + measured.anticoagulant_ml) / measured.blood_ml


def baseline_rows(code: str, count: Count, measured: Measurements) -> dict[str, object]:
    """The rows behind a count of the blood: with it those that undo the dilution, where it was diluted."""
    rows: dict[str, object] = {f"draw.{code}": count or None}
    if measured.baseline_is_diluted:
        rows |= {"draw.volume_ml": measured.blood_ml, "draw.anticoagulant_ml": measured.anticoagulant_ml}
    return rows


def concentration_factor(measured: Measurements) -> Figure:
    """How many times the blood's platelets the product holds: product ÷ baseline.

    MIBO asks for both counts (Murray 2017, JBJS 99:809).
    """
    product, baseline = measured.product.platelets, measured.baseline.platelets
    return figure(
        {"product.platelets": product, **baseline_rows("platelets", baseline, measured)},
        lambda: _number(product) / _number(undiluted(baseline, measured)),
    )


def dose(measured: Measurements) -> Figure:
    """Platelets injected, in 10⁹: count (10³/µL) × volume (mL) ÷ 1000.

    No threshold exists for the spine (knee literature: doi:10.1007/s12178-024-09922-x): shown, not judged.
    """
    product, injected = measured.product.platelets, measured.injected_ml
    return figure(
        {"product.platelets": product, "injections.volume_ml": injected},
        lambda: _number(product) * _number(injected) / 1000,
    )


def recovery(measured: Measurements) -> Figure:
    """Per cent of the drawn platelets found in the product; the blood's volume excludes the anticoagulant.

    100 × product count × product volume ÷ (baseline count × blood volume): Magalon 2016 (DEPA), PMC5117023.
    """
    product, baseline = measured.product.platelets, measured.baseline.platelets
    rows = {
        "product.platelets": product,
        "product.volume_ml": measured.product_ml,
        **baseline_rows("platelets", baseline, measured),
        "draw.volume_ml": measured.blood_ml or None,
    }
    return figure(
        rows,
        lambda: (
            100
            * _number(product)
            * _number(measured.product_ml)
            / (_number(undiluted(baseline, measured)) * _number(measured.blood_ml))
        ),
    )


def purity(measured: Measurements) -> Figure:
    """Per cent of the product's cells that are platelets: PLT ÷ (PLT + RBC + WBC) in one unit (PMC5117023).

    Erythrocytes come in 10⁶/µL and count a thousandfold here.
    """
    product = measured.product
    rows = {
        "product.platelets": product.platelets,
        "product.erythrocytes": product.erythrocytes,
        "product.leucocytes": product.leucocytes,
    }
    return figure(
        rows,
        lambda: (
            100
            * _number(product.platelets)
            / (
                _number(product.platelets)
                + 1000 * _number(product.erythrocytes)
                + _number(product.leucocytes)
            )
        ),
    )


def _number(value: Count) -> Decimal:
    if value is None:
        raise ValueError("a formula was asked without its values")
    return Decimal(value)
