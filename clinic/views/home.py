"""The first page of the day, by role."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from clinic import clock
from clinic.actors import Staff
from clinic.enums import Permission, Role
from clinic.models import Site
from clinic.permissions import actor_of, requires
from clinic.selectors import current_site, sites_of
from clinic.selectors.sites import SESSION_KEY, site_for
from clinic.selectors.tasks import tasks_for
from clinic.views.common import address, at_site, pane

TASKS_SHOWN = 6

_PANES: dict[str, tuple[tuple[str, Any], ...]] = {
    Role.FRONT_DESK: (
        ("scheduling:home-pane", gettext_lazy("Today's visits")),
        ("treatments:home-pane", gettext_lazy("Orders to book")),
    ),
    Role.PHYSICIAN: (
        ("treatments:home-pane", gettext_lazy("My sessions and what waits for my decision")),
        ("scheduling:home-pane", gettext_lazy("Today's visits")),
    ),
    Role.NURSE: (("scheduling:home-pane", gettext_lazy("Today's visits")),),
    Role.MANAGER: (("scheduling:home-pane", gettext_lazy("Today's visits")),),
}
_ACTIONS: dict[str, tuple[tuple[str, Any], ...]] = {
    Role.FRONT_DESK: (
        ("scheduling:book", gettext_lazy("Book")),
        ("clinic:patient-new", gettext_lazy("New patient")),
    ),
    Role.PHYSICIAN: (("treatments:review-list", gettext_lazy("Courses to review")),),
    Role.NURSE: (("scheduling:board", gettext_lazy("Board")),),
    Role.MANAGER: (("scheduling:setup", gettext_lazy("Set-up")),),
}
_SET_UP: tuple[tuple[str, Any, Any], ...] = (
    ("clinic:staff-list", gettext_lazy("Staff"), gettext_lazy("Who works here, in which role.")),
    (
        "scheduling:setup",
        gettext_lazy("Resources and hours"),
        gettext_lazy("Rooms, equipment, working hours, closures."),
    ),
    ("clinic:site", gettext_lazy("Site"), gettext_lazy("Address, phone, sender name, quiet hours.")),
    ("clinic:message-texts", gettext_lazy("Message texts"), gettext_lazy("What the mails say.")),
    ("clinic:message-list", gettext_lazy("Messages"), gettext_lazy("What went out, and what did not.")),
)


@requires(Permission.VIEW_SCHEDULE)
@require_GET
@at_site
def home(request: HttpRequest, site: Site) -> HttpResponse:
    by = actor_of(request)
    tasks = tasks_for(by, site_id=site.pk)
    shown = list(tasks[: TASKS_SHOWN + 1])
    context = {
        "today": clock.today(site.zone),
        "now": clock.now(),
        "panes": [one for name, title in _PANES[by.role] if (one := pane(request, name, title))],
        "actions": [(url, label) for name, label in _ACTIONS[by.role] if (url := address(request, name))],
        "tasks": shown[:TASKS_SHOWN],
        "more_tasks": len(shown) > TASKS_SHOWN,
        "set_up": _set_up(request, by),
    }
    return render(request, "clinic/home/show.html", context)


def _set_up(request: HttpRequest, by: Staff) -> list[dict[str, Any]]:
    if by.role != Role.MANAGER:
        return []
    return [
        {"url": url, "label": label, "text": text}
        for name, label, text in _SET_UP
        if (url := address(request, name))
    ]


@requires(Permission.VIEW_SCHEDULE)
@require_POST
def switch_site(request: HttpRequest, site_id: UUID) -> HttpResponse:
    """Work at another of one's sites from now on, in this session."""
    site = site_for(actor_of(request), site_id)
    request.session[SESSION_KEY] = str(site.pk)
    messages.success(request, _("You now work at %(site)s.") % {"site": site.name})
    return redirect("clinic:home")


@requires(Permission.VIEW_SCHEDULE)
@require_GET
def sites(request: HttpRequest) -> HttpResponse:
    """One's own sites, to choose where to work."""
    context = {"sites": sites_of(actor_of(request)), "current": current_site(request)}
    return render(request, "clinic/home/sites.html", context)
