"""What a patient takes, that somebody asked for all of it, and what a prescriber decided."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from clinic.ids import new_id
from clinic.models import Patient, Site
from treatments.enums import MedicineKind, MedicinePlan, PrescriberWord
from treatments.models.course import Course
from treatments.models.screening import append_only


@pghistory.track()
class Medicine(models.Model):
    """One medicine of a patient, in every course of theirs. `ended_on`: not taken any more."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="medicines")
    name = models.CharField(_("medicine"), max_length=120)
    group = models.CharField(_("kind"), max_length=16, choices=MedicineKind)
    dose = models.CharField(_("dose"), max_length=120, blank=True)
    prescriber = models.CharField(_("prescribed by"), max_length=160, blank=True)
    last_dose_on = models.DateField(_("last taken on"), null=True, blank=True)
    plan = models.CharField(_("plan"), max_length=10, choices=MedicinePlan, default=MedicinePlan.TABLE)
    note = models.CharField(_("note"), max_length=300, blank=True)
    ended_on = models.DateField(_("not taken any more since"), null=True, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(group__in=MedicineKind.values), name="medicine_group_in_table"
            ),
            models.CheckConstraint(condition=Q(plan__in=MedicinePlan.values), name="medicine_plan_in_table"),
            models.UniqueConstraint(
                "patient",
                Lower("name"),
                condition=Q(ended_on__isnull=True),
                name="one_open_medicine_per_name",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class MedicineCheck(models.Model):
    """Somebody asked the patient for everything they take, and the list was complete. An empty list is one too."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="medicine_checks")
    checked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    checked_at = models.DateTimeField()

    is_ledger = True

    class Meta:
        ordering = ["checked_at"]
        triggers = [append_only()]

    def __str__(self) -> str:
        return str(self.pk)


class PrescriberDecision(models.Model):
    """What the prescriber of a medicine decided for one course: who said it, when, what. A newer one replaces it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="prescriber_decisions")
    medicine = models.ForeignKey(Medicine, on_delete=models.PROTECT, related_name="decisions")
    word = models.CharField(_("decision"), max_length=10, choices=PrescriberWord)
    words = models.CharField(_("in their words"), max_length=400)
    decided_by = models.CharField(_("who decided"), max_length=160)
    decided_on = models.DateField(_("when"))
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    is_ledger = True

    class Meta:
        ordering = ["recorded_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(word__in=PrescriberWord.values), name="prescriber_word_in_table"
            ),
            models.CheckConstraint(
                condition=~Q(decided_by="") & ~Q(words=""), name="prescriber_decision_is_whole"
            ),
        ]
        triggers = [append_only()]

    def __str__(self) -> str:
        return str(self.pk)
