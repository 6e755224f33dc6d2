"""Wall screens: each opens by a secret address of its own, which the manager makes and revokes."""

import datetime as dt
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from clinic import audit, clock, tokens
from clinic.actors import Actor, Staff
from clinic.enums import Permission
from clinic.exceptions import InvalidInput, NotAllowed, NotFound
from clinic.ids import new_id
from clinic.permissions import check
from clinic.transactions import use_case
from scheduling.models import Display
from scheduling.selectors import displays

SEEN_EVERY = dt.timedelta(minutes=1)
_MOST = 40


@use_case
def make(*, site_id: UUID, name: str, by: Actor) -> Display:
    """A new screen of the site. Only the hash of its secret is kept. InvalidInput for a name in use or too many."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    if not isinstance(by, Staff):
        raise NotAllowed(_("A screen is made by a member of staff."))
    live = Display.objects.filter(site_id=site_id, revoked_at=None)
    if live.filter(name__iexact=name).exists():
        raise InvalidInput(_("Another screen has this name."), field="name")
    if live.count() >= _MOST:
        raise InvalidInput(_("That is too many screens. Revoke one that is not used."), field="name")
    display = Display(
        pk=new_id(), site_id=site_id, name=name, created_by_id=by.user_id, created_at=clock.now()
    )
    display.token_hash = tokens.digest(displays.token_of(display))
    display.save(force_insert=True)
    audit.record("scheduling.display.made", by=by, about=[display])
    return display


@use_case
def revoke(*, site_id: UUID, display_id: UUID, by: Actor) -> Display:
    """From now on its address opens nothing, for ever. Revoking twice changes nothing."""
    check(by, Permission.MANAGE_SITE, site_id=site_id)
    display = Display.objects.filter(pk=display_id, site_id=site_id).first()
    if display is None:
        raise NotFound(_("There is no such screen."))
    if Display.objects.filter(pk=display_id, revoked_at=None).update(revoked_at=clock.now()):
        audit.record("scheduling.display.revoked", by=by, about=[display])
    return display


@use_case
def seen(*, display_id: UUID, by: Actor) -> bool:
    """The screen is alive. Written at most once a minute, however often it says so. Whether it was written."""
    check(by, Permission.MANAGE_SITE)
    now = clock.now()
    stale = Q(last_read_at=None) | Q(last_read_at__lte=now - SEEN_EVERY)
    return bool(Display.objects.filter(stale, pk=display_id, revoked_at=None).update(last_read_at=now))
