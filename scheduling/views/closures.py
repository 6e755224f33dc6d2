"""When the site is closed."""

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
from scheduling.forms.setup import ClosureForm
from scheduling.selectors import setup as reads
from scheduling.services import closures as service
from scheduling.views.common import at_site
from scheduling.views.setup import change, tabs


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def closures(request: HttpRequest, site: Site) -> HttpResponse:
    form = ClosureForm(request.POST or None, site=site)
    if request.method == "POST" and form.is_valid():
        start, end = form.period
        said = form.cleaned_data
        answer = change(
            request,
            lambda: service.close(
                by=actor_of(request),
                site_id=site.pk,
                start=start,
                end=end,
                name=said["name"],
                accept=said["accept"],
            )[1],
            form=form,
            title=_("Visits are booked on these days"),
            button=_("Close anyway"),
            done=_("The closure is saved."),
            to_move=lambda: reverse("scheduling:to-move"),
        )
        if answer is not None:
            return answer
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
    service.reopen(by=actor_of(request), site_id=site.pk, closure_id=closure_id)
    messages.success(request, _("The closure is removed: the site is open by its hours."))
    return redirect("scheduling:setup-closures")
