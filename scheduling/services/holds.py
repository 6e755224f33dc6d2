"""Holds: resources kept for a reason until a time. Here only their tidying; a booking ends expired ones by itself."""

from clinic import audit, clock
from clinic.actors import Actor
from clinic.transactions import use_case
from scheduling.models import Allocation, Hold


@use_case
def tidy(*, by: Actor) -> int:
    """Mark expired holds as released. Nothing depends on this having run."""
    expired = list(
        Hold.objects.filter(released_at__isnull=True, expires_at__lte=clock.now()).select_for_update(
            skip_locked=True
        )
    )
    Allocation.objects.filter(hold__in=expired, active=True).update(active=False)
    Hold.objects.filter(pk__in=[hold.pk for hold in expired]).update(released_at=clock.now())
    if expired:
        audit.record("scheduling.hold.expired", by=by, about=expired)
    return len(expired)
