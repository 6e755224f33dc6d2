"""Countries and regions whose public holidays are known, by the `holidays` package."""

import datetime as dt
from functools import cache

import holidays


class NoSuchRegion(ValueError):
    """The country has regions with holidays of their own, and this is none of them. `args[0]`: their codes."""


@cache
def _regions() -> dict[str, list[str]]:
    return holidays.list_supported_countries(include_aliases=False)


def has_data(country: str) -> bool:
    return country in _regions()


def code_of(country: str, region: str) -> str:
    """The code of a region, read as a code or as its name ("by", "Bayern"). Raises NoSuchRegion."""
    if not region or not has_data(country):
        return region.upper()[:8]
    known = _regions()[country]
    aliases = getattr(holidays.country_holidays(country), "subdivisions_aliases", {})
    by_word = {word.casefold(): code for word, code in [*aliases.items(), *((code, code) for code in known)]}
    try:
        return str(by_word[region.casefold()])
    except KeyError:
        raise NoSuchRegion(known) from None


def public_holidays(country: str, region: str, *, first: dt.date, last: dt.date) -> list[tuple[dt.date, str]]:
    """Day and name of each public holiday, both ends included; empty where there is no data. In English where
    the package knows it so, else in the country's own words."""
    if not has_data(country):
        return []
    known = _regions()[country]
    languages = holidays.country_holidays(country).supported_languages
    found = holidays.country_holidays(
        country,
        subdiv=region if region in known else None,
        years=range(first.year, last.year + 1),
        language="en_US" if "en_US" in languages else None,
    )
    return sorted((day, name[:160]) for day, name in found.items() if first <= day <= last)
