"""One numbered PRP treatment: its state, the visit that serves it, its amendments."""

import pghistory
import pgtrigger
from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.ids import new_id
from clinic.models import Site
from scheduling.models import Appointment
from treatments.enums import SessionStatus
from treatments.models import kept
from treatments.models.course import Course


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
                    RAISE EXCEPTION '{kept.SIGNED}' USING ERRCODE = 'check_violation', CONSTRAINT = 'signed_record_is_kept';
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
