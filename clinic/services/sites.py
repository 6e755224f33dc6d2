"""Sites: added, and their settings."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clinic import audit, locks
from clinic.actors import Actor, Staff
from clinic.enums import Permission
from clinic.exceptions import DomainError, InvalidInput, NotFound
from clinic.models import Site, User
from clinic.permissions import check
from clinic.policies import regions, text
from clinic.signals import site_created
from clinic.transactions import use_case

_ZONE = "time_zone"
EDITABLE = (
    "name",
    "sender_name",
    "address",
    "directions",
    "phone",
    "emergency_phone",
    "on_call_phone",
    "reply_to",
    _ZONE,
    "quiet_from",
    "quiet_until",
    "country",
    "region",
    "patient_notice_hours",
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
    """Write the settings given, of those that may be edited. Another clock is `rezone`'s: visits may stand in its way."""
    site = _locked(by, site_id)
    changed = _write(site, {name: value for name, value in values.items() if name != _ZONE})
    site.save()
    audit.record("clinic.site.updated", by=by, about=[site], site_id=site.pk, detail={"changed": changed})
    return site


@use_case
def rezone(*, by: Actor, site_id: UUID, time_zone: str) -> Site:
    """Let the site's clock be another one. Inner step of scheduling's: instants stay, what the clock shows does not."""
    site = _locked(by, site_id)
    before = site.time_zone
    if _write(site, {_ZONE: time_zone}):
        site.save()
        audit.record(
            "clinic.site.rezoned",
            by=by,
            about=[site],
            site_id=site.pk,
            detail={"before": before, "after": time_zone},
        )
    return site


@use_case
def set_in_use(*, by: Actor, site_id: UUID, in_use: bool) -> Site:
    """Close a site for good, or open it again. Inner step of scheduling's, which knows what is booked there.

    Raises DomainError for the last site in use among those of the person: they would be locked out.
    """
    site = _locked(by, site_id)
    others = Site.objects.filter(is_active=True).exclude(pk=site_id)
    if isinstance(by, Staff):
        others = others.filter(pk__in=by.site_ids)
    if not in_use and not others.exists():
        raise DomainError(_("You work at no other site. Add the new one first, then close this one."))
    if site.is_active != in_use:
        site.is_active = in_use
        site.save(update_fields=["is_active"])
        audit.record(
            "clinic.site.reopened" if in_use else "clinic.site.closed", by=by, about=[site], site_id=site.pk
        )
    return site


def _locked(by: Actor, site_id: UUID) -> Site:
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    locks.take(site=[site_id])
    site = Site.objects.filter(pk=site_id).first()
    if site is None:
        raise NotFound(_("There is no such site among yours."))
    return site


def _write(site: Site, values: dict[str, Any]) -> list[str]:
    """Set what may be edited and check it. Returns the names of what changed. Raises InvalidInput at the field."""
    changed = [name for name in EDITABLE if name in values and getattr(site, name) != values[name]]
    for name in changed:
        value = values[name]
        lines = value.replace("\n", " ") if name == "directions" and isinstance(value, str) else value
        if isinstance(lines, str) and text.has_control_characters(lines):
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
