"""The settings of a site."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clinic import audit, locks
from clinic.actors import Actor
from clinic.enums import Permission
from clinic.exceptions import InvalidInput, NotFound
from clinic.models import Site
from clinic.permissions import check
from clinic.policies import text
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
)


@use_case
def update(*, by: Actor, site_id: UUID, values: dict[str, Any]) -> Site:
    """Write the settings given, of those that may be edited. What is planned already keeps its instants."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    locks.take(site=[site_id])
    site = Site.objects.filter(pk=site_id).first()
    if site is None:
        raise NotFound(_("There is no such site among yours."))
    changed = [name for name in EDITABLE if name in values and getattr(site, name) != values[name]]
    for name in changed:
        value = values[name]
        if isinstance(value, str) and text.has_control_characters(value):
            raise InvalidInput(_("Line breaks and control characters cannot be part of this."), field=name)
        setattr(site, name, value)
    try:
        site.clean_fields()
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages), field=next(iter(error.message_dict))) from error
    site.save()
    audit.record("clinic.site.updated", by=by, about=[site], site_id=site.pk, detail={"changed": changed})
    return site
