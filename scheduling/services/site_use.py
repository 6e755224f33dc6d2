"""A site's clock, and whether it is in use: both make what is booked there stand otherwise than it was told.

They take the locks of a booking, as everything does that makes time scarcer, and name the visits in the way.
"""

from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clinic import clock
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import DomainError, InvalidInput
from clinic.models import Site
from clinic.models.site import validate_time_zone
from clinic.permissions import check
from clinic.services import sites
from clinic.transactions import use_case
from scheduling.models import Appointment, Hold
from scheduling.selectors import setup as reads
from scheduling.selectors.coverage import FAR
from scheduling.services import scarcity


@use_case
def rezone(*, by: Actor, site_id: UUID, time_zone: str, accept: bool = False) -> list[Appointment]:
    """Let the site's clock be another one. Visits keep their instants; hours follow the new clock.

    In the way are coming visits for which the new clock shows another time than the patient was told; accepted, each
    becomes a task. Raises InvalidInput for what is no zone, VisitsInTheWay.
    """
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    scarcity.lock(site_id, None)
    try:
        validate_time_zone(time_zone)
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages), field="time_zone") from error
    site, zone = Site.objects.get(pk=site_id), ZoneInfo(time_zone)
    visits = [
        visit
        for visit in _coming(site_id)
        if visit.period.lower.astimezone(zone).utcoffset()
        != visit.period.lower.astimezone(site.zone).utcoffset()
    ]
    scarcity.accept_or_refuse(
        visits, accept, by=by, title=_("Move the visit or ring: the clock of the site has changed")
    )
    sites.rezone(by=by, site_id=site_id, time_zone=time_zone)
    return visits


@use_case
def close(*, by: Actor, site_id: UUID) -> Site:
    """Take a site out of use for good. Nothing is found or booked there any more; what was stays to be read.

    Never over the heads of patients: raises VisitsInTheWay while a visit is to come, DomainError while a time there
    is pencilled in or offered, or when the person works at no other site.
    """
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    scarcity.lock(site_id, None)
    scarcity.accept_or_refuse(_coming(site_id), False, by=by)
    if Hold.objects.filter(site=site_id, released_at__isnull=True, expires_at__gt=clock.now()).exists():
        raise DomainError(_("A time here is pencilled in or offered to a patient. Release it first."))
    return sites.set_in_use(by=by, site_id=site_id, in_use=False)


@use_case
def reopen(*, by: Actor, site_id: UUID) -> Site:
    """Take a site into use again, with the hours and resources that it had."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    scarcity.lock(site_id, None)
    return sites.set_in_use(by=by, site_id=site_id, in_use=True)


def _coming(site_id: UUID) -> list[Appointment]:
    now = clock.now()
    return reads.visits_at(site_id=site_id, start=now, end=now + FAR)
