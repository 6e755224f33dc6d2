"""Who did what to which record, and when. Append-only; ids and codes only; no foreign keys, so that an event
outlives what it describes."""

import pgtrigger
from django.db import models


class AuditEvent(models.Model):
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10)
    actor_key = models.CharField(max_length=60)
    action = models.CharField(max_length=80)
    subject_type = models.CharField(max_length=60, blank=True)
    subject_key = models.CharField(max_length=40, blank=True)
    patient_id = models.UUIDField(null=True)
    site_id = models.UUIDField(null=True)
    request_id = models.CharField(max_length=60, blank=True)
    detail = models.JSONField(default=dict)

    is_ledger = True

    class Meta:
        indexes = [
            models.Index(fields=["patient_id", "at"], name="audit_of_patient"),
            models.Index(fields=["subject_type", "subject_key", "at"], name="audit_of_subject"),
            models.Index(fields=["actor_key", "at"], name="audit_of_actor"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(actor_kind="") & ~models.Q(actor_key=""), name="audit_event_has_an_actor"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="no_truncate",
                level=pgtrigger.Statement,
                when=pgtrigger.Before,
                operation=pgtrigger.Truncate,
                func="RAISE EXCEPTION 'Audit events are kept.' USING ERRCODE = 'insufficient_privilege';",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.pk}"
