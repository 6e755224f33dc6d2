"""The wall screen, opened by its secret address alone; and the manager's page of screens."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinic import clock
from clinic.actors import System
from clinic.enums import Permission
from clinic.models import Site
from clinic.permissions import actor_of, public, requires
from clinic.views.common import answered
from scheduling.forms.displays import DisplayForm
from scheduling.models import Display
from scheduling.selectors import calls
from scheduling.selectors import displays as reads
from scheduling.services import displays
from scheduling.views.common import at_site
from scheduling.views.setup import tabs

_SHOWN = 10
_NEW_FOR = 60  # seconds for which a call stands out


@public
@require_GET
def wall(request: HttpRequest, display_token: str) -> HttpResponse:
    """The whole page. It asks for its contents every few seconds; it has no session and sets no cookie."""
    return _wall(request, display_token, "scheduling/display/wall.html")


@public
@require_GET
def wall_now(request: HttpRequest, display_token: str) -> HttpResponse:
    """What the screen shows at this moment."""
    return _wall(request, display_token, "scheduling/display/_now.html")


@csrf_exempt
@public
@require_POST
def wall_seen(request: HttpRequest, display_token: str) -> HttpResponse:
    """The screen says that it is alive. No token against forgery: there is no session to forge, the secret is in
    the address, and all that it can do is to set this screen's own time."""
    display = reads.opened_by(display_token)
    if display is None:
        return _nothing()
    displays.seen(display_id=display.pk, by=System("wall screen"))
    return HttpResponse(status=204)


@requires(Permission.MANAGE_SITE)
@require_http_methods(["GET", "POST"])
@at_site
def overview(request: HttpRequest, site: Site) -> HttpResponse:
    """The site's screens with their addresses, and a new one."""
    form = DisplayForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        if answered(form, lambda: displays.make(site_id=site.pk, name=name, by=actor_of(request))):
            messages.success(
                request, _("%(name)s is ready: open its address on the screen.") % {"name": name}
            )
            return redirect("scheduling:setup-displays")
    found = [_shown(display) for display in reads.displays(site)]
    context = {
        "tabs": tabs("setup-displays"),
        "site": site,
        "form": form,
        "live": [one for one in found if not one["display"].revoked_at],
        "revoked": [one for one in found if one["display"].revoked_at],
    }
    return render(request, "scheduling/display/overview.html", context, status=422 if form.errors else 200)


@requires(Permission.MANAGE_SITE)
@require_POST
@at_site
def revoke(request: HttpRequest, site: Site, display_id: UUID) -> HttpResponse:
    display = displays.revoke(site_id=site.pk, display_id=display_id, by=actor_of(request))
    messages.success(request, _("%(name)s is switched off for ever.") % {"name": display.name})
    return redirect("scheduling:setup-displays")


def _wall(request: HttpRequest, token: str, template: str) -> HttpResponse:
    display = reads.opened_by(token)
    if display is None:
        return _nothing()
    now, zone = clock.now(), display.site.zone
    shown = calls.wall(site=display.site, day=clock.today(zone))
    with timezone.override(zone):
        context = {
            "site": display.site,
            "token": token,
            "now": now,
            "calls": [
                {"call": call, "is_new": (now - call.since).total_seconds() < _NEW_FOR}
                for call in shown.called[:_SHOWN]
            ],
            "waiting": shown.waiting,
            "release": settings.VERSION,
        }
        response = render(request, template, context)
    response["Referrer-Policy"] = "no-referrer"
    return response


def _nothing() -> HttpResponse:
    """Unknown and revoked look the same. Not the house's own page of that kind: that one sets a cookie."""
    return HttpResponse(_("There is no such screen."), status=404, content_type="text/plain; charset=utf-8")


def _shown(display: Display) -> dict[str, Any]:
    address = reverse("scheduling:wall", args=[reads.token_of(display)])
    return {"display": display, "address": f"{settings.PUBLIC_URL}{address}"}
