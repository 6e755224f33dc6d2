"""Sheets, cards and labels. Each page shows what the printer will, with one button; reading it changes nothing."""

import datetime as dt
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from clinic import clock
from clinic.enums import Permission
from clinic.exceptions import NotFound
from clinic.forms.choices import choice_field
from clinic.models import Patient, Site
from clinic.permissions import actor_of, requires
from scheduling.forms.paper import LabelForm
from scheduling.selectors import grid, paper
from scheduling.views import card_words
from scheduling.views.common import at_site, visit_for


@requires(Permission.VIEW_SCHEDULE)
@require_GET
@at_site
def day(request: HttpRequest, site: Site, day: dt.date) -> HttpResponse:
    """The day sheet, which is the downtime sheet too: with phones, boxes to tick and room to write."""
    context = {"site": site, "day": day, "lines": paper.day_sheet(site=site, day=day), "printed": clock.now()}
    return render(request, "scheduling/paper/day.html", context)


@requires(Permission.VIEW_SCHEDULE)
@require_GET
@at_site
def week(request: HttpRequest, site: Site, resource_id: UUID, day: dt.date) -> HttpResponse:
    """A week of one clinician, room or device. Days on which nothing happens at a weekend are left out."""
    resource = grid.resource_at(site, resource_id)
    if resource is None:
        raise NotFound(_("There is no such clinician, room or device at this site."))
    first = grid.days_of_week(day)[0]
    days = paper.week_sheet(site=site, resource=resource, first=first)
    shown = [each for each in days if each.day.weekday() < 5 or each.entries or each.away]
    context = {
        "site": site,
        "resource": resource,
        "day": day,
        "first": days[0].day,
        "last": days[-1].day,
        "days": shown,
        "printed": clock.now(),
    }
    return render(request, "scheduling/paper/week.html", context)


@requires(Permission.VIEW_SCHEDULE)
@require_GET
@at_site
def card(request: HttpRequest, site: Site, patient_id: UUID) -> HttpResponse:
    """All dates of a patient on one card, in their language: when, where, what to bring, and no word of what for."""
    patient = get_object_or_404(Patient, pk=patient_id, erased_at__isnull=True)
    planned = request.GET.get("planned", "1") == "1"
    dates = paper.card(patient_id=patient.pk, now=clock.now(), planned=planned)
    sites = list({visit.site_id: visit.site for visit in dates}.values()) or [site]
    rows = [(visit, visit.period.lower.astimezone(visit.site.zone)) for visit in dates]
    context = {
        "site": site,
        "patient": patient,
        "rows": rows,
        "sites": sites,
        "several": len(sites) > 1,
        "bring": list(dict.fromkeys(v.visit_type.bring for v in dates if v.visit_type.bring)),
        "planned": planned,
        "spoken": patient.language,
        "words": card_words.of(patient.language),
        "printed": clock.now(),
    }
    return render(request, "scheduling/paper/card.html", context)


@requires(Permission.VIEW_SCHEDULE)
@require_GET
@at_site
def labels(request: HttpRequest, site: Site, appointment_id: UUID) -> HttpResponse:
    """Labels for tubes and syringes: two identifiers and more, with a warning where two could be mistaken."""
    visit = visit_for(actor_of(request), appointment_id)
    form = LabelForm(request.GET)
    tubes, syringes, size = form.chosen()
    with timezone.override(visit.site.zone):
        context = {
            "site": visit.site,
            "label": paper.label(visit),
            "sheets": _sheets(tubes, syringes),
            "tubes": tubes,
            "syringes": syringes,
            "size": size,
            "sizes": choice_field(form, "size").choices,
        }
        return render(request, "scheduling/paper/labels.html", context)


def _sheets(tubes: int, syringes: int) -> list[str]:
    said = [_("Blood %(number)s/%(count)s") % {"number": n, "count": tubes} for n in range(1, tubes + 1)]
    return said + [
        _("Product %(number)s/%(count)s") % {"number": n, "count": syringes} for n in range(1, syringes + 1)
    ]
