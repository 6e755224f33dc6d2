"""Birth dates as people type and say them."""

import datetime as dt
import re

EARLIEST_BIRTH = dt.date(1900, 1, 1)

_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_NUMERIC = re.compile(r"(\d{1,2})\s*([./-])\s*(\d{1,2})\s*\2\s*(\d{4})")
_DAY_WORD = re.compile(r"(\d{1,2})\.?\s+([^\W\d_]{3,12})\.?,?\s+(\d{4})")
_WORD_DAY = re.compile(r"([^\W\d_]{3,12})\.?\s+(\d{1,2}),?\s+(\d{4})")
_MONTHS = {
    month: number
    for number, names in enumerate(
        (
            "jan ene",
            "feb",
            "mar",
            "apr abr",
            "may",
            "jun",
            "jul",
            "aug ago",
            "sep set",
            "oct",
            "nov",
            "dec dic",
        ),
        start=1,
    )
    for month in names.split()
}


def birth_dates_asked(text: str) -> list[dt.date]:
    """The dates that a search may mean; none when it is no date.

    1950-03-07 and 7 Mar 1950 mean one day; 07.03.1950 is day first; 3/7/1950 is asked both ways, month first.
    """
    text = text.strip().lower()
    if found := _ISO.fullmatch(text):
        year, month, day = map(int, found.groups())
        return _real((year, month, day))
    if found := _NUMERIC.fullmatch(text):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        day_first, month_first = (year, second, first), (year, first, second)
        return _real(day_first) if found[2] == "." else _real(month_first, day_first)
    if found := _DAY_WORD.fullmatch(text):
        return _real((int(found[3]), _MONTHS.get(found[2][:3], 0), int(found[1])))
    if found := _WORD_DAY.fullmatch(text):
        return _real((int(found[3]), _MONTHS.get(found[1][:3], 0), int(found[2])))
    return []


def is_plausible_birth(day: dt.date, *, today: dt.date) -> bool:
    return EARLIEST_BIRTH <= day <= today


def age(born: dt.date, *, on: dt.date) -> int:
    """Whole years; someone born on 29 February has their birthday on 1 March of common years."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _real(*candidates: tuple[int, int, int]) -> list[dt.date]:
    days: list[dt.date] = []
    for year, month, day in candidates:
        try:
            date = dt.date(year, month, day)
        except ValueError:
            continue
        if date not in days:
            days.append(date)
    return days
