"""Versioned clinical settings. Every number is a default that the clinic's physician edits and signs off."""

from functools import cached_property

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic.ids import new_id
from clinic.models import Site
from scheduling.models import VisitType
from treatments import clinical_rules

_SIGNED = "A signed protocol version is not changed: a change is a new version."


def _raise() -> str:
    return f"RAISE EXCEPTION '{_SIGNED}' USING ERRCODE = 'check_violation', CONSTRAINT = 'signed_protocol_is_kept';"


def default_recovery_days() -> list[int]:
    return [0, 1, 3, 7]


@pghistory.track()
class Protocol(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=120)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class ProtocolVersion(models.Model):
    """One version: a draft until a physician signs it off, then kept by the database as it was signed.

    A course keeps the version under which it was opened; a change is a new version, of which each protocol has at most
    one in draft. `revision` counts the saves of the whole draft, rules included.

    Intervals and leads are whole days between procedure dates. They are defaults of ours: no published
    consensus on number or spacing exists for the spine.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    protocol = models.ForeignKey(Protocol, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    session_visit = models.ForeignKey(VisitType, on_delete=models.PROTECT, related_name="+")
    review_visit = models.ForeignKey(
        VisitType, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    planned_sessions = models.PositiveSmallIntegerField(_("planned sessions"), default=4)
    max_sessions = models.PositiveSmallIntegerField(_("most sessions"), default=5)
    interval_days = models.PositiveSmallIntegerField(_("planned interval"), default=28)
    interval_warn_days = models.PositiveSmallIntegerField(_("warn below"), default=14)
    interval_block_days = models.PositiveSmallIntegerField(_("refuse below"), default=7)
    interval_max_days = models.PositiveSmallIntegerField(_("warn above"), default=56)
    interval_overridable = models.BooleanField(_("a physician may go below with a reason"), default=True)
    review_lead_days = models.PositiveSmallIntegerField(_("review before the repeat"), default=12)
    preparation_lead_days = models.PositiveSmallIntegerField(_("preparation before the session"), default=10)
    approval_days = models.PositiveSmallIntegerField(_("approval lapses after"), default=180)
    recovery_days = models.JSONField(
        _("days of the recovery week with a mail"), default=default_recovery_days
    )
    evidence_note = models.CharField(_("evidence statement, with its source"), max_length=400, blank=True)
    based_on = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    change_note = models.CharField(_("what is new, and why"), max_length=400, blank=True)
    revision = models.PositiveIntegerField(default=1)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    signed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["protocol", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["protocol", "number"], name="one_protocol_version_per_number"),
            models.CheckConstraint(
                condition=Q(interval_block_days__lte=F("interval_warn_days"))
                & Q(interval_warn_days__lte=F("interval_days"))
                & Q(interval_days__lte=F("interval_max_days")),
                name="protocol_intervals_ordered",
            ),
            models.CheckConstraint(
                condition=Q(review_lead_days__lte=F("interval_days"))
                & Q(preparation_lead_days__lte=F("interval_days")),
                name="protocol_leads_within_interval",
            ),
            models.CheckConstraint(
                condition=Q(planned_sessions__gte=1) & Q(planned_sessions__lte=F("max_sessions")),
                name="protocol_sessions_ordered",
            ),
            models.UniqueConstraint(
                fields=["protocol"], condition=Q(signed_at__isnull=True), name="one_draft_per_protocol"
            ),
            models.CheckConstraint(
                condition=Q(signed_at__isnull=True, signed_by__isnull=True)
                | Q(signed_at__isnull=False, signed_by__isnull=False),
                name="protocol_signature_is_whole",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="signed_version_is_kept",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__signed_at__isnull=False),
                func=_raise(),
            )
        ]

    def __str__(self) -> str:
        return f"{self.protocol_id} v{self.number}"

    @cached_property
    def clinical(self) -> clinical_rules.ClinicalRules:
        """The version's rules in their shapes. One query, once."""
        return clinical_rules.load(self.rules.document)


@pghistory.track()
class ProtocolRules(models.Model):
    """The clinical rules of one version: checklists, medicines, targets, time points, thresholds, presets.

    A table of its own: the document is large, and what joins a version for its intervals does not need it.
    """

    version = models.OneToOneField(
        ProtocolVersion, primary_key=True, on_delete=models.PROTECT, related_name="rules"
    )
    document = models.JSONField(default=clinical_rules.default_document)

    class Meta:
        triggers = [
            pgtrigger.Trigger(
                name="signed_rules_are_kept",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func=f"""
                    IF EXISTS (SELECT 1 FROM treatments_protocolversion v
                               WHERE v.id = OLD.version_id AND v.signed_at IS NOT NULL) THEN
                        {_raise()}
                    END IF;
                    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
                """,  # noqa: S608 - constants of this module
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)
