"""The day with a column for each clinician, room or device, and the week of one of them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from clinic import clock
from clinic.enums import Permission
from clinic.exceptions import NotFound
from clinic.models import Site
from clinic.permissions import actor_of, can, requires
from scheduling.forms.booking import DayForm
from scheduling.forms.grid import Columns, GridForm, View
from scheduling.models import Resource
from scheduling.selectors import grid as facts
from scheduling.views import day as day_list
from scheduling.views.common import at_site
from scheduling.views.grid_blocks import Drawing, draw
from scheduling.views.rows import figures_of

REMEMBERED = "grid"
"""A cookie that the page's script writes: whose columns the person looked at last, and which clinicians."""


@requires(Permission.VIEW_SCHEDULE)
@require_GET
@at_site
def day(request: HttpRequest, site: Site, day: dt.date | None = None) -> HttpResponse:
    """One day: the grid, or the list on a phone and where it is asked for. `?day=` jumps to another day."""
    jump = DayForm(request.GET)
    if jump.is_valid() and jump.cleaned_data["day"]:
        kept = request.GET.copy()
        kept.pop("day")
        return redirect(_with(reverse("scheduling:day", args=[jump.cleaned_data["day"]]), kept))
    asked = _asked(request)
    today = clock.today(site.zone)
    shown = day or today
    if asked.view == View.LIST or (not asked.view and "Mobi" in request.headers.get("User-Agent", "")):
        return day_list.page(request, site, shown)
    if (unchanged := _unchanged(request, site, [shown])) is not None:
        return unchanged
    resources = facts.columns_of(
        site,
        clinicians=asked.columns != Columns.PLACES,
        places=asked.columns != Columns.CLINICIANS,
        only=asked.who,
    )
    if asked.who and not any(each.is_clinician for each in resources) and asked.columns != Columns.PLACES:
        # Those remembered do not work here any more: everybody who does.
        asked = replace(asked, who=())
        resources = [*facts.clinicians_at(site), *resources]
    context = {
        "day": shown,
        "before": _with(reverse("scheduling:day", args=[shown - dt.timedelta(days=1)]), request.GET),
        "after": _with(reverse("scheduling:day", args=[shown + dt.timedelta(days=1)]), request.GET),
        "columns": Columns.choices,
        "asked": asked,
        "view": "day",
    }
    return _grid(request, site, [shown], resources, asked, context)


@requires(Permission.VIEW_SCHEDULE)
@require_GET
@at_site
def week(request: HttpRequest, site: Site, resource_id: UUID, day: dt.date) -> HttpResponse:
    """Seven days of one clinician, room or device."""
    resource = facts.resource_at(site, resource_id)
    if resource is None:
        raise NotFound(_("There is no such clinician, room or device at this site."))
    jump = DayForm(request.GET)
    if jump.is_valid() and jump.cleaned_data["day"]:
        return redirect("scheduling:week", resource.pk, jump.cleaned_data["day"])
    days = facts.days_of_week(day)
    if (unchanged := _unchanged(request, site, days)) is not None:
        return unchanged
    step = dt.timedelta(days=7)
    context = {
        "day": day,
        "first": days[0],
        "last": days[-1],
        "resource": resource,
        "before": reverse("scheduling:week", args=[resource.pk, days[0] - step]),
        "after": reverse("scheduling:week", args=[resource.pk, days[0] + step]),
        "others": facts.kinds_of(facts.columns_of(site, clinicians=True, places=True)),
        "view": "week",
    }
    return _grid(request, site, days, [resource], _asked(request), context)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address says, else what the person looked at last."""

    columns: str
    who: Sequence[UUID]
    cancelled: bool
    view: str


def _asked(request: HttpRequest) -> Asked:
    data: QueryDict = request.GET
    if not ({"columns", "who"} & data.keys()):
        remembered = QueryDict(request.COOKIES.get(REMEMBERED, "")[:2000], mutable=True)
        for key in ("cancelled", "view"):
            remembered.setlist(key, data.getlist(key))
        data = remembered
    form = GridForm(data)
    form.is_valid()
    said = form.cleaned_data
    return Asked(
        columns=said.get("columns") or Columns.CLINICIANS,
        who=said.get("who") or (),
        cancelled=bool(said.get("cancelled")),
        view=said.get("view") or "",
    )


def _unchanged(request: HttpRequest, site: Site, days: Sequence[dt.date]) -> HttpResponse | None:
    """The poll's cheap answer: 204 while the stamp is the one that the page has."""
    known = request.GET.get("stamp", "")
    if not known:
        return None
    stamp = facts.stamp(site=site, window=facts.span(days, site), now=clock.now())
    return HttpResponse(status=204) if stamp == known else None


def _grid(
    request: HttpRequest,
    site: Site,
    days: Sequence[dt.date],
    resources: Sequence[Resource],
    asked: Asked,
    context: dict[str, Any],
) -> HttpResponse:
    now, window = clock.now(), facts.span(days, site)
    today = clock.today(site.zone)
    stamp = facts.stamp(site=site, window=window, now=now)
    sheet = facts.sheet(
        site=site, resources=resources, window=window, now=now, include_cancelled=asked.cancelled
    )
    may_book = can(actor_of(request), Permission.BOOK)
    drawing = draw(sheet, days, now=now, today=today, may_book=may_book)
    context |= {
        "site": site,
        "today": today,
        "drawing": drawing,
        "stamp": stamp,
        "now": _now_line(drawing, days, now, today),
        "may_book": may_book,
        "cancelled": asked.cancelled,
    }
    if "stamp" in request.GET:
        return render(request, "scheduling/grid/_sheet.html", context)
    context |= {
        "counts": figures_of(drawing.rows),
        "people": _people(site, resources, asked) if context["view"] == "day" else (),
        "who": asked.who,
        "clean": request.path,
        "closed": [each.words for each in sheet.absences if each.resource_id is None]
        if len(days) == 1
        else (),
        "is_today": today in days,
        "week_of": resources[0] if resources else None,
        "list_url": _with(reverse("scheduling:day", args=[context["day"]]), QueryDict("view=list")),
    }
    return render(request, f"scheduling/grid/{context['view']}.html", context)


def _people(site: Site, resources: Sequence[Resource], asked: Asked) -> list[Resource]:
    """Every clinician here, for the filter: those in the columns where none was chosen."""
    if asked.columns == Columns.PLACES or asked.who:
        return facts.clinicians_at(site)
    return [each for each in resources if each.is_clinician]


def _now_line(drawing: Drawing, days: Sequence[dt.date], now: dt.datetime, today: dt.date) -> str:
    """The row of the present minute; empty on another day."""
    if today not in days:
        return ""
    where = drawing.ruler.classes(now, now, today)
    return where[0].split()[0] if where else ""


def _with(url: str, query: QueryDict) -> str:
    return f"{url}?{query.urlencode()}" if query else url
