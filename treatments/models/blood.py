"""From the blood to the product. A failed draw or kit is a further row, never an overwrite.

Volumes in mL, platelets, leucocytes and neutrophils in 10³/µL, red cells in 10⁶/µL, haematocrit in per cent.
A count that was not measured is NULL and never 0. While the record is a draft, what is not yet known is NULL too.
"""

from typing import Any

import pghistory
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from scheduling.models import Resource
from treatments.enums import Activation, Anticoagulant, BaselineTube
from treatments.models import kept
from treatments.models.equipment import KitType
from treatments.models.session import Session

MOST_PLATELETS = 20_000
MOST_BLOOD_PLATELETS = 3_000


def _decimal(label: Any, digits: int, most: int, *, places: int = 1) -> "models.DecimalField[Any, Any]":
    return models.DecimalField(
        label,
        max_digits=digits,
        decimal_places=places,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(most)],
    )


def _between(field: str, low: float, high: float) -> Q:
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__gte": low, f"{field}__lte": high})


@pghistory.track()
class Draw(models.Model):
    """One venepuncture. Counts are of the blood before any processing; `baseline_tube` says of which tube.

    `blood_ml` excludes the anticoagulant.
    """

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="draws")
    attempt = models.PositiveSmallIntegerField(default=1)
    site = models.CharField(_("site"), max_length=40, blank=True)
    needle_gauge = models.PositiveSmallIntegerField(_("needle, G"), null=True, blank=True)
    blood_ml = _decimal(_("blood drawn, mL"), 5, 500)
    anticoagulant = models.CharField(_("anticoagulant"), max_length=16, choices=Anticoagulant, blank=True)
    anticoagulant_ml = _decimal(_("anticoagulant, mL"), 5, 100)
    drawn_at = models.DateTimeField(_("drawn at"), null=True, blank=True)
    baseline_platelets = models.PositiveIntegerField(
        _("platelets in blood, 10³/µL"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_BLOOD_PLATELETS)],
    )
    baseline_leucocytes = _decimal(_("leucocytes in blood, 10³/µL"), 5, 1000)
    baseline_neutrophils = _decimal(_("neutrophils in blood, 10³/µL"), 5, 1000)
    baseline_red_cells = _decimal(_("red cells in blood, 10⁶/µL"), 4, 15, places=2)
    baseline_haematocrit = _decimal(_("haematocrit, %"), 4, 75)
    baseline_tube = models.CharField(_("counted in"), max_length=16, choices=BaselineTube, blank=True)
    failed = models.BooleanField(_("failed"), default=False)
    failure = models.CharField(_("why it failed"), max_length=300, blank=True)

    class Meta:
        ordering = ["attempt"]
        constraints = [
            models.UniqueConstraint(fields=["session", "attempt"], name="one_draw_per_attempt"),
            models.CheckConstraint(
                condition=_between("baseline_platelets", 1, MOST_BLOOD_PLATELETS),
                name="baseline_not_measured_is_not_zero",
            ),
            models.CheckConstraint(
                condition=Q(blood_ml__isnull=True) | Q(blood_ml__gt=0, blood_ml__lte=500),
                name="draw_has_blood",
            ),
            models.CheckConstraint(
                condition=_between("anticoagulant_ml", 0, 100)
                & _between("needle_gauge", 14, 30)
                & _between("baseline_leucocytes", 0, 1000)
                & _between("baseline_red_cells", 0, 15)
                & _between("baseline_haematocrit", 0, 75)
                & (
                    Q(baseline_neutrophils__isnull=True)
                    | Q(baseline_leucocytes__isnull=True)
                    | Q(baseline_neutrophils__lte=F("baseline_leucocytes"))
                ),
                name="draw_is_possible",
            ),
            models.CheckConstraint(condition=Q(failed=False) | ~Q(failure=""), name="failed_draw_says_why"),
        ]
        triggers = kept.of_session()

    def __str__(self) -> str:
        return str(self.pk)


