"""A day in full as people say it, in the language that is active."""

import datetime as dt

from django.utils.formats import date_format
from django.utils.translation import get_language

_PATTERNS = {"es": r"l j \d\e F"}
_YEAR = {"es": r" \d\e Y"}


def long_day(day: dt.date, *, year: bool = True) -> str:
    """ "Tuesday 24 November 2026", "martes 24 de noviembre de 2026"; or without the year."""
    language = (get_language() or "").partition("-")[0]
    return date_format(day, _PATTERNS.get(language, "l j F") + (_YEAR.get(language, " Y") if year else ""))
