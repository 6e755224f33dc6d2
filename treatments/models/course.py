"""A physician's order, the course that it opens, the gates before its repeats."""

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.ids import new_id
from clinic.models import Patient, Site
from scheduling.models import Resource
from treatments.enums import (
    COURSE_TRANSITIONS,
    ENDED_COURSE,
    OPEN_COURSE,
    CourseStatus,
    Decision,
    Level,
    OrderStatus,
    Side,
    Structure,
    Urgency,
)
from treatments.models.protocol import ProtocolVersion

_MOVES = ", ".join(sorted(f"'{old}>{new}'" for old, ways in COURSE_TRANSITIONS.items() for new in ways))


@pghistory.track()
class Course(models.Model):
    """One patient's treatment under one protocol version: the initial session and its follow-up series of 3–4.

    `approved_at`: when a physician last attested fitness; the approval lapses `approval_days` after it or after the
    last session, whichever is later. `extended_at`: the one extension, after which a fresh consent is due where the
    protocol asks for one.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="courses")
    protocol_version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="courses")
    physician = models.ForeignKey(
        Resource, on_delete=models.PROTECT, related_name="+", verbose_name=_("physician")
    )
    diagnosis_code = models.CharField(_("diagnosis code (ICD-10-CM)"), max_length=10)
    diagnosis = models.CharField(_("diagnosis"), max_length=200)
    status = models.CharField(max_length=12, choices=CourseStatus, default=CourseStatus.DRAFT)
    status_before_hold = models.CharField(max_length=12, blank=True)
    planned_sessions = models.PositiveSmallIntegerField(_("sessions"))
    hold_reason = models.CharField(_("why it is on hold"), max_length=300, blank=True)
    held_until = models.DateField(_("look at it again on"), null=True, blank=True)
    held_at = models.DateTimeField(null=True, blank=True)
    held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    extended = models.BooleanField(default=False)
    extended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["site", "status"], name="courses_by_status")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=CourseStatus.values), name="course_status_in_table"
            ),
            models.UniqueConstraint(
                fields=["patient", "protocol_version"],
                condition=Q(status__in=OPEN_COURSE),
                name="one_open_course_per_protocol",
            ),
            models.CheckConstraint(
                condition=~Q(status=CourseStatus.ON_HOLD) | (~Q(hold_reason="") & ~Q(status_before_hold="")),
                name="course_on_hold_says_why",
            ),
            models.CheckConstraint(
                condition=Q(status__in=ENDED_COURSE, ended_at__isnull=False)
                | Q(status__in=OPEN_COURSE, ended_at__isnull=True),
                name="course_end_is_dated",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="course_moves_by_table",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status__df=pgtrigger.F("new__status")),
                func=f"""
                    IF NOT (OLD.status || '>' || NEW.status) = ANY (ARRAY[{_MOVES}]) THEN
                        RAISE EXCEPTION 'This course does not move so.'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'course_moves_by_table';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="course_is_extended_once",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__extended=True),
                func="""
                    IF NEW.planned_sessions > OLD.planned_sessions OR NOT NEW.extended THEN
                        RAISE EXCEPTION 'A course is extended once.'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'course_is_extended_once';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


@pghistory.track()
class Order(models.Model):
    """The physician's wish for a course. The desk books from it and needs no clinical content for that."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="orders")
    course = models.OneToOneField(Course, on_delete=models.PROTECT, related_name="order")
    sessions = models.PositiveSmallIntegerField(_("sessions"))
    urgency = models.PositiveSmallIntegerField(_("urgency"), choices=Urgency, default=Urgency.ROUTINE)
    note_for_desk = models.CharField(_("note for the desk"), max_length=300, blank=True)
    status = models.CharField(max_length=10, choices=OrderStatus, default=OrderStatus.OPEN)
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["urgency", "created_at"]
        indexes = [
            models.Index(
                fields=["site", "urgency", "created_at"], condition=Q(status="open"), name="orders_to_book"
            )
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=OrderStatus.values), name="order_status_in_table")
        ]

    def __str__(self) -> str:
        return str(self.pk)


@pghistory.track()
class Target(models.Model):
    """One structure that the course means to treat: structure, level, side."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="targets")
    position = models.PositiveSmallIntegerField(default=0)
    structure = models.CharField(_("structure"), max_length=20, choices=Structure)
    level = models.CharField(_("level"), max_length=8, choices=Level)
    side = models.CharField(_("side"), max_length=8, choices=Side)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["course", "structure", "level", "side"], name="one_row_per_target"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.structure} {self.level} {self.side}"


@pghistory.track()
class Review(models.Model):
    """The physician's decision at the gate before a repeat: what was suggested, what was decided, by whom.

    `evidence` keeps what the physician saw and the thresholds that the suggestion was reckoned with, as
    `policies.gate.snapshot` writes them. A grave event after a decision opens the gate anew: the decision stays, marked
    `superseded_at`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="reviews")
    before_session = models.PositiveSmallIntegerField()
    suggestion = models.CharField(max_length=12, choices=Decision, blank=True)
    suggestion_rule = models.CharField(max_length=200, blank=True)
    evidence = models.JSONField(default=dict, blank=True)
    decision = models.CharField(max_length=12, choices=Decision)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["decided_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["course", "before_session"],
                condition=Q(superseded_at__isnull=True),
                name="one_review_per_repeat",
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)
