"""Secrets in addresses: 256 random bits, or bits derived from a row; only their hash is stored."""

import hashlib
import hmac
import secrets

from django.conf import settings


def new() -> str:
    """A fresh secret for an address: 43 letters that need no quoting."""
    return secrets.token_urlsafe(32)


def derived(purpose: str, *parts: object) -> str:
    """The secret of this row for this purpose: the same each time a mail is rendered, and never stored."""
    text = "\x1f".join([purpose, *map(str, parts)])
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def digest(token: str) -> str:
    """What is stored, and looked up, in the token's place."""
    return hashlib.sha256(token.encode()).hexdigest()
