"""Addresses of hundreds of visits on one page."""

from functools import cache
from uuid import UUID

from django.urls import get_script_prefix, reverse

_ANY = UUID(int=0)


@cache
def _pattern(name: str, keyed: bool, prefix: str) -> str:
    return reverse(name, args=[_ANY] if keyed else [])


def address_of(name: str, key: UUID | None = None) -> str:
    """`reverse`, once for each name instead of once for each of hundreds of blocks."""
    pattern = _pattern(name, key is not None, get_script_prefix())
    return pattern.replace(str(_ANY), str(key)) if key else pattern
