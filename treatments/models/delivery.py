"""The patient on the day, the skin and the needle: everything of a session beside the blood."""

import pghistory
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from treatments.enums import (
    AnaestheticUse,
    Guidance,
    IdentityStep,
    Level,
    LocalAnaesthetic,
    RecordSection,
    Side,
    SkinAgent,
    Smoking,
    Structure,
)
from treatments.models import kept
from treatments.models.course import Target
from treatments.models.session import Session


@pghistory.track()
class Recipient(models.Model):
    """The patient as they were on the day. Height in cm, weight in kg, haemoglobin in g/dL."""

    session = models.OneToOneField(
        Session, primary_key=True, on_delete=models.PROTECT, related_name="recipient"
    )
    age_years = models.PositiveSmallIntegerField(_("age"), null=True, blank=True)
    sex = models.CharField(_("sex"), max_length=10, blank=True)
    height_cm = models.PositiveSmallIntegerField(_("height, cm"), null=True, blank=True)
    weight_kg = models.DecimalField(_("weight, kg"), max_digits=4, decimal_places=1, null=True, blank=True)
    bmi = models.DecimalField(_("BMI"), max_digits=4, decimal_places=1, null=True, blank=True)
    comorbidity = models.CharField(_("other illnesses"), max_length=500, blank=True)
    smoking = models.CharField(_("smoking"), max_length=8, choices=Smoking, blank=True)
    medicines = models.TextField(_("medicines, each with its last dose"), max_length=2000, blank=True)
    haemoglobin = models.DecimalField(
        _("haemoglobin, g/dL"), max_digits=3, decimal_places=1, null=True, blank=True
    )
    diagnosis_code = models.CharField(_("diagnosis code (ICD-10-CM)"), max_length=10, blank=True)
    diagnosis = models.CharField(_("diagnosis"), max_length=200, blank=True)
    imaging_on = models.DateField(_("imaging of"), null=True, blank=True)
    imaging = models.CharField(_("what it shows"), max_length=200, blank=True)
    prior_treatment = models.CharField(_("treated before with"), max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(Q(age_years__isnull=True) | Q(age_years__lte=125))
                & (Q(height_cm__isnull=True) | Q(height_cm__gte=50, height_cm__lte=250))
                & (Q(weight_kg__isnull=True) | Q(weight_kg__gte=10, weight_kg__lte=400))
                & (Q(bmi__isnull=True) | Q(bmi__gte=5, bmi__lte=150))
                & (Q(haemoglobin__isnull=True) | Q(haemoglobin__gt=0, haemoglobin__lte=25)),
                name="recipient_is_possible",
            )
        ]
        triggers = kept.of_session()

    def __str__(self) -> str:
        return str(self.pk)


@pghistory.track()
class Readying(models.Model):
    """Skin preparation and time-out: by whom, when, and what was said aloud (codes of TimeOutItem)."""

    session = models.OneToOneField(
        Session, primary_key=True, on_delete=models.PROTECT, related_name="readying"
    )
    skin_agent = models.CharField(_("skin prepared with"), max_length=16, choices=SkinAgent, blank=True)
    antibiotic = models.CharField(_("antibiotic"), max_length=80, blank=True)
    time_out_at = models.DateTimeField(_("time-out at"), null=True, blank=True)
    time_out_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    checked = models.JSONField(_("checked"), default=list, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(time_out_at__isnull=True) | Q(time_out_by__isnull=False),
                name="time_out_has_its_caller",
            )
        ]
        triggers = kept.of_session()

    def __str__(self) -> str:
        return str(self.pk)


