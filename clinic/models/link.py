"""Addresses by which a patient, or a contact of theirs, acts without an account."""

from django.db import models
from django.db.models import F, Q

from clinic.ids import new_id
from clinic.models.patient import Contact, Patient
from clinic.models.site import Site

MOST_TRIES = 5


class Link(models.Model):
    """One address: for one purpose, about one fact, for one person, until an hour. Of its secret only the hash is kept.

    `tries` counts birth dates given since the last right one; from MOST_TRIES on the link is locked until a member of
    staff has spoken to the patient. A ledger of its own kind without history: who used it stands in the audit.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="links")
    contact = models.ForeignKey(Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=40)
    about = models.CharField(max_length=80)
    token_hash = models.CharField(max_length=64, unique=True)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=40, blank=True, help_text="Why it was revoked: a code.")

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["patient", "purpose"], name="links_of_patient")]
        constraints = [
            models.UniqueConstraint(
                fields=["purpose", "about", "contact"],
                condition=Q(revoked_at__isnull=True),
                nulls_distinct=False,
                name="one_link_per_fact_and_person",
            ),
            models.CheckConstraint(condition=Q(tries__lte=MOST_TRIES), name="link_tries_bounded"),
            models.CheckConstraint(
                condition=Q(created_at__lt=F("expires_at")), name="link_expires_after_it_began"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
