"""A telephone call with, or for, a patient: one line, kept for ever."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.enums import CallDirection, CallOutcome
from clinic.ids import new_id
from clinic.models.patient import Patient
from clinic.models.site import Site


class Call(models.Model):
    """Who was reached, and what about. `about` is a key such as `appointment:…`; a call to come back to is a Task.

    A ledger: a row is written once and never changed. Only erasure blanks its words, through the owner's function.
    """

    is_ledger = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(
        Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="calls"
    )
    about = models.CharField(max_length=80, blank=True)
    direction = models.CharField(max_length=4, choices=CallDirection, default=CallDirection.OUT)
    outcome = models.CharField(_("what came of it"), max_length=12, choices=CallOutcome)
    spoke_with = models.CharField(_("spoke with"), max_length=120, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    call_back_at = models.DateTimeField(_("call back at"), null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]
        indexes = [
            models.Index(fields=["site", "-at"], name="calls_of_site"),
            models.Index(fields=["patient", "-at"], name="calls_of_patient"),
            models.Index(fields=["about"], name="calls_about"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=CallOutcome.values), name="call_outcome_in_table"),
            models.CheckConstraint(
                condition=Q(direction__in=CallDirection.values), name="call_direction_in_table"
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="calls_are_kept",
                operation=pgtrigger.UpdateOf(  # type: ignore[no-untyped-call]  # the library has no types here
                    "site_id", "patient_id", "about", "direction", "outcome", "call_back_at", "by_id", "at"
                )
                | pgtrigger.Delete,
            )
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.pk}"
