"""Targets and injections: what the anatomy, the volume and the order in time do not allow is refused."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic.exceptions import InvalidInput
from treatments.data import InjectionData, TargetData
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


def check_ready(moment: dt.datetime, ready_at: dt.datetime | None) -> None:
    """Refuse a product that was injected before it was ready."""
    if ready_at is not None and moment < ready_at:
        raise InvalidInput(
            _(
                "The product was not ready yet at this time: correct this time, or the one at which it was ready."
            ),
            field="injected_at",
        )
