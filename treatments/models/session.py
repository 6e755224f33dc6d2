"""One numbered PRP treatment: the visit that serves it, what was made from the blood, what was injected where."""

import pghistory
import pgtrigger
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic.ids import new_id
from clinic.models import Site
from scheduling.models import Appointment
from treatments.enums import Anticoagulant, Guidance, Level, SessionStatus, Side, Structure
from treatments.models.course import Course

_SIGNED = "A signed record is not changed: corrections are amendments."


def _refuse_when_session_is(
    status_expression: str, name: str, *, on: str = "session_id"
) -> pgtrigger.Trigger:
    """Refuse a change to rows that hang on a signed session, as a check violation that can be mapped by name."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func=f"""
            IF EXISTS (SELECT 1 FROM treatments_session s
                       WHERE s.id = (CASE WHEN TG_OP = 'DELETE' THEN OLD.{on} ELSE NEW.{on} END)
                         AND {status_expression}) THEN
                RAISE EXCEPTION '{_SIGNED}' USING ERRCODE = 'check_violation', CONSTRAINT = 'signed_record_is_kept';
            END IF;
            RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
        """,  # noqa: S608 - constants of this module
    )


@pghistory.track()
class Session(models.Model):
    """Clinical facts only; drawn, prepared, recovering and discharged are read from the visit's stages.

    Volumes in mL. `injected_at` is the first recorded injection: it consumes one session of the course
    and plans the recovery week.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="sessions")
    number = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=10, choices=SessionStatus, default=SessionStatus.PLANNED)
    injected_at = models.DateTimeField(null=True, blank=True)
    pain_before = models.PositiveSmallIntegerField(
        _("pain on the day, 0–10"), null=True, blank=True, validators=[MaxValueValidator(10)]
    )
    complications = models.CharField(_("complications"), max_length=500, blank=True)
    note = models.TextField(_("note"), blank=True, max_length=4000)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    signed_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["course", "number"], name="one_session_per_number"),
            models.CheckConstraint(
                condition=Q(status__in=SessionStatus.values), name="session_status_in_table"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["injected"]) | Q(injected_at__isnull=False),
                name="injected_session_has_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(status="signed") | Q(signed_at__isnull=False, signed_by__isnull=False),
                name="signed_session_has_its_author",
            ),
            models.CheckConstraint(
                condition=Q(pain_before__isnull=True) | Q(pain_before__lte=10), name="pain_0_to_10"
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="signed_session_is_kept",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__status="signed"),
                func=f"""
                    RAISE EXCEPTION '{_SIGNED}' USING ERRCODE = 'check_violation', CONSTRAINT = 'signed_record_is_kept';
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.pk}"


@pghistory.track()
class SessionBooking(models.Model):
    """The visit that serves a session. Ended bookings (moved away, cancelled, not done) are kept."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="bookings")
    appointment = models.OneToOneField(Appointment, on_delete=models.PROTECT, related_name="session_booking")
    is_open = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(is_open=True), name="one_open_booking_per_session"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


@pghistory.track()
class Preparation(models.Model):
    """What was made from the blood. A failed draw or kit is a further row, never an overwrite.

    Platelets and leucocytes in 10³/µL. A count that was not measured is NULL and never 0.
    """

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="preparations")
    attempt = models.PositiveSmallIntegerField(default=1)
    blood_ml = models.DecimalField(
        _("blood drawn, mL"),
        max_digits=5,
        decimal_places=1,
        validators=[MinValueValidator(1), MaxValueValidator(500)],
    )
    anticoagulant = models.CharField(
        _("anticoagulant"), max_length=16, choices=Anticoagulant, default=Anticoagulant.ACD_A
    )
    anticoagulant_ml = models.DecimalField(
        _("anticoagulant, mL"),
        max_digits=5,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    plasma_removed_ml = models.DecimalField(
        _("plasma removed, mL"),
        max_digits=5,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    product_ml = models.DecimalField(
        _("product, mL"),
        max_digits=4,
        decimal_places=1,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    baseline_platelets = models.PositiveIntegerField(
        _("platelets in blood, 10³/µL"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(3000)],
    )
    baseline_leucocytes = models.DecimalField(
        _("leucocytes in blood, 10³/µL"),
        max_digits=5,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    product_platelets = models.PositiveIntegerField(
        _("platelets in product, 10³/µL"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(20000)],
    )
    product_leucocytes = models.DecimalField(
        _("leucocytes in product, 10³/µL"),
        max_digits=5,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    kit_lot = models.CharField(_("kit lot"), max_length=40, blank=True)
    kit_expires_on = models.DateField(_("kit expires on"), null=True, blank=True)
    ready_at = models.DateTimeField(_("ready at"), null=True, blank=True)
    failed = models.BooleanField(_("failed"), default=False)

    class Meta:
        ordering = ["attempt"]
        constraints = [
            models.UniqueConstraint(fields=["session", "attempt"], name="one_preparation_per_attempt"),
            models.CheckConstraint(
                condition=Q(product_platelets__isnull=True) | Q(product_platelets__gt=0),
                name="not_measured_is_not_zero",
            ),
            models.CheckConstraint(
                condition=Q(blood_ml__gt=0) & Q(product_ml__lte=F("blood_ml")), name="product_from_blood"
            ),
        ]
        triggers = [_refuse_when_session_is("s.status = 'signed'", "signed_preparation_is_kept")]

    def __str__(self) -> str:
        return str(self.pk)


@pghistory.track()
class Injection(models.Model):
    """One injected target. Volume in mL."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="injections")
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
    injected_at = models.DateTimeField(_("at"))

    class Meta:
        ordering = ["position"]
        constraints = [models.CheckConstraint(condition=Q(volume_ml__gt=0), name="injection_has_a_volume")]
        triggers = [_refuse_when_session_is("s.status = 'signed'", "signed_injection_is_kept")]

    def __str__(self) -> str:
        return str(self.pk)


@pghistory.track()
class Amendment(models.Model):
    """A correction of a signed record: a new row with author, time and reason."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="amendments")
    text = models.TextField(max_length=2000)
    reason = models.CharField(max_length=300)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return str(self.pk)
