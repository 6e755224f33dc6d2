"""What went wrong."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.ids import new_id
from clinic.models import Site
from treatments.enums import (
    ENDED_EVENT,
    Causality,
    EventOutcome,
    EventSource,
    EventTerm,
    Seriousness,
)
from treatments.models.course import Course
from treatments.models.session import Session


@pghistory.track()
class AdverseEvent(models.Model):
    """Grade as in CTCAE, 1–5. Grade says how bad it is, seriousness what it led to: both are asked.

    Who recorded it says what was seen; the causality is a physician's judgement, with its author and time.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="adverse_events")
    session = models.ForeignKey(
        Session, null=True, blank=True, on_delete=models.PROTECT, related_name="adverse_events"
    )
    code = models.CharField(_("what happened"), max_length=20, choices=EventTerm, default=EventTerm.OTHER)
    term = models.CharField(_("in words"), max_length=80, blank=True)
    grade = models.PositiveSmallIntegerField(_("grade"))
    is_serious = models.BooleanField(_("serious"), default=False)
    seriousness = models.CharField(_("why serious"), max_length=16, choices=Seriousness, blank=True)
    causality = models.CharField(_("caused by the treatment"), max_length=12, choices=Causality, blank=True)
    assessed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    assessed_at = models.DateTimeField(null=True, blank=True)
    started_on = models.DateField(_("since"))
    resolved_on = models.DateField(_("until"), null=True, blank=True)
    outcome = models.CharField(
        _("outcome"), max_length=10, choices=EventOutcome, default=EventOutcome.ONGOING
    )
    source = models.CharField(
        _("how we learnt of it"), max_length=10, choices=EventSource, default=EventSource.VISIT
    )
    about = models.CharField(max_length=80, blank=True, help_text="The check-in that it was found in.")
    treatment = models.CharField(_("what was done about it"), max_length=300, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["started_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(grade__gte=1, grade__lte=5), name="adverse_event_grade_1_to_5"
            ),
            models.CheckConstraint(
                condition=Q(code__in=EventTerm.values), name="adverse_event_term_in_table"
            ),
            models.CheckConstraint(
                condition=~Q(code="other") | ~Q(term=""), name="other_adverse_event_has_words"
            ),
            models.CheckConstraint(
                condition=Q(is_serious=True) | Q(seriousness=""), name="only_a_serious_event_says_why"
            ),
            models.CheckConstraint(
                condition=Q(resolved_on__isnull=True) | Q(outcome__in=ENDED_EVENT),
                name="ended_event_has_its_outcome",
            ),
            models.CheckConstraint(
                condition=~Q(grade=5) | Q(outcome="fatal", is_serious=True), name="grade_5_is_fatal"
            ),
            models.CheckConstraint(
                condition=Q(causality="") | Q(assessed_by__isnull=False, assessed_at__isnull=False),
                name="causality_has_its_author",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def name(self) -> str:
        """What happened, as pages say it."""
        return self.term if self.code == EventTerm.OTHER else str(EventTerm(self.code).label)
