"""What the patient reports, and what went wrong."""

import pghistory
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.ids import new_id
from clinic.models import Site
from treatments.enums import Instrument
from treatments.models.course import Course
from treatments.models.session import Session


@pghistory.track()
class Response(models.Model):
    """A patient's answers to one instrument at one time point, and the score (its scale is the instrument's)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="responses")
    session = models.ForeignKey(
        Session, null=True, blank=True, on_delete=models.PROTECT, related_name="responses"
    )
    instrument = models.CharField(max_length=10, choices=Instrument)
    time_point = models.CharField(max_length=30)
    answers = models.JSONField(default=dict)
    score = models.DecimalField(max_digits=5, decimal_places=1)
    answered_at = models.DateTimeField()

    class Meta:
        ordering = ["answered_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["course", "instrument", "time_point"], name="one_response_per_time_point"
            ),
            models.CheckConstraint(
                condition=Q(instrument__in=Instrument.values), name="response_instrument_in_table"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


@pghistory.track()
class AdverseEvent(models.Model):
    """Grade as in CTCAE, 1–5."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="adverse_events")
    session = models.ForeignKey(
        Session, null=True, blank=True, on_delete=models.PROTECT, related_name="adverse_events"
    )
    term = models.CharField(_("what happened"), max_length=80)
    grade = models.PositiveSmallIntegerField(_("grade"))
    is_serious = models.BooleanField(_("serious"), default=False)
    started_on = models.DateField(_("since"))
    resolved_on = models.DateField(_("until"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        ordering = ["started_on"]
        constraints = [
            models.CheckConstraint(condition=Q(grade__gte=1, grade__lte=5), name="adverse_event_grade_1_to_5")
        ]

    def __str__(self) -> str:
        return str(self.pk)
