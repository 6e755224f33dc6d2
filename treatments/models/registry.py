"""Who took de-identified rows out of the house, when, of what, and why."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic.ids import new_id
from treatments.enums import ExportPurpose


class RegistryExport(models.Model):
    """One export that was begun. A ledger: that it ran to its end, and with how many rows, is an audit event.

    `first` and `last`: days between which its courses began, both included.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site_ids = ArrayField(models.UUIDField())
    purpose = models.CharField(_("purpose"), max_length=10, choices=ExportPurpose)
    reason = models.CharField(_("reason"), max_length=300)
    first = models.DateField()
    last = models.DateField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    is_ledger = True

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(purpose__in=ExportPurpose.values), name="export_purpose_in_table"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="export_says_why"),
            models.CheckConstraint(condition=Q(first__lte=F("last")), name="export_days_ordered"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
