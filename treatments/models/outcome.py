"""What the patient is asked and reports, what a clinician observes, and what went wrong."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic.ids import new_id
from clinic.models import Site
from treatments.enums import Observed, SheetStatus, Side, Source
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
    instrument = models.CharField(max_length=40, help_text="The code of its definition.")
    instrument_version = models.PositiveSmallIntegerField(default=1)
    time_point = models.CharField(max_length=50)
    answers = models.JSONField(default=dict)
    score = models.DecimalField(max_digits=7, decimal_places=3)
    answered_at = models.DateTimeField()
    source = models.CharField(max_length=10, choices=Source, default=Source.PAPER)

    class Meta:
        ordering = ["answered_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["course", "instrument", "time_point"], name="one_response_per_time_point"
            ),
            models.CheckConstraint(
                condition=Q(instrument__regex=r"^[a-z0-9][a-z0-9_]*$"), name="response_instrument_is_a_code"
            ),
            models.CheckConstraint(condition=Q(source__in=Source.values), name="response_source_in_table"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class AnswerSheet(models.Model):
    """What a patient is asked at one time point of a course, and what they have ticked so far.

    A draft without a history of its own: an instrument that is complete becomes a `Response`, which is the fact.
    `answers` holds the answers by instrument and item. Days are the site's. It may be answered through `until`;
    `closes_on` is the last day of the protocol's window.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="sheets")
    session = models.ForeignKey(
        Session, null=True, blank=True, on_delete=models.PROTECT, related_name="sheets"
    )
    time_point = models.CharField(max_length=50)
    instruments = models.JSONField(default=list)
    due_on = models.DateField()
    closes_on = models.DateField()
    until = models.DateField()
    nudge_on = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=SheetStatus, default=SheetStatus.OPEN)
    answers = models.JSONField(default=dict)
    asked_at = models.DateTimeField()
    nudged_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["due_on"]
        indexes = [
            models.Index(fields=["site", "until"], condition=Q(status="open"), name="sheets_open"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["course", "time_point"], name="one_sheet_per_time_point"),
            models.CheckConstraint(condition=Q(status__in=SheetStatus.values), name="sheet_status_in_table"),
            models.CheckConstraint(
                condition=Q(due_on__lte=F("until")) & Q(closes_on__lte=F("until")), name="sheet_days_ordered"
            ),
            models.CheckConstraint(
                condition=~Q(status="answered") | Q(answered_at__isnull=False), name="sheet_answered_has_time"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


@pghistory.track()
class InstrumentDefinition(models.Model):
    """A questionnaire that the clinic has loaded, as its licence allows: one row a version, whose text never changes.

    After `licence_until` it is not asked any more; what was answered stays and can be read.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=40)
    version = models.PositiveSmallIntegerField(default=1)
    document = models.JSONField()
    licence = models.CharField(_("licence"), max_length=200)
    licence_until = models.DateField(_("licence ends on"))
    is_active = models.BooleanField(_("in use"), default=True)
    loaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    loaded_at = models.DateTimeField()

    class Meta:
        ordering = ["code", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["site", "code", "version"], name="one_definition_per_version"),
            models.CheckConstraint(
                condition=Q(code__regex=r"^[a-z0-9][a-z0-9_]*$"), name="definition_code_is_a_code"
            ),
            models.CheckConstraint(condition=~Q(licence=""), name="definition_has_a_licence"),
        ]

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"


@pghistory.track()
class Observation(models.Model):
    """What a clinician measured or graded: "tissue strength", which no questionnaire measures. Not patient-reported."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="observations")
    what = models.CharField(_("what"), max_length=20, choices=Observed)
    side = models.CharField(_("side"), max_length=8, choices=Side, blank=True)
    value = models.DecimalField(_("value"), max_digits=6, decimal_places=1)
    observed_on = models.DateField(_("on"))
    observed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        ordering = ["observed_on", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(what__in=Observed.values), name="observed_in_table"),
            models.CheckConstraint(condition=Q(side__in=["", *Side.values]), name="observed_side_in_table"),
            models.CheckConstraint(condition=Q(value__gte=0), name="observed_not_below_zero"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
