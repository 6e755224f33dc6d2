"""Public holidays ahead of a site, and what its manager said of each."""

import datetime as dt
from dataclasses import dataclass

from clinic.models import Site
from clinic.policies import regions
from scheduling.models import HolidayDecision


@dataclass(frozen=True, slots=True)
class Holiday:
    """`is_closed` is None while nobody has said."""

    day: dt.date
    name: str
    is_closed: bool | None


def ahead(site: Site, *, today: dt.date) -> list[Holiday]:
    """Those of the next 24 months, by day. Empty for a country without data."""
    last = today + dt.timedelta(days=731)
    said = dict(HolidayDecision.objects.filter(site=site, day__gte=today).values_list("day", "is_closed"))
    return [
        Holiday(day, name, said.get(day))
        for day, name in regions.public_holidays(site.country, site.region, first=today, last=last)
    ]
