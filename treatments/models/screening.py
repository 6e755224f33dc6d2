"""What was answered on the checklists, and what a physician ruled about it. Both are ledgers: corrections are new rows."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.ids import new_id
from clinic.models import Site
from treatments.enums import Answer
from treatments.models.course import Course
from treatments.models.session import Session


def append_only() -> pgtrigger.Trigger:
    """Refuse every change and deletion of a row of the table."""
    return pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class ScreeningAnswer(models.Model):
    """One answer to one rule of the protocol's checklists.

    Of the booking's list it belongs to the course, of the day's list to the session too. The newest row of a rule
    counts; a rule without one is open. `measured_on`: the day that a number is of, the day of the answer otherwise.
    A number that was not measured is NULL and never 0. In the unit of its rule.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="screening_answers")
    session = models.ForeignKey(
        Session, null=True, blank=True, on_delete=models.PROTECT, related_name="screening_answers"
    )
    code = models.CharField(max_length=40)
    value = models.CharField(_("answer"), max_length=10, choices=Answer)
    number = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    measured_on = models.DateField(_("of which day"))
    note = models.CharField(_("note"), max_length=300, blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField()

    is_ledger = True

    class Meta:
        ordering = ["answered_at", "id"]
        indexes = [models.Index(fields=["course", "code", "answered_at"], name="answers_of_course")]
        constraints = [
            models.CheckConstraint(condition=Q(value__in=Answer.values), name="screening_answer_in_table"),
            models.CheckConstraint(
                condition=Q(value="number", number__isnull=False)
                | (~Q(value="number") & Q(number__isnull=True)),
                name="screening_number_is_measured",
            ),
        ]
        triggers = [append_only()]

    def __str__(self) -> str:
        return str(self.pk)


class ScreeningRuling(models.Model):
    """A physician's word on a line that stands: an override of a block, a review cleared, an open line waived.

    `basis` names what was ruled on (an answer, an open line of one session, a state of a medicine): when that is no
    longer what the line rests on, the ruling no longer counts.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="screening_rulings")
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="screening_rulings")
    code = models.CharField(max_length=60)
    basis = models.CharField(max_length=80)
    level = models.CharField(max_length=10)
    reason = models.CharField(_("reason"), max_length=300)
    ruled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ruled_at = models.DateTimeField()

    is_ledger = True

    class Meta:
        ordering = ["ruled_at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="screening_ruling_has_a_reason"),
        ]
        triggers = [append_only()]

    def __str__(self) -> str:
        return str(self.pk)
