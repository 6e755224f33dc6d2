"""What a session's record may hold: impossible values are refused, implausible ones are pointed out and kept."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic.exceptions import InvalidInput
from treatments.data import InjectionData, PreparationData, TargetData
from treatments.enums import Level, Side, Structure

_MIDLINE = {Structure.DISC, Structure.SUPRASPINOUS}
_PAIRED = {
    Structure.FACET,
    Structure.SI_JOINT,
    Structure.SI_LIGAMENT,
    Structure.ILIOLUMBAR,
    Structure.MULTIFIDUS,
}
_SACRAL = {Structure.SI_JOINT, Structure.SI_LIGAMENT}
_USUAL_ML = {Structure.FACET: Decimal(2), Structure.SI_JOINT: Decimal(4), Structure.DISC: Decimal(3)}
"""Above these a volume is pointed out. Reported: facet 0.5 mL, sacroiliac joint 3 mL (PMC8061754), disc 1–3 mL (PMC7704139)."""


def check_target(target: TargetData) -> None:
    """Refuse a target that the anatomy does not have."""
    if target.structure in _MIDLINE and target.side != Side.MIDLINE:
        raise InvalidInput(_("This structure lies in the midline: choose Midline."), field="targets")
    if target.structure in _PAIRED and target.side == Side.MIDLINE:
        raise InvalidInput(_("This structure is paired: choose Left or Right."), field="targets")
    if (target.structure in _SACRAL) != (
        target.level == Level.SACRUM
    ) and target.structure != Structure.EPIDURAL:
        raise InvalidInput(
            _("Level and structure do not fit: sacroiliac targets are at the sacrum, others are not."),
            field="targets",
        )


def check_targets(targets: Sequence[TargetData]) -> None:
    """A course has at least one target, and none of them twice."""
    if not targets:
        raise InvalidInput(_("Say what is to be treated: at least one target."), field="targets")
    if len(set(targets)) != len(targets):
        raise InvalidInput(_("The same target is listed twice."), field="targets")
    for target in targets:
        check_target(target)


def check_preparation(data: PreparationData) -> None:
    """Refuse what cannot be: more product than blood, more removed than drawn, a count of zero."""
    if data.blood_ml <= 0:
        raise InvalidInput(_("The blood drawn is more than 0 mL."), field="blood_ml")
    if data.product_ml > data.blood_ml:
        raise InvalidInput(_("There cannot be more product than blood."), field="product_ml")
    if data.plasma_removed_ml is not None and data.plasma_removed_ml + data.product_ml > data.blood_ml + (
        data.anticoagulant_ml or 0
    ):
        raise InvalidInput(
            _("Plasma removed and product together exceed what was drawn."), field="plasma_removed_ml"
        )
    for field in ("baseline_platelets", "product_platelets"):
        if getattr(data, field) == 0:
            raise InvalidInput(_("Leave it empty when it was not measured: 0 is a count."), field=field)


def check_injections(injections: Sequence[InjectionData], *, product_ml: Decimal | None) -> None:
    """Refuse an injection without volume, an impossible target, and more than there was."""
    for injection in injections:
        check_target(injection.target)
        if injection.volume_ml <= 0:
            raise InvalidInput(_("Each injection has a volume above 0 mL."), field="injections")
    total = sum((injection.volume_ml for injection in injections), Decimal(0))
    if product_ml is not None and total > product_ml:
        raise InvalidInput(
            _("%(total)s mL injected, but only %(prepared)s mL were prepared.")
            % {"total": total, "prepared": product_ml},
            field="injections",
        )


def check_order(
    number: int, moment: dt.datetime, others: Mapping[int, dt.datetime], *, zone: dt.tzinfo
) -> None:
    """The sessions of a course follow their numbers in time; a record written late carries its true time.

    `others` are the injected sessions by number. Raises InvalidInput.
    """
    for other, at in sorted(others.items()):
        if other != number and (other < number) != (at < moment):
            day = date_format(at.astimezone(zone), "D j M, H:i")
            words = (
                _("Session %(other)s was injected on %(day)s: this one comes after it.")
                if other < number
                else _("Session %(other)s was injected on %(day)s: this one comes before it.")
            )
            raise InvalidInput(words % {"other": other, "day": day}, field="injected_at")


def implausible(
    preparation: PreparationData | None, injections: Sequence[InjectionData], *, on: dt.date
) -> list[str]:
    """Sentences about values that are possible and unusual. They stop nobody from saving."""
    found: list[str] = []
    if preparation is not None:
        found += _preparation(preparation, on=on)
    for injection in injections:
        usual = _USUAL_ML.get(Structure(injection.target.structure))
        if usual is not None and injection.volume_ml > usual:
            name = Structure(injection.target.structure).label
            found.append(
                _("%(structure)s: %(volume)s mL is more than the usual %(usual)s mL.")
                % {"structure": name, "volume": injection.volume_ml, "usual": usual}
            )
    return found


def _preparation(data: PreparationData, *, on: dt.date) -> list[str]:
    found: list[str] = []
    if not 10 <= data.blood_ml <= 180:
        found.append(
            _("%(volume)s mL of blood is unusual for one session (10–180 mL).") % {"volume": data.blood_ml}
        )
    if data.baseline_platelets is not None and not 100 <= data.baseline_platelets <= 600:
        found.append(
            _("%(count)s platelets in the blood are outside 100–600 × 10³/µL: check the unit.")
            % {"count": data.baseline_platelets}
        )
    if (
        data.product_platelets is not None
        and data.baseline_platelets is not None
        and data.product_platelets < data.baseline_platelets
    ):
        found.append(_("The product holds fewer platelets than the blood did."))
    if data.product_platelets is not None and data.product_platelets > 5000:
        found.append(
            _("%(count)s platelets in the product are unusually many: check the unit (10³/µL).")
            % {"count": data.product_platelets}
        )
    if data.kit_expires_on is not None and data.kit_expires_on < on:
        found.append(_("The kit had expired on the day."))
    return found
