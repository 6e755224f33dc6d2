"""A clinician's calendar by a secret address: made, renewed, revoked. Only the secret's hash is stored.

One address at a time: a new one ends the one before, so that "renew" is also the answer to a lost phone.
"""

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from clinic import audit, clock, locks, tokens
from clinic.actors import Actor, Staff, System
from clinic.enums import Permission
from clinic.exceptions import DomainError, NotAllowed, NotFound
from clinic.ids import new_id
from clinic.permissions import can, check
from clinic.transactions import use_case
from scheduling.models import Feed, Resource


def token_of(feed_id: UUID) -> str:
    """The secret of the address: derived from the row's key, stored nowhere, of no use once the row is revoked."""
    return tokens.derived("calendar-feed", feed_id)


def may_manage(by: Actor, resource: Resource) -> bool:
    """One's own calendar, or any for whoever manages the staff."""
    own = isinstance(by, Staff) and resource.user_id == by.user_id
    return own or can(by, Permission.MANAGE_STAFF)


@use_case
def renew(*, by: Actor, resource_id: UUID) -> Feed:
    """A fresh address for this clinician; the one before answers no more from this moment on.

    Raises NotFound for what is no clinician, NotAllowed for somebody else's calendar, DomainError for one who left.
    """
    clinician = _clinician(by, resource_id)
    if not clinician.is_active:
        raise DomainError(_("This clinician is no longer in use. Restore them first, then make an address."))
    key = new_id()
    _live(clinician).update(revoked_at=clock.now())
    feed = Feed.objects.create(
        pk=key,
        resource=clinician,
        token_hash=tokens.digest(token_of(key)),
        created_by_id=_user(by),
        created_at=clock.now(),
    )
    audit.record("scheduling.feed.made", by=by, about=[feed])
    return feed


@use_case
def revoke(*, by: Actor, resource_id: UUID) -> int:
    """End the address at once. Twice is no error: the second finds nothing. Returns how many were ended."""
    clinician = _clinician(by, resource_id)
    feeds = list(_live(clinician))
    ended = _live(clinician).update(revoked_at=clock.now())
    if ended:
        audit.record("scheduling.feed.revoked", by=by, about=feeds)
    return ended


def _clinician(by: Actor, resource_id: UUID) -> Resource:
    """Locked, so that of two renewals at once only the later one's address lives."""
    check(by, Permission.VIEW_SCHEDULE)
    locks.take(resource=[resource_id])
    found = Resource.objects.filter(pk=resource_id, is_clinician=True).first()
    if found is None:
        raise NotFound(_("There is no such clinician."))
    if not may_manage(by, found):
        raise NotAllowed(_("This is somebody else’s calendar. They or the manager make its address."))
    return found


def _live(clinician: Resource) -> QuerySet[Feed]:
    return Feed.objects.filter(resource=clinician, revoked_at__isnull=True)


def _user(by: Actor) -> UUID:
    if isinstance(by, Staff):
        return by.user_id
    assert not isinstance(by, System), "a feed is made by a person"  # noqa: S101
    raise NotAllowed(_("Please sign in."))
