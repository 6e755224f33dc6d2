"""A patient's booked visit, the resources it holds, and its progress. What must never happen, the database refuses."""

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic.ids import new_id
from clinic.models import Patient, Site
from scheduling.enums import OCCUPYING, AppointmentStatus, ChangeKind, HoldReason, ReasonUse, Told
from scheduling.models.hours import well_formed
from scheduling.models.resource import Resource
from scheduling.models.visit_type import Requirement, VisitType


def default_reason_uses() -> list[str]:
    return [ReasonUse.CANCEL.value]


@pghistory.track()
class ChangeReason(models.Model):
    """A coded reason for a cancellation or a no-show, in words that the manager edits."""

    code = models.SlugField(primary_key=True, max_length=40)
    words = models.CharField(_("words"), max_length=120)
    by_patient = models.BooleanField(default=True)
    used_for = ArrayField(
        models.CharField(max_length=12, choices=ReasonUse), default=default_reason_uses, blank=True
    )
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return self.words

    @property
    def uses(self) -> list[str]:
        """For which changes it is offered, in words."""
        return [str(ReasonUse(use).label) for use in self.used_for]


@pghistory.track()
class Appointment(models.Model):
    """`period` runs from when to come until leaving, as planned. `purpose` is the opaque key of what it serves.

    `told_rev` rises only when time, place or existence as told to the patient changes; `version` rises on
    every save and lets a late edit of a stale form be refused.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="appointments")
    visit_type = models.ForeignKey(VisitType, on_delete=models.PROTECT, related_name="+")
    period = DateTimeRangeField()
    status = models.CharField(max_length=12, choices=AppointmentStatus, default=AppointmentStatus.BOOKED)
    purpose = models.UUIDField(null=True, blank=True)
    told = models.CharField(max_length=8, choices=Told, default=Told.MAIL)
    told_rev = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    reason = models.ForeignKey(
        ChangeReason, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.CharField(_("note for the desk"), max_length=300, blank=True)
    override_reason = models.CharField(
        _("why a rule was overridden"),
        max_length=300,
        blank=True,
        help_text="Which rules: in the audit event.",
    )
    arrived_at = models.DateTimeField(null=True, blank=True)
    expected_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When a patient who said they will be late means to come.")
    )
    delay_told_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When the patient was last told that the clinic runs late.")
    )
    squeezed_on = models.ForeignKey(
        Resource,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="squeezed",
        help_text=_("A squeeze-in: queued on this clinician, without holding them."),
    )
    call_day = models.DateField(null=True, blank=True)
    call_number = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text=_("Of the day, for the wall screen: given at arrival.")
    )
    request_key = models.UUIDField(
        null=True, blank=True, help_text="The form's key: a double click books once."
    )
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            GistIndex(
                fields=["site", "period"],
                name="appointments_of_site",
                opclasses=["gist_uuid_ops", "range_ops"],
            ),
            models.Index(fields=["patient", "status"], name="appointments_of_patient"),
            models.Index(fields=["purpose"], name="appointments_for_purpose"),
        ]
        constraints = [
            ExclusionConstraint(
                name="patient_in_two_visits",
                expressions=[("patient", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
                condition=Q(status__in=OCCUPYING),
            ),
            models.CheckConstraint(condition=well_formed("period"), name="appointment_period_well_formed"),
            models.CheckConstraint(
                condition=Q(status__in=AppointmentStatus.values), name="appointment_status_in_table"
            ),
            models.CheckConstraint(
                condition=~Q(status="cancelled") | Q(reason__isnull=False), name="cancelled_has_a_reason"
            ),
            models.UniqueConstraint(
                fields=["request_key"], condition=Q(request_key__isnull=False), name="one_booking_per_form"
            ),
            models.UniqueConstraint(
                fields=["site", "call_day", "call_number"],
                condition=Q(call_number__isnull=False),
                name="one_call_number_per_day",
            ),
            models.CheckConstraint(
                condition=Q(call_number__isnull=True) | Q(call_day__isnull=False),
                name="call_number_of_a_day",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Hold(models.Model):
    """Resources kept for a reason, with an owner, until `expires_at`. Never made for choosing."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=10, choices=HoldReason)
    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    visit_type = models.ForeignKey(VisitType, on_delete=models.PROTECT, related_name="+")
    period = DateTimeRangeField()
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    lead = models.ForeignKey(Resource, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    purpose = models.UUIDField(null=True, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    expires_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(released_at__isnull=True), name="holds_live")
        ]
        constraints = [
            models.CheckConstraint(condition=well_formed("period"), name="hold_period_well_formed")
        ]

    def __str__(self) -> str:
        return str(self.pk)


@pghistory.track()
class Allocation(models.Model):
    """One resource held for `period` (shown) and `blocks` (with turnover, excluded), by one appointment or one hold.

    Rows end by becoming inactive and are never moved: an UPDATE of two adjoining periods collides with itself.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="allocations")
    appointment = models.ForeignKey(
        Appointment, null=True, blank=True, on_delete=models.PROTECT, related_name="allocations"
    )
    hold = models.ForeignKey(
        Hold, null=True, blank=True, on_delete=models.PROTECT, related_name="allocations"
    )
    requirement = models.ForeignKey(
        Requirement, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    stage_code = models.CharField(max_length=40, blank=True)
    is_lead = models.BooleanField(default=False)
    period = DateTimeRangeField()
    blocks = DateTimeRangeField()
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="resource_taken_twice",
                expressions=[("resource", RangeOperators.EQUAL), ("blocks", RangeOperators.OVERLAPS)],
                condition=Q(active=True),
            ),
            models.CheckConstraint(condition=well_formed("period"), name="allocation_period_well_formed"),
            models.CheckConstraint(condition=well_formed("blocks"), name="allocation_blocks_well_formed"),
            models.CheckConstraint(
                condition=Q(blocks__contains=F("period")), name="allocation_blocks_hold_period"
            ),
            models.CheckConstraint(
                condition=Q(appointment__isnull=True, hold__isnull=False)
                | Q(appointment__isnull=False, hold__isnull=True),
                name="allocation_of_one_owner",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class VisitChange(models.Model):
    """What happened to a booked visit, by whom and why: a ledger, written once, never changed or deleted.

    `old_allocations` are the rows that the change ended, so that its undo can try for the same team again.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="changes")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=ChangeKind)
    reason = models.ForeignKey(
        ChangeReason, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    told = models.CharField(max_length=8, choices=Told, blank=True)
    old_status = models.CharField(max_length=12, blank=True)
    old_period = DateTimeRangeField(null=True, blank=True)
    new_period = DateTimeRangeField(null=True, blank=True)
    old_allocations = ArrayField(models.BigIntegerField(), default=list, blank=True)
    undoes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="undone_by"
    )
    actor_kind = models.CharField(max_length=10)
    actor_key = models.CharField(max_length=64)
    at = models.DateTimeField()

    is_ledger = True

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["appointment", "-at"], name="changes_of_visit"),
            models.Index(fields=["site", "at"], name="changes_of_site"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ChangeKind.values), name="change_kind_in_table"),
        ]
        triggers = [pgtrigger.Protect(name="changes_are_kept", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.kind} {self.appointment_id}"


@pghistory.track()
class VisitStage(models.Model):
    """A visit's progress through one stage: the plan beside the facts. Facts are never refused by a plan."""

    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="stages")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    done_name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField()
    planned_start = models.DateTimeField()
    planned_end = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["appointment", "code"], name="one_row_per_visit_and_stage"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(started_at__isnull=False),
                name="stage_started_before_it_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.appointment_id}"
