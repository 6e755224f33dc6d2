"""What is kept of a record beside its rows: what followed from it, who signed what, and what was corrected later."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from treatments.enums import RecordSection, SignatureKind
from treatments.models import kept
from treatments.models.session import Session


class Derivation(models.Model):
    """What followed from the record by one version of the algorithm. Dose in 10⁹ platelets, factor in times.

    Written anew with every save while the record is open; the row of a signed record is not changed any more. A later
    version of the algorithm adds a row of its own.
    """

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="derivations")
    algorithm = models.PositiveSmallIntegerField()
    figures = models.JSONField(
        help_text="By name: the value as text or null, and the rows that are missing for it."
    )
    factor = models.DecimalField(max_digits=7, decimal_places=1, null=True)
    dose = models.DecimalField(max_digits=7, decimal_places=1, null=True)
    leucocytes = models.CharField(max_length=8, blank=True)
    paw = models.CharField(max_length=8, blank=True)
    missing = models.JSONField(
        default=list, help_text="Fields that the protocol asks for and the record lacks."
    )
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "algorithm"], name="one_derivation_per_algorithm")
        ]
        triggers = [kept.rewriting_of_session()]

    def __str__(self) -> str:
        return str(self.pk)


class Signature(models.Model):
    """Who signed what, when. `digest` is of the whole record as it was signed; `entries` are the parts that others
    had written, and which the signature takes over. A ledger: rows are written once."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="signatures")
    kind = models.CharField(max_length=12, choices=SignatureKind)
    amendment = models.OneToOneField(
        "treatments.Amendment", null=True, blank=True, on_delete=models.PROTECT, related_name="cosignature"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    digest = models.CharField(max_length=64)
    entries = models.JSONField(default=list, help_text="Section, account and time of each part.")

    is_ledger = True

    class Meta:
        ordering = ["at"]
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(kind="record"), name="one_signature_per_record"
            ),
            models.CheckConstraint(
                condition=Q(kind="record", amendment__isnull=True)
                | Q(kind="amendment", amendment__isnull=False),
                name="cosignature_names_its_amendment",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="signature_is_kept", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Amendment(models.Model):
    """A correction of a signed record: a new row with author, time and reason, beside the part that it corrects.

    A ledger. One that a nurse wrote waits for a physician's co-signature, which is a `Signature`.
    """

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="amendments")
    section = models.CharField(_("part of the record"), max_length=12, choices=RecordSection, blank=True)
    text = models.TextField(max_length=2000)
    reason = models.CharField(max_length=300)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    needs_cosignature = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    is_ledger = True

    class Meta:
        ordering = ["created_at"]
        triggers = [
            pgtrigger.Protect(name="amendment_is_kept", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return str(self.pk)
