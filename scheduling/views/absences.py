"""When somebody is away or something is out of order."""

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
from scheduling.forms.setup import TimeOffForm
from scheduling.models import Appointment, TimeOff
from scheduling.selectors import setup as reads
from scheduling.services import absences
from scheduling.views.common import at_site
from scheduling.views.setup import change, tabs


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def time_off(request: HttpRequest, site: Site) -> HttpResponse:
    form = TimeOffForm(request.POST or None, site=site, initial={"resource": request.GET.get("resource")})
    if request.method == "POST" and form.is_valid():
        said, off = form.cleaned_data, list[TimeOff]()

        def take_off() -> list[Appointment]:
            start, end = form.period
            row, visits = absences.take_off(
                by=actor_of(request),
                site_id=site.pk,
                resource_id=said["resource"].pk,
                start=start,
                end=end,
                reason=said["reason"],
                accept=said["accept"],
            )
            off.append(row)
            return visits

        answer = change(
            request,
            take_off,
            form=form,
            title=_("%(name)s has visits in that time") % {"name": said["resource"].name},
            button=_("Save time off anyway"),
            done=_("The time off is saved."),
            to_move=lambda: reverse("scheduling:to-move", args=[off[0].pk]),
        )
        if answer is not None:
            return answer
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
    absences.end(by=actor_of(request), site_id=site.pk, time_off_id=time_off_id)
    messages.success(request, _("The time off is ended."))
    return redirect("scheduling:setup-time-off")