@pghistory.track()
class Preparation(models.Model):
    """What was made from one draw with one kit."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="preparations")
    draw = models.ForeignKey(
        Draw, null=True, blank=True, on_delete=models.PROTECT, related_name="preparations"
    )
    attempt = models.PositiveSmallIntegerField(default=1)
    kit = models.ForeignKey(KitType, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    kit_lot = models.CharField(_("kit lot"), max_length=40, blank=True)
    device_identifier = models.CharField(_("device identifier (GTIN)"), max_length=14, blank=True)
    kit_expires_on = models.DateField(_("kit expires on"), null=True, blank=True)
    device = models.ForeignKey(
        Resource,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("centrifuge"),
    )
    buffy_coat = models.BooleanField(_("buffy coat taken"), null=True, blank=True)
    plasma_removed_ml = _decimal(_("plasma removed, mL"), 5, 500)
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("made by"),
    )
    ready_at = models.DateTimeField(_("ready at"), null=True, blank=True)
    product_ml = _decimal(_("product, mL"), 4, 100)
    product_platelets = models.PositiveIntegerField(
        _("platelets in product, 10³/µL"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_PLATELETS)],
    )
    product_leucocytes = _decimal(_("leucocytes in product, 10³/µL"), 5, 1000)
    product_neutrophils = _decimal(_("neutrophils in product, 10³/µL"), 5, 1000)
    product_red_cells = _decimal(_("red cells in product, 10⁶/µL"), 4, 15, places=2)
    appearance = models.CharField(_("appearance"), max_length=80, blank=True)
    activation = models.CharField(_("activation"), max_length=10, choices=Activation, blank=True)
    additives = models.CharField(_("additives"), max_length=120, blank=True)
    failed = models.BooleanField(_("failed"), default=False)
    failure = models.CharField(_("why it failed"), max_length=300, blank=True)

    class Meta:
        ordering = ["attempt"]
        constraints = [
            models.UniqueConstraint(fields=["session", "attempt"], name="one_preparation_per_attempt"),
            models.CheckConstraint(
                condition=_between("product_platelets", 1, MOST_PLATELETS), name="not_measured_is_not_zero"
            ),
            models.CheckConstraint(
                condition=_between("product_ml", 0, 100)
                & _between("plasma_removed_ml", 0, 500)
                & _between("product_leucocytes", 0, 1000)
                & _between("product_red_cells", 0, 15)
                & (
                    Q(product_neutrophils__isnull=True)
                    | Q(product_leucocytes__isnull=True)
                    | Q(product_neutrophils__lte=F("product_leucocytes"))
                ),
                name="preparation_is_possible",
            ),
            models.CheckConstraint(
                condition=Q(device_identifier="") | Q(device_identifier__regex=r"^[0-9]{14}$"),
                name="scanned_device_has_14_digits",
            ),
            models.CheckConstraint(
                condition=Q(failed=False) | ~Q(failure=""), name="failed_preparation_says_why"
            ),
        ]
        triggers = kept.of_session()

    def __str__(self) -> str:
        return str(self.pk)


@pghistory.track()
class Spin(models.Model):
    """One run of the centrifuge. `g` is what counts; `rpm` with the radius is kept where that was entered."""

    preparation = models.ForeignKey(Preparation, on_delete=models.PROTECT, related_name="spins")
    position = models.PositiveSmallIntegerField(default=0)
    g = models.PositiveSmallIntegerField(_("force, g"))
    minutes = models.DecimalField(_("minutes"), max_digits=4, decimal_places=1)
    celsius = models.SmallIntegerField(_("temperature, °C"), null=True, blank=True)
    rpm = models.PositiveIntegerField(_("rpm as entered"), null=True, blank=True)
    radius_mm = models.PositiveSmallIntegerField(_("rotor radius, mm"), null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["preparation", "position"], name="one_spin_per_position"),
            models.CheckConstraint(
                condition=Q(g__gte=1, g__lte=5000)
                & Q(minutes__gt=0, minutes__lte=60)
                & _between("celsius", -10, 40)
                & (Q(rpm__isnull=True) | Q(rpm__gte=1, radius_mm__isnull=False)),
                name="spin_is_possible",
            ),
        ]
        triggers = kept.of_preparation()

    def __str__(self) -> str:
        return str(self.pk)
