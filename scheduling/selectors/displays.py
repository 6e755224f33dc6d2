"""Wall screens of a site, and the one that an address opens."""

from django.db.models import F, QuerySet

from clinic import tokens
from clinic.models import Site
from scheduling.models import Display

_TOKEN_LETTERS = 64


def displays(site: Site) -> QuerySet[Display]:
    """Those in use first, then the revoked ones, the latest first."""
    return Display.objects.filter(site=site).order_by(F("revoked_at").desc(nulls_first=True), "name")


def opened_by(token: str) -> Display | None:
    """The screen that this secret opens; None for an unknown or revoked one: they look the same from outside."""
    if len(token) != _TOKEN_LETTERS:
        return None
    rows = Display.objects.filter(token_hash=tokens.digest(token), revoked_at=None, site__is_active=True)
    return rows.select_related("site").first()


def token_of(display: Display) -> str:
    """The secret of its address: derived from the server's own secret, so that it can be shown again and is stored
    nowhere."""
    return tokens.derived("display", display.pk)
