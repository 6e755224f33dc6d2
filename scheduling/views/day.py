"""One day of the site: as a list that prints as the day sheet, and as the board of the people who are here."""

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from clinic import clock
from clinic.enums import Permission
from clinic.models import Site
from clinic.permissions import actor_of, can, requires
from scheduling.enums import AppointmentStatus
from scheduling.forms.booking import DayForm
from scheduling.selectors import choices, visits
from scheduling.views.common import at_site
from scheduling.views.rows import Row, rows_of


@requires(Permission.VIEW_SCHEDULE)
@require_GET
@at_site
def day(request: HttpRequest, site: Site, day: dt.date | None = None) -> HttpResponse:
    """All visits of a day in time order. `?day=` jumps to another one, for the date field."""
    wanted = DayForm(request.GET)
    asked = wanted.cleaned_data if wanted.is_valid() else {}
    if asked.get("day"):
        return redirect(_address(asked["day"], request))
    today = clock.today(site.zone)
    shown = day or today
    found = visits.day_list(site=site, day=shown, include_cancelled=bool(asked.get("cancelled")))
    rows = rows_of(found, now=clock.now(), is_today=shown == today)
    lead = asked.get("lead")
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
        "leads": choices.leads(site.pk),
        "lead": lead,
        "cancelled": bool(asked.get("cancelled")),
        "before": _address(shown - dt.timedelta(days=1), request),
        "after": _address(shown + dt.timedelta(days=1), request),
        "counts": _counts(rows),
        "may_book": can(actor_of(request), Permission.BOOK),
        "here": request.get_full_path(),
    }
    return render(request, "scheduling/day/list.html", context)


@requires(Permission.RUN_BOARD)
@require_GET
@at_site
def board(request: HttpRequest, site: Site) -> HttpResponse:
    """Today by where people are. It asks for itself every few seconds, which does not keep a session alive:
    the session is neither changed nor saved by reading."""
    today = clock.today(site.zone)
    rows = rows_of(visits.day_list(site=site, day=today), now=clock.now(), is_today=True)
    template = (
        "scheduling/board/_board.html" if request.headers.get("HX-Request") else "scheduling/board/board.html"
    )
    context = {
        "site": site,
        "day": today,
        "now": clock.now(),
        **_columns(rows),
        "off": [row for row in rows if row.place == "off"],
        "counts": _counts(rows),
        "here": reverse("scheduling:board"),
    }
    return render(request, template, context)


def _columns(rows: list[Row]) -> dict[str, Any]:
    """Expected; here: waiting and one place a stage of today's visits of several stages; done. A visit of a single
    stage (a consultation) runs in one shared place, so that the board stays narrow."""
    staged: dict[str, str] = {}
    for row in rows:
        if len(row.steps) > 1:
            for step in row.steps:
                staged.setdefault(step.code, step.name)
    single = {step.code for row in rows if len(row.steps) == 1 for step in row.steps} - set(staged)

    def column(code: str, name: str, kind: str, places: set[str]) -> dict[str, Any]:
        return {
            "code": code,
            "name": name,
            "kind": kind,
            "rows": [row for row in rows if row.place in places],
        }

    here = [column("arrived", _("Waiting"), "arrived", {"arrived"})]
    here += [column(code, name, "stage", {code}) for code, name in staged.items()]
    if single:
        here.append(column("single", _("With the clinician"), "stage", single))
    return {
        "expected": column("expected", _("Expected"), "expected", {"expected"}),
        "places": here,
        "done": column("done", _("Done"), "done", {"done"}),
    }


def _counts(rows: list[Row]) -> list[dict[str, Any]]:
    """Numbers of the day, over all clinicians."""
    real = [row for row in rows if row.status != AppointmentStatus.CANCELLED]
    late = sum(1 for row in real if row.late)
    figures = [
        {"label": _("visits"), "value": len(real)},
        {
            "label": _("not confirmed"),
            "value": sum(1 for row in real if row.status == AppointmentStatus.BOOKED),
        },
        {
            "label": _("here now"),
            "value": sum(1 for row in real if row.place not in ("expected", "done", "off")),
        },
        {"label": _("done"), "value": sum(1 for row in real if row.place == "done")},
    ]
    if late:
        figures.append({"label": _("late"), "value": late, "tone": "attention"})
    return figures


def _address(day: dt.date, request: HttpRequest) -> str:
    kept = request.GET.copy()
    kept.pop("day", None)
    query = f"?{kept.urlencode()}" if kept else ""
    return reverse("scheduling:day", args=[day]) + query
