"""What blood, kit and rotor can do: what is impossible is refused, at its field."""

import datetime as dt
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic.exceptions import InvalidInput
from treatments.data import DrawData, PreparationData, SpinData

_GTIN = re.compile(r"[0-9]{14}")
_RCF = Decimal("0.00001118")
"""RCF = 1.118 × 10⁻⁵ × r (cm) × rpm²: 4π² ÷ (3600 × 980.665), the centripetal over the standard acceleration."""


def g_of(*, rpm: int, radius_mm: int) -> int:
    """The relative centrifugal force in g at the bottom of a tube `radius_mm` from the axis, to the whole g."""
    force = _RCF * Decimal(radius_mm) / 10 * Decimal(rpm) ** 2
    return int(force.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def force(data: SpinData) -> int:
    """The force of a run: as entered, else from rpm and radius. Raises InvalidInput when neither is known."""
    if data.rpm is not None and data.radius_mm is not None:
        return g_of(rpm=data.rpm, radius_mm=data.radius_mm)
    if data.rpm is not None:
        raise InvalidInput(
            _(
                "The rotor's radius of this centrifuge is not known: enter the force in g, or ask the manager to add it."
            ),
            field="spins",
        )
    if data.g is None:
        raise InvalidInput(_("A run has a force in g, or its rpm."), field="spins")
    return data.g


def check_spin(data: SpinData) -> None:
    """Refuse a run that no bench centrifuge makes."""
    if not 1 <= force(data) <= 5000:
        raise InvalidInput(_("%(g)s g is not possible (1–5000 g).") % {"g": force(data)}, field="spins")
    if not 0 < data.minutes <= 60:
        raise InvalidInput(_("A run takes up to 60 minutes."), field="spins")


def check_draw(data: DrawData, *, made: PreparationData | None) -> None:
    """Refuse no blood, more white cells of one kind than of all, and less blood than was already used."""
    if data.blood_ml is not None and data.blood_ml <= 0:
        raise InvalidInput(_("The blood drawn is more than 0 mL."), field="blood_ml")
    _counted(data.baseline_platelets, field="baseline_platelets")
    _neutrophils(data.baseline_neutrophils, data.baseline_leucocytes, field="baseline_neutrophils")
    if made is not None:
        _volumes(data, made, product_field="blood_ml", plasma_field="blood_ml")
        if data.drawn_at and made.ready_at and data.drawn_at > made.ready_at:
            raise InvalidInput(_("The product was ready before this draw."), field="drawn_at")


def check_preparation(
    data: PreparationData,
    *,
    draw: DrawData | None,
    on: dt.date,
    injected_ml: Sequence[Decimal] = (),
) -> None:
    """Refuse an expired kit, a device identifier that is none, more product than blood, less product than was injected, a count of zero."""
    if data.kit_expires_on is not None and data.kit_expires_on < on:
        raise InvalidInput(
            _("This kit expired on %(day)s and must not be used. Take another one and scan it.")
            % {"day": date_format(data.kit_expires_on, "j M Y")},
            field="kit_expires_on",
        )
    if data.device_identifier and not _GTIN.fullmatch(data.device_identifier):
        raise InvalidInput(
            _("A device identifier has 14 digits: scan the kit, or leave it empty."),
            field="device_identifier",
        )
    _counted(data.product_platelets, field="product_platelets")
    _neutrophils(data.product_neutrophils, data.product_leucocytes, field="product_neutrophils")
    if draw is not None:
        _volumes(draw, data, product_field="product_ml", plasma_field="plasma_removed_ml")
        if draw.drawn_at and data.ready_at and data.ready_at < draw.drawn_at:
            raise InvalidInput(_("The product cannot be ready before the blood was drawn."), field="ready_at")
    total = sum(injected_ml, Decimal(0))
    if total and data.product_ml is not None and total > data.product_ml:
        raise InvalidInput(
            _("%(total)s mL were injected: there was at least that much product.") % {"total": total},
            field="product_ml",
        )


def age_minutes(ready_at: dt.datetime | None, injected_at: dt.datetime | None) -> int | None:
    """Whole minutes from ready to injected; None when one of them is not known."""
    if ready_at is None or injected_at is None:
        return None
    return max(0, int((injected_at - ready_at).total_seconds() // 60))


def _volumes(draw: DrawData, made: PreparationData, *, product_field: str, plasma_field: str) -> None:
    if draw.blood_ml is None or made.product_ml is None:
        return
    if made.product_ml > draw.blood_ml:
        raise InvalidInput(_("There cannot be more product than blood."), field=product_field)
    drawn = draw.blood_ml + (draw.anticoagulant_ml or 0)
    if made.plasma_removed_ml is not None and made.plasma_removed_ml + made.product_ml > drawn:
        raise InvalidInput(
            _("Plasma removed and product together exceed what was drawn."), field=plasma_field
        )


def _counted(count: int | None, *, field: str) -> None:
    if count == 0:
        raise InvalidInput(_("Leave it empty when it was not measured: 0 is a count."), field=field)


def _neutrophils(part: Decimal | None, whole: Decimal | None, *, field: str) -> None:
    if part is not None and whole is not None and part > whole:
        raise InvalidInput(_("Neutrophils are a part of the leucocytes: not more of them."), field=field)
