"""Keys that stand for a patient, a course, a session, a physician or a site in exported rows.

A keyed hash (HMAC-SHA-256) of the row's key: the same at every export, so that a registry can join what comes later to
what it has; not to be reckoned back or guessed without the installation's secret. 20 hexadecimal digits, 80 bits: of a
million patients two share one with a chance of one in 10¹².
"""

import hashlib
import hmac
from functools import lru_cache

from django.conf import settings

LENGTH = 20


class Pseudonyms:
    """One for each kind of thing, so that no key of one kind equals that of another."""

    def __init__(self, kind: str) -> None:
        self._key = _secret(kind)

    def of(self, key: object) -> str:
        return hmac.digest(self._key, str(key).encode(), "sha256").hex()[:LENGTH]


@lru_cache(maxsize=16)
def _secret(kind: str) -> bytes:
    return hmac.new(settings.SECRET_KEY.encode(), f"registry\x1f{kind}".encode(), hashlib.sha256).digest()
