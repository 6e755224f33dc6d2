"""What ends with a hold that has expired: the offer that stood on it. Its patient waits again."""

import datetime as dt
from collections.abc import Collection
from uuid import UUID

from django.db.models import F

from clinic import audit
from clinic.actors import System
from scheduling.enums import OfferStatus, WaitStatus
from scheduling.models import Offer, WaitlistEntry

BY = System("expired_hold")
"""Nobody decided it: time did, and whoever came across the hold first wrote it down."""


def offers_of(hold_ids: Collection[UUID], *, now: dt.datetime) -> int:
    """Inner step of whoever releases expired holds. Claims by one UPDATE each, so that an answer that was first stands.

    The mail needs no withdrawing: it expires with the offer. Returns how many offers lapsed.
    """
    standing = Offer.objects.filter(hold__in=hold_ids, status=OfferStatus.OPEN)
    keys = list(standing.values_list("pk", flat=True))
    if not keys:
        return 0
    standing.update(status=OfferStatus.EXPIRED, answered_at=now)
    lapsed = list(Offer.objects.filter(pk__in=keys, status=OfferStatus.EXPIRED).select_related("entry"))
    WaitlistEntry.objects.filter(
        pk__in=[offer.entry_id for offer in lapsed], status=WaitStatus.OFFERED
    ).update(status=WaitStatus.WAITING, version=F("version") + 1)
    audit.record("scheduling.offer.expired", by=BY, about=lapsed)
    return len(lapsed)
