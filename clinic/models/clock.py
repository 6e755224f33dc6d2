"""One row that moves time for every process. For tests: production settings refuse the switch that reads it."""

from django.db import models


class ClockOffset(models.Model):
    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seconds = models.FloatField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_clock")]

    def __str__(self) -> str:
        return f"{self.seconds} s"
