"""Cohorts: how courses went, by what they share, and each table as a file."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from clinic import clock, csv
from clinic.enums import Permission
from clinic.models import Site
from clinic.permissions import actor_of, can, requires
from scheduling.views.common import at_site
from treatments.forms.cohorts import AT, CohortForm
from treatments.forms.orders import ICD_10_CM
from treatments.policies import disclosure
from treatments.selectors import cohort_names, cohorts
from treatments.selectors import instruments as instrument_reads
from treatments.selectors.cohorts import Group
from treatments.services import cohorts as service
from treatments.views.cohort_files import TABLES
from treatments.views.cohort_tables import Report


@requires(Permission.VIEW_COHORTS)
@require_GET
@at_site
def index(request: HttpRequest, site: Site) -> HttpResponse:
    """All tables of the chosen courses."""
    form = _form(request, site)
    valid = form.is_valid()
    context: dict[str, Any] = {
        "form": form,
        "several": len(form.site_ids) > 1,
        "exports": can(actor_of(request), Permission.EXPORT_REGISTRY),
    }
    if valid:
        report = _report(request, form, site)
        said = form.cleaned_data
        context |= {
            "report": report,
            "cohort": report.cohort,
            "first": said["first"],
            "last": said["last"],
            "where": said["site"] or (None if len(form.site_ids) > 1 else site),
            "group_name": dict(form.fields["group"].choices)[said["group"]],  # type: ignore[attr-defined]
            "instrument_name": dict(form.fields["instrument"].choices)[said["instrument"]],  # type: ignore[attr-defined]
            "at_name": report.cohort.spots.get(report.at, report.at),
            "more_is_better": instrument_reads.at_site(site.pk)[said["instrument"]].more_is_better,
            "least": disclosure.LEAST,
            "query": urlencode(_asked(form)),
        }
    return render(request, "treatments/cohort/index.html", context, status=200 if valid else 422)


@requires(Permission.VIEW_COHORTS)
@require_GET
@at_site
def export(request: HttpRequest, site: Site) -> HttpResponse:
    """One table as CSV. The service asks for the permission again and writes down what left."""
    form = _form(request, site)
    if not form.is_valid():
        return render(
            request, "400.html", {"message": _("Choose the courses on the report’s page first.")}, status=422
        )
    key = request.GET.get("table", "responders")
    if key not in TABLES:
        raise Http404
    report, said = _report(request, form, site), form.cleaned_data
    head, rows = TABLES[key](report)
    service.exported(
        by=actor_of(request),
        site_ids=form.chosen_sites,
        table=key,
        group=said["group"],
        first=said["first"].isoformat(),
        last=said["last"].isoformat(),
        rows=len(rows),
    )
    response = HttpResponse(csv.written(head, rows), content_type="text/csv; charset=utf-8")
    name = f"cohort_{key}_{said['group']}_{said['first']}_{said['last']}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _form(request: HttpRequest, site: Site) -> CohortForm:
    by = actor_of(request)
    known = instrument_reads.at_site(site.pk)
    words = {code: _name(one.name) for code, one in known.items()}
    return CohortForm(request.GET, site_ids=by.site_ids, today=clock.today(site.zone), instruments=words)


def _name(names: dict[str, str]) -> str:
    return names.get(get_language() or "en") or names.get("en") or next(iter(names.values()))


def _report(request: HttpRequest, form: CohortForm, site: Site) -> Report:
    """Who may not read records sees no small numbers."""
    by, wanted = actor_of(request), form.wanted()
    open_eyes = can(by, Permission.VIEW_CLINICAL)
    found = cohorts.cohort(wanted, today=clock.today(site.zone), least=1 if open_eyes else disclosure.LEAST)
    names = cohort_names.of(wanted.group, found.parts)
    if wanted.group == Group.DIAGNOSIS:
        words = dict(ICD_10_CM)
        names = {key: f"{key} {words[key]}" if key in words else key for key in found.parts}
    at = form.cleaned_data["at"]
    return Report(found, names, at if at in found.spots else AT, open_eyes)


def _asked(form: CohortForm) -> dict[str, Any]:
    said = form.cleaned_data
    site = {"site": said["site"].pk} if said["site"] else {}
    return site | {key: said[key] for key in ("first", "last", "group", "at", "instrument")}
