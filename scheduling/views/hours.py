"""Weekly hours of the site and of each clinician: several windows a day, each with the dates between which it is valid."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic import clock
from clinic.enums import Permission
from clinic.models import Site
from clinic.permissions import actor_of, requires
from scheduling.forms.setup import EndHoursForm, HoursForm, first_error
from scheduling.models import Resource, WorkingHours
from scheduling.models.hours import WEEKDAYS
from scheduling.selectors import setup as reads
from scheduling.services import hours
from scheduling.services.scarcity import VisitsInTheWay
from scheduling.views.common import at_site
from scheduling.views.setup import in_the_way, resource_or_404, said_with, save_into, tabs


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def site_hours(request: HttpRequest, site: Site) -> HttpResponse:
    return _hours(request, site, None)


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def clinician_hours(request: HttpRequest, site: Site, resource_id: UUID) -> HttpResponse:
    resource = resource_or_404(site, resource_id)
    if not resource.is_clinician:
        raise Http404
    return _hours(request, site, resource)


def _hours(request: HttpRequest, site: Site, resource: Resource | None) -> HttpResponse:
    form = HoursForm(request.POST or None, site=site)
    if request.method == "POST" and form.is_valid():
        resource_id = resource.pk if resource else None
        if save_into(
            form,
            lambda: hours.add(
                by=actor_of(request), site_id=site.pk, data=form.hours, resource_id=resource_id
            ),
        ):
            messages.success(request, _("The hours are added."))
            return redirect(request.path)
    today = clock.today(site.zone)
    by_resource = reads.hours(site.pk, today=today)
    clinicians = [row for row in reads.resources(site.pk) if row.is_clinician and row.is_active]
    context = {
        "tabs": tabs("setup-hours"),
        "site": site,
        "resource": resource,
        "form": form,
        "week": _week(by_resource.get(resource.pk if resource else None, []), today),
        "people": [_person(row, by_resource.get(row.pk, []), resource) for row in clinicians],
        "today": today,
        "no_site_hours": None not in by_resource,
    }
    return render(request, "scheduling/setup/hours.html", context, status=422 if form.errors else 200)


@requires(Permission.MANAGE_SITE)
@require_POST
@at_site
def hours_end(request: HttpRequest, site: Site, hours_id: UUID) -> HttpResponse:
    window = WorkingHours.objects.filter(pk=hours_id, site=site).select_related("resource").first()
    if window is None:
        raise Http404
    back = _address(window)
    form = EndHoursForm(request.POST)
    if not form.is_valid():
        messages.error(request, first_error(form))
        return redirect(back)
    last_day = form.cleaned_data["last_day"]
    try:
        visits = hours.end(
            by=actor_of(request),
            site_id=site.pk,
            hours_id=hours_id,
            last_day=last_day,
            accept=form.cleaned_data["accept"],
        )
    except VisitsInTheWay as error:
        return in_the_way(
            request,
            error,
            title=_("Visits are booked in these hours"),
            action=request.path,
            button=_("End these hours anyway"),
            back=back,
            fields={"last_day": last_day.isoformat() if last_day else ""},
        )
    messages.success(request, said_with(visits, _("The hours are ended.")))
    return redirect(back)


def _week(windows: list[WorkingHours], today: dt.date) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "windows": [
                {
                    "row": window,
                    "from": window.valid_from if window.valid_from > today else None,
                    "until": window.valid_until,
                }
                for window in windows
                if window.weekday == number
            ],
        }
        for number, name in WEEKDAYS
    ]


def _person(row: Resource, windows: list[WorkingHours], shown: Resource | None) -> dict[str, Any]:
    """A clinician with their hours a week, in words that need no table."""
    minutes = sum(
        (window.closes.hour - window.opens.hour) * 60 + window.closes.minute - window.opens.minute
        for window in windows
    )
    return {
        "resource": row,
        "url": reverse("scheduling:setup-clinician-hours", args=[row.pk]),
        "hours": round(minutes / 60, 1),
        "days": len({window.weekday for window in windows}),
        "current": shown is not None and shown.pk == row.pk,
    }


def _address(window: WorkingHours) -> str:
    if window.resource_id:
        return reverse("scheduling:setup-clinician-hours", args=[window.resource_id])
    return reverse("scheduling:setup-hours")
