"""What a patient says of the days after a session."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic.ids import new_id
from clinic.models import Contact, Site
from treatments.enums import Able, PainMedicine, Source, Trend
from treatments.models.session import Session


class CheckIn(models.Model):
    """One answer, by the patient, a contact of theirs, or a member of staff who asked on the phone.

    A ledger: written once, never changed; who thinks better of it answers again. `day` counts local calendar days
    from the injection. `answered_at` is when it was filled in, which lies before `received_at` where the phone had no
    network. `client_key` was made by whoever sent it, so that what arrives twice is kept once. An empty answer was not
    given; pain is 0–10, NULL where it was not said and never 0 for that. `red_flags` are codes of the course's protocol
    version, and `emergency` says whether one of them is an emergency there.
    """

    is_ledger = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="check_ins")
    client_key = models.UUIDField()
    day = models.PositiveSmallIntegerField()
    pain = models.PositiveSmallIntegerField(_("pain, 0–10"), null=True, blank=True)
    trend = models.CharField(_("compared with yesterday"), max_length=8, choices=Trend, blank=True)
    able = models.CharField(_("everyday things"), max_length=8, choices=Able, blank=True)
    medicine = models.CharField(_("taken for the pain"), max_length=12, choices=PainMedicine, blank=True)
    red_flags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    emergency = models.BooleanField(default=False)
    note = models.CharField(_("in their own words"), max_length=300, blank=True)
    source = models.CharField(max_length=10, choices=Source)
    contact = models.ForeignKey(Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["answered_at"]
        constraints = [
            models.UniqueConstraint(fields=["session", "client_key"], name="one_check_in_per_key"),
            models.CheckConstraint(
                condition=Q(pain__isnull=True) | Q(pain__lte=10), name="check_in_pain_0_to_10"
            ),
            models.CheckConstraint(
                condition=Q(trend__in=["", *Trend.values]), name="check_in_trend_in_table"
            ),
            models.CheckConstraint(condition=Q(able__in=["", *Able.values]), name="check_in_able_in_table"),
            models.CheckConstraint(
                condition=Q(medicine__in=["", *PainMedicine.values]), name="check_in_medicine_in_table"
            ),
            models.CheckConstraint(condition=Q(source__in=Source.values), name="check_in_source_in_table"),
            models.CheckConstraint(
                condition=Q(emergency=False) | Q(red_flags__len__gt=0), name="check_in_emergency_has_its_flag"
            ),
            models.CheckConstraint(
                condition=Q(answered_at__lte=F("received_at")), name="check_in_answered_before_received"
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="check_ins_are_kept",
                operation=pgtrigger.UpdateOf(  # type: ignore[no-untyped-call]  # the library has no types here
                    "site_id",
                    "session_id",
                    "client_key",
                    "day",
                    "pain",
                    "trend",
                    "able",
                    "medicine",
                    "red_flags",
                    "emergency",
                    "source",
                    "contact_id",
                    "recorded_by_id",
                    "answered_at",
                    "received_at",
                )
                | pgtrigger.Delete,
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def has_red_flag(self) -> bool:
        return bool(self.red_flags)
