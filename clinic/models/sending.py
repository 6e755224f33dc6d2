"""What holds the outbox back: pauses that a manager set, and how many mails a site has handed out this minute."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.ids import new_id
from clinic.models.site import Site
from clinic.models.user import User


class Pause(models.Model):
    """Mails of a kind, of a site, or all of them wait until somebody resumes. No site: of every site; no kind: of every kind.

    A row for each time, kept when it is over: it says who paused what, why and until when.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40, blank=True)
    note = models.CharField(_("why"), max_length=200)
    paused_at = models.DateTimeField()
    paused_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    resumed_at = models.DateTimeField(null=True, blank=True)
    resumed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-paused_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "kind"],
                condition=Q(resumed_at__isnull=True),
                nulls_distinct=False,
                name="paused_once",
            ),
            models.CheckConstraint(
                condition=Q(resumed_at__isnull=True, resumed_by__isnull=True)
                | Q(resumed_at__gte=models.F("paused_at"), resumed_by__isnull=False),
                name="pause_resumed_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Pace(models.Model):
    """How many mails of a site were taken in hand in the minute that began at `minute`. One row a site."""

    site = models.OneToOneField(Site, primary_key=True, on_delete=models.CASCADE, related_name="+")
    minute = models.DateTimeField()
    taken = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.site_id)
