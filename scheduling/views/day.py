"""One day of the site as a list, which prints as the day sheet."""

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from clinic import clock
from clinic.enums import Permission
from clinic.models import Site
from clinic.permissions import actor_of, can
from scheduling.forms.booking import DayForm
from scheduling.selectors import choices, strip, visits
from scheduling.views.rows import figures_of, rows_of


def page(request: HttpRequest, site: Site, shown: dt.date) -> HttpResponse:
    """All visits of a day in time order, for phones and wherever a list reads better than a grid."""
    wanted = DayForm(request.GET)
    asked = wanted.cleaned_data if wanted.is_valid() else {}
    today = clock.today(site.zone)
    found = visits.day_list(site=site, day=shown, include_cancelled=bool(asked.get("cancelled")))
    lights = strip.lights_of(found) if shown >= today else {}
    rows = rows_of(found, now=clock.now(), is_today=shown == today, lights=lights)
    lead, leads = asked.get("lead"), list(choices.leads(site.pk))
    listed = [
        row
        for row in rows
        if lead is None or any(held.resource_id == lead for held in visits.held_by(row.visit))
    ]
    context = {
        "site": site,
        "day": shown,
        "today": today,
        "rows": listed,
        "leads": leads,
        "week_of": next((each for each in leads if each.pk == lead), leads[0] if leads else None),
        "lead": lead,
        "cancelled": bool(asked.get("cancelled")),
        "before": _address(shown - dt.timedelta(days=1), request),
        "after": _address(shown + dt.timedelta(days=1), request),
        "counts": figures_of(rows),
        "may_book": can(actor_of(request), Permission.BOOK),
        "here": request.get_full_path(),
    }
    return render(request, "scheduling/day/list.html", context)


def _address(day: dt.date, request: HttpRequest) -> str:
    kept = request.GET.copy()
    kept.pop("day", None)
    query = f"?{kept.urlencode()}" if kept else ""
    return reverse("scheduling:day", args=[day]) + query
