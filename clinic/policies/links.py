"""Whether a link opens anything at this moment."""

import datetime as dt
from enum import StrEnum

from clinic.models.link import MOST_TRIES, Link


class LinkState(StrEnum):
    OPEN = "open"
    LOCKED = "locked"
    EXPIRED = "expired"
    REVOKED = "revoked"


def state(link: Link, *, now: dt.datetime) -> LinkState:
    """Revoked also where the record is closed, or the contact no longer stands beside the patient."""
    contact = link.contact
    if link.revoked_at is not None or not link.patient.is_active:
        return LinkState.REVOKED
    if contact is not None and contact.ended_at is not None:
        return LinkState.REVOKED
    if link.expires_at <= now:
        return LinkState.EXPIRED
    return LinkState.LOCKED if link.tries >= MOST_TRIES else LinkState.OPEN
