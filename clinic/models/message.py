"""The outbox: one row is one mail to one patient, due at one time."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.enums import HandWay, MessageState
from clinic.ids import new_id
from clinic.models.patient import Contact, Patient
from clinic.models.site import Site


class MessageText(models.Model):
    """One version of a kind's words in one language. Rows never change: what was sent can be shown for ever."""

    kind = models.CharField(max_length=40)
    language = models.CharField(max_length=8)
    version = models.PositiveIntegerField()
    subject = models.CharField(max_length=150)
    preheader = models.CharField(
        max_length=150, blank=True, help_text=_("What a mailbox shows beside the subject.")
    )
    body = models.TextField(
        max_length=5000, help_text=_("Paragraphs divided by blank lines; {placeholders} in braces.")
    )
    is_default = models.BooleanField(default=True, help_text=_("Came with the software, not edited here."))
    created_at = models.DateTimeField()
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    restores = models.PositiveIntegerField(
        null=True, blank=True, help_text="The earlier version whose words these are."
    )

    is_ledger = True

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "language", "version"], name="one_text_per_version")
        ]
        triggers = [pgtrigger.Protect(name="text_is_kept", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.kind} {self.language} v{self.version}"


class Message(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="messages")
    contact = models.ForeignKey(Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40)
    about = models.CharField(
        max_length=80, help_text="What it speaks of, as the kind understands it: appointment:<uuid>."
    )
    about_rev = models.PositiveIntegerField(help_text="The revision of that fact which this mail tells.")
    idempotency_key = models.CharField(max_length=160, unique=True)
    state = models.CharField(max_length=12, choices=MessageState, default=MessageState.PENDING)
    reason = models.CharField(max_length=60, blank=True, help_text="Why it ended as it did: a code.")
    withdrawn = models.CharField(
        max_length=60,
        blank=True,
        help_text="A code: the fact changed. Where a sender held it by then, it is not started again.",
    )
    planned_for = models.DateTimeField(help_text="The instant the fact asks for.")
    next_at = models.DateTimeField(help_text="Not claimed before; moves with retries and quiet hours.")
    expires_at = models.DateTimeField(help_text="Never started at or after this instant.")
    attempts = models.PositiveSmallIntegerField(default=0)
    lapses = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        help_text="How often its sender died before starting it: from the first on it is taken alone.",
    )
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    counted_on = models.DateField(
        null=True, blank=True, help_text="The site's day whose one mail to this person it is."
    )
    carried_by = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="riders",
        help_text="The mail in which its words went.",
    )
    smtp_code = models.PositiveSmallIntegerField(null=True, blank=True)
    text = models.ForeignKey(MessageText, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    snapshot = models.JSONField(
        null=True, blank=True, help_text="Exactly the placeholders used, and the address."
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["planned_for"]
        indexes = [
            models.Index(
                fields=["site", "next_at"], condition=Q(state="pending"), name="message_due_at_site"
            ),
            models.Index(
                fields=["lease_until"], condition=Q(state__in=["leased", "sending"]), name="message_leased"
            ),
            models.Index(fields=["id"], condition=Q(state="uncertain"), name="message_uncertain"),
            models.Index(fields=["patient", "planned_for"], name="message_of_patient"),
            models.Index(
                fields=["site", "next_at"],
                condition=Q(state__in=["pending", "leased", "sending"]),
                name="message_waiting_at_site",
            ),
            models.Index(
                fields=["site", "planned_for"],
                condition=~Q(state__in=["pending", "leased", "sending"]),
                name="message_ended_at_site",
            ),
            models.Index(fields=["about"], name="message_about"),
            models.Index(fields=["carried_by"], condition=Q(carried_by__isnull=False), name="message_riders"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=MessageState.values), name="message_state_in_table"),
            models.CheckConstraint(
                condition=Q(state__in=["leased", "sending"]) | Q(lease_token__isnull=True),
                name="message_lease_only_while_held",
            ),
            models.UniqueConstraint(
                fields=["patient", "contact", "counted_on"],
                condition=Q(counted_on__isnull=False),
                nulls_distinct=False,
                name="one_mail_a_day",
            ),
            models.CheckConstraint(
                condition=Q(carried_by__isnull=True) | Q(counted_on__isnull=True),
                name="message_riders_count_with_their_carrier",
            ),
            models.CheckConstraint(
                condition=Q(planned_for__lt=models.F("expires_at")), name="message_expires_after_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class HandDelivery(models.Model):
    """A patient without an address was told by phone or letter what this message says. Written once."""

    message = models.OneToOneField(
        Message, primary_key=True, on_delete=models.PROTECT, related_name="hand_delivery"
    )
    way = models.CharField(max_length=10, choices=HandWay)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    is_ledger = True

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(way__in=HandWay.values), name="hand_delivery_way_in_table")
        ]
        triggers = [
            pgtrigger.Protect(name="told_by_hand_is_kept", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.way} {self.message_id}"
