"""The close of the day: what is still open, each with the act that closes it; printable."""

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from clinic import clock
from clinic.enums import Permission
from clinic.models import Site
from clinic.permissions import requires
from clinic.views.common import address
from scheduling.selectors import closing
from scheduling.views.common import at_site


@requires(Permission.VIEW_SCHEDULE)
@require_GET
@at_site
def day_close(request: HttpRequest, site: Site, day: dt.date | None = None) -> HttpResponse:
    """Today's, or another day's. Who may not do an act sees the line without its link."""
    shown = day or clock.today(site.zone)
    state = closing.open_ends(site=site, day=shown, now=clock.now())
    groups = [
        {
            "name": name,
            "lines": [{"end": end, "url": address(request, *end.url)} for end in ends],
        }
        for name, ends in state.groups.items()
    ]
    context = {
        "site": site,
        "day": shown,
        "today": clock.today(site.zone),
        "before": shown - dt.timedelta(days=1),
        "groups": groups,
        "to_come": state.to_come,
        "count": sum(len(group["lines"]) for group in groups),
    }
    return render(request, "scheduling/day/close.html", context)
