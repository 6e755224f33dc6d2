"""Today by where people are: the board that the nurse runs."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from clinic import clock
from clinic.enums import Permission
from clinic.models import Site
from clinic.permissions import requires
from scheduling.selectors import visits
from scheduling.views.common import at_site
from scheduling.views.rows import Row, figures_of, rows_of


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
        "counts": figures_of(rows),
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
