"""A site's clock, and closing it for good or opening it again."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic.enums import Permission
from clinic.models import Site
from clinic.permissions import actor_of, requires
from clinic.selectors.sites import closed_sites_of
from scheduling.forms.site_use import ZoneForm
from scheduling.models import Appointment
from scheduling.services import site_use
from scheduling.views.common import at_site, attempt
from scheduling.views.setup import accepted, change, changed

INDEX = "scheduling:setup-site"


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def index(request: HttpRequest, site: Site) -> HttpResponse:
    form = ZoneForm(request.POST or None, initial={"time_zone": site.time_zone})
    form.cancel_url = reverse("clinic:site")
    if request.method == "POST" and form.is_valid():
        zone = form.cleaned_data["time_zone"]
        answer = change(
            request,
            lambda: site_use.rezone(
                by=actor_of(request), site_id=site.pk, time_zone=zone, accept=accepted(request)
            ),
            form=form,
            title=_("Patients were told these visits by the other clock"),
            button=_("Change the time zone anyway"),
            done=_("%(site)s goes by the clock of %(zone)s.") % {"site": site.name, "zone": zone},
            to_move=lambda: reverse("scheduling:to-move"),
        )
        if answer is not None:
            return answer
    context = {"site": site, "form": form, "closed": closed_sites_of(actor_of(request))}
    return render(request, "scheduling/setup/site_use.html", context, status=422 if form.errors else 200)


@requires(Permission.MANAGE_SITE)
@require_POST
@at_site
def close(request: HttpRequest, site: Site) -> HttpResponse:
    """The visits in the way are shown; there is no "anyway", since nobody could move them afterwards."""

    def service() -> list[Appointment]:
        site_use.close(by=actor_of(request), site_id=site.pk)
        return []

    return changed(
        request,
        service,
        title=_("Patients are still to come to %(site)s") % {"site": site.name},
        button="",
        done=_("%(site)s is closed. Its records stay readable.") % {"site": site.name},
        back=reverse(INDEX),
    )


@requires(Permission.MANAGE_SITE)
@require_POST
def reopen(request: HttpRequest, site_id: UUID) -> HttpResponse:
    attempt(
        request,
        lambda: site_use.reopen(by=actor_of(request), site_id=site_id),
        done=_("The site is open again, with the hours and resources that it had."),
    )
    return redirect(INDEX)