@pghistory.track()
class Anaesthetic(models.Model):
    """A local anaesthetic: per cent and mL; whether it touched the product matters to the platelets."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="anaesthetics")
    position = models.PositiveSmallIntegerField(default=0)
    agent = models.CharField(_("anaesthetic"), max_length=12, choices=LocalAnaesthetic)
    percent = models.DecimalField(_("%"), max_digits=4, decimal_places=2, null=True, blank=True)
    ml = models.DecimalField(_("mL"), max_digits=4, decimal_places=1, null=True, blank=True)
    use = models.CharField(_("where"), max_length=8, choices=AnaestheticUse, default=AnaestheticUse.SKIN)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["session", "position"], name="one_anaesthetic_per_position"),
            models.CheckConstraint(
                condition=(Q(percent__isnull=True) | Q(percent__gt=0, percent__lte=10))
                & (Q(ml__isnull=True) | Q(ml__gt=0, ml__lte=60)),
                name="anaesthetic_is_possible",
            ),
        ]
        triggers = kept.of_session()

    def __str__(self) -> str:
        return str(self.pk)


@pghistory.track()
class Injection(models.Model):
    """One injected target, with the planned one that it serves. Volumes in mL.

    `product_minutes` is the age of the product when it was injected; `product_stale` says that this was more than
    the protocol allowed then. Both NULL: the time at which it was ready is not known.
    """

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="injections")
    target = models.ForeignKey(Target, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)
    structure = models.CharField(_("structure"), max_length=20, choices=Structure)
    level = models.CharField(_("level"), max_length=8, choices=Level)
    side = models.CharField(_("side"), max_length=8, choices=Side)
    volume_ml = models.DecimalField(
        _("volume, mL"),
        max_digits=4,
        decimal_places=1,
        validators=[MinValueValidator(0), MaxValueValidator(30)],
    )
    guidance = models.CharField(_("guidance"), max_length=12, choices=Guidance, default=Guidance.ULTRASOUND)
    needle_gauge = models.PositiveSmallIntegerField(_("needle, G"), null=True, blank=True)
    needle_mm = models.PositiveSmallIntegerField(_("needle, mm"), null=True, blank=True)
    approach = models.CharField(_("approach"), max_length=80, blank=True)
    contrast_ml = models.DecimalField(
        _("contrast, mL"), max_digits=3, decimal_places=1, null=True, blank=True
    )
    fluoro_seconds = models.PositiveSmallIntegerField(_("X-ray, s"), null=True, blank=True)
    image_saved = models.BooleanField(_("image kept"), null=True, blank=True)
    injected_at = models.DateTimeField(_("at"))
    product_minutes = models.PositiveIntegerField(_("age of the product, min"), null=True, blank=True)
    product_stale = models.BooleanField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(condition=Q(volume_ml__gt=0), name="injection_has_a_volume"),
            models.CheckConstraint(
                condition=(Q(needle_gauge__isnull=True) | Q(needle_gauge__gte=14, needle_gauge__lte=34))
                & (Q(needle_mm__isnull=True) | Q(needle_mm__gte=10, needle_mm__lte=250))
                & (Q(contrast_ml__isnull=True) | Q(contrast_ml__gte=0)),
                name="injection_is_possible",
            ),
        ]
        triggers = kept.of_session()

    def __str__(self) -> str:
        return str(self.pk)


@pghistory.track()
class Discharge(models.Model):
    """How the patient left. Blood pressure in mmHg, pulse per minute, saturation in per cent, pain 0–10."""

    session = models.OneToOneField(
        Session, primary_key=True, on_delete=models.PROTECT, related_name="discharge"
    )
    systolic = models.PositiveSmallIntegerField(_("systolic, mmHg"), null=True, blank=True)
    diastolic = models.PositiveSmallIntegerField(_("diastolic, mmHg"), null=True, blank=True)
    pulse = models.PositiveSmallIntegerField(_("pulse, /min"), null=True, blank=True)
    saturation = models.PositiveSmallIntegerField(_("oxygen saturation, %"), null=True, blank=True)
    pain_after = models.PositiveSmallIntegerField(_("pain after, 0–10"), null=True, blank=True)
    fit = models.BooleanField(_("fit to go home"), null=True, blank=True)
    escort = models.CharField(_("escort"), max_length=80, blank=True)
    left_at = models.DateTimeField(_("left at"), null=True, blank=True)
    instructions_given = models.BooleanField(_("instructions given"), null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(Q(systolic__isnull=True) | Q(systolic__gte=30, systolic__lte=300))
                & (Q(diastolic__isnull=True) | Q(diastolic__gte=10, diastolic__lte=200))
                & (Q(pulse__isnull=True) | Q(pulse__gte=20, pulse__lte=300))
                & (Q(saturation__isnull=True) | Q(saturation__gte=30, saturation__lte=100))
                & (Q(pain_after__isnull=True) | Q(pain_after__lte=10))
                & (Q(systolic__isnull=True) | Q(diastolic__isnull=True) | Q(diastolic__lt=F("systolic"))),
                name="discharge_is_possible",
            )
        ]
        triggers = kept.of_session()

    def __str__(self) -> str:
        return str(self.pk)


@pghistory.track()
class IdentityCheck(models.Model):
    """Two identifiers were read from the patient or the tube and were this patient's."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="identity_checks")
    step = models.CharField(max_length=10, choices=IdentityStep)
    checked_at = models.DateTimeField()
    checked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["checked_at"]
        triggers = kept.of_session()

    def __str__(self) -> str:
        return str(self.pk)


class SectionVersion(models.Model):
    """Who saved a part of the record last, and how often it was saved: by it a stale form is recognised."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="section_versions")
    section = models.CharField(max_length=12, choices=RecordSection)
    version = models.PositiveIntegerField(default=1)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "section"], name="one_version_per_section")]
        triggers = kept.of_session()

    def __str__(self) -> str:
        return f"{self.section} {self.version}"
