"""The manager's page of the outbox: how it keeps up, what is held back, and the way to hold back or let go."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic.enums import Permission
from clinic.forms.sending import PauseForm
from clinic.models import Site
from clinic.permissions import actor_of, requires
from clinic.selectors import sending as selectors
from clinic.services import pauses
from clinic.views.common import answered, at_site
from clinic.views.message_words import scope_of


@requires(Permission.MANAGE_MESSAGES)
@require_http_methods(["GET", "HEAD", "POST"])
@at_site
def index(request: HttpRequest, site: Site) -> HttpResponse:
    """Each of the person's sites, what is paused, and the form for a pause."""
    by = actor_of(request)
    site_ids = sorted(by.site_ids)
    standings = selectors.standings(site_ids)
    form = PauseForm(
        request.POST or None,
        sites=[row.site for row in standings],
        everywhere=pauses.may_pause_everywhere(by),
        initial={"where": str(site.pk)},
    )
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        hold = partial(pauses.pause, site_id=form.site_id, kind=values["kind"], note=values["note"])
        if answered(form, partial(hold, by=by)):
            messages.success(request, _("Held back from now on. Nothing is lost: it waits here."))
            return redirect("clinic:message-sending")
    context = {
        "standings": standings,
        "held": [(row, scope_of(row.pause)) for row in selectors.pauses(site_ids)],
        "past": [(row, scope_of(row)) for row in selectors.past_pauses(site_ids)],
        "form": form,
    }
    return render(request, "clinic/message/sending.html", context)


@requires(Permission.MANAGE_MESSAGES)
@require_POST
def resume(request: HttpRequest, pause_id: UUID) -> HttpResponse:
    """Let go what a pause held."""
    pauses.resume(by=actor_of(request), pause_id=pause_id)
    messages.success(request, _("They go out again, the oldest first, at the site's pace."))
    return redirect("clinic:message-sending")
