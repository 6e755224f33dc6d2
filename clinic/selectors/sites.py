"""The sites of a person, and the one they work at now."""

from collections.abc import Sequence
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _

from clinic.actors import Staff
from clinic.exceptions import NotAllowed, NotFound
from clinic.models import Site
from clinic.permissions import actor_of

SESSION_KEY = "site"


def sites_of(by: Staff) -> Sequence[Site]:
    """Sites in use at which this person works, by name."""
    return list(Site.objects.filter(pk__in=by.site_ids, is_active=True))


def closed_sites_of(by: Staff) -> Sequence[Site]:
    """Sites of this person that are out of use."""
    return list(Site.objects.filter(pk__in=by.site_ids, is_active=False))


def current_site(request: HttpRequest) -> Site:
    """The site this person works at now: the one they chose in this session, else the first of theirs.

    Read once per request. Raises NotAllowed for an account that works at no site.
    """
    known: Site | None = getattr(request, "_current_site", None)
    if known is not None:
        return known
    sites = sites_of(actor_of(request))
    if not sites:
        raise NotAllowed(_("Your account belongs to no site yet. Ask the manager to add one."))
    session = getattr(request, "session", {})  # an error page may be shown before there is one
    chosen = session.get(SESSION_KEY, "")
    site = next((site for site in sites if str(site.pk) == chosen), sites[0])
    request._current_site = site  # type: ignore[attr-defined]  # kept for the other readers of this request
    return site


def site_for(by: Staff, site_id: UUID) -> Site:
    """A site of theirs by key; another's looks like none."""
    site = Site.objects.filter(pk=site_id, pk__in=by.site_ids).first()
    if site is None:
        raise NotFound(_("There is no such site among yours."))
    return site
