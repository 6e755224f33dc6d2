"""Hours that happen once: of the whole site, or of one clinician."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic import clock
from clinic.enums import Permission
from clinic.models import Site
from clinic.permissions import actor_of, requires
from scheduling.forms.setup import ExtraHoursForm
from scheduling.selectors import setup as reads
from scheduling.services import extra_hours
from scheduling.views.common import at_site
from scheduling.views.setup import accepted, changed, save_into, tabs

INDEX = "scheduling:setup-extra-hours"


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def index(request: HttpRequest, site: Site) -> HttpResponse:
    form = ExtraHoursForm(request.POST or None, site=site, initial={"resource": request.GET.get("resource")})
    if request.method == "POST" and form.is_valid():
        said, (start, end) = form.cleaned_data, form.period
        saved = save_into(
            form,
            lambda: extra_hours.add(
                by=actor_of(request),
                site_id=site.pk,
                start=start,
                end=end,
                resource_id=said["resource"].pk if said["resource"] else None,
                reason=said["reason"],
            ),
        )
        if saved:
            messages.success(request, _("The extra hours are saved: they can be booked."))
            return redirect(INDEX)
    context = {
        "tabs": tabs("setup-hours"),
        "site": site,
        "form": form,
        "extra": reads.extra_hours(site.pk, after=clock.now()),
    }
    return render(request, "scheduling/setup/extra_hours.html", context, status=422 if form.errors else 200)


@requires(Permission.MANAGE_SITE)
@require_POST
@at_site
def end(request: HttpRequest, site: Site, extra_id: UUID) -> HttpResponse:
    return changed(
        request,
        lambda: extra_hours.end(
            by=actor_of(request), site_id=site.pk, extra_id=extra_id, accept=accepted(request)
        ),
        title=_("Visits are booked in these hours"),
        button=_("Take them back anyway"),
        done=_("The extra hours are taken back."),
        back=reverse(INDEX),
    )
