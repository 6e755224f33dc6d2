"""A month at a glance: how full each day is, and what is closed."""

import calendar
import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from clinic import clock
from clinic.enums import Permission
from clinic.models import Site
from clinic.permissions import requires
from scheduling.forms.booking import DayForm
from scheduling.selectors import month as loads
from scheduling.views.common import at_site

_STEPS = (0, 1, 26, 51, 76, 96)
"""Percentages from which the bar of a day is one fifth longer."""


@requires(Permission.VIEW_SCHEDULE)
@require_GET
@at_site
def month(request: HttpRequest, site: Site, day: dt.date) -> HttpResponse:
    """The weeks of the month of `day`; a day opens its grid."""
    jump = DayForm(request.GET)
    if jump.is_valid() and jump.cleaned_data["day"]:
        return redirect("scheduling:month", jump.cleaned_data["day"])
    weeks = calendar.Calendar().monthdatescalendar(day.year, day.month)
    days = [each for week in weeks for each in week]
    found = iter(loads.load(site=site, days=days))
    today = clock.today(site.zone)
    first = day.replace(day=1)
    rows = [
        [
            {
                "load": load,
                "inside": load.day.month == day.month,
                "today": load.day == today,
                "step": sum(load.percent >= step for step in _STEPS) - 1 if load.percent is not None else 0,
                "words": _words(load),
            }
            for load in (next(found) for _each in week)
        ]
        for week in weeks
    ]
    context = {
        "site": site,
        "day": day,
        "today": today,
        "weeks": rows,
        "names": days[:7],
        "before": first - dt.timedelta(days=1),
        "after": first + dt.timedelta(days=31),
        "view": "month",
    }
    return render(request, "scheduling/grid/month.html", context)


def _words(load: loads.DayLoad) -> str:
    if load.percent is None:
        return _("closed")
    return _("%(percent)s %% taken") % {"percent": load.percent}
