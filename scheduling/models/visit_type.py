"""What kinds of visit there are, the stages of each, and what each stage or span of it needs."""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.ids import new_id
from clinic.models import Site
from scheduling.models.resource import Resource, ResourceKind


@pghistory.track()
class VisitType(models.Model):
    """Consultation, PRP session, review. All lengths are whole minutes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="visit_types")
    code = models.SlugField(max_length=40)
    name = models.CharField(_("name"), max_length=120)
    minutes = models.PositiveSmallIntegerField(
        _("length in minutes"), help_text=_("From when to come until leaving.")
    )
    grid_minutes = models.PositiveSmallIntegerField(_("offered every (minutes)"), default=15)
    notice_minutes = models.PositiveIntegerField(_("shortest notice (minutes)"), default=0)
    horizon_days = models.PositiveSmallIntegerField(_("booked at most (days ahead)"), default=365)
    offer_minutes = models.PositiveSmallIntegerField(
        _("an offer stands (minutes)"),
        default=120,
        help_text=_(
            "How long a waiting patient has to answer when a time that became free is held for them."
        ),
    )
    bring = models.CharField(_("what to bring"), max_length=300, blank=True)
    needs_order = models.BooleanField(
        _("needs an order"),
        default=False,
        help_text=_("Booked from a physician's order only, never on its own."),
    )
    is_active = models.BooleanField(_("in use"), default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["site", "code"], name="one_visit_type_per_code"),
            models.CheckConstraint(
                condition=Q(minutes__gt=0) & Q(grid_minutes__gt=0), name="visit_type_lengths_positive"
            ),
            models.CheckConstraint(condition=Q(offer_minutes__gte=30), name="offer_leaves_time_to_answer"),
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class Stage(models.Model):
    """A part of a visit. `code` is stable: check_in, draw, separation, injection, recovery."""

    visit_type = models.ForeignKey(VisitType, on_delete=models.CASCADE, related_name="stages")
    code = models.SlugField(max_length=40)
    name = models.CharField(_("name"), max_length=80)
    done_name = models.CharField(
        _("when done"), max_length=80, help_text=_("The word once it has ended: drawn, prepared.")
    )
    position = models.PositiveSmallIntegerField()
    offset = models.PositiveSmallIntegerField(_("starts after (minutes)"))
    minutes = models.PositiveSmallIntegerField(_("length (minutes)"))

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["visit_type", "code"], name="one_stage_per_code"),
            models.CheckConstraint(condition=Q(minutes__gt=0), name="stage_length_positive"),
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class Requirement(models.Model):
    """What a stage or a span of the visit needs.

    It has a span of its own, because the chair outlasts its nurse. `turnover` minutes after the span
    are blocked too, for cleaning; they may run past closing time.
    """

    visit_type = models.ForeignKey(VisitType, on_delete=models.CASCADE, related_name="requirements")
    stage = models.ForeignKey(
        Stage, null=True, blank=True, on_delete=models.CASCADE, related_name="requirements"
    )
    kind = models.ForeignKey(ResourceKind, on_delete=models.PROTECT, related_name="+")
    also_kinds = ArrayField(
        models.SlugField(max_length=40),
        default=list,
        blank=True,
        help_text=_("Codes of further kinds of resource that will do as well."),
    )
    count = models.PositiveSmallIntegerField(default=1)
    offset = models.PositiveSmallIntegerField()
    minutes = models.PositiveSmallIntegerField()
    turnover = models.PositiveSmallIntegerField(default=0)
    is_lead = models.BooleanField(default=False, help_text=_("The clinician with whom the visit is booked."))

    class Meta:
        ordering = ["offset", "kind"]
        constraints = [
            models.CheckConstraint(
                condition=Q(minutes__gt=0) & Q(count__gt=0), name="requirement_span_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} × {self.kind_id}"


@pghistory.track()
class Qualification(models.Model):
    """This clinician may serve visits of this type. A type without any row is open to every clinician of the kinds
    that it asks for; with rows, only those named serve the requirements of their own kind."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="qualifications")
    visit_type = models.ForeignKey(VisitType, on_delete=models.CASCADE, related_name="qualifications")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resource", "visit_type"], name="one_qualification_per_type")
        ]

    def __str__(self) -> str:
        return f"{self.resource_id} {self.visit_type_id}"
