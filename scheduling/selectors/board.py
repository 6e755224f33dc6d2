"""Today at one site, as the board needs it: the visits with all that they show, and how they will likely go on."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from clinic.models import Site
from scheduling.models import Appointment
from scheduling.selectors import delays, parts, visits
from scheduling.selectors.delays import News, Outlook


@dataclass(frozen=True, slots=True)
class Today:
    visits: Sequence[Appointment]
    outlooks: Mapping[UUID, Outlook]
    news: Sequence[News]


def today(*, site: Site, day: dt.date, now: dt.datetime) -> Today:
    """Four queries, and two more while there is somebody to tell that we run late."""
    found = list(visits.of_day(site=site, day=day).select_related("patient", "visit_type", "squeezed_on"))
    parts.give_steps(found)
    parts.give_held(found)
    outlooks = delays.outlooks(found, now=now)
    return Today(found, outlooks, delays.news(found, outlooks))
