"""When a site is open and a clinician works there: wall-clock rules in the site's zone, and exceptions as instants."""

import pghistory
from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic.ids import new_id
from clinic.models import Patient, Site
from scheduling.models.resource import Resource

WEEKDAYS = [
    (0, _("Monday")),
    (1, _("Tuesday")),
    (2, _("Wednesday")),
    (3, _("Thursday")),
    (4, _("Friday")),
    (5, _("Saturday")),
    (6, _("Sunday")),
]


def well_formed(field: str) -> Q:
    """Not empty, bounded, half-open `[start, end)`."""
    return (
        Q(**{f"{field}__isempty": False})
        & Q(**{f"{field}__lower_inf": False, f"{field}__upper_inf": False})
        & Q(**{f"{field}__lower_inc": True, f"{field}__upper_inc": False})
    )


@pghistory.track()
class WorkingHours(models.Model):
    """One weekly window. Without a resource it is the site's opening hours, which rooms and equipment follow."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="hours")
    resource = models.ForeignKey(
        Resource, null=True, blank=True, on_delete=models.PROTECT, related_name="hours"
    )
    weekday = models.PositiveSmallIntegerField(_("day"), choices=WEEKDAYS)
    opens = models.TimeField(_("from"))
    closes = models.TimeField(_("until"))
    valid_from = models.DateField(_("valid from"), default="2000-01-01")
    valid_until = models.DateField(_("valid until"), null=True, blank=True)

    class Meta:
        ordering = ["weekday", "opens"]
        verbose_name_plural = "working hours"
        indexes = [models.Index(fields=["site", "resource"], name="hours_of_resource")]
        constraints = [
            models.CheckConstraint(condition=Q(opens__lt=F("closes")), name="hours_open_before_close"),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="hours_weekday_in_week"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="hours_valid_forwards",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.weekday} {self.opens}-{self.closes}"


@pghistory.track()
class ExtraHours(models.Model):
    """Open once, beside the weekly hours: a Saturday clinic, a late evening. Without a resource, the whole site."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="extra_hours")
    resource = models.ForeignKey(
        Resource, null=True, blank=True, on_delete=models.PROTECT, related_name="extra_hours"
    )
    period = DateTimeRangeField()
    reason = models.CharField(_("reason"), max_length=120, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["period"]
        verbose_name_plural = "extra hours"
        constraints = [
            models.CheckConstraint(condition=well_formed("period"), name="extra_hours_period_well_formed")
        ]

    def __str__(self) -> str:
        return str(self.pk)


@pghistory.track()
class HolidayDecision(models.Model):
    """What the manager said of one public holiday: closed (then a closure stands for it) or open as usual."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="holidays")
    day = models.DateField()
    name = models.CharField(max_length=160)
    is_closed = models.BooleanField()

    class Meta:
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["site", "day"], name="one_decision_per_holiday")]

    def __str__(self) -> str:
        return f"{self.day} {self.site_id}"


@pghistory.track()
class PatientAway(models.Model):
    """Days on which a patient cannot come: local calendar days, both included."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="away")
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["first_day"]
        verbose_name_plural = "patients away"
        indexes = [models.Index(fields=["patient", "first_day"], name="away_of_patient")]
        constraints = [
            models.CheckConstraint(condition=Q(first_day__lte=F("last_day")), name="patient_away_forwards")
        ]

    def __str__(self) -> str:
        return str(self.pk)


@pghistory.track()
class Closure(models.Model):
    """The site is closed: a holiday, works, training."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="closures")
    period = DateTimeRangeField()
    name = models.CharField(_("reason"), max_length=160)
    holiday = models.DateField(
        null=True, blank=True, help_text=_("The public holiday that this closure stands for.")
    )

    class Meta:
        ordering = ["period"]
        constraints = [
            models.CheckConstraint(condition=well_formed("period"), name="closure_period_well_formed")
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class TimeOff(models.Model):
    """A resource is away or out of order; `period` may lie outside its hours."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="time_off")
    period = DateTimeRangeField()
    reason = models.CharField(_("reason"), max_length=120, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["period"]
        verbose_name_plural = "time off"
        constraints = [
            models.CheckConstraint(condition=well_formed("period"), name="time_off_period_well_formed")
        ]

    def __str__(self) -> str:
        return str(self.pk)
