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
from scheduling.selectors import holidays as reads
from scheduling.services import holidays
from scheduling.services.scarcity import VisitsInTheWay
from scheduling.views.common import at_site
from scheduling.views.setup import in_the_way, said_with, tabs

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
    try:
        visits = holidays.decide(
            by=actor_of(request),
            site_id=site.pk,
            day=day,
            is_closed=is_closed,
            accept=form.cleaned_data["accept"],
        )
    except VisitsInTheWay as error:
        return in_the_way(
            request,
            error,
            title=_("Visits are booked on that holiday"),
            action=request.path,
            button=_("Close anyway"),
            back=reverse(INDEX),
            fields={"say": "closed"},
        )
    words = _("The site is closed on that day.") if is_closed else _("The site is open as usual on that day.")
    messages.success(request, said_with(visits, words))
    return redirect(INDEX)


@requires(Permission.MANAGE_SITE)
@require_POST
@at_site
def close_year(request: HttpRequest, site: Site) -> HttpResponse:
    form = HolidayYearForm(request.POST)
    if not form.is_valid():
        messages.error(request, first_error(form))
        return redirect(INDEX)
    year = form.cleaned_data["year"]
    try:
        count, visits = holidays.close_all_of(
            by=actor_of(request), site_id=site.pk, year=year, accept=form.cleaned_data["accept"]
        )
    except VisitsInTheWay as error:
        return in_the_way(
            request,
            error,
            title=_("Visits are booked on these holidays"),
            action=request.path,
            button=_("Close anyway"),
            back=reverse(INDEX),
            fields={"year": str(year)},
        )
    words = ngettext("Closed on %(count)s holiday.", "Closed on %(count)s holidays.", count)
    messages.success(request, said_with(visits, words % {"count": count}))
    return redirect(INDEX)
