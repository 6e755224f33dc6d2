"""The manager's reports: one page of tables, and each table as a file."""

import datetime as dt

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from clinic import clock, csv
from clinic.enums import Permission
from clinic.models import Site
from clinic.permissions import actor_of, requires
from scheduling.forms.reports import ReportForm
from scheduling.services import reports
from scheduling.views.common import at_site
from scheduling.views.report_tables import Span, tables


@requires(Permission.VIEW_REPORTS)
@require_GET
@at_site
def index(request: HttpRequest, site: Site) -> HttpResponse:
    """All tables of a site and period beside the period before."""
    form = _form(request, site)
    valid = form.is_valid()
    said = form.cleaned_data
    context = {"form": form, "site": said.get("site", site), "presets": _presets(request, site), "tables": []}
    if valid:
        chosen, span = said["site"], Span(said["first"], said["last"])
        with timezone.override(chosen.zone):
            context["tables"] = tables(chosen, span, now=clock.now())
        context |= {"span": span, "several": len(actor_of(request).site_ids) > 1}
        context["query"] = urlencode({"site": chosen.pk, "first": span.first, "last": span.last})
    return render(request, "scheduling/report/index.html", context, status=200 if valid else 422)


@requires(Permission.VIEW_REPORTS)
@require_GET
@at_site
def export(request: HttpRequest, site: Site) -> HttpResponse:
    """One table as CSV. The service asks for the permission again and writes down what left."""
    form = _form(request, site)
    if not form.is_valid():
        return render(
            request, "400.html", {"message": _("Choose the days on the report’s page first.")}, status=422
        )
    chosen, span = form.cleaned_data["site"], Span(form.cleaned_data["first"], form.cleaned_data["last"])
    key = request.GET.get("table", "utilisation")
    with timezone.override(chosen.zone):
        found = next((table for table in tables(chosen, span, now=clock.now()) if table.key == key), None)
    if found is None:
        raise Http404
    reports.exported(
        by=actor_of(request),
        site=chosen,
        table=key,
        first=span.first.isoformat(),
        last=span.last.isoformat(),
        rows=len(found.rows),
    )
    body = csv.written([column.label for column in found.columns], [row.cells for row in found.rows])
    response = HttpResponse(body, content_type="text/csv; charset=utf-8")
    name = f"{key}_{span.first}_{span.last}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _form(request: HttpRequest, site: Site) -> ReportForm:
    by = actor_of(request)
    return ReportForm(request.GET, site_ids=by.site_ids, site=site, today=clock.today(site.zone))


def _presets(request: HttpRequest, site: Site) -> list[tuple[str, str]]:
    """Periods that are asked for most, as links."""
    today = clock.today(site.zone)
    yesterday = today - dt.timedelta(days=1)
    last = today.replace(day=1) - dt.timedelta(days=1)
    spans = [
        (_("Last 4 weeks"), today - dt.timedelta(days=28), yesterday),
        (_("Last month"), last.replace(day=1), last),
        (_("Last 13 weeks"), today - dt.timedelta(days=91), yesterday),
        (_("Last 52 weeks"), today - dt.timedelta(days=364), yesterday),
    ]
    kept = {"site": request.GET["site"]} if request.GET.get("site") else {}
    return [
        (label, "?" + urlencode({**kept, "first": first.isoformat(), "last": end.isoformat()}))
        for label, first, end in spans
    ]
