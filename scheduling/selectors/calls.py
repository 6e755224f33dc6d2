"""Call numbers of the day and where people are called to: what the wall screen shows in place of names."""

import datetime as dt

from clinic.models import Site
from scheduling.models import Appointment


def smallest_unused(*, site: Site, day: dt.date) -> int:
    """The smallest number from 1 on that no visit of that day has. The caller keeps others from asking meanwhile."""
    given = Appointment.objects.filter(site=site, call_day=day, call_number__isnull=False)
    taken = set(given.values_list("call_number", flat=True))
    return next(number for number in range(1, len(taken) + 2) if number not in taken)
