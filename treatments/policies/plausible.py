"""Values that are possible and unusual: pointed out with the range of the protocol, and kept. They stop nobody."""

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from treatments.clinical_rules import ClinicalRules, Limits
from treatments.data import AnaestheticData, DrawData, InjectionData, PreparationData
from treatments.enums import AnaestheticUse, LocalAnaesthetic, Structure


def draw(data: DrawData, *, limits: Limits) -> list[str]:
    """What is unusual about the blood."""
    found: list[str] = []
    if data.blood_ml is not None and not limits.blood_ml_low <= data.blood_ml <= limits.blood_ml_high:
        found.append(
            _("%(volume)s mL of blood is unusual for one session (%(low)s–%(high)s mL).")
            % {"volume": data.blood_ml, "low": limits.blood_ml_low, "high": limits.blood_ml_high}
        )
    low, high = limits.baseline_platelets_low, limits.baseline_platelets_high
    if data.baseline_platelets is not None and not low <= data.baseline_platelets <= high:
        found.append(
            _("%(count)s platelets in the blood are outside %(low)s–%(high)s × 10³/µL: check the unit.")
            % {"count": data.baseline_platelets, "low": low, "high": high}
        )
    return found


def preparation(data: PreparationData, *, drawn: DrawData | None, limits: Limits) -> list[str]:
    """What is unusual about the product, beside the blood that it was made from."""
    count, base = data.product_platelets, drawn.baseline_platelets if drawn else None
    if count is None:
        return []
    if not base:
        if count <= 5000:
            return []
        return [
            _("%(count)s platelets in the product are unusually many: check the unit (10³/µL).")
            % {"count": count}
        ]
    factor = Decimal(count) / Decimal(base)
    if factor < limits.product_factor_low:
        return [_("The product holds fewer platelets than the blood did.")]
    if factor > limits.product_factor_high:
        return [
            _(
                "The product holds %(factor)s times the platelets of the blood (usual: up to %(high)s): check the unit."
            )
            % {"factor": factor.quantize(Decimal("0.1")), "high": limits.product_factor_high}
        ]
    return []


def anaesthetics(lines: Sequence[AnaestheticData]) -> list[str]:
    """Bupivacaine in the product: 0.75 % harmed platelets in vitro (clinical.md 8)."""
    mixed = [
        line
        for line in lines
        if line.use == AnaestheticUse.MIXED and line.agent == LocalAnaesthetic.BUPIVACAINE
    ]
    return [_("Bupivacaine mixed with the product can harm the platelets.")] if mixed else []


def injections(rows: Sequence[InjectionData], *, rules: ClinicalRules) -> list[str]:
    """Volumes outside what the protocol calls plausible for the structure."""
    ranges = {rule.structure: rule for rule in rules.targets}
    found: list[str] = []
    for row in rows:
        rule = ranges.get(row.target.structure)
        if rule is not None and not rule.ml_low <= row.volume_ml <= rule.ml_high:
            found.append(
                _("%(structure)s: %(volume)s mL is outside the usual %(low)s–%(high)s mL.")
                % {
                    "structure": Structure(row.target.structure).label,
                    "volume": row.volume_ml,
                    "low": rule.ml_low,
                    "high": rule.ml_high,
                }
            )
    return found


def product_age(minutes: int | None, *, limits: Limits) -> list[str]:
    """A product older than the protocol allows."""
    if minutes is None or minutes <= limits.product_minutes:
        return []
    return [
        _("The product was %(minutes)s min old when it was injected (protocol: within %(limit)s min).")
        % {"minutes": minutes, "limit": limits.product_minutes}
    ]
