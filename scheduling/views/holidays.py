"""Public holidays ahead: each confirmed as closed or open as usual, one by one or a year at once."""

import datetime as dt

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from clinic import clock
from clinic.enums import Permission
from clinic.models import Site
from clinic.permissions import actor_of, requires
from clinic.policies import regions
from scheduling.forms.setup import HolidayForm, HolidayYearForm, first_error
from scheduling.models import Appointment
from scheduling.selectors import holidays as reads
from scheduling.services import holidays
from scheduling.views.common import at_site
from scheduling.views.setup import changed, tabs

INDEX = "scheduling:setup-holidays"


@requires(Permission.MANAGE_SITE)
@require_GET
@at_site
def index(request: HttpRequest, site: Site) -> HttpResponse:
    years: dict[int, list[reads.Holiday]] = {}
    for each in reads.ahead(site, today=clock.today(site.zone)):
        years.setdefault(each.day.year, []).append(each)
    context = {
        "tabs": tabs("setup-closures"),
        "site": site,
        "years": [
            {"year": year, "days": days, "unsaid": sum(each.is_closed is None for each in days)}
            for year, days in years.items()
        ],
        "where": "-".join(filter(None, (site.country, site.region))),
        "has_data": regions.has_data(site.country),
    }
    return render(request, "scheduling/setup/holidays.html", context)


@requires(Permission.MANAGE_SITE)
@require_POST
@at_site
def decide(request: HttpRequest, site: Site, day: dt.date) -> HttpResponse:
    form = HolidayForm(request.POST)
    if not form.is_valid():
        messages.error(request, first_error(form))
        return redirect(INDEX)
    is_closed = form.cleaned_data["say"] == "closed"
    return changed(
        request,
        lambda: holidays.decide(
            by=actor_of(request),
            site_id=site.pk,
            day=day,
            is_closed=is_closed,
            accept=form.cleaned_data["accept"],
        ),
        title=_("Visits are booked on that holiday"),
        button=_("Close anyway"),
        done=_("The site is closed on that day.")
        if is_closed
        else _("The site is open as usual on that day."),
        back=reverse(INDEX),
    )


@requires(Permission.MANAGE_SITE)
@require_POST
@at_site
def close_year(request: HttpRequest, site: Site) -> HttpResponse:
    form = HolidayYearForm(request.POST)
    if not form.is_valid():
        messages.error(request, first_error(form))
        return redirect(INDEX)
    said, count = form.cleaned_data, 0

    def close() -> list[Appointment]:
        nonlocal count
        count, visits = holidays.close_all_of(
            by=actor_of(request), site_id=site.pk, year=said["year"], accept=said["accept"]
        )
        return visits

    def done() -> str:
        words = ngettext("Closed on %(count)s holiday.", "Closed on %(count)s holidays.", count)
        return words % {"count": count}

    return changed(
        request,
        close,
        title=_("Visits are booked on these holidays"),
        button=_("Close anyway"),
        done=done,
        back=reverse(INDEX),
    )
