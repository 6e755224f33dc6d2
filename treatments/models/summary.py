"""What cohort reports are made of: few narrow columns of what courses and answers say, kept beside them.

Nothing here is a fact of its own. `services.summaries` writes these rows when a record is signed and when an answer
comes in; `manage.py rebuild_summaries` makes them anew from the facts and says where they differed. What a report reads
from the course itself (state, physician, protocol, diagnosis) is not repeated here.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from clinic.models import Site
from treatments.models.course import Course

NOT_FOLLOW_UP, FOLLOW_UP, FOLLOW_UP_ANEW = 0, 1, 2
"""Series of time points: before and between the sessions; after the last one; after the last one of an extended course."""


class CourseSummary(models.Model):
    """A course that has begun: it has at least one signed session in which something was injected.

    Days are the site's. `structures` are those that were injected. `leucocytes` and `paw`: the class that all classified
    products of the course share, `mixed` where they differ, empty where none could be classified.
    """

    MIXED = "mixed"

    course = models.OneToOneField(Course, primary_key=True, on_delete=models.CASCADE, related_name="summary")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+", db_index=False)
    started_on = models.DateField()
    last_on = models.DateField()
    sessions = models.PositiveSmallIntegerField()
    structures = ArrayField(models.CharField(max_length=20), default=list)
    leucocytes = models.CharField(max_length=8, blank=True)
    paw = models.CharField(max_length=8, blank=True)

    class Meta:
        indexes = [models.Index(fields=["site", "started_on"], name="courses_begun")]
        constraints = [
            models.CheckConstraint(
                condition=Q(started_on__lte=F("last_on"), sessions__gte=1), name="begun_course_has_sessions"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


class PointSummary(models.Model):
    """What a course reached at one time point, by the gate's thresholds of its own protocol version.

    None: it cannot be judged, since the patient was not asked then or not at the start. `all_met` needs all three.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="+", db_index=False)
    point = models.CharField(max_length=50)
    series = models.PositiveSmallIntegerField(default=NOT_FOLLOW_UP)
    pain_met = models.BooleanField(null=True)
    function_met = models.BooleanField(null=True)
    impression_met = models.BooleanField(null=True)
    all_met = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["course", "point", "series"], name="one_summary_per_point"),
            models.CheckConstraint(condition=Q(series__lte=FOLLOW_UP_ANEW), name="point_series_in_table"),
        ]

    def __str__(self) -> str:
        return f"{self.course_id} {self.point}"


class ScoreSummary(models.Model):
    """One score and how far it is from the same patient's baseline: score minus baseline, None without one."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="+")
    instrument = models.CharField(max_length=40)
    point = models.CharField(max_length=50)
    series = models.PositiveSmallIntegerField(default=NOT_FOLLOW_UP)
    score = models.DecimalField(max_digits=7, decimal_places=3)
    change = models.DecimalField(max_digits=7, decimal_places=3, null=True)

    class Meta:
        constraints = [
            # Covering: a report on one instrument reads this index alone.
            models.UniqueConstraint(
                fields=["instrument", "course", "point", "series"],
                include=["score", "change"],
                name="one_summary_per_score",
            ),
            models.CheckConstraint(condition=Q(series__lte=FOLLOW_UP_ANEW), name="score_series_in_table"),
        ]

    def __str__(self) -> str:
        return f"{self.course_id} {self.instrument} {self.point}"
