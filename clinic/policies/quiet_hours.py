"""When a site sends no mails: wall-clock hours in its own zone."""

import datetime as dt

from clinic import clock
from clinic.models import Site


def quiet_end(site: Site, now: dt.datetime) -> dt.datetime | None:
    """When the site's quiet hours end, if `now` lies in them. From and until at one time: there are none."""
    local = now.astimezone(site.zone)
    start, end, time_of_day = site.quiet_from, site.quiet_until, local.time()
    if start <= end:
        quiet, day = start <= time_of_day < end, local.date()
    else:
        quiet = time_of_day >= start or time_of_day < end
        day = local.date() + dt.timedelta(days=1) if time_of_day >= start else local.date()
    return clock.local(day, end, site.zone) if quiet else None
