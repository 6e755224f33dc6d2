"""Who waits for an earlier or any start, which slots became free, and what was offered to whom."""

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.ids import new_id
from clinic.models import Patient, Site
from scheduling.enums import DayPart, OfferStatus, WaitStatus, WaitUrgency
from scheduling.models.appointment import Appointment, Hold
from scheduling.models.hours import well_formed
from scheduling.models.resource import Resource
from scheduling.models.visit_type import VisitType


@pghistory.track()
class WaitlistEntry(models.Model):
    """A patient waits for a kind of visit. With `appointment` they have one and would come earlier."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="waiting")
    visit_type = models.ForeignKey(VisitType, on_delete=models.PROTECT, related_name="+")
    purpose = models.UUIDField(null=True, blank=True)
    appointment = models.ForeignKey(
        Appointment, null=True, blank=True, on_delete=models.PROTECT, related_name="waiting"
    )
    urgency = models.PositiveSmallIntegerField(_("urgency"), choices=WaitUrgency, default=WaitUrgency.ROUTINE)
    lead = models.ForeignKey(
        Resource,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("only with"),
    )
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(), default=list, blank=True, help_text=_("Empty: any day.")
    )
    part = models.CharField(_("part of the day"), max_length=10, choices=DayPart, default=DayPart.ANY)
    not_before = models.DateField(_("not before"), null=True, blank=True)
    not_after = models.DateField(_("not after"), null=True, blank=True)
    notice_hours = models.PositiveSmallIntegerField(_("needs notice of (hours)"), default=24)
    note = models.CharField(_("note for the desk"), max_length=200, blank=True)
    status = models.CharField(max_length=10, choices=WaitStatus, default=WaitStatus.WAITING)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["urgency", "created_at"]
        verbose_name_plural = "waitlist entries"
        indexes = [
            models.Index(
                fields=["site", "visit_type", "urgency", "created_at"],
                condition=Q(status="waiting"),
                name="waiting_in_order",
            ),
            models.Index(fields=["patient", "status"], name="waiting_of_patient"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=WaitStatus.values), name="wait_status_in_table"),
            models.UniqueConstraint(
                fields=["patient", "visit_type"],
                condition=Q(status__in=["waiting", "offered"]),
                name="waiting_once_per_visit_type",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class FreedSlot(models.Model):
    """Time that a cancelled, moved or missed visit gave back. A ledger: what became of it is filled in once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    visit_type = models.ForeignKey(VisitType, on_delete=models.PROTECT, related_name="+")
    lead = models.ForeignKey(Resource, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    period = DateTimeRangeField()
    source = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="freed")
    freed_at = models.DateTimeField()
    offer_from = models.DateTimeField(help_text=_("After the grace in which a mis-click is taken back."))
    filled_by = models.ForeignKey(
        Appointment, null=True, blank=True, on_delete=models.PROTECT, related_name="filled"
    )
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["period"]
        indexes = [
            models.Index(fields=["offer_from"], condition=Q(closed_at__isnull=True), name="freed_to_offer"),
            models.Index(fields=["site", "freed_at"], name="freed_of_site"),
        ]
        constraints = [
            models.CheckConstraint(condition=well_formed("period"), name="freed_period_well_formed")
        ]

    def __str__(self) -> str:
        return str(self.pk)


@pghistory.track()
class Offer(models.Model):
    """One start offered to one waiting patient, held for them until `expires_at`.

    `token_hash` is the hash of the link's secret; the link itself is in the mail alone.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    entry = models.ForeignKey(WaitlistEntry, on_delete=models.PROTECT, related_name="offers")
    freed = models.ForeignKey(
        FreedSlot, null=True, blank=True, on_delete=models.PROTECT, related_name="offers"
    )
    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, related_name="offer")
    start = models.DateTimeField()
    status = models.CharField(max_length=10, choices=OfferStatus, default=OfferStatus.OPEN)
    expires_at = models.DateTimeField()
    token_hash = models.CharField(max_length=64, blank=True)
    appointment = models.ForeignKey(
        Appointment, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(status="open"), name="offers_open"),
            models.Index(fields=["token_hash"], condition=~Q(token_hash=""), name="offers_by_token"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=OfferStatus.values), name="offer_status_in_table"),
            models.UniqueConstraint(
                fields=["entry"], condition=Q(status="open"), name="one_open_offer_per_entry"
            ),
            models.UniqueConstraint(
                fields=["freed"],
                condition=Q(status="open", freed__isnull=False),
                name="one_open_offer_per_slot",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
