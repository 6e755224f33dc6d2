"""When the site is closed, and when somebody is away or something is out of order."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic import clock
from clinic.enums import Permission
from clinic.exceptions import InvalidInput
from clinic.models import Site
from clinic.permissions import actor_of, requires
from scheduling.forms.setup import ClosureForm, TimeOffForm
from scheduling.models import Appointment
from scheduling.selectors import setup as reads
from scheduling.services import setup
from scheduling.services.setup import VisitsInTheWay
from scheduling.views.common import at_site
from scheduling.views.setup import in_the_way, said_with, tabs


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def closures(request: HttpRequest, site: Site) -> HttpResponse:
    form = ClosureForm(request.POST or None, site=site)
    if request.method == "POST" and form.is_valid():
        start, end = form.period
        said = form.cleaned_data
        try:
            _row, visits = setup.close(
                by=actor_of(request),
                site_id=site.pk,
                start=start,
                end=end,
                name=said["name"],
                accept=said["accept"],
            )
        except VisitsInTheWay as error:
            return _in_the_way(
                request, error, title=_("Visits are booked on these days"), button=_("Close anyway")
            )
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            return _done(request, visits, _("The closure is saved."))
    context = {
        "tabs": tabs("setup-closures"),
        "site": site,
        "form": form,
        "closures": reads.closures(site.pk, after=clock.now()),
    }
    return render(request, "scheduling/setup/closures.html", context, status=422 if form.errors else 200)


@requires(Permission.MANAGE_SITE)
@require_POST
@at_site
def closure_remove(request: HttpRequest, site: Site, closure_id: UUID) -> HttpResponse:
    setup.reopen(by=actor_of(request), site_id=site.pk, closure_id=closure_id)
    messages.success(request, _("The closure is removed: the site is open by its hours."))
    return redirect("scheduling:setup-closures")


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def time_off(request: HttpRequest, site: Site) -> HttpResponse:
    form = TimeOffForm(request.POST or None, site=site, initial={"resource": request.GET.get("resource")})
    if request.method == "POST" and form.is_valid():
        start, end = form.period
        said = form.cleaned_data
        try:
            _row, visits = setup.take_off(
                by=actor_of(request),
                site_id=site.pk,
                resource_id=said["resource"].pk,
                start=start,
                end=end,
                reason=said["reason"],
                accept=said["accept"],
            )
        except VisitsInTheWay as error:
            title = _("%(name)s has visits in that time") % {"name": said["resource"].name}
            return _in_the_way(request, error, title=title, button=_("Save time off anyway"))
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            return _done(request, visits, _("The time off is saved."))
    context = {
        "tabs": tabs("setup-time-off"),
        "site": site,
        "form": form,
        "away": reads.time_off(site.pk, after=clock.now()),
        "now": clock.now(),
    }
    return render(request, "scheduling/setup/time_off.html", context, status=422 if form.errors else 200)


@requires(Permission.MANAGE_SITE)
@require_POST
@at_site
def time_off_end(request: HttpRequest, site: Site, time_off_id: UUID) -> HttpResponse:
    setup.end_time_off(by=actor_of(request), site_id=site.pk, time_off_id=time_off_id)
    messages.success(request, _("The time off is ended."))
    return redirect("scheduling:setup-time-off")


def _in_the_way(request: HttpRequest, error: VisitsInTheWay, **words: Any) -> HttpResponse:
    """The form's own values go along, so that accepting sends the same once more."""
    kept = {
        name: value for name, value in request.POST.items() if name not in ("csrfmiddlewaretoken", "accept")
    }
    return in_the_way(
        request,
        error,
        action=request.path,
        back=request.path,
        fields={str(k): str(v) for k, v in kept.items()},
        **words,
    )


def _done(request: HttpRequest, visits: list[Appointment], words: str) -> HttpResponse:
    messages.success(request, said_with(visits, words))
    return redirect(request.path)
