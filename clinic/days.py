"""A day in full as people say it, in the language that is active."""

import datetime as dt

from django.utils.formats import date_format
from django.utils.translation import get_language

_PATTERNS = {"en": ("l", " j F", " Y"), "es": ("l", r" j \d\e F", r" \d\e Y")}


def long_day(day: dt.date, *, year: bool = True, comma: bool = False) -> str:
    """ "Tuesday 24 November 2026", "martes 24 de noviembre de 2026"; in a sentence with a comma after the weekday."""
    language = (get_language() or "").partition("-")[0]
    weekday, rest, in_year = _PATTERNS.get(language, _PATTERNS["en"])
    return date_format(day, weekday + ("," if comma else "") + rest + (in_year if year else ""))
