"""Kits and centrifuge profiles: what the record is pre-filled from. Kept, never deleted: records point at them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from clinic import audit
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import DomainError, InvalidInput, NotFound
from clinic.permissions import check
from clinic.transactions import explain_constraint, use_case
from scheduling.models import Resource
from treatments import clinical_rules
from treatments.models import Centrifuge, KitType
from treatments.policies import presets

CENTRIFUGE = "centrifuge"


def _same_name() -> DomainError:
    return InvalidInput(_("There is a kit of this name."), field="name")


def _same_device() -> DomainError:
    return InvalidInput(_("Another kit has this device identifier."), field="device_identifier")


explain_constraint("one_kit_type_per_name", _same_name)
explain_constraint("one_kit_type_per_device", _same_device)


@use_case
def save_kit(
    *,
    by: Actor,
    site_id: UUID,
    name: str,
    maker: str = "",
    device_identifier: str = "",
    preset: Mapping[str, Any] | None = None,
    is_active: bool = True,
    kit_id: UUID | None = None,
) -> KitType:
    """Add a kit, or change one. Raises InvalidInput for a preset that no record could hold."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    if device_identifier and not (device_identifier.isdecimal() and len(device_identifier) == 14):
        raise InvalidInput(_("A device identifier has 14 digits."), field="device_identifier")
    values = dict(preset or {})
    try:
        presets.usual(clinical_rules.default().usual, values)
    except ValueError as error:
        raise InvalidInput(_("This preset is not possible."), field=None) from error
    row = KitType(site_id=site_id)
    if kit_id is not None:
        found = KitType.objects.select_for_update().filter(pk=kit_id, site=site_id).first()
        if found is None:
            raise NotFound(_("There is no such kit."))
        row = found
    row.name, row.maker, row.device_identifier = name.strip(), maker.strip(), device_identifier
    row.preset, row.is_active = values, is_active
    row.save()
    audit.record("treatments.kit.saved", by=by, about=[row], site_id=site_id)
    return row


@use_case
def save_centrifuge(
    *,
    by: Actor,
    site_id: UUID,
    resource_id: UUID,
    rotor_radius_mm: int,
    model: str = "",
    most_rpm: int | None = None,
) -> Centrifuge:
    """Say what a centrifuge of the calendar is. Runs recorded before keep the radius that they were computed with."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    if not Resource.objects.filter(pk=resource_id, site=site_id, kind=CENTRIFUGE).exists():
        raise NotFound(_("There is no such centrifuge."))
    if not 20 <= rotor_radius_mm <= 400:
        raise InvalidInput(_("A rotor's radius is 20 to 400 mm."), field="rotor_radius_mm")
    row = Centrifuge.objects.filter(resource=resource_id).first() or Centrifuge(resource_id=resource_id)
    row.rotor_radius_mm, row.model, row.most_rpm = rotor_radius_mm, model.strip(), most_rpm
    row.save()
    audit.record("treatments.centrifuge.saved", by=by, about=[row], site_id=site_id)
    return row
