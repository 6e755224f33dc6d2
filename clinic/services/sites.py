"""Sites: added, and their settings."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clinic import audit, locks
from clinic.actors import Actor, Staff
from clinic.enums import Permission
from clinic.exceptions import InvalidInput, NotFound
from clinic.models import Site, User
from clinic.permissions import check
from clinic.policies import regions, text
from clinic.signals import site_created
from clinic.transactions import use_case

EDITABLE = (
    "name",
    "sender_name",
    "address",
    "phone",
    "emergency_phone",
    "reply_to",
    "time_zone",
    "quiet_from",
    "quiet_until",
    "country",
    "region",
)


@use_case
def create(*, by: Actor, values: dict[str, Any]) -> Site:
    """Add a place of the clinic, with everything that a new site starts with; whoever adds it works there too."""
    check(by, Permission.MANAGE_SITE)
    site = Site()
    _write(site, values)
    if Site.objects.filter(name__iexact=site.name).exists():
        raise InvalidInput(_("There is a site of that name already."), field="name")
    site.save(force_insert=True)
    locks.add_created("site", site.pk)
    if isinstance(by, Staff):
        site.staff.add(User.objects.get(pk=by.user_id))
        by = replace(by, site_ids=by.site_ids | {site.pk})
    site_created.send(sender=Site, site_id=site.pk, by=by)
    audit.record("clinic.site.created", by=by, about=[site], site_id=site.pk)
    return site


@use_case
def update(*, by: Actor, site_id: UUID, values: dict[str, Any]) -> Site:
    """Write the settings given, of those that may be edited. What is planned already keeps its instants."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    locks.take(site=[site_id])
    site = Site.objects.filter(pk=site_id).first()
    if site is None:
        raise NotFound(_("There is no such site among yours."))
    changed = _write(site, values)
    site.save()
    audit.record("clinic.site.updated", by=by, about=[site], site_id=site.pk, detail={"changed": changed})
    return site


def _write(site: Site, values: dict[str, Any]) -> list[str]:
    """Set what may be edited and check it. Returns the names of what changed. Raises InvalidInput at the field."""
    changed = [name for name in EDITABLE if name in values and getattr(site, name) != values[name]]
    for name in changed:
        value = values[name]
        if isinstance(value, str) and text.has_control_characters(value):
            raise InvalidInput(_("Line breaks and control characters cannot be part of this."), field=name)
        setattr(site, name, value)
    try:
        site.region = regions.code_of(site.country, site.region)
    except regions.NoSuchRegion as error:
        known = ", ".join(error.args[0])
        raise InvalidInput(
            _("No such region there. Known are: %(codes)s.") % {"codes": known}, field="region"
        ) from error
    try:
        site.clean_fields()
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages), field=next(iter(error.message_dict))) from error
    return changed
