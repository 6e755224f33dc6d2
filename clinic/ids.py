"""Keys of rows that appear in a URL or leave the system: UUIDs, time-ordered so that indexes stay compact."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562): 48 bits of time, 74 random bits."""
    return uuid7()
