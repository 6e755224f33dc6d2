"""Keys of rows that appear in a URL or leave the system: UUIDs, time-ordered so that indexes stay compact."""

import datetime as dt
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562): 48 bits of time, 74 random bits."""
    return uuid7()


def made_at(key: UUID) -> dt.datetime:
    """When such a key was made, to the millisecond: for rows that keep no time of their own."""
    return dt.datetime.fromtimestamp((key.int >> 80) / 1000, tz=dt.UTC)
