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
from scheduling.forms.setup import CopyDayForm, EndHoursForm, HoursForm, first_error
from scheduling.models import Appointment, Resource, WorkingHours
from scheduling.selectors import setup as reads
from scheduling.services import hours
from scheduling.views.common import at_site
from scheduling.views.setup import change, changed, resource_or_404, tabs
from scheduling.views.week import drawn_week


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def site_hours(request: HttpRequest, site: Site) -> HttpResponse:
    return _hours(request, site, None)


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def clinician_hours(request: HttpRequest, site: Site, resource_id: UUID) -> HttpResponse:
    return _hours(request, site, _clinician_or_404(site, resource_id))


@requires(Permission.MANAGE_SITE)
@require_POST
@at_site
def site_copy(request: HttpRequest, site: Site) -> HttpResponse:
    return _copy(request, site, None)


@requires(Permission.MANAGE_SITE)
@require_POST
@at_site
def clinician_copy(request: HttpRequest, site: Site, resource_id: UUID) -> HttpResponse:
    return _copy(request, site, _clinician_or_404(site, resource_id))


def _hours(request: HttpRequest, site: Site, resource: Resource | None) -> HttpResponse:
    form = HoursForm(request.POST or None, site=site)
    if request.method == "POST" and form.is_valid():
        answer = change(
            request,
            lambda: _add(request, site, resource, form),
            form=form,
            title=_("Visits are booked outside the new hours"),
            button=_("Save anyway"),
            done=_("The hours are saved."),
        )
        if answer is not None:
            return answer
    today = clock.today(site.zone)
    by_resource = reads.hours(site.pk, today=today)
    clinicians = [row for row in reads.resources(site.pk) if row.is_clinician and row.is_active]
    own = by_resource.get(resource.pk if resource else None, [])
    context = {
        "tabs": tabs("setup-hours"),
        "site": site,
        "resource": resource,
        "form": form,
        "week": drawn_week(own, by_resource.get(None, []) if resource else [], today=today),
        "copy_url": _copy_url(resource),
        "people": [_person(row, by_resource.get(row.pk, []), resource, today) for row in clinicians],
        "today": today,
        "no_site_hours": None not in by_resource,
    }
    return render(request, "scheduling/setup/hours.html", context, status=422 if form.errors else 200)


def _add(request: HttpRequest, site: Site, resource: Resource | None, form: HoursForm) -> list[Appointment]:
    """The visits left without hours."""
    said: dict[str, Any] = {
        "by": actor_of(request),
        "site_id": site.pk,
        "data": form.hours,
        "resource_id": resource.pk if resource else None,
    }
    if form.cleaned_data["instead"]:
        return hours.replace(**said, accept=form.cleaned_data["accept"])
    hours.add(**said)
    return []


def _copy(request: HttpRequest, site: Site, resource: Resource | None) -> HttpResponse:
    back = _address_of(resource)
    form = CopyDayForm(request.POST)
    if not form.is_valid():
        messages.error(request, first_error(form))
        return redirect(back)
    said = form.cleaned_data
    return changed(
        request,
        lambda: hours.copy_day(
            by=actor_of(request),
            site_id=site.pk,
            resource_id=resource.pk if resource else None,
            weekday=said["weekday"],
            to=[int(day) for day in said["to"]],
            valid_from=said["copy_from"],
            accept=said["accept"],
        ),
        title=_("Visits are booked outside the new hours"),
        button=_("Copy anyway"),
        done=_("The hours are copied."),
        back=back,
    )


@requires(Permission.MANAGE_SITE)
@require_POST
@at_site
def hours_end(request: HttpRequest, site: Site, hours_id: UUID) -> HttpResponse:
    window = WorkingHours.objects.filter(pk=hours_id, site=site).select_related("resource").first()
    if window is None:
        raise Http404
    back = _address_of(window.resource)
    form = EndHoursForm(request.POST)
    if not form.is_valid():
        messages.error(request, first_error(form))
        return redirect(back)
    said = form.cleaned_data
    return changed(
        request,
        lambda: hours.end(
            by=actor_of(request),
            site_id=site.pk,
            hours_id=hours_id,
            last_day=said["last_day"],
            accept=said["accept"],
        ),
        title=_("Visits are booked in these hours"),
        button=_("End these hours anyway"),
        done=_("The hours are ended."),
        back=back,
    )


def _person(
    row: Resource, windows: list[WorkingHours], shown: Resource | None, today: dt.date
) -> dict[str, Any]:
    """A clinician with their hours a week, in words that need no table."""
    now = [window for window in windows if window.valid_from <= today]
    minutes = sum(
        (window.closes.hour - window.opens.hour) * 60 + window.closes.minute - window.opens.minute
        for window in now
    )
    return {
        "resource": row,
        "url": reverse("scheduling:setup-clinician-hours", args=[row.pk]),
        "hours": round(minutes / 60, 1),
        "days": len({window.weekday for window in now}),
        "current": shown is not None and shown.pk == row.pk,
    }


def _clinician_or_404(site: Site, resource_id: UUID) -> Resource:
    resource = resource_or_404(site, resource_id)
    if not resource.is_clinician:
        raise Http404
    return resource


def _address_of(resource: Resource | None) -> str:
    if resource is not None:
        return reverse("scheduling:setup-clinician-hours", args=[resource.pk])
    return reverse("scheduling:setup-hours")


def _copy_url(resource: Resource | None) -> str:
    if resource is not None:
        return reverse("scheduling:setup-clinician-hours-copy", args=[resource.pk])
    return reverse("scheduling:setup-hours-copy")
