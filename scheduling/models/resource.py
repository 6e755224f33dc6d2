"""What a visit occupies: clinicians, rooms, equipment. Capacity is 1."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.ids import new_id
from clinic.models import Site
from scheduling.enums import ResourceCategory


class ResourceKind(models.Model):
    """A kind that a stage can ask for: physician, nurse, draw chair, centrifuge, procedure room, recovery bay."""

    code = models.SlugField(primary_key=True, max_length=40)
    name = models.CharField(_("name"), max_length=80)
    category = models.CharField(max_length=12, choices=ResourceCategory)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class Resource(models.Model):
    """One clinician of the clinic, or one room or piece of equipment of a site.

    A clinician is ONE resource wherever they work: hours and allocations carry the site, and so nobody
    can be at two sites at once.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.ForeignKey(
        ResourceKind, on_delete=models.PROTECT, related_name="resources", verbose_name=_("kind")
    )
    name = models.CharField(_("name"), max_length=120)
    is_clinician = models.BooleanField(default=False)
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.PROTECT, related_name="resources")
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="resource"
    )
    setup_minutes = models.PositiveSmallIntegerField(
        _("kept free before (minutes)"),
        default=0,
        help_text=_("Nothing else is booked on it in these minutes before each use."),
    )
    turnover_minutes = models.PositiveSmallIntegerField(
        _("kept free after (minutes)"),
        default=0,
        help_text=_("Cleaning and changing over. The longer of this and the visit type's turnover counts."),
    )
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        ordering = ["kind__position", "position", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_clinician=True, site__isnull=True)
                | Q(is_clinician=False, site__isnull=False, user__isnull=True),
                name="clinician_of_clinic_else_of_site",
            ),
        ]

    def __str__(self) -> str:
        return self.name
