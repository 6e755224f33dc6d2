"""Kits and centrifuges: what the record is pre-filled from and what turns a rotor's speed into force."""

import pghistory
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.ids import new_id
from clinic.models import Site
from scheduling.models import Resource


@pghistory.track()
class KitType(models.Model):
    """A preparation kit that the clinic uses. Its device identifier is what a scanned label says.

    `preset` has the shape of `clinical_rules.Usual`; what it says goes before the protocol's own presets.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=80)
    maker = models.CharField(_("maker"), max_length=80, blank=True)
    device_identifier = models.CharField(
        _("device identifier (GTIN)"),
        max_length=14,
        blank=True,
        validators=[RegexValidator(r"^\d{14}$", _("A device identifier has 14 digits."))],
    )
    preset = models.JSONField(default=dict, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["site", "name"], name="one_kit_type_per_name"),
            models.UniqueConstraint(
                fields=["site", "device_identifier"],
                condition=~Q(device_identifier=""),
                name="one_kit_type_per_device",
            ),
            models.CheckConstraint(
                condition=Q(device_identifier="") | Q(device_identifier__regex=r"^[0-9]{14}$"),
                name="device_identifier_has_14_digits",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class Centrifuge(models.Model):
    """What a centrifuge of the calendar is as a device. With the radius, revolutions per minute become g."""

    resource = models.OneToOneField(
        Resource, primary_key=True, on_delete=models.PROTECT, related_name="centrifuge"
    )
    model = models.CharField(_("make and model"), max_length=80, blank=True)
    rotor_radius_mm = models.PositiveSmallIntegerField(_("rotor radius, mm"))
    most_rpm = models.PositiveIntegerField(_("most rpm"), null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(rotor_radius_mm__gte=20) & Q(rotor_radius_mm__lte=400), name="rotor_20_to_400_mm"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)
